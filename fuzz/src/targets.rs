//! What must hold for any bytes: nothing panics or goes on for ever, and rows read are messages and exclusions.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use recado::domain::hours::law::Laws;
use recado::domain::reach::Reaches;
use recado::domain::time::UnixMs;
use recado::intake::audience::Audience;
use recado::intake::campaign_file::{self, CampaignFile};
use recado::intake::rows::{NOBODY, RowFate, RowsRequest, fingerprint, open_rows};

use super::package::{ods, xlsx};

/// A campaign that looks at everything a row can hold.
pub const CAMPAIGN: &str = r#"
kind = "reminder"
sender = "s"
file = "a.csv"
timezone = "America/Argentina/Buenos_Aires"
country = "AR"
area_code = "11"
[template]
name = "t"
language = "es_AR"
[columns]
phone = "Celular"
[variables]
1 = "{{ nombre | first_name | default('-') }}"
[schedule]
send = "24h before"
"#;

static PARSED: LazyLock<CampaignFile> = LazyLock::new(|| CampaignFile::parse(CAMPAIGN, "c").expect("it is good"));

/// Bytes as an audience file of any format.
pub fn text(bytes: &[u8]) {
    audience(bytes);
}

/// Bytes as a package, for which the format is told by its parts.
pub fn workbook(bytes: &[u8]) {
    audience(bytes);
}

/// Bytes as the XML of a sheet, in good packages of both formats.
pub fn sheet(bytes: &[u8]) {
    audience(&xlsx(&[("Turnos", "", bytes)], &["Celular", "Nombre", "Fecha", "Ana"]));
    audience(&ods(bytes));
}

/// Bytes as a campaign file.
pub fn campaign(bytes: &[u8]) {
    if let Ok(source) = campaign_file::text(bytes.to_vec(), "campaign.toml") {
        let read = CampaignFile::parse(&source, "campaign.toml");
        assert!(read.map_or_else(|problems| !problems.is_empty(), |_| true), "what is refused says why");
    }
}

fn audience(bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("it can be written");
    rows(file.path());
    if let Ok(read) = Audience::open(file.path()) {
        // What stands above the header is given back as it stands.
        drop((read.above(), read.line_end()));
    }
    fingerprint(CAMPAIGN, file.path(), &|_| ()).expect("whatever is there has a hash");
}

fn rows(audience: &Path) {
    let (vars, holidays) = (BTreeMap::new(), BTreeMap::new());
    let (laws, reach) = (Laws::default(), Reaches::default());
    let request = RowsRequest {
        campaign: &PARSED,
        template: None,
        translations: &[],
        vars: &vars,
        names: &NOBODY,
        holidays: &holidays,
        laws: &laws,
        reach: &reach,
        audience,
        started_at: UnixMs(1_795_525_200_000),
    };
    let Ok(mut rows) = open_rows(&request) else { return };
    let expected = rows.expected();
    let (mut messages, mut excluded) = (0, 0);
    for row in &mut rows {
        match row.fate {
            RowFate::Message(_) => messages += 1,
            RowFate::Excluded(_) => excluded += 1,
        }
        assert_eq!(row.no, messages + excluded, "rows are numbered without a gap");
    }
    let tally = rows.tally();
    assert_eq!((tally.rows, tally.messages), ((messages + excluded) as u64, messages as u64));
    assert_eq!(tally.rows, expected, "both passes read the same rows");
    drop(rows.warnings());
}
