use jiff::civil::Weekday;
use proptest::prelude::*;

use super::*;
use crate::domain::hours::{OpenSpan, Week};
use crate::domain::tier::KEPT;

/// A Tuesday, ten o'clock.
fn now() -> UnixMs {
    at("2026-11-24T10:00:00Z")
}

fn at(text: &str) -> UnixMs {
    UnixMs::from(text.parse::<jiff::Timestamp>().unwrap())
}

fn batch(due_at: UnixMs, messages: f64) -> Batch {
    Batch { due_at, latest_at: None, zone: 0, messages, places: messages, again: false }
}

fn line(priority: Priority, batches: &[Batch]) -> Line {
    Line { priority, batches: batches.to_vec(), watched: true, zones: vec![TimeZone::UTC], ..Line::default() }
}

fn promotion(messages: f64) -> Line {
    line(Priority::PROMOTION, &[batch(now(), messages)])
}

fn scene(per_second: f64, lines: Vec<Line>) -> Scene {
    Scene { now: now(), speed: 1.0, paces: vec![Pace { per_second, replies: 0.0 }], tier: None, lines }
}

fn tier(room: f64) -> Tier {
    Tier { room, held: Vec::new(), kept: KEPT, ahead: Duration::from_hours(24) }
}

fn office() -> Hours {
    let mut week = Week::default();
    for day in [Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday] {
        week.set(day, vec![OpenSpan::new(9 * 60, 20 * 60).unwrap()]);
    }
    Hours { week, ..Hours::default() }
}

/// How long after now, in whole seconds.
fn likely(scene: &Scene) -> u64 {
    forecast(scene).unwrap().likely.unwrap().since(now()).as_secs()
}

#[test]
fn a_run_lasts_as_long_as_its_throughput_needs() {
    let told = forecast(&scene(80.0, vec![promotion(4_800.0)])).unwrap();
    assert_eq!((told.likely, told.limited_by), (Some(at("2026-11-24T10:01:00Z")), LimitedBy::Rate));
    assert_eq!((told.low, told.high), (told.likely, Some(now().plus(Duration::from_millis(93_750)))));
    assert_eq!(forecast(&scene(80.0, vec![promotion(0.0)])), None);
}

#[test]
fn the_latest_end_says_whether_it_is_what_is_tried_again() {
    let again = Again { share: 0.0, at_most: 0.05, after: Duration::from_hours(24) };
    let told = |again| forecast(&scene(80.0, vec![Line { again, ..promotion(4_800.0) }])).unwrap();
    assert_eq!(told(again).tried_again_h, Some(24));
    assert!(told(again).high > told(again).likely.map(|at| at.plus(Duration::from_hours(23))));
    assert_eq!(told(Again::default()).tried_again_h, None);
}

#[test]
fn what_is_held_until_a_time_leaves_after_it_and_what_is_too_late_by_then_does_not() {
    let until = at("2026-11-24T12:00:00Z");
    let held = Line { held: Some(until), ..promotion(4_800.0) };
    let told = forecast(&scene(80.0, vec![held.clone()])).unwrap();
    assert_eq!((told.likely, told.limited_by), (Some(at("2026-11-24T12:01:00Z")), LimitedBy::Hold));
    let early = Batch { latest_at: Some(at("2026-11-24T11:00:00Z")), ..batch(now(), 10.0) };
    let told = forecast(&scene(80.0, vec![Line { batches: vec![early], ..held }])).unwrap();
    assert_eq!(told.too_late, 10);
}

#[test]
fn what_people_write_takes_its_part_of_the_speed() {
    let mut scene = scene(80.0, vec![promotion(4_800.0)]);
    scene.paces[0].replies = 0.5;
    assert_eq!(likely(&scene), 90);
}

#[test]
fn messages_spread_over_a_day_end_with_the_last_of_them() {
    let due = at("2026-11-24T18:30:00Z");
    let told = forecast(&scene(1.0, vec![line(Priority::REMINDER, &[batch(now(), 1.0), batch(due, 1.0)])])).unwrap();
    assert_eq!((told.likely, told.limited_by), (Some(due.plus(Duration::from_secs(1))), LimitedBy::Schedule));
}

#[test]
fn what_spills_over_the_closing_hour_goes_out_the_next_day() {
    let late =
        Line { hours: Some(office()), ..line(Priority::PROMOTION, &[batch(at("2026-11-24T19:00:00Z"), 7_200.0)]) };
    let told = forecast(&scene(1.0, vec![late])).unwrap();
    assert_eq!((told.likely, told.limited_by), (Some(at("2026-11-25T10:00:00Z")), LimitedBy::Hours));
}

#[test]
fn each_person_is_written_to_within_the_hours_of_their_own_clock() {
    let zones = vec![TimeZone::UTC, TimeZone::fixed(jiff::tz::offset(-5))];
    let batches = [Batch { zone: 0, ..batch(now(), 10.0) }, Batch { zone: 1, ..batch(now(), 10.0) }];
    let two = Line { hours: Some(office()), zones, ..line(Priority::PROMOTION, &batches) };
    assert_eq!(forecast(&scene(10.0, vec![two])).unwrap().likely, Some(at("2026-11-24T14:00:01Z")));
}

#[test]
fn at_the_messaging_limit_the_rest_waits_for_places() {
    let mut scene = scene(100.0, vec![promotion(700.0)]);
    scene.tier = Some(tier(250.0));
    let told = forecast(&scene).unwrap();
    assert_eq!(told.limited_by, LimitedBy::Tier);
    let days = told.likely.unwrap().since(now()).as_secs_f64() / KEPT.as_secs_f64();
    assert!((2.0..2.001).contains(&days), "{days}");
}

#[test]
fn senders_that_share_a_limit_take_its_places_by_turns() {
    let days = |room: f64, messages: [f64; 2]| -> Vec<f64> {
        let lines = [0, 1].map(|sender| Line { sender, ..promotion(messages[sender]) });
        let mut scene = scene(80.0, lines.to_vec());
        scene.paces.push(scene.paces[0]);
        scene.tier = Some(tier(room));
        let ends = forecasts(&scene).into_iter().map(|told| told.unwrap().likely.unwrap());
        ends.map(|end| end.since(now()).as_secs_f64() / KEPT.as_secs_f64()).collect()
    };
    // 225 places a day: 700 people need four lots, of which the smaller run needs three.
    let both = days(225.0, [400.0, 300.0]);
    assert!((3.0..3.01).contains(&both[0]) && (2.0..2.01).contains(&both[1]), "{both:?}");
    // The only place of a day is the one's and then the other's.
    let only = days(1.0, [2.0, 2.0]);
    assert!((2.0..2.01).contains(&only[0]) && (3.0..3.01).contains(&only[1]), "{only:?}");
}

#[test]
fn what_failed_once_is_not_tried_a_third_time() {
    let again = Again { share: 0.05, at_most: 0.05, after: Duration::from_hours(24) };
    let tomorrow = now().plus(Duration::from_hours(24));
    let back = Batch { again: true, ..batch(tomorrow, 60.0) };
    let told = |batches: &[Batch]| forecast(&scene(80.0, vec![Line { again, ..line(Priority::PROMOTION, batches) }]));
    let both = told(&[batch(now(), 400.0), back]).unwrap();
    let days = both.likely.unwrap().since(now()).as_secs_f64() / 86_400.0;
    assert!((1.0..1.01).contains(&days), "{days}");
    assert_eq!(
        told(&[back]).unwrap().likely,
        told(&[back]).unwrap().high.map(|_| tomorrow.plus(Duration::from_millis(750)))
    );
}

#[test]
fn places_that_are_held_free_at_their_time_and_people_who_hold_one_cost_nothing() {
    let frees = at("2026-11-24T12:00:00Z");
    let mut scene = scene(100.0, vec![promotion(100.0)]);
    scene.tier = Some(tier(250.0));
    scene.tier.as_mut().unwrap().held = vec![(frees, 200.0)];
    assert_eq!(likely(&scene), 2 * 3600);
    scene.lines[0].batches[0].places = 50.0;
    assert_eq!(likely(&scene), 1);
}

#[test]
fn promotions_leave_room_for_reminders_that_are_planned_or_paused() {
    let reminders = |stopped| Line {
        stopped,
        watched: false,
        ..line(Priority::REMINDER, &[batch(now().plus(Duration::from_hours(5)), 200.0)])
    };
    for stopped in [false, true] {
        let mut scene = scene(100.0, vec![reminders(stopped), promotion(100.0)]);
        scene.tier = Some(tier(250.0));
        // 50 at once, the others when places that reminders do not need are free again.
        let told = forecasts(&scene)[1].unwrap();
        assert!(told.likely.unwrap().since(now()) >= KEPT, "{told:?}");
        assert_eq!(told.limited_by, LimitedBy::Tier);
    }
    let mut scene = scene(100.0, vec![promotion(100.0)]);
    scene.tier = Some(tier(250.0));
    assert_eq!(likely(&scene), 1);
}

#[test]
fn reminders_go_first_and_runs_of_one_kind_share() {
    let reminders = line(Priority::REMINDER, &[batch(now(), 600.0)]);
    let both = scene(10.0, vec![promotion(600.0), reminders]);
    let ends = |scene: &Scene| -> Vec<u64> {
        let all = forecasts(scene);
        all.iter().map(|f| f.unwrap().likely.unwrap().since(now()).as_secs()).collect()
    };
    assert_eq!(ends(&both), [120, 60]);
    let shared = ends(&scene(10.0, vec![promotion(100_000.0), promotion(50.0)]));
    assert_eq!(shared[0], 10_005);
    assert!((5..=15).contains(&shared[1]), "the small one does not wait for the large: {shared:?}");
    let two = Scene { paces: vec![Pace { per_second: 10.0, replies: 0.0 }; 2], ..both };
    let apart = Scene { lines: vec![two.lines[0].clone(), Line { sender: 1, ..two.lines[1].clone() }], ..two };
    assert_eq!(ends(&apart), [60, 60]);
}

#[test]
fn a_paused_run_has_no_end_and_stands_in_nobodys_way() {
    let paused = Line { stopped: true, ..line(Priority::REMINDER, &[batch(now(), 600.0)]) };
    let all = forecasts(&scene(10.0, vec![paused, promotion(600.0)]));
    assert_eq!(all[0], None);
    assert_eq!(all[1].unwrap().likely, Some(at("2026-11-24T10:01:00Z")));
}

#[test]
fn a_budget_ends_the_run_early_or_goes_on_next_month() {
    let purse = Purse { left: 50.0, likely: 1.0, worst: 2.0, renewals: Vec::new(), amount: 150.0 };
    let poor = Line { purse: Some(purse.clone()), ..promotion(100.0) };
    let told = forecast(&scene(10.0, vec![poor])).unwrap();
    assert_eq!((told.likely, told.limited_by, told.left), (None, LimitedBy::Budget, 50));
    let month = at("2026-12-01T00:00:00Z");
    let monthly = Line { purse: Some(Purse { renewals: vec![month], ..purse.clone() }), ..promotion(100.0) };
    let told = forecast(&scene(10.0, vec![monthly])).unwrap();
    assert_eq!((told.likely, told.limited_by), (Some(month.plus(Duration::from_secs(5))), LimitedBy::Budget));
    let rich = Line { purse: Some(Purse { left: 150.0, ..purse }), ..promotion(100.0) };
    let told = forecast(&scene(10.0, vec![rich])).unwrap();
    assert!(told.likely.is_some() && told.high.is_none(), "at the worst price it does not suffice: {told:?}");
}

#[test]
fn messages_whose_turn_comes_after_their_latest_time_are_counted() {
    let late = Batch { latest_at: Some(now().plus(Duration::from_secs(9))), ..batch(now(), 15.0) };
    let told = forecast(&scene(1.0, vec![line(Priority::REMINDER, &[late])])).unwrap();
    assert_eq!((told.too_late, told.likely), (5, Some(now().plus(Duration::from_secs(10)))));
    assert_eq!(forecast(&scene(2.0, vec![line(Priority::REMINDER, &[late])])).unwrap().too_late, 0);
    let mut full = scene(1.0, vec![line(Priority::REMINDER, &[late])]);
    full.tier = Some(tier(0.0));
    let told = forecast(&full).unwrap();
    assert_eq!((told.too_late, told.limited_by, told.left), (15, LimitedBy::Tier, 0));
}

#[test]
fn what_is_tried_again_ends_later_as_far_as_its_latest_time_allows() {
    let again = Again { share: 0.1, at_most: 0.1, after: Duration::from_hours(24) };
    let run = Line { again, ..promotion(1_000.0) };
    let told = forecast(&scene(100.0, vec![run.clone()])).unwrap();
    assert!(told.likely.unwrap() >= now().plus(Duration::from_hours(24)), "{told:?}");
    assert_eq!(told.low, Some(now().plus(Duration::from_secs(10))));
    let until = Some(now().plus(Duration::from_hours(5)));
    let soon = Line { batches: vec![Batch { latest_at: until, ..run.batches[0] }], ..run };
    assert_eq!(likely(&scene(100.0, vec![soon])), 10);
    let hardly = Line { again: Again { share: 0.0, at_most: 0.0001, ..again }, ..promotion(100.0) };
    assert!(forecast(&scene(100.0, vec![hardly])).unwrap().high.unwrap() < now().plus(Duration::from_mins(1)));
}

#[test]
fn the_rest_waits_for_the_verdict_on_the_first_part() {
    let canary = Some(Canary { messages: 50.0, wait: Duration::from_mins(30) });
    let told = forecast(&scene(10.0, vec![Line { canary, ..promotion(1_000.0) }])).unwrap();
    assert_eq!(told.likely, Some(now().plus(Duration::from_secs(30 * 60 + 100))));
    assert_eq!(told.limited_by, LimitedBy::Canary);
}

#[test]
fn two_messages_of_one_person_are_spaced() {
    let spaced = Line { spacing: Duration::from_secs(6), ..promotion(10.0) };
    assert_eq!(likely(&scene(100.0, vec![spaced])), 6);
}

fn ends(scene: &Scene) -> [i64; 3] {
    let told = forecast(scene).unwrap();
    [told.low, told.likely, told.high].map(|end| end.map_or(i64::MAX, |end| end.0))
}

prop_compose! {
    /// A run over two days, some of it within hours, at a limit that some places of are taken.
    fn any_scene()(
        batches in prop::collection::vec((0_i64..172_800, 1_u32..400, prop::bool::ANY), 1..12),
        per_second in 0.05_f64..100.0, room in 50_f64..2_000.0, limited: bool, within: bool,
        held in prop::collection::vec((0_i64..86_400, 1_u32..100), 0..10), share in 0.0_f64..0.2, replies in 0.0_f64..1.0,
    ) -> Scene {
        let due = |s: i64| UnixMs(now().0 + s * 1000);
        let batches: Vec<Batch> = batches
            .iter()
            .map(|(s, n, new)| Batch { places: if *new { f64::from(*n) } else { 0.0 }, ..batch(due(*s), f64::from(*n)) })
            .collect();
        let held = held.iter().map(|(s, n)| (due(*s), f64::from(*n))).collect();
        let again = Again { share, at_most: share, after: Duration::from_hours(24) };
        let hours = within.then(|| {
            let mut hours = office();
            for day in [Weekday::Friday, Weekday::Monday] {
                hours.week.set(day, vec![OpenSpan::new(0, 600).unwrap(), OpenSpan::new(900, 1440).unwrap()]);
            }
            hours
        });
        let line = Line { hours, again, ..line(Priority::PROMOTION, &batches) };
        let tier = limited.then(|| Tier { held, ..tier(room) });
        Scene { paces: vec![Pace { per_second, replies }], tier, ..scene(1.0, vec![line]) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn low_likely_and_high_are_in_order_and_not_before_the_last_is_due(scene in any_scene()) {
        let [low, likely, high] = ends(&scene);
        let last = scene.lines[0].batches.iter().map(|b| b.due_at.0).max().unwrap();
        prop_assert!(last <= low && low <= likely && likely <= high, "{last} {low} {likely} {high}");
    }

    #[test]
    fn more_speed_never_ends_later(scene in any_scene(), more in 1.0_f64..20.0) {
        let mut faster = scene.clone();
        faster.paces[0].per_second *= more;
        for (fast, slow) in ends(&faster).into_iter().zip(ends(&scene)) {
            prop_assert!(fast <= slow, "{fast} {slow}");
        }
    }

    #[test]
    fn more_places_never_end_later(scene in any_scene(), more in 0.0_f64..500.0) {
        let mut roomy = scene.clone();
        if let Some(tier) = &mut roomy.tier {
            tier.room += more;
        }
        for (more, fewer) in ends(&roomy).into_iter().zip(ends(&scene)) {
            prop_assert!(more <= fewer, "{more} {fewer}");
        }
    }
}

#[test]
fn what_a_gate_has_put_off_is_limited_by_the_gate() {
    for gate in ["frequency", "pair_limit", "open_conversation", "later", "again"] {
        let limited_by = LimitedBy::of_gate(gate).unwrap();
        let now = at("2026-11-24T10:00:00Z");
        let until = now.plus(Duration::from_hours(20));
        let batch = Batch { due_at: until, places: 0.0, ..batch(until, 50.0) };
        let line = Line { batches: vec![batch], gate: Some((limited_by, until)), watched: true, ..Line::default() };
        let scene = Scene { lines: vec![line], ..Scene::alone(now, 10.0, 1.0) };
        let told = forecast(&scene).unwrap();
        assert_eq!(told.limited_by, limited_by, "{gate}");
    }
    assert_eq!(LimitedBy::of_gate("hours"), None);
}

#[test]
fn a_promotion_that_goes_by_who_waits_ends_as_if_as_many_went_on_waiting_and_has_no_latest_end() {
    let slow = Line { people: Some(0.25), ..promotion(4_000.0) };
    let told = forecast(&scene(10.0, vec![slow.clone()])).unwrap();
    assert_eq!((told.limited_by, told.by_people, told.high), (LimitedBy::People, true, None));
    assert_eq!(told.low, Some(now().plus(Duration::from_secs(400))), "at the earliest nobody waits any more");
    let took = told.likely.unwrap().since(now()).as_secs();
    assert!((1_595..=1_600).contains(&took), "{took}");

    // What it leaves of the pace is there for others.
    let other = line(Priority::PROMOTION, &[batch(now(), 3_000.0)]);
    let both = forecasts(&scene(10.0, vec![slow.clone(), other]));
    let ended = both[1].unwrap().likely.unwrap().since(now()).as_secs();
    assert!((395..=405).contains(&ended), "{ended}");

    let stopped = forecast(&scene(10.0, vec![Line { people: Some(0.0), ..slow.clone() }])).unwrap();
    assert_eq!((stopped.likely, stopped.left, stopped.limited_by), (None, 4_000, LimitedBy::People));
    let whole = forecast(&scene(10.0, vec![Line { people: Some(1.0), ..slow }])).unwrap();
    assert_eq!((whole.likely, whole.high, whole.limited_by), (told.low, None, LimitedBy::Rate));
}
