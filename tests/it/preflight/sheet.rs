//! The sheet accounts for every row and names what stands in the way.

use recado::config::Team;
use recado::domain::assign::Policy;
use recado::domain::earlier::Gone;
use recado::domain::exclusion::ExclusionReason;
use recado::domain::forecast::LimitedBy;
use recado::domain::id::RunId;
use recado::domain::money::{Currency, Micros};
use recado::domain::phone::Phone;
use recado::domain::template::{Category, Template, TemplateQuality, TemplateStatus};
use recado::domain::time::UnixMs;
use recado::locale::Language;
use recado::preflight::{Balance, SampleKind, Sheet, SheetTier, text};

use super::folder::{AUDIENCE, CAMPAIGN, Folder, at};

fn codes(problems: &[recado::domain::problem::Problem]) -> Vec<&str> {
    problems.iter().map(|p| p.code.as_str()).collect()
}

fn excluded(sheet: &Sheet) -> Vec<(&'static str, i64, Vec<i64>)> {
    sheet.excluded.iter().map(|(reason, n)| (reason.as_str(), *n, sheet.excluded_rows[reason].clone())).collect()
}

#[test]
fn every_row_is_accounted_for() {
    let sheet = Folder::new().sheet();
    assert_eq!((sheet.rows_read, sheet.messages, sheet.left_out()), (Some(7), Some(4), Some(3)));
    let expected = [("no_phone", 1, vec![3]), ("bad_phone", 1, vec![4]), ("not_selected", 1, vec![6])];
    assert_eq!(excluded(&sheet), expected);
    let rows = sheet.rows.as_ref().unwrap();
    assert_eq!(rows.len(), 7);
    assert_eq!(rows[0].to, "+5491155550101");
    assert_eq!(rows[3].reason, Some(ExclusionReason::BadPhone));
    assert!(sheet.can_start(), "{:?}", sheet.blockers);
}

#[test]
fn people_on_the_do_not_send_list_are_left_out() {
    let mut folder = Folder::new();
    folder.suppressed.insert("5491155550101".to_owned());
    let sheet = folder.sheet();
    assert_eq!((sheet.messages, sheet.excluded[&ExclusionReason::Suppressed]), (Some(3), 1));
}

/// The sheet in words, its lines joined.
fn flat(sheet: &Sheet) -> String {
    text(sheet, Language::En).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn gone(key: &str, to: &str, when: &str, run: i64) -> Gone {
    let to = Phone::from_international(to).unwrap();
    Gone { key: key.to_owned(), to, happens_at: Some(at(when)), run: RunId(run) }
}

#[test]
fn whom_an_earlier_run_has_written_to_is_left_out_with_the_run_and_the_way_round_it() {
    let mut folder = Folder::new();
    folder.gone = vec![
        gone("p:541155550101", "541155550101", "2026-11-25T14:30:00-03:00", 7),
        gone("p:541155550102", "5491155550102", "2026-11-25T09:00:00-03:00", 7),
    ];
    let sheet = folder.sheet();
    assert_eq!(
        (sheet.messages, sheet.excluded.get(&ExclusionReason::AlreadySent)),
        (Some(3), Some(&1)),
        "another time is new"
    );
    assert_eq!(sheet.already_sent, [(RunId(7), 1)].into());
    let rows = sheet.rows.as_ref().unwrap();
    assert_eq!((rows[0].reason, rows[0].detail.as_str()), (Some(ExclusionReason::AlreadySent), "sent_in_run: 7"));
    let page = flat(&sheet);
    assert!(page.contains("One row got this campaign before, in run 7") && page.contains("of another name"), "{page}");
    assert!(page.contains("Row 1 is the first below the header: line 2 of the spreadsheet."), "{page}");
}

#[test]
fn an_appointment_with_an_id_that_was_sent_is_not_sent_again() {
    let with_ids = CAMPAIGN.replace("phone = ", "id = \"Paciente\"\nphone = ");
    let mut folder = Folder::of(&with_ids, AUDIENCE);
    let when = "2026-11-25T14:30:00-03:00";
    folder.gone = vec![gone(&format!("i:María Núñez|{}", at(when).0), "5491155550199", when, 1)];
    let sheet = folder.sheet();
    assert_eq!((sheet.messages, sheet.excluded.get(&ExclusionReason::AlreadySent)), (Some(3), Some(&1)));
}

#[test]
fn rows_sent_before_are_no_sign_of_a_wrong_file() {
    let two_rows: Vec<&str> = AUDIENCE.lines().take(3).collect();
    let mut folder = Folder::of(CAMPAIGN, &two_rows.join("\n"));
    folder.gone = vec![gone("p:541155550101", "5491155550101", "2026-11-25T14:30:00-03:00", 7)];
    folder.template().time_to_live_s = Some(3_600);
    let sheet = folder.sheet();
    assert_eq!((sheet.messages, codes(&sheet.warnings)), (Some(1), vec!["already_sent", "feed_without_ids"]));
}

#[test]
fn a_route_to_an_unknown_team_is_a_blocker_and_to_an_unknown_agent_a_warning() {
    let with = |route: &str| {
        let mut folder = Folder::of(&format!("{CAMPAIGN}[replies]\nroute = {route}\n"), AUDIENCE);
        let teams = &mut folder.config.teams;
        teams.insert("recepcion".to_owned(), Team { members: Vec::new(), assign: Policy::default(), hours: None });
        folder.config.senders.get_mut("saludcenter").unwrap().team = Some("recepcion".to_owned());
        folder.users.insert("ana".to_owned());
        folder
    };
    for known in ["\"team:recepcion\"", "\"agent:ana\"", "\"starter\""] {
        let sheet = with(known).sheet();
        assert!(sheet.can_start() && !flat(&sheet).contains("eplies are to go"), "{known}");
    }
    let sheet = with("\"team:recepción\"").sheet();
    assert_eq!(codes(&sheet.blockers), ["unknown_team_meant"]);
    assert!(flat(&sheet).contains("did you mean “recepcion”?"));
    assert_eq!(codes(&with("\"team:ventas\"").sheet().blockers), ["unknown_team"]);
    let sheet = with("\"agent:anna\"").sheet();
    assert!(sheet.can_start());
    let page = flat(&sheet);
    assert!(page.contains("“anna”, who cannot sign in: they go to the team “recepcion”"), "{page}");
}

#[test]
fn routes_of_a_column_are_counted_with_examples() {
    let audience = "Paciente;Teléfono;Fecha;Hora;Estado;Quien
Ana;+54 9 11 5555-0101;25/11/2026;14:30;x;team:ventas
Eva;+54 9 11 5555-0102;25/11/2026;14:30;x;team:ventas
Luz;+54 9 11 5555-0103;25/11/2026;14:30;x;agent:luz
";
    let campaign = format!("{CAMPAIGN}[replies]\nroute = {{ column = \"Quien\" }}\n");
    let sheet = Folder::of(&campaign, audience).sheet();
    assert_eq!(codes(&sheet.blockers), ["unknown_teams"]);
    let page = flat(&sheet);
    assert!(page.contains("2 rows send replies to a team that the configuration does not have: ventas."), "{page}");
    assert!(page.contains("(luz): they wait for whoever takes them."), "{page}");
}

#[test]
fn the_cost_is_a_range_in_the_accounts_currency_by_market() {
    let cost = Folder::new().sheet().cost;
    // Three to Argentina at 0.0260, one to Brazil at 0.0068; as marketing 0.0618 and 0.0625.
    let amounts = [cost.low, cost.likely, cost.high].map(|a| a.unwrap().to_string());
    assert_eq!(amounts, ["0.07208", "0.08056", "0.2479"]);
    let markets: Vec<_> = cost.markets.iter().map(|m| (m.market.as_str(), m.messages)).collect();
    assert_eq!((cost.currency.as_str(), markets), ("USD", vec![("argentina", 3), ("brazil", 1)]));
}

#[test]
fn it_starts_with_the_first_due_message_and_is_sent_out_with_the_last() {
    let sheet = Folder::new().sheet();
    assert_eq!(sheet.starts_at, Some(at("2026-11-24T14:30:00-03:00")));
    let sent_out = sheet.sent_out_at.unwrap();
    // Twenty a second: the last has left one twentieth of a second after it is due.
    assert_eq!(sent_out.likely, Some(UnixMs(at("2026-11-25T09:15:00-03:00").0 + 50)));
    assert!(sent_out.low <= sent_out.likely && sent_out.likely <= sent_out.high);
    assert_eq!(sent_out.limited_by, LimitedBy::Schedule);
}

#[test]
fn samples_are_what_people_will_see_with_the_longest_and_the_oddest() {
    let sheet = Folder::new().sheet();
    let kinds: Vec<_> = sheet.samples.iter().map(|s| (s.row, s.kind)).collect();
    assert_eq!(sheet.samples.len(), 4);
    assert!(kinds.contains(&(5, SampleKind::Longest)), "{kinds:?}");
    assert!(kinds.iter().any(|(_, kind)| *kind == SampleKind::Oddest), "{kinds:?}");
    let first = &sheet.samples[0];
    let text = "Hola María, le esperamos el miércoles 25 de noviembre, 14:30.\nLaboratorio SaludCenter\n[Confirmo]";
    assert_eq!((first.row, first.to.as_str(), first.text.as_str()), (1, "+5491155550101", text));
}

#[test]
fn of_many_messages_ten_are_shown_from_all_over_the_file() {
    let mut audience = AUDIENCE.lines().next().unwrap().to_owned() + "\n";
    for n in 0..5_000 {
        audience += &format!("Ana;+54 9 11 5{n:07};25/11/2026;14:30;Reservado\n");
    }
    let sheet = Folder::of(CAMPAIGN, &audience).sheet();
    assert_eq!((sheet.messages, sheet.samples.len()), (Some(5_000), 10));
    assert!(sheet.samples.iter().filter(|s| s.row > 2_500).count() >= 3);
    assert!(sheet.samples.windows(2).all(|pair| pair[0].row < pair[1].row));
}

#[test]
fn what_is_not_known_is_a_blocker_and_the_sheet_is_whole_all_the_same() {
    let mut folder = Folder::new();
    folder.template = None;
    folder.knows_sender = false;
    let sheet = folder.sheet();
    assert_eq!(codes(&sheet.blockers), ["unknown_sender", "template_unknown"]);
    assert!(codes(&sheet.warnings).contains(&"currency_assumed"));
    assert_eq!((sheet.messages, sheet.samples.len()), (Some(4), 4));
    assert_eq!(sheet.samples[0].text, "1 = María\n2 = miércoles 25 de noviembre, 14:30");
    assert!(sheet.cost.likely.is_some());
}

#[test]
fn a_missing_rate_card_is_a_blocker() {
    let mut folder = Folder::new();
    folder.account().currency = Currency::parse("BRL").unwrap();
    let sheet = folder.sheet();
    assert_eq!(codes(&sheet.blockers), ["no_rate_card"]);
    assert_eq!((sheet.cost.currency.as_str(), sheet.cost.likely), ("BRL", None));
}

#[test]
fn a_template_that_is_not_approved_is_a_blocker() {
    for status in [TemplateStatus::Pending, TemplateStatus::Paused, TemplateStatus::Other("archived".to_owned())] {
        let mut folder = Folder::new();
        folder.template().status = status;
        assert_eq!(codes(&folder.sheet().blockers), ["template_not_approved"]);
    }
}

#[test]
fn no_message_at_all_is_a_blocker_and_many_left_out_are_a_warning() {
    let header = AUDIENCE.lines().next().unwrap();
    let sheet = Folder::of(CAMPAIGN, &format!("{header}\nAna;;25/11/2026;15:00;Reservado\n")).sheet();
    assert_eq!(codes(&sheet.blockers), ["no_messages"]);
    assert!(codes(&sheet.warnings).contains(&"many_left_out"));
    // Two of the six rows that were meant to be sent.
    assert!(codes(&Folder::new().sheet().warnings).contains(&"many_left_out"));
    assert_eq!(sheet.starts_at, None);
}

#[test]
fn a_template_that_does_not_take_these_values_is_a_blocker() {
    let mut folder = Folder::new();
    folder.template().body = "Hola {{1}}, le esperamos el {{2}} en {{3}}.".to_owned();
    let sheet = folder.sheet();
    assert!(!sheet.can_start());
    assert_eq!(sheet.messages, None, "nobody knows how many there would be");
}

#[test]
fn a_reminder_billed_as_marketing_says_what_it_costs_and_what_it_would_cost() {
    let mut folder = Folder::new();
    folder.template().category = Category::Marketing;
    let sheet = folder.sheet();
    let warning = sheet.warnings.iter().find(|w| w.code == "billed_as_marketing").expect("a warning");
    let arg = |name: &str| warning.args.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    assert_eq!((arg("cost"), arg("other")), (Some("USD 0.2107"), Some("USD 0.0806")));
}

#[test]
fn a_beginning_that_has_passed_is_a_warning() {
    let campaign = CAMPAIGN
        .replace("send = \"24h before\"\nlatest = \"2h before\"", "at = \"2026-11-24 09:00\"")
        .replace("only = ", "# only = ");
    let sheet = Folder::of(&campaign, AUDIENCE).sheet();
    assert!(codes(&sheet.warnings).contains(&"at_in_the_past"), "{:?}", sheet.warnings);
    assert_eq!(sheet.starts_at, Some(at("2026-11-24T10:00:00-03:00")));
}

#[test]
fn a_sender_too_slow_for_the_latest_times_is_a_warning() {
    let mut audience = AUDIENCE.lines().next().unwrap().to_owned() + "\n";
    for n in 0..200 {
        audience += &format!("Ana;+54 9 11 5{n:07};24/11/2026;12:00;Reservado\n");
    }
    // Due at once, five seconds before their latest time: at 20 a second, 101 of them get their turn.
    let mut folder = Folder::of(CAMPAIGN, &audience);
    folder.now = at("2026-11-24T09:59:55-03:00");
    let sheet = folder.sheet();
    let warning = sheet.warnings.iter().find(|w| w.code == "too_slow").expect("a warning");
    assert_eq!(warning.args[0], ("n".to_owned(), "99".to_owned()));
}

#[test]
fn a_budget_in_another_currency_is_a_blocker_and_one_that_will_not_suffice_a_warning() {
    let with = |budget: &str, spent| {
        let campaign = format!("{}\n[limits]\nbudget = \"{budget}\"\n", Folder::new().campaign);
        Folder { campaign, spent: Micros(spent), ..Folder::new() }.sheet()
    };
    assert_eq!(codes(&with("10 BRL", 0).blockers), ["budget_currency"]);
    let enough = with("0.10 USD", 0);
    assert!(enough.blockers.is_empty() && !codes(&enough.warnings).contains(&"budget_short"));
    let short = with("0.10 USD", 50_000);
    assert!(short.blockers.is_empty() && codes(&short.warnings).contains(&"budget_short"));
    let page = text(&short, Language::En);
    assert!(page.contains("USD 0.0500 is left of the budget of USD 0.1000"), "{page}");
}

/// So many people, each with an appointment a day and a half ahead; reminders go a day before it.
fn many(n: usize) -> String {
    let rows: Vec<String> = (0..n).map(|i| format!("P{i};+54 9 11 5555-{i:04};25/11/2026;14:30;Reservado")).collect();
    let header = AUDIENCE.lines().next().unwrap();
    assert_eq!(header.matches(';').count(), 4, "{header}");
    format!("{header}\n{}\n", rows.join("\n"))
}

#[test]
fn what_goes_first_is_on_the_sheet_and_a_canary_that_makes_the_rest_too_late_stands_in_the_way() {
    let with = |more: &str, latest: &str| {
        let campaign = format!("{}\n[limits]\n{more}\n", CAMPAIGN.replace("latest = \"2h before\"", latest));
        Folder::of(&campaign, &many(200)).sheet()
    };
    let sheet = with("canary = \"5%\"", "latest = \"2h before\"");
    let first = sheet.canary.unwrap();
    assert_eq!((first.messages, first.wait_minutes), (10, 30), "{:?}", sheet.blockers);
    assert_eq!(codes(&sheet.blockers), <[&str; 0]>::default());
    for language in Language::ALL {
        let said = text(&sheet, language);
        assert!(said.contains("10 ") && said.contains("30 "), "{said}");
    }
    let late = with("canary = \"5%\"\ncanary_wait = \"100h\"", "latest = \"2h before\"");
    assert_eq!(codes(&late.blockers), ["canary_too_late"]);
    assert_eq!(with("canary = 200", "latest = \"2h before\"").canary, None, "everything goes first");
}

#[test]
fn the_template_says_whether_it_can_be_sent_how_it_is_received_and_how_long_it_is_tried() {
    let mut folder = Folder::new();
    let plain = folder.sheet();
    assert_eq!((plain.template.status.as_deref(), plain.template.time_to_live_s), (Some("approved"), Some(2_592_000)));
    let outlives = plain.warnings.iter().find(|w| w.code == "outlives_days").expect("a warning");
    assert_eq!(outlives.args, [("n".to_owned(), "4".to_owned()), ("span".to_owned(), "30".to_owned())]);

    folder.template().time_to_live_s = Some(12 * 3_600);
    folder.template().quality = Some(TemplateQuality::Red);
    let short = folder.sheet();
    assert!(!codes(&short.warnings).iter().any(|code| code.starts_with("outlives")), "{:?}", short.warnings);
    assert!(codes(&short.warnings).contains(&"quality_red") && short.blockers.is_empty());
    assert!(flat(&short).contains("approved · many people complain · tried for 12 hours"), "{}", flat(&short));

    folder.template().quality = Some(TemplateQuality::Green);
    assert!(!codes(&folder.sheet().warnings).iter().any(|code| code.starts_with("quality")));
}

#[test]
fn what_there_is_to_send_with_is_on_the_sheet_and_too_little_money_is_told() {
    let mut folder = Folder::of(&format!("{CAMPAIGN}[limits]\nbudget = \"10 USD per month\"\n"), AUDIENCE);
    folder.spent = Micros::parse("2.50").unwrap();
    let amount = Micros::parse("0.05").unwrap();
    folder.balance = Some(Balance { currency: "USD".to_owned(), amount, told_at: folder.now });
    folder.tier = Some(SheetTier { limit: Some(2_000), left: Some(1_500) });
    let sheet = folder.sheet();
    assert_eq!(sheet.budget.as_ref().unwrap().left, Micros::parse("7.50").unwrap());
    assert!(codes(&sheet.warnings).contains(&"balance_short"));
    let words = flat(&sheet);
    for said in ["USD 7.50 left of USD 10.00 this month", "Balance USD 0.0500", "New people left 1500 of 2000 in 24 h"]
    {
        assert!(words.contains(said), "{said}: {words}");
    }
    folder.balance = Some(Balance { amount: Micros::parse("20").unwrap(), ..folder.balance.clone().unwrap() });
    assert!(!codes(&folder.sheet().warnings).contains(&"balance_short"));
}

#[test]
fn each_translation_costs_what_it_is_billed_as_and_shows_its_own_text() {
    let language = "language = { column = \"Idioma\", otherwise = \"es_AR\" }";
    let audience: String = AUDIENCE
        .lines()
        .enumerate()
        .map(|(i, line)| match i {
            0 => format!("{line};Idioma\n"),
            1 => format!("{line};pt\n"),
            _ => format!("{line};\n"),
        })
        .collect();
    let mut folder = Folder::of(&CAMPAIGN.replace("language = \"es_AR\"", language), &audience);
    let alone = folder.sheet().cost;
    let translation = |category| Template {
        language: "pt_BR".to_owned(),
        body: "Olá {{1}}, até {{2}}.".to_owned(),
        category,
        ..super::folder::template()
    };
    folder.translations = vec![translation(Category::Utility)];
    let same = folder.sheet();
    assert_eq!((alone.likely, same.messages), (same.cost.likely.map(|_| alone.likely.unwrap()), Some(4)));
    folder.translations = vec![translation(Category::Marketing)];
    let dearer = folder.sheet();
    assert!(dearer.cost.likely > same.cost.likely, "{:?} {:?}", dearer.cost, same.cost);
    assert_eq!(dearer.cost.markets.iter().map(|m| m.messages).sum::<i64>(), 4);
    let texts: Vec<&str> = dearer.samples.iter().map(|s| s.text.as_str()).collect();
    assert!(texts[0].starts_with("Olá María, até quarta-feira") && texts[1].starts_with("Hola José"), "{texts:?}");
}
