//! A message is charged when it has arrived, by what the provider says.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use recado::billing::card::Cards;
use recado::billing::charge::{Charge, Priced, of_receipt};
use recado::billing::{estimate, market};
use recado::domain::event::{Pricing, Receipt, ReceiptStatus};
use recado::domain::money::{Currency, Micros};
use recado::domain::phone::Phone;
use recado::domain::template::Category;
use recado::domain::time::UnixMs;

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

fn priced(market: &str, category: Category) -> Priced {
    Priced { currency: usd(), market: market.to_owned(), category, estimated: Micros(12_345) }
}

fn pricing(kind: &str, category: &str) -> Option<Pricing> {
    Some(Pricing { kind: kind.to_owned(), category: category.to_owned(), billable: None, cost: None })
}

fn receipt(status: ReceiptStatus, at: &str, pricing: Option<Pricing>) -> Receipt {
    Receipt {
        sender_ref: "1".to_owned(),
        provider_id: "wamid.1".to_owned(),
        other_id: None,
        of_template: None,
        callback: None,
        status,
        at: UnixMs::from(at.parse::<jiff::Timestamp>().unwrap()),
        failure: None,
        pricing,
        wa_id: None,
        bsuid: None,
    }
}

const NOON: &str = "2026-11-24T12:00:00Z";

fn charged(category: Category, status: ReceiptStatus, told: Option<Pricing>) -> Option<(String, String)> {
    let cards = Cards::of(&[]).unwrap();
    let charge = of_receipt(&cards, &priced("argentina", category), &receipt(status, NOON, told), &TimeZone::UTC)?;
    Some((charge.amount.to_string(), charge.category))
}

fn some(amount: &str, category: &str) -> Option<(String, String)> {
    Some((amount.to_owned(), category.to_owned()))
}

#[test]
fn a_message_is_charged_once_it_arrived_and_not_before() {
    let told = || pricing("regular", "utility");
    assert_eq!(charged(Category::Utility, ReceiptStatus::Sent, told()), None);
    assert_eq!(charged(Category::Utility, ReceiptStatus::Failed, None), None);
    assert_eq!(charged(Category::Utility, ReceiptStatus::Delivered, told()), some("0.026", "utility"));
    assert_eq!(charged(Category::Utility, ReceiptStatus::Read, told()), some("0.026", "utility"));
    assert_eq!(charged(Category::Utility, ReceiptStatus::Played, told()), some("0.026", "utility"));
}

#[test]
fn the_providers_word_decides_category_and_whether_it_is_free() {
    let delivered = |category, told| charged(category, ReceiptStatus::Delivered, told);
    for (told, expected) in [
        (pricing("regular", "marketing"), some("0.0618", "marketing")),
        (pricing("regular", "marketing_lite"), some("0.0618", "marketing")),
        (pricing("regular", "authentication-international"), some("0.026", "authentication_international")),
        (pricing("free_entry_point", "utility"), some("0.00", "utility:free_entry_point")),
        (pricing("free_customer_service", "service"), some("0.00", "service:free_customer_service")),
        // A category or a type Recado does not know is no reason to book nothing.
        (pricing("regular", "general_purpose_ai"), some("0.026", "utility:assumed")),
        (pricing("something_new", "utility"), some("0.026", "utility:assumed")),
        (None, some("0.026", "utility:assumed")),
    ] {
        assert_eq!(delivered(Category::Utility, told.clone()), expected, "{told:?}");
    }
}

#[test]
fn a_free_form_message_is_charged_only_when_the_provider_says_so() {
    assert_eq!(charged(Category::Service, ReceiptStatus::Delivered, None), None);
    let told = pricing("regular", "service");
    assert_eq!(charged(Category::Service, ReceiptStatus::Delivered, told), some("0.026", "service"));
}

#[test]
fn an_answer_that_the_month_gives_for_free_is_booked_as_that_where_no_price_is_told() {
    let free = Priced { estimated: Micros(0), ..priced("argentina", Category::Service) };
    let charge = |status| of_receipt(&Cards::of(&[]).unwrap(), &free, &receipt(status, NOON, None), &TimeZone::UTC);
    let delivered = charge(ReceiptStatus::Delivered).unwrap();
    assert_eq!((delivered.amount, delivered.category.as_str()), (Micros(0), "service:free_a_month"));
    assert_eq!(charge(ReceiptStatus::Sent), None);
}

#[test]
fn the_rate_is_that_of_the_day_of_delivery_on_the_accounts_calendar() {
    let zone = TimeZone::get("America/Mexico_City").unwrap();
    let of = |at: &str, zone: &TimeZone| {
        let told = pricing("regular", "marketing");
        let delivered = receipt(ReceiptStatus::Delivered, at, told);
        let charge = of_receipt(&Cards::of(&[]).unwrap(), &priced("mexico", Category::Marketing), &delivered, zone);
        let Charge { amount, day, .. } = charge.unwrap();
        (amount.to_string(), day)
    };
    // 1 October begins at 06:00 UTC in Mexico City.
    assert_eq!(of("2026-10-01T05:59:59Z", &zone), ("0.0305".to_owned(), "2026-09-30".to_owned()));
    assert_eq!(of("2026-10-01T06:00:00Z", &zone), ("0.0397".to_owned(), "2026-10-01".to_owned()));
    assert_eq!(of("2026-10-01T05:59:59Z", &TimeZone::UTC), ("0.0397".to_owned(), "2026-10-01".to_owned()));
}

#[test]
fn without_a_rate_the_estimate_is_charged_and_says_so() {
    let delivered = receipt(ReceiptStatus::Delivered, NOON, pricing("regular", "utility"));
    let charge =
        of_receipt(&Cards::of(&[]).unwrap(), &priced("atlantis", Category::Utility), &delivered, &TimeZone::UTC)
            .unwrap();
    assert_eq!((charge.amount, charge.category.as_str()), (Micros(12_345), "utility:assumed"));
}

fn any_status() -> impl Strategy<Value = ReceiptStatus> {
    prop_oneof![
        Just(ReceiptStatus::Sent),
        Just(ReceiptStatus::Delivered),
        Just(ReceiptStatus::Read),
        Just(ReceiptStatus::Played),
        Just(ReceiptStatus::Failed),
        Just(ReceiptStatus::Other),
    ]
}

fn any_category() -> impl Strategy<Value = Category> {
    prop_oneof![
        Just(Category::Marketing),
        Just(Category::Utility),
        Just(Category::Authentication),
        Just(Category::Service),
    ]
}

fn any_pricing() -> impl Strategy<Value = Option<Pricing>> {
    let kinds = vec!["regular", "free_customer_service", "free_entry_point", "free_group_customer_service", "new"];
    let words = vec!["marketing", "utility", "authentication_international", "service", "marketing_lite", "?"];
    let told = (prop::sample::select(kinds), prop::sample::select(words), any::<Option<bool>>());
    prop::option::of(told.prop_map(|(kind, category, billable)| Pricing {
        kind: kind.to_owned(),
        category: category.to_owned(),
        billable,
        cost: None,
    }))
}

proptest! {
    #[test]
    fn a_charge_is_never_negative_and_never_above_the_worst_price_of_what_was_told(
        status in any_status(), category in any_category(), told in any_pricing(), number in "[1-9][0-9]{9,13}",
    ) {
        let cards = Cards::of(&[]).unwrap();
        let market = market::of(&Phone::from_international(&number).unwrap()).as_str();
        let told_is_free = told.as_ref().is_some_and(|t| t.kind.starts_with("free") || t.billable == Some(false));
        let day = "2026-11-24";
        let estimated = estimate::estimate(&cards, usd(), market, category, day).unwrap();
        let priced = Priced { currency: usd(), market: market.to_owned(), category, estimated };
        let charge = of_receipt(&cards, &priced, &receipt(status, NOON, told), &TimeZone::UTC);
        if let Some(charge) = charge {
            prop_assert!(charge.amount >= Micros(0));
            prop_assert_eq!(charge.amount == Micros(0), told_is_free);
            prop_assert!(charge.category.split(':').count() <= 2);
            prop_assert_eq!(charge.day, day);
        } else {
            let arrived = matches!(status, ReceiptStatus::Delivered | ReceiptStatus::Read | ReceiptStatus::Played);
            prop_assert!(!arrived || category == Category::Service);
        }
    }

    #[test]
    fn money_is_read_as_it_is_written(micros in -9_000_000_000_000_i64..9_000_000_000_000) {
        prop_assert_eq!(Micros::parse(&Micros(micros).to_string()), Some(Micros(micros)));
    }

    #[test]
    fn a_sum_of_money_does_not_depend_on_its_order(amounts in prop::collection::vec(0_i64..1_000_000_000, 0..50)) {
        let forwards = amounts.iter().fold(Micros(0), |sum, a| sum.plus(Micros(*a)));
        let backwards = amounts.iter().rev().fold(Micros(0), |sum, a| sum.plus(Micros(*a)));
        prop_assert_eq!(forwards, backwards);
    }
}
