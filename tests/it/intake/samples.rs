//! The sample campaigns hold what real files hold, and every row of them is accounted for.

use std::collections::{BTreeMap, BTreeSet};

use recado::domain::exclusion::ExclusionReason as Reason;
use recado::intake::rows::RowFate;
use recado::intake::sample::{SAMPLES, Sample};

use super::given::{Given, sample_template};

struct Outcome {
    rows: u64,
    excluded: BTreeMap<Reason, u64>,
    details: BTreeSet<String>,
    drafts: Vec<recado::intake::rows::Draft>,
    warnings: Vec<String>,
}

fn run(sample: &Sample) -> Outcome {
    let given = Given::campaign(sample.definition);
    let template = sample_template(&given.campaign.template.name);
    let given = given.with_template(template);
    let mut out = Outcome {
        rows: 0,
        excluded: BTreeMap::new(),
        details: BTreeSet::new(),
        drafts: Vec::new(),
        warnings: Vec::new(),
    };
    let opened = given.open(sample.bytes, |mut rows| {
        for row in rows.by_ref() {
            out.rows += 1;
            assert_eq!(row.no as u64, out.rows);
            match row.fate {
                RowFate::Message(draft) => out.drafts.push(*draft),
                RowFate::Excluded(e) => {
                    *out.excluded.entry(e.reason).or_default() += 1;
                    out.details.insert(e.detail.split(':').next().unwrap_or_default().to_owned());
                }
            }
        }
        let named = |p: recado::domain::problem::Problem| match p.args.first() {
            Some((name, n)) if name == "n" => format!("{} {n}", p.code),
            _ => p.code,
        };
        out.warnings = rows.warnings().into_iter().map(named).collect();
    });
    opened.unwrap_or_else(|problems| panic!("{}: {problems:?}", sample.name));
    out
}

#[test]
fn the_samples_open_without_blockers_and_rows_read_are_messages_plus_exclusions() {
    let mut all = BTreeSet::new();
    for sample in SAMPLES {
        let text = encoding_rs::WINDOWS_1252.decode(sample.bytes).0.into_owned();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if text.lines().next().unwrap().contains(';') { b';' } else { b',' })
            .flexible(true)
            .from_reader(text.as_bytes());
        let filled = reader.records().filter(|r| !r.as_ref().unwrap().iter().all(str::is_empty)).count() as u64;
        let out = run(sample);
        assert_eq!(out.rows, filled, "{}", sample.name);
        assert_eq!(out.rows, out.drafts.len() as u64 + out.excluded.values().sum::<u64>(), "{}", sample.name);
        assert!(out.drafts.len() > 150, "{}: {} messages, {:?}", sample.name, out.drafts.len(), out.excluded);
        all.extend(out.excluded.into_keys());
    }
    let wanted = [
        Reason::NoPhone,
        Reason::BadPhone,
        Reason::NoCountry,
        Reason::Duplicate,
        Reason::EmptyValue,
        Reason::NotSelected,
        Reason::BadWhen,
        Reason::TooLate,
        Reason::Unreadable,
        Reason::Unreachable,
    ];
    assert_eq!(all, BTreeSet::from(wanted));
}

#[test]
fn each_sample_holds_what_real_files_hold() {
    let out = run(&SAMPLES[0]);
    for reason in
        [Reason::Duplicate, Reason::BadPhone, Reason::NoPhone, Reason::EmptyValue, Reason::NotSelected, Reason::TooLate]
    {
        assert!(out.excluded.contains_key(&reason), "{reason:?}: {:?}", out.excluded);
    }
    assert!(out.details.contains("scientific_notation"));
    let mut phones: Vec<&str> = out.drafts.iter().map(|d| d.to.digits()).collect();
    phones.sort_unstable();
    assert!(phones.windows(2).any(|pair| pair[0] == pair[1]), "two appointments of one phone");
    assert!(out.drafts.iter().any(|d| d.fill.body[0].text == "Úrsula" || d.fill.body[0].text == "Ángela"));
    assert!(out.drafts.iter().all(|d| d.fill.body[2].text.contains("de noviembre")));
    assert!(out.drafts.iter().all(|d| d.happens_at.is_some() && d.latest_at.is_some()));
    assert!(out.drafts.iter().any(|d| d.cost_centre == "lab-guemes"));

    let out = run(&SAMPLES[1]);
    for reason in [Reason::NoCountry, Reason::BadPhone, Reason::Duplicate, Reason::EmptyValue, Reason::Unreachable] {
        assert!(out.excluded.contains_key(&reason), "{reason:?}: {:?}", out.excluded);
    }
    for route in ["agent:ana", "agent:diego", "team:ventas", ""] {
        assert!(out.drafts.iter().any(|d| d.route == route), "{route}");
    }

    let out = run(&SAMPLES[2]);
    for reason in [Reason::Unreadable, Reason::BadPhone, Reason::Duplicate, Reason::EmptyValue, Reason::Unreachable] {
        assert!(out.excluded.contains_key(&reason), "{reason:?}: {:?}", out.excluded);
    }
    assert_eq!(out.warnings, ["flattened 1", "unknown_timezones 1"]);
    assert!(out.drafts.iter().all(|d| d.fill.body[1].text.ends_with(" até domingo, 6 de dezembro")));
    assert!(out.drafts.iter().any(|d| d.fill.buttons[0].text == "A%C3%87%C3%83O%20VER%C3%83O%2020"));
}

#[test]
fn each_special_person_of_the_sandbox_is_in_a_sample_and_the_phone_that_is_off_only_in_the_reminder() {
    let people = |sample: &Sample| -> BTreeSet<String> {
        let last_four = |d: &recado::intake::rows::Draft| d.to.digits()[d.to.digits().len() - 4..].to_owned();
        run(sample).drafts.iter().map(last_four).filter(|l| ("9901".."9911").contains(&l.as_str())).collect()
    };
    let all: BTreeSet<String> = (9901..=9910).map(|n| n.to_string()).collect();
    assert_eq!(people(&SAMPLES[0]), all);
    let but_phone_off: BTreeSet<String> = all.iter().filter(|n| *n != "9905").cloned().collect();
    assert_eq!(people(&SAMPLES[1]), but_phone_off);
    assert_eq!(people(&SAMPLES[2]), but_phone_off);
}

#[test]
fn argentine_mobiles_without_9_or_15_are_sent_as_mobiles_and_counted() {
    let out = run(&SAMPLES[0]);
    // Area and line, or the line alone: at most ten digits after the trunk's zero, and no 15 before them.
    let bare = |given: &str| {
        let digits: String = given.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').len() <= 10 && !digits.starts_with("15")
    };
    let bare: Vec<_> = out.drafts.iter().filter(|d| bare(&d.given)).collect();
    assert!(bare.len() > 20, "{}", bare.len());
    assert!(bare.iter().all(|d| d.to.digits().starts_with("549")));
    assert!(bare.iter().all(|d| !d.given.contains('+')), "the row keeps what was given");
    assert!(out.warnings.contains(&format!("taken_for_mobiles {}", bare.len())), "{:?}", out.warnings);
    // Written with +54 and without 9 it stays as it is.
    let fixed = out.drafts.iter().filter(|d| d.to.digits().starts_with("54") && !d.to.digits().starts_with("549"));
    assert!(fixed.clone().all(|d| d.given.contains("54")), "{:?}", fixed.map(|d| &d.given).collect::<Vec<_>>());
}
