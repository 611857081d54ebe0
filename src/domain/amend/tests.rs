use super::*;
use crate::domain::schedule::Moved;

const NOW: UnixMs = UnixMs(1_000);
const ANA: &str = "5491155550101";
const ANA_BY_NAME: u64 = 5;

fn planned(id: i64, ext: &str, at: i64, state: S) -> Planned {
    Planned {
        id: MessageId(id),
        key: format!("i:{ext}|{at}"),
        external_id: Some(ext.to_owned()),
        to: Phone::from_international(ANA).unwrap(),
        happens_at: Some(UnixMs(at)),
        state,
        attempt: i64::from(state.may_have_been_accepted()),
        end_reason: None,
        claimed_at: state.may_have_been_accepted().then_some(UnixMs(500 + id)),
        due_at: UnixMs(at - 100),
        latest_at: None,
        waiting_for: None,
        answered: false,
        mark: 7,
        said: 70,
        who: ANA_BY_NAME,
        revision: 1,
    }
}

/// What an appointment of hers is known by.
fn anas(to: &Phone, at: i64) -> Known<'_> {
    Known { to, happens_at: Some(UnixMs(at)), who: ANA_BY_NAME }
}

fn ended(mut one: Planned, why: &str) -> Planned {
    one.end_reason = Some(why.to_owned());
    one
}

/// What a row of id `ext` at `at` does in a file of these rows.
fn fate(of: &[Planned], rows: &[(&str, i64)], row: (&str, i64), moved: &Moved) -> Fate {
    fate_to(ANA, of, rows, (row, moved))
}

/// The same of a row with this number.
fn fate_to(to: &str, of: &[Planned], rows: &[(&str, i64)], ((ext, at), moved): ((&str, i64), &Moved)) -> Fate {
    let mut keys = FileKeys::default();
    let to = Phone::from_international(to).unwrap();
    for (id, at) in rows {
        keys.see(&format!("i:{id}|{at}"), Some(id), Some(UnixMs(*at)));
        keys.see_appointment(Some(id), &Known { to: &to, happens_at: Some(UnixMs(*at)), who: ANA_BY_NAME });
    }
    let (key, due_at) = (format!("i:{ext}|{at}"), UnixMs(at - 100));
    let happens_at = Some(UnixMs(at));
    let row = Row {
        key: &key,
        external_id: Some(ext),
        to: &to,
        others: &[],
        happens_at,
        due_at,
        latest_at: None,
        mark: 7,
        moved_mark: 8,
        said: 70,
        who: ANA_BY_NAME,
    };
    let declined = [("D".to_owned())].into();
    let rule = Rule {
        leaves_moves: *moved == Moved::Leave,
        now: NOW,
        spread: false,
        keys: &keys,
        revision: 2,
        taken: &BTreeSet::new(),
    };
    Standing::of(of.to_vec(), declined)
        .with_erased([("T".to_owned(), UnixMs(5_000)), ("P".to_owned(), UnixMs(900))].into(), BTreeMap::new())
        .decide(&row, &rule)
}

fn renewed(fate: &Fate) -> (i64, bool, bool) {
    let Fate::Renew(one) = fate else { panic!("{fate:?}") };
    (one.id.0, one.waited, one.told_otherwise)
}

#[test]
fn a_row_that_is_new_is_added_and_one_that_waits_stays_as_it_is() {
    let waits = planned(1, "A", 5_000, S::Queued);
    assert_eq!(fate(&[], &[("A", 5_000)], ("A", 5_000), &Moved::SendAgain), Fate::Add);
    assert_eq!(
        fate(std::slice::from_ref(&waits), &[("A", 5_000)], ("A", 5_000), &Moved::SendAgain),
        Fate::Same(MessageId(1))
    );
    let other_text = Planned { mark: 9, ..waits };
    assert_eq!(renewed(&fate(&[other_text], &[("A", 5_000)], ("A", 5_000), &Moved::SendAgain)), (1, true, false));
}

#[test]
fn what_was_sent_is_not_sent_again_whatever_the_row_says_now() {
    for state in [S::Claimed, S::Accepted, S::Read, S::InDoubt, S::Undelivered, S::Failed] {
        let sent = Planned { mark: 9, ..planned(1, "A", 5_000, state) };
        assert_eq!(
            fate(&[sent], &[("A", 5_000)], ("A", 5_000), &Moved::SendAgain),
            Fate::Gone(MessageId(1)),
            "{state:?}"
        );
    }
}

#[test]
fn a_time_that_moved_after_the_reminder_is_sent_again_or_left_as_the_campaign_says() {
    let sent = planned(1, "A", 5_000, S::Read);
    let again = fate(std::slice::from_ref(&sent), &[("A", 6_000)], ("A", 6_000), &Moved::SendAgain);
    assert_eq!(again, Fate::AddMoved("i:A|6000".to_owned()));
    let left = fate(std::slice::from_ref(&sent), &[("A", 6_000)], ("A", 6_000), &Moved::Leave);
    assert_eq!(left, Fate::Leave(ExclusionReason::AlreadySent, Some(MessageId(1))));
    // Two times of one id in one file are two appointments; one that has been is no move.
    assert_eq!(fate(&[sent], &[("A", 5_000), ("A", 6_000)], ("A", 6_000), &Moved::Leave), Fate::Add);
    assert_eq!(fate(&[planned(1, "A", 900, S::Read)], &[("A", 6_000)], ("A", 6_000), &Moved::Leave), Fate::Add);
    // One that was never sent goes out at its new time.
    let waits = [planned(1, "A", 5_000, S::Queued)];
    assert_eq!(renewed(&fate(&waits, &[("A", 6_000)], ("A", 6_000), &Moved::Leave)), (1, true, false));
    // Where both times are in the file, there are two appointments.
    assert_eq!(fate(&waits, &[("A", 5_000), ("A", 6_000)], ("A", 6_000), &Moved::Leave), Fate::Add);
    // Whoever was told the time before that hears the new one as such.
    let both = [planned(1, "A", 5_000, S::Read), planned(2, "A", 6_000, S::Queued)];
    assert_eq!(renewed(&fate(&both, &[("A", 7_000)], ("A", 7_000), &Moved::SendAgain)), (2, true, true));
}

#[test]
fn moved_and_moved_back_tells_the_person_what_they_do_not_know() {
    // The new time was not sent yet: the first reminder is right again.
    let first = planned(1, "A", 5_000, S::Read);
    let waits = planned(2, "A", 6_000, S::Queued);
    let rows = [("A", 5_000)];
    assert_eq!(fate(&[first.clone(), waits], &rows, ("A", 5_000), &Moved::SendAgain), Fate::Gone(MessageId(1)));
    // It was sent: the old time is sent once more.
    let told = planned(2, "A", 6_000, S::Delivered);
    let both = [first.clone(), told.clone()];
    assert_eq!(fate(&both, &rows, ("A", 5_000), &Moved::SendAgain), Fate::AddMoved("i:A|5000#2".to_owned()));
    let third = Planned { key: "i:A|5000#2".to_owned(), ..planned(3, "A", 5_000, S::Sent) };
    let all = [first, told, third];
    assert_eq!(fate(&all, &rows, ("A", 5_000), &Moved::SendAgain), Fate::Gone(MessageId(3)));
    // Neither was sent: the first is in line again.
    let taken = ended(planned(1, "A", 5_000, S::Cancelled), "moved");
    let waits = planned(2, "A", 6_000, S::Queued);
    assert_eq!(renewed(&fate(&[taken, waits], &rows, ("A", 5_000), &Moved::SendAgain)), (1, false, false));
}

#[test]
fn a_message_that_tells_a_new_time_keeps_its_text_in_the_next_file() {
    let first = planned(1, "A", 5_000, S::Read);
    let waits = Planned { mark: 8, ..planned(2, "A", 6_000, S::Queued) };
    let rows = [("A", 6_000)];
    assert_eq!(fate(&[first, waits], &rows, ("A", 6_000), &Moved::SendAgain), Fate::Same(MessageId(2)));
}

#[test]
fn after_the_answer_that_they_cancel_nothing_more_is_sent_for_that_id() {
    let sent = planned(1, "D", 5_000, S::Read);
    let rows = [("D", 6_000)];
    let of = |all: &[Planned]| fate(all, &rows, ("D", 6_000), &Moved::SendAgain);
    assert_eq!(of(std::slice::from_ref(&sent)), Fate::Leave(ExclusionReason::Declined, Some(MessageId(1))));
    assert_eq!(of(&[sent.clone(), planned(2, "D", 6_000, S::Queued)]), Fate::Decline(MessageId(2)));
    assert_eq!(fate(&[sent], &[("D", 5_000)], ("D", 5_000), &Moved::SendAgain), Fate::Gone(MessageId(1)));
}

#[test]
fn what_a_person_or_a_gate_ended_stays_ended_and_what_a_file_took_back_comes_back() {
    let rows = [("A", 5_000)];
    let of = |one: Planned| fate(&[one], &rows, ("A", 5_000), &Moved::SendAgain);
    for why in ["absent", "moved", "left_out", "number"] {
        assert_eq!(renewed(&of(ended(planned(1, "A", 5_000, S::Cancelled), why))), (1, false, false), "{why}");
    }
    assert_eq!(of(ended(planned(1, "A", 5_000, S::Cancelled), "left")), Fate::Gone(MessageId(1)));
    assert_eq!(of(ended(planned(1, "A", 5_000, S::Excluded), "suppressed")), Fate::Gone(MessageId(1)));
    assert_eq!(renewed(&of(planned(1, "A", 5_000, S::Expired))), (1, false, false));
}

#[test]
fn where_a_column_of_ids_comes_or_goes_person_and_time_say_which_row_it_is() {
    let without = Planned { key: "p:1|5000".to_owned(), external_id: None, ..planned(1, "A", 5_000, S::Read) };
    assert_eq!(fate(&[without], &[("A", 5_000)], ("A", 5_000), &Moved::SendAgain), Fate::Gone(MessageId(1)));
}

#[test]
fn absence_takes_back_only_what_lies_ahead_and_among_the_files_dates() {
    let mut keys = FileKeys::default();
    keys.see("i:A|2000", Some("A"), Some(UnixMs(2_000)));
    keys.see("i:B|4000", Some("B"), Some(UnixMs(4_000)));
    let ana = Phone::from_international(ANA).unwrap();
    keys.see_appointment(Some("A"), &anas(&ana, 2_000));
    let of = |id: &str, at: i64, everything| {
        keys.takes_back((&format!("i:{id}|{at}"), Some(id)), &anas(&ana, at), (everything, NOW))
    };
    assert_eq!(of("X", 3_000, true), Some(TakenBack::Absent));
    assert_eq!(of("X", 3_000, false), None, "the file says only what is new");
    assert_eq!((of("X", 5_000, true), of("X", 1_500, true), of("X", 900, true)), (None, None, None));
    assert_eq!(of("A", 2_000, true), None);
    assert_eq!(of("A", 9_000, false), Some(TakenBack::Moved), "the row is there, at another time");
}

#[test]
fn rows_that_are_left_out_take_back_unless_they_say_nothing_of_the_appointment() {
    let mut keys = FileKeys::default();
    keys.see_left_out(ExclusionReason::NotSelected, (Some("N"), None), None);
    keys.see_left_out(ExclusionReason::BadWhen, (Some("W"), None), None);
    keys.see_left_out(ExclusionReason::TooLate, (Some("L"), Some(UnixMs(500))), None);
    let ana = Phone::from_international(ANA).unwrap();
    let of = |id: &str| keys.takes_back(("k", Some(id)), &anas(&ana, 5_000), (false, NOW));
    assert_eq!((of("N"), of("W"), of("L")), (Some(TakenBack::LeftOut), None, None));
}

/// The same person's new number.
const NEW: &str = "5491155550199";

#[test]
fn whoever_has_the_new_number_is_told_unless_the_old_one_has_answered_or_it_is_over() {
    let rows = [("A", 5_000)];
    let of = |one: &Planned, moved: &Moved| fate_to(NEW, std::slice::from_ref(one), &rows, (("A", 5_000), moved));
    for state in [S::Claimed, S::Read, S::InDoubt, S::Undelivered, S::Failed] {
        let sent = planned(1, "A", 5_000, state);
        assert_eq!(of(&sent, &Moved::SendAgain), Fate::AddNumber("i:A|5000#2".to_owned()), "{state:?}");
        // What never arrived is no second message.
        let left =
            if state == S::Failed { Fate::AddNumber("i:A|5000#2".to_owned()) } else { Fate::Elsewhere(MessageId(1)) };
        assert_eq!(of(&sent, &Moved::Leave), left, "{state:?}");
    }
    let answered = Planned { answered: true, ..planned(1, "A", 5_000, S::Read) };
    assert_eq!(of(&answered, &Moved::SendAgain), Fate::Elsewhere(MessageId(1)));
    let over = fate_to(NEW, &[planned(1, "A", 900, S::Read)], &[("A", 900)], (("A", 900), &Moved::SendAgain));
    assert_eq!(over, Fate::Elsewhere(MessageId(1)));
    let cancelled = ended(planned(1, "A", 5_000, S::Cancelled), "left");
    assert_eq!(of(&cancelled, &Moved::SendAgain), Fate::Gone(MessageId(1)), "a person ended it");
    // One that waits goes to the number that the row has now.
    assert_eq!(
        renewed(&of(&Planned { mark: 9, ..planned(1, "A", 5_000, S::Queued) }, &Moved::Leave)),
        (1, true, false)
    );
    // Whoever said that they will not come has said it from whatever number.
    let declined = fate_to(NEW, &[planned(1, "D", 5_000, S::Read)], &[("D", 5_000)], (("D", 5_000), &Moved::SendAgain));
    assert_eq!(declined, Fate::Leave(ExclusionReason::Declined, Some(MessageId(1))));
}

#[test]
fn a_number_that_was_told_nothing_is_told_no_new_time_and_one_told_already_nothing_twice() {
    let told = planned(1, "A", 5_000, S::Read);
    let other_time = |of: &[Planned]| fate_to(NEW, of, &[("A", 6_000)], (("A", 6_000), &Moved::SendAgain));
    assert_eq!(other_time(std::slice::from_ref(&told)), Fate::AddNumber("i:A|6000".to_owned()));
    let new = Planned {
        key: "i:A|5000#2".to_owned(),
        to: Phone::from_international(NEW).unwrap(),
        ..planned(2, "A", 5_000, S::Queued)
    };
    let both = [told.clone(), new.clone()];
    let rows = [("A", 5_000)];
    assert_eq!(fate_to(NEW, &both, &rows, (("A", 5_000), &Moved::SendAgain)), Fate::Same(MessageId(2)));
    // The old number again: it was told, and what waits for the other is taken back.
    assert_eq!(fate(&both, &rows, ("A", 5_000), &Moved::SendAgain), Fate::Gone(MessageId(1)));
    let mut keys = FileKeys::default();
    keys.see("i:A|5000", Some("A"), Some(UnixMs(5_000)));
    let ana = Phone::from_international(ANA).unwrap();
    keys.see_appointment(Some("A"), &anas(&ana, 5_000));
    let takes_back = |key, everything| keys.takes_back((key, Some("A")), &anas(&ana, 5_000), (everything, NOW));
    assert_eq!(takes_back("i:A|5000#2", false), Some(TakenBack::Number));
    assert_eq!(takes_back("i:A|5000", true), None);
    // And once more the new one: it comes back.
    let back = ended(Planned { state: S::Cancelled, ..new }, "number");
    assert_eq!(renewed(&fate_to(NEW, &[told, back], &rows, (("A", 5_000), &Moved::SendAgain))), (2, false, false));
}

#[test]
fn a_row_that_is_too_late_by_now_is_the_one_that_was_reminded_in_time() {
    let standing = Standing::of(vec![planned(1, "A", 900, S::Read), planned(2, "B", 900, S::Queued)], BTreeSet::new());
    let gone = |standing: &Standing, id, at, to: &str, who| {
        let to = Phone::from_international(to).unwrap();
        standing.gone_for(Some(id), &Known { to: &to, happens_at: Some(UnixMs(at)), who })
    };
    let of = |id, at, to: &str| gone(&standing, id, at, to, ANA_BY_NAME);
    assert_eq!(of("A", 900, ANA), Some(MessageId(1)));
    assert_eq!((of("A", 800, ANA), of("A", 900, NEW)), (None, None));
    assert_eq!(of("0a", 900, ANA), Some(MessageId(1)), "its id is written otherwise");
    let waits = Standing::of(vec![planned(2, "B", 900, S::Queued)], BTreeSet::new());
    assert_eq!(gone(&waits, "B", 900, ANA, ANA_BY_NAME), None, "it has not gone");
    assert_eq!(of("Z", 900, ANA), Some(MessageId(1)), "its id is the number of its line");
    assert_eq!(gone(&standing, "Z", 900, ANA, ANA_BY_NAME + 1), None, "a second child's");
}

#[test]
fn one_message_goes_on_under_one_other_id() {
    let to = Phone::from_international(ANA).unwrap();
    let row = Row {
        key: "i:X|5000",
        external_id: Some("X"),
        to: &to,
        others: &[],
        happens_at: Some(UnixMs(5_000)),
        due_at: UnixMs(4_900),
        latest_at: None,
        mark: 7,
        moved_mark: 8,
        said: 70,
        who: ANA_BY_NAME,
    };
    let standing = Standing::of(vec![planned(1, "007", 5_000, S::Read)], BTreeSet::new());
    let decide = |taken: &BTreeSet<MessageId>| {
        let keys = FileKeys::default();
        standing.decide(&row, &Rule { leaves_moves: false, now: NOW, spread: false, keys: &keys, revision: 2, taken })
    };
    assert_eq!(decide(&BTreeSet::new()), Fate::Renamed(MessageId(1)));
    assert_eq!(decide(&[MessageId(1)].into()), Fate::Add, "a row before it is that appointment already");
}

#[test]
fn what_an_erased_person_cancelled_or_was_told_stays_so_by_its_id() {
    let of = |row: (&str, i64), rows: &[(&str, i64)], moved: &Moved| fate(&[], rows, row, moved);
    let declined = of(("D", 7_000), &[("D", 7_000)], &Moved::SendAgain);
    assert_eq!(declined, Fate::Leave(ExclusionReason::Declined, None));
    let leave = Moved::Leave;
    assert_eq!(of(("T", 7_000), &[("T", 7_000)], &leave), Fate::Leave(ExclusionReason::AlreadySent, None));
    assert_eq!(of(("T", 7_000), &[("T", 7_000)], &Moved::SendAgain), Fate::Add, "told anew where the campaign says so");
    assert_eq!(of(("T", 7_000), &[("T", 5_000), ("T", 7_000)], &leave), Fate::Add, "a second time beside the first");
    assert_eq!(of(("T", 5_000), &[("T", 5_000)], &leave), Fate::Add, "the time told: what has gone is known otherwise");
    assert_eq!(of(("P", 7_000), &[("P", 7_000)], &leave), Fate::Add, "what was told is over");
    assert_eq!(of(("A", 7_000), &[("A", 7_000)], &leave), Fate::Add, "another id");
}

#[test]
fn an_appointment_under_another_id_is_the_same_where_the_old_one_is_gone() {
    let of = |p: &Planned, rows: &[(&str, i64)], row| fate(std::slice::from_ref(p), rows, row, &Moved::SendAgain);
    let sent = planned(1, "007", 5_000, S::Read);
    assert_eq!(of(&sent, &[("7", 5_000)], ("7", 5_000)), Fate::Renamed(MessageId(1)), "zeros were lost");
    assert_eq!(of(&sent, &[("X", 5_000)], ("X", 5_000)), Fate::Renamed(MessageId(1)), "the same words");
    assert_eq!(of(&sent, &[("X", 5_000), ("007", 5_000)], ("X", 5_000)), Fate::Add, "two in one file");
    assert_eq!(of(&sent, &[("7", 6_000)], ("7", 6_000)), Fate::Add, "another time is told");
    let other_words = Planned { said: 71, ..sent };
    assert_eq!(of(&other_words, &[("X", 5_000)], ("X", 5_000)), Fate::Add, "a second child");
    assert_eq!(of(&other_words, &[("7", 5_000)], ("7", 5_000)), Fate::Renamed(MessageId(1)));
    let waits = planned(2, "a5", 5_000, S::Queued);
    assert_eq!(
        renewed(&of(&waits, &[("A 5", 6_000)], ("A 5", 6_000))),
        (2, true, false),
        "written otherwise, and moved"
    );
    let declined = ended(planned(3, "007", 5_000, S::Excluded), "declined");
    let left = Fate::Leave(ExclusionReason::Declined, Some(MessageId(3)));
    assert_eq!(of(&declined, &[("7", 5_000)], ("7", 5_000)), left);
    let back = ended(planned(4, "007", 5_000, S::Cancelled), "absent");
    assert_eq!(of(&back, &[("7", 5_000)], ("7", 5_000)), Fate::Add, "it never left");
}

mod lines;
