//! A campaign, a template and an audience as tests need them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use recado::domain::hours::law::Laws;
use recado::domain::problem::Problem;
use recado::domain::reach::Reaches;
use recado::domain::template::{Button, Category, Header, ParameterFormat, Template, TemplateStatus};
use recado::domain::time::UnixMs;
use recado::intake::campaign_file::CampaignFile;
use recado::intake::rows::{Draft, ResolvedRow, RowFate, Rows, RowsRequest, open_rows};

/// Tuesday 2026-11-24 10:00 in Buenos Aires.
pub const TUESDAY: &str = "2026-11-24T13:00:00Z";

pub struct Given {
    pub dir: tempfile::TempDir,
    pub campaign: CampaignFile,
    pub template: Option<Template>,
    pub translations: Vec<Template>,
    pub vars: BTreeMap<String, String>,
    pub names: BTreeMap<String, String>,
    pub holidays: BTreeMap<String, BTreeSet<Date>>,
    pub laws: Laws,
    pub reach: Reaches,
}

impl Given {
    /// A promotion without template comparison, its file's keys followed by `more`.
    pub fn promotion(more: &str) -> Self {
        Self::campaign(&format!(
            "kind = \"promotion\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n{more}"
        ))
    }

    pub fn campaign(definition: &str) -> Self {
        let campaign = CampaignFile::parse(definition, "campaign.toml");
        Self {
            dir: tempfile::tempdir().expect("a temporary directory"),
            campaign: campaign.unwrap_or_else(|p| panic!("{}", p.iter().map(ToString::to_string).collect::<String>())),
            template: None,
            translations: Vec::new(),
            vars: BTreeMap::new(),
            names: BTreeMap::new(),
            holidays: BTreeMap::new(),
            laws: Laws::default(),
            reach: Reaches::default(),
        }
    }

    pub fn with_template(mut self, template: Template) -> Self {
        self.template = Some(template);
        self
    }

    pub fn file(&self, bytes: impl AsRef<[u8]>) -> PathBuf {
        self.file_named("a.csv", bytes)
    }

    pub fn file_named(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).expect("a file can be written");
        path
    }

    /// Opens `bytes` and looks at the rows.
    pub fn open<T>(&self, bytes: impl AsRef<[u8]>, look: impl FnOnce(Rows<'_>) -> T) -> Result<T, Vec<Problem>> {
        let audience = self.file(bytes);
        open_rows(&self.request(&audience)).map(look)
    }

    /// What rows of that file are made from.
    pub fn request<'a>(&'a self, audience: &'a Path) -> RowsRequest<'a> {
        RowsRequest {
            campaign: &self.campaign,
            template: self.template.as_ref(),
            translations: &self.translations,
            vars: &self.vars,
            names: &self.names,
            holidays: &self.holidays,
            laws: &self.laws,
            reach: &self.reach,
            audience,
            started_at: UnixMs::from(TUESDAY.parse::<jiff::Timestamp>().expect("an instant")),
        }
    }

    pub fn rows(&self, bytes: impl AsRef<[u8]>) -> Vec<ResolvedRow> {
        self.open(bytes, |rows| rows.collect::<Vec<_>>()).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    /// One word per row: the number it goes to, or the reason it does not.
    pub fn fates(&self, bytes: impl AsRef<[u8]>) -> Vec<String> {
        self.rows(bytes).iter().map(fate).collect()
    }

    pub fn drafts(&self, bytes: impl AsRef<[u8]>) -> Vec<Draft> {
        let message = |row: ResolvedRow| match row.fate {
            RowFate::Message(draft) => Some(*draft),
            RowFate::Excluded(_) => None,
        };
        self.rows(bytes).into_iter().filter_map(message).collect()
    }

    /// Codes of the blockers.
    pub fn blockers(&self, bytes: impl AsRef<[u8]>) -> Vec<String> {
        match self.open(bytes, |_| ()) {
            Ok(()) => Vec::new(),
            Err(problems) => problems.into_iter().map(|p| p.code).collect(),
        }
    }

    /// Codes of the warnings after the last row.
    pub fn warnings(&self, bytes: impl AsRef<[u8]>) -> Vec<String> {
        let warnings = self.open(bytes, |mut rows| {
            rows.by_ref().for_each(drop);
            rows.warnings()
        });
        warnings.unwrap_or_else(|p| panic!("{p:?}")).into_iter().map(|p| p.code).collect()
    }
}

pub fn fate(row: &ResolvedRow) -> String {
    match &row.fate {
        RowFate::Message(draft) => draft.to.digits().to_owned(),
        RowFate::Excluded(e) if e.detail.is_empty() => e.reason.as_str().to_owned(),
        RowFate::Excluded(e) => format!("{} ({})", e.reason.as_str(), e.detail),
    }
}

/// A template with positional parameters and nothing else.
pub fn template(body: &str) -> Template {
    Template {
        provider_id: "1".to_owned(),
        name: "t".to_owned(),
        language: "es_AR".to_owned(),
        category: Category::Utility,
        status: TemplateStatus::Approved,
        format: ParameterFormat::Positional,
        header: None,
        body: body.to_owned(),
        footer: None,
        buttons: Vec::new(),
        time_to_live_s: None,
        announced: None,
        quality: None,
        parameters_unknown: false,
        offer: None,
        cards: Vec::new(),
        examples: Vec::new(),
    }
}

/// The template of one of the sample campaigns, as the sandbox and Meta hold it.
pub fn sample_template(name: &str) -> Template {
    let quick = |text: &str| Button::QuickReply { text: text.to_owned() };
    let base = |body: &str| Template { name: name.to_owned(), ..template(body) };
    match name {
        "appointment_reminder" => Template {
            header: Some(Header::Text { text: "Recordatorio de turno".to_owned() }),
            buttons: vec![quick("Confirmo"), quick("Cancelar")],
            ..base("Hola {{1}}, le recordamos su turno en {{2}} el {{3}}. ¿Confirma su asistencia?")
        },
        "resume_contact" => Template {
            category: Category::Marketing,
            format: ParameterFormat::Named,
            buttons: vec![quick("Sí, hablemos"), quick("Ahora no")],
            ..base("Hola {{first_name}}, le escribe {{agent_name}}. ¿Le parece bien que la retomemos por acá?")
        },
        "promo_verao" => Template {
            category: Category::Marketing,
            language: "pt_BR".to_owned(),
            buttons: vec![
                Button::Url { text: "Ver oferta".to_owned(), url: "https://loja.example/c/{{1}}".to_owned() },
                quick("Não quero promoções"),
            ],
            ..base("Oi, {{1}}! Separamos para você {{2}} em toda a coleção de verão.")
        },
        other => panic!("no sample uses {other}"),
    }
}
