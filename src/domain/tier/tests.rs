use proptest::prelude::*;

use super::*;

#[test]
fn limits_are_read_in_the_providers_words_and_in_ours() {
    for (word, expected) in [
        ("250", Some(Limit::People(250))),
        ("2K", Some(Limit::People(2_000))),
        ("tier_10k", Some(Limit::People(10_000))),
        ("TIER_100K", Some(Limit::People(100_000))),
        ("1234", Some(Limit::People(1_234))),
        ("UNLIMITED", Some(Limit::Unlimited)),
        ("TIER_UNLIMITED", Some(Limit::Unlimited)),
        ("-1", Some(Limit::Unlimited)),
        ("0", None),
        ("", None),
        ("K", None),
        ("2M", None),
        ("-250", None),
    ] {
        assert_eq!(Limit::parse(word), expected, "{word}");
    }
}

#[test]
fn a_reserve_is_a_share_or_a_number() {
    for (word, of_250) in [("10%", Some(25)), ("0", Some(0)), ("30", Some(30)), ("1%", Some(3)), ("300", Some(250))] {
        assert_eq!(Reserve::parse(word).map(|r| r.of(250)), of_250, "{word}");
    }
    for word in ["101%", "-1", "ten", "%", ""] {
        assert_eq!(Reserve::parse(word), None, "{word}");
    }
}

#[test]
fn what_others_use_is_taken_off_what_is_left_for_them() {
    let reserve = Reserve::Percent(10);
    let free_at = |people, others| free(250, reserve, Taken { people, others, used: 0 });
    assert_eq!(free_at(0, 0), 225);
    assert_eq!(free_at(225, 0), 0);
    assert_eq!(free_at(250, 25), 0);
    assert_eq!(free_at(200, 25), 50);
}

#[test]
fn the_next_place_is_free_when_enough_people_let_go() {
    let held = [UnixMs(10), UnixMs(20), UnixMs(30), OPEN];
    assert_eq!(next_free(&held, 4), Some(UnixMs(10)));
    assert_eq!(next_free(&held, 2), Some(UnixMs(30)));
    assert_eq!(next_free(&held, 1), None, "an open place frees nobody knows when");
    assert_eq!(next_free(&held, 5), None, "one fits now");
    assert_eq!(next_free(&held, 0), None, "nobody ever fits");
}

proptest! {
    #[test]
    fn a_limit_is_read_as_it_is_written(people in 1_i64..=999_999) {
        prop_assert_eq!(Limit::parse(&Limit::People(people).to_string()), Some(Limit::People(people)));
    }

    #[test]
    fn places_never_go_above_the_limit_nor_into_what_is_left_for_others(
        people in 1_i64..200_000, percent in 0_u8..=100, ours in 0_i64..250_000, others in 0_i64..250_000,
        used in 0_i64..1_000, reminders in 0_i64..300_000,
    ) {
        let reserve = Reserve::Percent(percent);
        let taken = Taken { people: ours + others, others, used };
        let free = free(people, reserve, taken);
        prop_assert!(free >= 0);
        prop_assert!(free == 0 || ours + others + used + free <= people, "never over the limit");
        prop_assert!(free == 0 || ours + used + free <= people - reserve.of(people), "the reserve is left for others");
        prop_assert!(free_for_promotions(free, reminders) <= free);
        prop_assert!(free_for_promotions(free, reminders) == 0 || free_for_promotions(free, reminders) + reminders == free);
    }

    #[test]
    fn somebody_fits_when_the_next_place_is_said_to_be_free(
        mut until in prop::collection::vec(1_i64..1_000, 0..50), room in 1_i64..60,
    ) {
        until.sort_unstable();
        let held: Vec<UnixMs> = until.into_iter().map(UnixMs).collect();
        match next_free(&held, room) {
            None => prop_assert!((held.len() as i64) < room),
            Some(at) => {
                let still = held.iter().filter(|until| **until > at).count() as i64;
                prop_assert!(still < room, "at that instant one fits");
                let before = held.iter().filter(|until| **until >= at).count() as i64;
                prop_assert!(before >= room, "and not before");
            }
        }
    }
}
