//! The report of a month: every charge once, in its own currency.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use recado::billing::report::{Month, NoReport, csv, keys, shape, totals};
use recado::billing::report_text;
use recado::domain::money::Micros;
use recado::domain::time::UnixMs;
use recado::locale::{Language, say};
use recado::store::cost::{CostKey, CostLine, report};
use recado::store::{Db, Store};

use crate::support::stores;

const INSERT: &str = "INSERT INTO message (run_id, campaign_id, row_no, key, person_id, recipient, account, sender,
    priority, content, cost_centre, timezone, created_at, state, due_at, market, category, currency, estimated,
    reserved, charged, charged_as, charged_day)
    VALUES (0, $1, 1, $2, 1, '5491155550123', 'meta', $3, 1, '{}', $4, 'UTC', 0, $5, $6, $7, 'utility', $8, $9, $10,
    $11, $12, $13)";

struct Booked {
    campaign: i64,
    cost_centre: &'static str,
    market: &'static str,
    currency: &'static str,
    state: &'static str,
    estimated: i64,
    reserved: i64,
    charged: i64,
    charged_as: Option<&'static str>,
    day: Option<&'static str>,
}

const DELIVERED: Booked = Booked {
    campaign: 1,
    cost_centre: "lab",
    market: "argentina",
    currency: "USD",
    state: "delivered",
    estimated: 26_000,
    reserved: 0,
    charged: 26_000,
    charged_as: Some("utility"),
    day: Some("2026-11-10"),
};

async fn insert(store: &Store, no: usize, m: &Booked) {
    let due = UnixMs::from("2026-11-10T12:00:00Z".parse::<jiff::Timestamp>().unwrap());
    macro_rules! run {
        ($pool:expr) => {
            sqlx::query(INSERT)
                .bind(m.campaign)
                .bind(format!("k{no}"))
                .bind("saludcenter")
                .bind(m.cost_centre)
                .bind(m.state)
                .bind(due)
                .bind(m.market)
                .bind(m.currency)
                .bind(m.estimated)
                .bind(m.reserved)
                .bind(m.charged)
                .bind(m.charged_as)
                .bind(m.day)
                .execute($pool)
                .await
                .map(|_| ())
        };
    }
    match &store.write {
        Db::Sqlite(pool) => run!(pool),
        Db::Postgres(pool) => run!(pool),
    }
    .unwrap();
}

async fn campaign(store: &Store) {
    const CAMPAIGN: &str = "INSERT INTO campaign (name, title, kind, sender, created_at)
        VALUES ('turnos', 'Recordatorio de turno', 'reminder', 'saludcenter', 0)";
    match &store.write {
        Db::Sqlite(pool) => sqlx::query(CAMPAIGN).execute(pool).await.map(|_| ()),
        Db::Postgres(pool) => sqlx::query(CAMPAIGN).execute(pool).await.map(|_| ()),
    }
    .unwrap();
}

async fn november(store: &Store, by: &[CostKey]) -> Vec<CostLine> {
    let query = Month::parse("2026-11").unwrap().query(by.to_vec(), &TimeZone::UTC);
    report(store, &query).await.unwrap()
}

fn line(keys: &[&str], currency: &str, messages: i64, charged: i64) -> CostLine {
    CostLine {
        keys: keys.iter().map(|k| (*k).to_owned()).collect(),
        currency: currency.to_owned(),
        messages,
        charged: Micros(charged),
        ..CostLine::default()
    }
}

#[tokio::test]
async fn a_month_is_its_charged_days_and_what_is_under_way() {
    for store in stores().await {
        let open = Booked { state: "accepted", reserved: 61_800, charged: 0, charged_as: None, day: None, ..DELIVERED };
        for (no, message) in [
            DELIVERED,
            Booked { day: Some("2026-11-30"), ..DELIVERED },
            Booked { day: Some("2026-10-31"), ..DELIVERED },
            Booked { day: Some("2026-12-01"), ..DELIVERED },
            Booked { charged: 0, charged_as: Some("utility:free_entry_point"), ..DELIVERED },
            Booked { state: "failed", charged: 0, charged_as: None, day: None, ..DELIVERED },
            open,
        ]
        .iter()
        .enumerate()
        {
            insert(&store, no, message).await;
        }
        let expected = CostLine {
            keys: vec!["utility".to_owned()],
            free: 1,
            open: 1,
            estimated: Micros(26_000),
            reserved: Micros(61_800),
            ..line(&[], "USD", 3, 52_000)
        };
        assert_eq!(november(&store, &[CostKey::Category]).await, [expected], "{}", store.name());
    }
}

#[tokio::test]
async fn by_hand_and_by_campaign_are_lines_of_their_own() {
    for store in stores().await {
        campaign(&store).await;
        insert(&store, 0, &DELIVERED).await;
        insert(&store, 1, &Booked { campaign: 0, cost_centre: "", ..DELIVERED }).await;
        insert(&store, 2, &Booked { market: "brazil", charged: 6_800, ..DELIVERED }).await;
        let by = [CostKey::Campaign, CostKey::Market];
        let mut lines = november(&store, &by).await;
        assert_eq!(lines[1].title, "Recordatorio de turno", "{}", store.name());
        for line in &mut lines {
            line.title.clear();
        }
        let expected = [
            line(&["", "argentina"], "USD", 1, 26_000),
            line(&["turnos", "argentina"], "USD", 1, 26_000),
            line(&["turnos", "brazil"], "USD", 1, 6_800),
        ];
        assert_eq!(lines, expected, "{}", store.name());
    }
}

#[tokio::test]
async fn every_key_gives_lines_that_add_up_to_the_same() {
    for store in stores().await {
        for (no, currency) in ["USD", "USD", "BRL"].into_iter().enumerate() {
            insert(&store, no, &Booked { currency, market: ["chile", "peru", "brazil"][no], ..DELIVERED }).await;
        }
        let whole = november(&store, &[]).await;
        assert_eq!(whole, [line(&[], "BRL", 1, 26_000), line(&[], "USD", 2, 52_000)], "{}", store.name());
        for key in CostKey::ALL {
            let lines = november(&store, &[key]).await;
            assert_eq!(totals(&lines), whole, "{} by {}", store.name(), key.as_str());
        }
    }
}

#[test]
fn a_month_and_keys_are_read_or_refused_with_what_is_allowed() {
    assert_eq!(Month::parse("2026-11").unwrap().to_string(), "2026-11");
    for wrong in ["2026-13", "2026-1", "11-2026", "2026-11-01", "now"] {
        assert_eq!(Month::parse(wrong), Err(NoReport::Month), "{wrong}");
    }
    assert_eq!(keys("campaign, cost_centre"), Ok(vec![CostKey::Campaign, CostKey::CostCentre]));
    let unknown = keys("campaign,country").unwrap_err().to_string();
    assert!(unknown.contains("country") && unknown.contains("market"), "{unknown}");
    assert!(matches!(keys("day,day"), Err(NoReport::Twice { .. })));
}

#[test]
fn december_ends_with_the_year_on_the_accounts_clock() {
    let zone = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
    let query = Month::parse("2026-12").unwrap().query(Vec::new(), &zone);
    assert_eq!((query.from_day.as_str(), query.before_day.as_str()), ("2026-12-01", "2027-01-01"));
    assert_eq!(query.before_at.to_string(), "2027-01-01T03:00:00Z");
}

#[test]
fn the_csv_has_a_total_per_currency_and_no_cell_that_is_a_formula() {
    let by = [CostKey::CostCentre, CostKey::Market];
    let lines = [
        line(&["=1+1", "argentina"], "USD", 2, 52_000),
        line(&["norte, \"A\"", "chile"], "USD", 1, 20_000),
        line(&["sur", "brazil"], "BRL", 1, 35_000),
    ];
    let report = shape(Month::parse("2026-11").unwrap(), &by, &lines);
    let expected = "cost_centre,market,currency,messages,free,open,estimated,reserved,charged\r\n\
        sur,brazil,BRL,1,0,0,0.00,0.00,0.035\r\n\
        '=1+1,argentina,USD,2,0,0,0.00,0.00,0.052\r\n\
        \"norte, \"\"A\"\"\",chile,USD,1,0,0,0.00,0.00,0.02\r\n\
        total,,BRL,1,0,0,0.00,0.00,0.035\r\n\
        total,,USD,3,0,0,0.00,0.00,0.072\r\n";
    assert_eq!(csv(&report, Language::En), expected);
}

#[test]
fn page_file_and_command_line_call_what_no_campaign_sent_by_the_same_words() {
    let lines = [line(&[""], "USD", 2, 52_000)];
    let report = shape(Month::parse("2026-11").unwrap(), &[CostKey::Campaign], &lines);
    for language in Language::ALL {
        let words = say(language, "costs.by_hand", &[]);
        assert!(csv(&report, language).lines().nth(1).unwrap().starts_with(&words), "{language:?}");
        assert!(report_text::text(&report, language).contains(&words), "{language:?}");
    }
    assert_eq!(say(Language::En, "costs.by_hand", &[]), "(by hand and answers)");
}

#[test]
fn the_table_is_aligned_and_names_what_has_no_name() {
    use recado::billing::report_text::text;
    use recado::locale::Language;

    let month = Month::parse("2026-11").unwrap();
    let by = [CostKey::Campaign, CostKey::Market];
    let titled = CostLine { title: "Recordatorio".to_owned(), ..line(&["turnos", "argentina"], "USD", 120, 3_120_000) };
    let by_hand = CostLine { open: 2, reserved: Micros(52_000), ..line(&["", "brazil"], "USD", 1, 6_800) };
    let english = text(&shape(month, &by, &[titled, by_hand]), Language::En);
    let expected = "\
Costs of 2026-11

Campaign               Country         Delivered  Under way  Reserved  Charged
──────────────────────────────────────────────────────────────────────────────
Recordatorio (turnos)  Argentina  USD        120                          3.12
(by hand and answers)  Brazil     USD          1          2     0.052   0.0068
──────────────────────────────────────────────────────────────────────────────
Total                             USD        121          2     0.052   3.1268
";
    assert_eq!(english, expected, "{english}");
    let nothing = text(&shape(month, &by, &[]), Language::Es);
    assert_eq!(nothing, "En 2026-11 no se cobró nada ni hay nada en curso.\n");
}

#[test]
fn a_report_survives_its_json() {
    let report = shape(Month::parse("2026-11").unwrap(), &[CostKey::Market], &[line(&["chile"], "USD", 1, 20_000)]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["lines"][0]["keys"]["market"], "chile");
    assert_eq!(json["totals"][0]["charged"], "0.02");
    let back: recado::billing::report::CostReport = serde_json::from_value(json).unwrap();
    assert_eq!(back, report);
}

proptest! {
    #[test]
    fn amounts_of_different_currencies_are_never_added(
        lines in prop::collection::vec((prop::sample::select(vec!["USD", "BRL", "EUR"]), 0_i64..1_000_000), 0..40),
    ) {
        let mut expected: BTreeMap<&str, i64> = BTreeMap::new();
        for (currency, amount) in &lines {
            *expected.entry(currency).or_default() += amount;
        }
        let lines: Vec<_> = lines.iter().map(|(currency, amount)| line(&[], currency, 1, *amount)).collect();
        let totals = totals(&lines);
        let found: BTreeMap<&str, i64> = totals.iter().map(|t| (t.currency.as_str(), t.charged.0)).collect();
        prop_assert_eq!(found, expected);
    }
}
