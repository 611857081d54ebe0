//! `campaign.toml`: what is understood, and what is refused with its place and a hint.

mod limits;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::{Weekday, date};
use recado::domain::breaker;
use recado::domain::canary::Share;
use recado::domain::kind::CampaignKind;
use recado::domain::schedule::{Moved, Offset, Outside, SendTime, Side};
use recado::domain::time::UnixMs;
use recado::intake::audience::{DateOrder, Delimiter, Encoding, Merged, Quote, Take};
use recado::intake::campaign_file::{
    ButtonUse, CampaignFile, Contains, Holidays, IfUnsure, Labelled, LinkKind, OpenConversation, StartMode,
    fits_pattern,
};

const WHOLE: &str = r#"
kind        = "reminder"
title       = "Recordatorio de turno"
sender      = "saludcenter"
file        = "turnos*.csv"
timezone    = "America/Argentina/Buenos_Aires"
country     = "AR"
area_code   = "11"
cost_centre = { column = "Unidad" }
start       = "by itself"

[template]
name     = "appointment_reminder"
language = "es_AR"
image    = { column = "Imagen" }
[template.buttons]
0 = { url = "{{ cupon }}" }
1 = { code = "VERANO26" }

[columns]
phone = "Teléfono"
id    = "ID turno"
when  = "Fecha + Hora"
only  = "{{ situacao != 'Cancelado' }}"

[variables]
2 = "{{ when }}"
1 = "{{ paciente | first_name }}"

[schedule]
send   = "24h before"
latest = "2h before"
[schedule.hours]
mon-fri  = "09:00-13:00, 15:00-19:00"
sat      = "09:00-13:00"
sun      = "closed"
holidays = "AR"

[replies]
route       = "team:recepcion"
close_after = "2d"
buttons     = { "Confirmo" = { outcome = "confirmed", answer = "¡Gracias!", close = true }, "Cancelar" = { outcome = "cancelled" } }
typed       = { "confirmed" = ["sí", "confirmo", "👍"] }
opt_out     = ["NO MAS"]

[limits]
if_unsure      = "ask"
in_doubt_after = "45m"
"#;

const SMALL: &str = r#"kind = "promotion"
sender = "loja"
file = "clientes.csv"
timezone = "America/Sao_Paulo"
[template]
name = "black_friday"
language = "pt_BR"
"#;

fn parsed(source: &str) -> CampaignFile {
    CampaignFile::parse(source, "campaign.toml").unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The problems of the small campaign with `more` below it, as printed.
fn problems_of(source: &str) -> Vec<String> {
    let problems = CampaignFile::parse(source, "campaign.toml").map(drop).expect_err("it is refused");
    problems.iter().map(ToString::to_string).collect()
}

fn problems_with(more: &str) -> Vec<String> {
    problems_of(&format!("{SMALL}{more}"))
}

#[test]
fn every_key_of_a_reminder_is_understood() {
    let campaign = parsed(WHOLE);
    assert_eq!(campaign.kind, CampaignKind::Reminder);
    assert_eq!(campaign.country.as_deref(), Some("AR"));
    assert_eq!(campaign.cost_centre, Labelled::Column("Unidad".to_owned()));
    assert_eq!(campaign.start, StartMode::ByItself);
    assert_eq!(campaign.template.header_kind, Some(LinkKind::Image));
    assert_eq!(campaign.template.header_link, Some(Labelled::Column("Imagen".to_owned())));
    let buttons = [(0, ButtonUse::Url("{{ cupon }}".to_owned())), (1, ButtonUse::Code("VERANO26".to_owned()))];
    assert_eq!(campaign.template.buttons, buttons);
    assert_eq!(campaign.columns.when.as_deref(), Some("Fecha + Hora"));
    assert_eq!(campaign.limits.if_unsure, IfUnsure::Ask);
    assert_eq!(campaign.limits.in_doubt_after, Duration::from_mins(45));
}

#[test]
fn variables_keep_the_order_of_the_file() {
    let names: Vec<_> = parsed(WHOLE).variables.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["2", "1"]);
}

#[test]
fn a_schedule_counts_from_the_rows_date_within_hours() {
    let campaign = parsed(WHOLE);
    let offset = |hours| Offset { side: Side::Before, days: 0, exact: Duration::from_hours(hours) };
    assert_eq!(campaign.schedule.send, SendTime::FromWhen(offset(24)));
    assert_eq!(campaign.schedule.latest, Some(offset(2)));
    assert_eq!(campaign.schedule.outside, Outside::Earlier);
    let hours = campaign.hours.unwrap();
    assert_eq!(hours.week.spans(Weekday::Wednesday).len(), 2);
    assert!(hours.week.spans(Weekday::Sunday).is_empty());
    assert_eq!(hours.holidays, Holidays::Named("AR".to_owned()));
    let lists = BTreeMap::from([("AR".to_owned(), [date(2026, 12, 25)].into())]);
    assert!(hours.resolve(&lists).unwrap().holidays.contains(&date(2026, 12, 25)));
    assert!(hours.resolve(&BTreeMap::new()).is_none());
}

#[test]
fn replies_keep_what_buttons_and_words_mean() {
    let replies = parsed(WHOLE).replies;
    assert_eq!(replies.route, Labelled::Fixed("team:recepcion".to_owned()));
    assert_eq!(replies.close_after, Duration::from_hours(48));
    assert_eq!(replies.buttons[0].label, "Confirmo");
    assert!(replies.buttons[0].close && !replies.buttons[1].close);
    assert_eq!(replies.typed[0].1, ["sí", "confirmo", "👍"]);
    assert_eq!(replies.opt_out, ["NO MAS"]);
}

#[test]
fn what_is_left_out_follows_from_the_kind() {
    let promotion = parsed(SMALL);
    assert_eq!(promotion.limits.if_unsure, IfUnsure::Ask);
    assert_eq!(promotion.limits.open_conversation, OpenConversation::Skip);
    assert_eq!(promotion.schedule.send, SendTime::WhenStarted);
    assert_eq!(promotion.schedule.outside, Outside::Later);
    assert_eq!(promotion.schedule.latest, None);
    let reminder = parsed(&SMALL.replace("promotion", "reminder"));
    assert_eq!(reminder.limits.if_unsure, IfUnsure::SendAgain);
    assert_eq!(reminder.limits.open_conversation, OpenConversation::Pass);
    assert_eq!(reminder.schedule.outside, Outside::Earlier);
    assert_eq!(reminder.schedule.latest, Some(Offset::AT_IT), "nobody is reminded of what has passed");
}

#[test]
fn an_instant_is_on_the_campaigns_clock() {
    let campaign = parsed(&format!("{SMALL}[schedule]\nat = \"2026-12-01 10:00\"\nuntil = \"2026-12-06 20:00\"\n"));
    let instant = |text: &str| UnixMs::from(text.parse::<jiff::Timestamp>().unwrap());
    assert_eq!(campaign.schedule.send, SendTime::At(instant("2026-12-01T13:00:00Z")));
    assert_eq!(campaign.schedule.until, Some(instant("2026-12-06T23:00:00Z")));
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_what_was_meant() {
    let source = SMALL.replace("language", "langage");
    assert_eq!(
        problems_of(&source),
        [
            "campaign.toml:5:2: \"language\" is missing in [template]",
            "campaign.toml:7:1: unknown key \"langage\" in [template]; did you mean \"language\"?",
        ]
    );
}

#[test]
fn a_key_in_the_wrong_section_is_told_the_right_one() {
    assert_eq!(
        problems_with("title = \"Ofertas\"\n"),
        ["campaign.toml:8:1: unknown key \"title\" in [template]; it belongs at the top, above every [section]",]
    );
}

#[test]
fn all_problems_of_a_file_are_found_at_once() {
    let source = r#"kind = "remindr"
sender = 5
file = "../turnos.csv"
timezone = "America/Buenos_Aire"
country = "ar"
[template]
name = "x"
language = "es-AR"
[schedule]
send = "24 hours before"
"#;
    assert_eq!(
        problems_of(source),
        [
            "campaign.toml:1:8: \"kind\" must be \"reminder\" or \"resume_contact\" or \"promotion\", not \"remindr\"; did you mean \"reminder\"?",
            "campaign.toml:2:10: \"sender\" must be text in quotes, not a number",
            "campaign.toml:3:8: \"file\" must be the name of a file in the campaign's folder, without a path",
            "campaign.toml:4:12: \"timezone\" names no time zone: \"America/Buenos_Aire\"; did you mean \"America/Buenos_Aires\"?",
            "campaign.toml:5:11: \"country\" must be the two capital letters of a country, as \"AR\"; did you mean \"AR\"?",
            "campaign.toml:8:12: \"language\" must be a template language, as \"es_AR\" or \"pt_BR\", with an underscore",
            "campaign.toml:10:8: \"send\" must be a length of time and a side, as \"24h before\" or \"2h after\"",
        ]
    );
}

#[test]
fn a_repeated_key_is_refused_where_it_stands_the_second_time() {
    assert_eq!(
        problems_of(&format!("kind = \"reminder\"\n{SMALL}")),
        ["campaign.toml:2:1: this key is already there further up"]
    );
}

#[test]
fn what_is_no_toml_is_refused_with_its_place() {
    let problems = problems_of("kind = \"reminder\"\nsender = saludcenter\n");
    assert!(problems[0].starts_with("campaign.toml:2:10: this is not TOML"), "{problems:?}");
}

#[test]
fn columns_are_counted_in_characters() {
    let problems = problems_with("[replies]\nbuttons = { \"Confirmación\" = { outcom = \"x\" } }\n");
    assert_eq!(
        problems,
        [
            "campaign.toml:9:13: the button \"Confirmación\" needs an outcome or an answer",
            "campaign.toml:9:32: unknown key \"outcom\" in [replies.buttons.Confirmación]; did you mean \"outcome\"?",
        ]
    );
}

#[test]
fn a_feed_says_what_its_files_contain_and_what_a_moved_time_does() {
    let more = "\n[schedule]\nsend = \"24h before\"\nmoved = { template = \"new_time\" }\n[limits]\nremoved = \"35%\"";
    let source = format!("contains = \"everything ahead\"\n{SMALL}{more}");
    let file = CampaignFile::parse(&source, "campaign.toml").unwrap();
    assert!(file.is_standing());
    assert_eq!((file.contains, file.limits.removed_percent), (Some(Contains::EverythingAhead), 35));
    assert_eq!(file.moved, Moved::Template("new_time".to_owned()));
    for (more, reason) in [
        ("[limits]\nremoved = \"120%\"", "from \"0%\" to \"100%\""),
        ("[limits]\nsent_elsewhere = \"no\"", "sent_elsewhere"),
    ] {
        let problems = problems_with(more);
        assert!(problems.len() == 1 && problems[0].contains(reason), "{more}\n{problems:#?}");
    }
}

#[test]
fn a_campaign_that_comes_again_says_when() {
    let source = format!("{SMALL}\n[schedule]\nevery = \"0 9 * * MON-FRI\"");
    let file = CampaignFile::parse(&source, "campaign.toml").unwrap();
    assert!(file.every.is_some() && !file.is_standing());
    for (more, reason) in [
        ("[schedule]\nevery = \"daily\"", "must be minute, hour, day, month and weekday"),
        ("[schedule]\nevery = \"0 9 31 2 *\"", "names a day that never comes"),
        ("[schedule]\nevery = \"0 9 * * *\"\nat = \"2026-12-01 10:00\"", "does not go with \"at\""),
    ] {
        let problems = problems_with(more);
        assert!(problems.len() == 1 && problems[0].contains(reason), "{more}\n{problems:#?}");
    }
}

#[test]
fn a_moved_row_is_sent_again_left_or_told_by_another_template() {
    let moved = |said: &str| parsed(&format!("{SMALL}[schedule]\nsend = \"24h before\"\n{said}\n")).moved;
    assert_eq!(moved(""), Moved::SendAgain);
    assert_eq!(moved("moved = \"send again\""), Moved::SendAgain);
    assert_eq!(moved("moved = \"leave\""), Moved::Leave);
    assert_eq!(moved("moved = { template = \"new_time\" }"), Moved::Template("new_time".to_owned()));
    for (more, reason) in [
        ("[schedule]\nmoved = \"leave\"", "goes with send"),
        ("[schedule]\nsend = \"24h before\"\nmoved = \"ignore\"", "must be \"send again\", \"leave\""),
        ("[schedule]\nsend = \"24h before\"\nmoved = { template = \"New Time\" }", "lower-case letters"),
    ] {
        let problems = problems_with(more);
        assert!(problems.len() == 1 && problems[0].contains(reason), "{more}\n{problems:#?}");
    }
}

#[test]
fn a_law_on_sending_hours_is_left_out_by_name() {
    let file = parsed(&format!("{SMALL}[schedule.hours]\nwithout_law = \"co_ley_2300\"\n"));
    assert_eq!((file.without_laws, file.hours), (vec!["co_ley_2300".to_owned()], None));
    let both = parsed(&format!("{SMALL}[schedule.hours]\nwithout_law = [\"a\", \"b\"]\nmon = \"09:00-10:00\"\n"));
    assert!(both.without_laws.len() == 2 && both.hours.is_some());
    assert!(problems_with("[schedule.hours]\nwithout_law = \"Ley 2300\"")[0].contains("must name a law"));
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    for (more, reason) in [
        ("[schedule]\nsend = \"1d before\"\nat = \"2026-12-01 10:00\"", "does not go with \"send\""),
        ("[schedule]\nsend = \"1d before\"\nlatest = \"2d before\"", "must come after \"send\""),
        ("[schedule]\nat = \"2026-12-01 10:00\"\nuntil = \"2026-12-01 09:00\"", "must come after \"at\""),
        ("[schedule]\nat = \"2026-12-01\"", "must be a date and time"),
        ("[schedule]\nat = 2026-12-01T10:00:00", "must be text in quotes, not a date without quotes"),
        ("[schedule]\nsend = \"4000d before\"", "is more than ten years"),
        ("[schedule.hours]\nmon = \"20:00-09:00\"", "must open before it closes"),
        ("[schedule.hours]\nmon = \"9-20\"", "must be hours"),
        ("[schedule.hours]\nmon = \"09:00-24:30\"", "must be hours"),
        ("[schedule.hours]\nmon = \"09:00-12:00, 11:00-13:00\"", "has hours that overlap"),
        ("[schedule.hours]\nlun = \"09:00-12:00\"\nmon = \"09:00-12:00\"", "is no day"),
        ("[schedule.hours]\nmon-fri = \"09:00-12:00\"\nwed = \"10:00-12:00\"", "has its hours already"),
        ("[schedule.hours]\nmon = \"closed\"", "opens on no day"),
        ("[schedule.hours]\nmon = \"09:00-12:00\"\nholidays = [\"25/12/2026\"]", "must hold days"),
        ("[replies]\nroute = \"recepcion\"", "must be \"agent:NAME\""),
        ("[replies]\ntyped = { confirmed = [\"si\"], cancelled = [\"SI\"] }", "means \"confirmed\" already"),
        ("[replies]\ntyped = { Confirmed = [\"si\"] }", "must be an outcome"),
        ("[variables]\n1 = \"a\"\nname = \"b\"", "all numbers or all names"),
        ("[variables]\n0 = \"a\"", "must be a parameter"),
        ("[variables]\n1 = \"\"", "is empty"),
        ("[limits]\nin_doubt_after = \"0m\"", "must be at least \"1m\""),
        ("[template.buttons]\n10 = { url = \"x\" }", "must be a button's place"),
        ("[template.buttons]\n0 = { url = \"x\", code = \"y\" }", "takes one of"),
        ("[template.buttons]\n0 = {}", "a button takes"),
        ("image = \"../banner.jpg\"", "must be an https link"),
        ("image = \"https://x.org/a.jpg\"\nvideo = \"https://x.org/a.mp4\"", "is too much"),
    ] {
        let problems = problems_with(more);
        assert!(problems.len() == 1 && problems[0].contains(reason), "{more}\n{problems:#?}");
    }
}

#[test]
fn a_pattern_takes_the_files_it_means_and_no_others() {
    let file = parsed(WHOLE).file;
    for name in ["turnos.csv", "turnos_2026-11-24.csv", "TURNOS 24.CSV"] {
        assert!(fits_pattern(&file, name), "{name}");
    }
    for name in ["otros.csv", "turnos.csv.part", ".turnos.csv", "turnos.xlsx"] {
        assert!(!fits_pattern(&file, name), "{name}");
    }
    assert!(fits_pattern("clientes.csv", "clientes.csv") && !fits_pattern("clientes.csv", "clientes2.csv"));
}

#[test]
fn an_audience_is_a_text_or_a_spreadsheet_and_nothing_else() {
    for name in ["clientes.xlsx", "clientes.ods", "clientes.TSV", "clientes.xls"] {
        assert_eq!(parsed(&SMALL.replace("clientes.csv", name)).file, name);
    }
    for name in ["clientes.pdf", "clientes"] {
        let problems = problems_of(&SMALL.replace("clientes.csv", name));
        assert!(problems[0].contains("must name a .csv, .tsv, .xlsx or .ods file"), "{problems:?}");
    }
}

#[test]
fn how_a_file_is_read_is_understood_and_a_wrong_word_refused_with_its_place() {
    let reading = "[reading]\nencoding = \"Mac Roman\"\ndelimiter = \"tab\"\nquote = \"none\"\nheader_row = 3\n\
        sheet = \"Turnos\"\nhidden_rows = \"leave out\"\ntotal_rows = \"take\"\nmerged_cells = \"fill\"\ndates = \"month first\"\n\
        identity_numbers = \"take\"\nunlike_example = \"take\"\n\
        [columns]\nphone = [\"Celular\", \"DDD + Fijo\"]\nwhen = \"Fecha + Hora\"\n";
    let file = parsed(&format!("{SMALL}{reading}"));
    let rules = &file.reading;
    assert_eq!((rules.encoding, rules.delimiter), (Some(Encoding::MacRoman), Some(Delimiter::Tab)));
    assert_eq!((rules.quote, rules.header_row), (Some(Quote::None), Some(3)));
    assert_eq!((rules.hidden_rows, rules.total_rows), (Some(Take::LeaveOut), Some(Take::Take)));
    assert_eq!(rules.merged_cells, Some(Merged::Fill));
    assert!(rules.takes_identity_numbers && rules.takes_unlike_example);
    assert_eq!((rules.sheet.as_deref(), rules.dates), (Some("Turnos"), Some(DateOrder::MonthFirst)));
    assert_eq!(file.columns.phones, ["Celular", "DDD + Fijo"]);
    assert_eq!(rules.phone, ["celular", "ddd", "fijo"]);
    assert!(rules.wanted.contains(&"hora".to_owned()));
    for (wrong, told) in [
        ("encoding = \"Latin1\"", "did you mean \"Latin-1\""),
        ("delimiter = \"x\"", "must be"),
        ("header_row = 0", "from 1 to 300"),
        ("hidden_rows = \"skip\"", "hidden_rows"),
        ("identity_numbers = \"leave out\"", "identity_numbers"),
        ("hiden_rows = \"take\"", "did you mean \"hidden_rows\""),
    ] {
        let problems = problems_of(&format!("{SMALL}[reading]\n{wrong}\n"));
        assert!(problems[0].contains(told), "{wrong}: {problems:?}");
    }
}

#[test]
fn a_reminder_cannot_skip_for_a_conversation() {
    let reminder = SMALL.replace("promotion", "reminder");
    let problems = problems_of(&format!("{reminder}[limits]\nopen_conversation = \"skip\"\n"));
    assert!(problems[0].contains("promotions and resumed contacts"), "{problems:?}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_fail(text in "[a-z0-9=\\[\\]{}\"'., \n#-]{0,120}") {
        drop(CampaignFile::parse(&text, "campaign.toml"));
        drop(CampaignFile::parse(&format!("{SMALL}{text}"), "campaign.toml"));
    }
}
