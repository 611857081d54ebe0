use proptest::prelude::*;

use super::*;

/// 1 to 9 speak against the run, 10 to 19 against a person, the rest against nobody.
fn blame(code: i64) -> Blame {
    match code {
        1..=9 => Blame::Run,
        10..=19 => Blame::Person,
        _ => Blame::Nobody,
    }
}

fn stream(n: i64, failed: &[(i64, i64)]) -> Stream {
    Stream { n, failed: failed.iter().copied().collect() }
}

fn judged(answers: Stream, receipts: Stream, in_review: i64) -> Option<Trip> {
    judge(&Wanted::default().thresholds(), &Window { answers, in_review, receipts }, blame)
}

#[test]
fn the_first_twenty_that_all_failed_for_one_cause_say_everything() {
    let none = || stream(0, &[]);
    assert_eq!(judged(stream(19, &[(1, 19)]), none(), 0), None);
    assert_eq!(judged(stream(20, &[(1, 20)]), none(), 0), Some(Trip::AllFailed { n: 20, code: 1 }));
    assert_eq!(judged(stream(20, &[(10, 20)]), none(), 0), Some(Trip::AllFailed { n: 20, code: 10 }));
    assert_eq!(judged(stream(20, &[(1, 10), (2, 10)]), none(), 0), None, "two causes are not one");
    assert_eq!(judged(stream(40, &[(20, 40)]), none(), 0), None, "a cap of WhatsApp's own is nobody's fault");
    assert_eq!(judged(stream(60, &[]), stream(20, &[(1, 20)]), 0), Some(Trip::AllFailed { n: 20, code: 1 }));
}

#[test]
fn a_quarter_that_fails_stops_the_run_and_a_little_less_does_not() {
    let failing = |n, failed| judged(stream(n, &[(1, failed)]), stream(0, &[]), 0);
    assert_eq!(failing(200, 49), None);
    let trip = Trip::Failing { failed: 50, counted: 50, of: 200, limit: 25, code: 1, most: 50, reckoned: None };
    assert_eq!(failing(200, 50), Some(trip));
    assert_eq!(failing(49, 40), None, "fewer than fifty say nothing");
}

#[test]
fn no_more_is_asked_for_than_is_looked_back_on() {
    let small = Wanted { window: Some(10), ..Wanted::default() }.thresholds();
    assert_eq!((small.at_least, small.first), (10, 10));
}

#[test]
fn people_who_cannot_be_reached_count_beyond_a_plausible_share() {
    let failing = |failed| judged(stream(200, &[]), stream(200, &[(10, failed)]), 0);
    assert_eq!(failing(79), None, "39 % of which 15 are plausible");
    assert!(matches!(failing(80), Some(Trip::Failing { failed: 80, counted: 50, of: 200, most: 80, .. })));
}

#[test]
fn the_figures_of_a_pause_never_contradict_each_other() {
    let figures = |trip: Option<Trip>, names: &[&str]| {
        let told = trip.unwrap().told();
        let args: BTreeMap<&str, &str> = told.args.iter().map(|(name, n)| (name.as_str(), n.as_str())).collect();
        (told.code.clone(), names.iter().map(|name| args[name].parse().unwrap()).collect::<Vec<i64>>())
    };
    let beyond = judged(stream(55, &[(10, 26)]), stream(0, &[]), 0);
    let names = ["n", "most", "counted", "percent"];
    assert_eq!(figures(beyond, &names), ("pause_failing_beyond".to_owned(), vec![26, 26, 18, 32]));
    // Nothing was refused: what is told is what the receipts say, however many were sent.
    let later = judged(stream(116, &[]), stream(50, &[(1, 29)]), 0);
    assert_eq!(figures(later, &["n", "of"]), ("pause_failing".to_owned(), vec![29, 50]));
    let reckoned = judged(stream(200, &[(1, 30)]), stream(100, &[(1, 30)]), 0);
    let names = ["n", "of", "refused", "later", "receipts"];
    assert_eq!(figures(reckoned, &names), ("pause_failing_reckoned".to_owned(), vec![81, 200, 30, 30, 100]));
    let both = judged(stream(200, &[(1, 30), (20, 90)]), stream(200, &[(1, 60)]), 0);
    let Some(Trip::Failing { failed, counted, of, code, most, .. }) = both else { panic!("{both:?}") };
    assert_eq!((code, counted), (1, 81), "the cause is one that counts");
    assert!(most <= failed && counted <= failed && failed <= of, "{both:?}");
}

#[test]
fn refusals_and_later_failures_add_up() {
    let both = |a, r| judged(stream(200, &[(1, a)]), stream(200, &[(2, r)]), 0);
    assert_eq!(both(30, 20), None);
    assert!(matches!(both(30, 30), Some(Trip::Failing { counted: 55, of: 200, .. })));
}

#[test]
fn more_than_a_fifth_in_review_stops_the_run() {
    let held = |n| judged(stream(100, &[]), stream(0, &[]), n);
    assert_eq!(held(20), None);
    assert_eq!(held(21), Some(Trip::InReview { held: 21, of: 100, limit: 20 }));
    let never = Wanted { in_review: Some(Limit::Never), ..Wanted::default() }.thresholds();
    let window = Window { answers: stream(100, &[]), in_review: 100, receipts: Stream::default() };
    assert_eq!(judge(&never, &window, blame), None);
}

proptest! {
    #[test]
    fn what_speaks_against_nobody_never_stops_a_run(n in 0_i64..1000, failed in 0_i64..1000, receipts in 0_i64..1000) {
        let window = Window { answers: stream(n, &[(20, failed.min(n))]), in_review: 0, receipts: stream(receipts, &[(21, receipts)]) };
        prop_assert_eq!(judge(&Wanted::default().thresholds(), &window, blame), None);
    }

    #[test]
    fn another_failure_never_makes_a_run_go_on(
        n in 50_i64..300, a in 0_i64..300, b in 0_i64..300, receipts in 50_i64..300, r in 0_i64..300,
    ) {
        let (a, r) = (a.min(n - 1), r.min(receipts));
        let b = b.min(n - 1 - a);
        let of = |a| judge(&Wanted::default().thresholds(), &Window {
            answers: stream(n, &[(1, a), (10, b)]), in_review: 0, receipts: stream(receipts, &[(2, r)]),
        }, blame);
        prop_assert!(of(a).is_none() || of(a + 1).is_some());
    }

    #[test]
    fn a_share_is_one_to_a_hundred_per_cent(n in 0_u32..300) {
        let read = Limit::parse(&format!("{n}%"));
        prop_assert_eq!(read.is_some(), (1..=100).contains(&n));
    }
}
