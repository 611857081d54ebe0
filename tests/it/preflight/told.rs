//! What a sheet says in words of its reader, and of what was sent before.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use recado::domain::amend::Standing;
use recado::domain::earlier::Gone;
use recado::domain::id::{MessageId, RunId};
use recado::domain::phone::Phone;
use recado::domain::problem::Problem;
use recado::domain::template::Button;
use recado::locale::{Language, problem};
use recado::preflight::diff::Feed;
use recado::preflight::planned::Planned;
use recado::preflight::text;
use recado::store::message::Unnamed;

use super::folder::{AUDIENCE, CAMPAIGN, Folder, at};

#[test]
fn what_was_sent_already_is_not_told_to_have_passed() {
    let mut folder = Folder::new();
    // The day before the appointments, an hour after the reminders of the first three were due.
    folder.now = at("2026-11-24T17:00:00-03:00");
    let overdue = |folder: &Folder| {
        let sheet = folder.sheet();
        let found = sheet.warnings.iter().find(|warning| warning.code == "overdue");
        found.map(|warning| warning.args[0].1.clone())
    };
    assert_eq!(overdue(&folder).as_deref(), Some("3"));
    let gone = |digits: &str, when: &str| Gone {
        key: format!("p:{digits}"),
        to: Phone::from_international(digits).unwrap(),
        happens_at: Some(at(when)),
        run: RunId(7),
    };
    folder.gone =
        vec![gone("5491155550101", "2026-11-25T14:30:00-03:00"), gone("5491155550102", "2026-11-25T15:00:00-03:00")];
    assert_eq!(overdue(&folder).as_deref(), Some("1"));
    folder.gone.push(gone("5491155550103", "2026-11-25T15:30:00-03:00"));
    assert_eq!(overdue(&folder), None);
}

/// What a standing run has planned, and how much of it was asked for at once.
#[derive(Debug)]
struct Asked {
    most: AtomicUsize,
}

impl Planned for Asked {
    fn standing(&self, ids: &[&str], _: &[Phone]) -> Result<Arc<Standing>, Problem> {
        self.most.fetch_max(ids.len(), Ordering::Relaxed);
        Ok(Arc::default())
    }

    fn waiting(&self, _: MessageId) -> Result<Vec<Unnamed>, Problem> {
        Ok(Vec::new())
    }
}

#[test]
fn what_a_run_has_planned_is_asked_for_some_rows_at_a_time() {
    let at = |no: usize| format!("{:02}:{:02}", 9 + no / 60 % 9, no % 60);
    let row = |no: usize| format!("P{no};Ana;+54 9 11 5555-{no:04};25/11/2026;{};Reservado\n", at(no));
    let rows: String = (0..1_200).map(row).collect();
    let campaign = CAMPAIGN.replace("phone = ", "id = \"ID\"\nphone = ");
    let mut folder = Folder::of(&campaign, &format!("ID;Paciente;Teléfono;Fecha;Hora;Estado\n{rows}"));
    let planned = Arc::new(Asked { most: AtomicUsize::default() });
    let header = Vec::new();
    let asked: Arc<dyn Planned> = planned.clone();
    folder.feed = Some(Feed { run: RunId(3), planned: asked, header, own: None, moved: None });
    let sheet = folder.sheet();
    assert_eq!((sheet.messages, sheet.changes.unwrap().added), (Some(1_200), 1_200));
    let most = planned.most.load(Ordering::Relaxed);
    assert!((1..=500).contains(&most), "{most} rows at once");
}

#[test]
fn amounts_and_days_are_written_as_people_of_the_language_write_them() {
    let sheet = Folder::new().sheet();
    let (en, es, pt) = (text(&sheet, Language::En), text(&sheet, Language::Es), text(&sheet, Language::Pt));
    assert!(en.contains("USD 0.") && en.contains("Tuesday 2026-11-24"), "{en}");
    assert!(es.contains("USD 0,") && es.contains("martes 24/11/2026"), "{es}");
    assert!(pt.contains("USD 0,") && pt.contains("terça-feira 24/11/2026"), "{pt}");
}

#[test]
fn a_button_that_copies_a_code_has_a_name() {
    let mut folder = Folder::of(CAMPAIGN, AUDIENCE);
    folder.template().buttons = vec![Button::CopyCode { text: String::new() }];
    let sheet = folder.sheet();
    let missing = sheet.blockers.iter().find(|blocker| blocker.code == "missing_button").unwrap();
    let said = problem(Language::En, missing);
    assert!(said.contains("“Copy offer code”"), "{said}");
}
