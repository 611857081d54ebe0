//! Ids that are numbers of lines, or of the day.

use super::*;

/// A row of `id number time name`.
type Line<'a> = (&'a str, &'a str, i64, &'a str);

fn to(number: &str) -> Phone {
    Phone::from_international(&format!("54911555501{number}")).unwrap()
}

fn was(id: i64, (ext, number, at, name): Line<'_>, state: S) -> Planned {
    Planned { to: to(number), who: who(name), said: mark(&[name, "text"]), ..planned(id, ext, at, state) }
}

/// What each of a file's rows does, and what becomes of what no row is for.
fn taken_up(of: &[Planned], answers: &[Answered], lines: &[Line<'_>]) -> (Vec<Fate>, Vec<Option<TakenBack>>) {
    let numbers: Vec<Phone> = lines.iter().map(|line| to(line.1)).collect();
    let texts: Vec<String> = lines.iter().map(|(ext, _, at, _)| format!("i:{ext}|{at}")).collect();
    let rows: Vec<Row<'_>> =
        lines.iter().zip(&numbers).zip(&texts).map(|((line, to), key)| row(line, to, key)).collect();
    let mut keys = FileKeys::default();
    for (no, row) in (1..).zip(&rows) {
        keys.see(row.key, row.external_id, row.happens_at);
        keys.see_person(row.external_id, row.to, no);
        keys.see_appointment(row.external_id, &row.known());
    }
    let standing = Standing::of(of.to_vec(), BTreeSet::new()).with_answers(answers.to_vec());
    let taken = BTreeSet::new();
    let rule = Rule { leaves_moves: false, now: NOW, spread: false, keys: &keys, revision: 2, taken: &taken };
    let fates = rows.iter().map(|row| standing.decide(row, &rule)).collect();
    let back = of.iter().map(|p| keys.takes_back((&p.key, p.external_id.as_deref()), &p.known(), (true, NOW)));
    (fates, back.collect())
}

fn row<'a>((ext, _, at, name): &Line<'a>, to: &'a Phone, key: &'a str) -> Row<'a> {
    Row {
        key,
        external_id: Some(ext),
        to,
        others: &[],
        happens_at: Some(UnixMs(*at)),
        due_at: UnixMs(at - 100),
        latest_at: None,
        mark: 7,
        moved_mark: 8,
        said: mark(&[name, "text"]),
        who: who(name),
    }
}

const FIRST: [Line<'_>; 3] = [("1", "11", 5_000, "Ana"), ("2", "12", 5_100, "Eva"), ("3", "13", 5_200, "Leo")];

fn sent(lines: &[Line<'_>]) -> Vec<Planned> {
    (1..).zip(lines).map(|(id, line)| was(id, *line, S::Read)).collect()
}

fn renamed(ids: &[i64]) -> Vec<Fate> {
    ids.iter().map(|id| Fate::Renamed(MessageId(*id))).collect()
}

#[test]
fn lines_that_shifted_or_were_sorted_anew_are_the_appointments_they_were() {
    let before = sent(&FIRST);
    let fates = |lines: &[Line<'_>]| taken_up(&before, &[], lines).0;
    assert_eq!(fates(&[("1", "12", 5_100, "Eva"), ("2", "13", 5_200, "Leo")]), renamed(&[2, 3]), "the first is gone");
    let [ana, eva, leo] = FIRST.map(|(_, number, at, name)| (number, at, name));
    let line = |id, (number, at, name)| (id, number, at, name);
    let on_top = fates(&[line("1", ("19", 4_900, "Rui")), line("2", ana), line("3", eva), line("4", leo)]);
    assert_eq!((&on_top[0], &on_top[1..]), (&Fate::Add, &renamed(&[1, 2, 3])[..]), "one came on top");
    let mixed = fates(&[line("1", leo), line("2", eva), line("3", ana)]);
    assert_eq!(mixed, [Fate::Renamed(MessageId(3)), Fate::Gone(MessageId(2)), Fate::Renamed(MessageId(1))]);
    // Nobody is named, and all have one time: the number says whose it is.
    let same_time = [("1", "11", 5_000, ""), ("2", "12", 5_000, ""), ("3", "13", 5_000, "")];
    let shifted = [("1", "12", 5_000, ""), ("2", "13", 5_000, "")];
    assert_eq!(taken_up(&sent(&same_time), &[], &shifted).0, renamed(&[2, 3]));
}

#[test]
fn two_children_on_one_phone_stay_two_when_their_lines_shift() {
    let before = sent(&[("1", "11", 5_000, "Ana"), ("2", "11", 5_000, "Eva")]);
    let of = |lines: &[Line<'_>]| taken_up(&before, &[], lines).0;
    let shifted = of(&[("1", "19", 4_900, "Rui"), ("2", "11", 5_000, "Ana"), ("3", "11", 5_000, "Eva")]);
    assert_eq!((&shifted[0], &shifted[1..]), (&Fate::Add, &renamed(&[1, 2])[..]));
    let third = of(&[("1", "11", 5_000, "Ana"), ("2", "11", 5_000, "Eva"), ("3", "11", 5_000, "Leo")]);
    assert_eq!(third, [Fate::Gone(MessageId(1)), Fate::Gone(MessageId(2)), Fate::Add]);
    // They are the last lines, and the one above them is gone.
    let [eva, gina, hugo] = [("1", "12", 5_100, "Eva"), ("2", "11", 5_000, "Gina"), ("3", "11", 5_000, "Hugo")];
    let up = [("1", "11", 5_000, "Gina"), ("2", "11", 5_000, "Hugo")];
    assert_eq!(taken_up(&sent(&[eva, gina, hugo]), &[], &up).0, renamed(&[2, 3]));
    let waiting = [was(1, eva, S::Queued), was(2, gina, S::Queued), was(3, hugo, S::Queued)];
    let fates = taken_up(&waiting, &[], &up).0;
    assert_eq!((renewed(&fates[0]).0, renewed(&fates[1]).0), (2, 3));
    // The first of two is told another time, or is gone, in the same file that shifts the lines: the second is who he was.
    let waiting = [was(1, eva, S::Read), was(2, gina, S::Queued), was(3, hugo, S::Queued)];
    let (fates, back) = taken_up(&waiting, &[], &[("1", "11", 5_050, "Gina"), ("2", "11", 5_000, "Hugo")]);
    assert_eq!((&fates[0], renewed(&fates[1]).0), (&Fate::Add, 3));
    assert_eq!(back[1], Some(TakenBack::Absent), "nobody is told the old time");
    let (fates, back) = taken_up(&waiting, &[], &[("1", "12", 5_100, "Eva"), ("2", "11", 5_000, "Hugo")]);
    assert_eq!((&fates[0], renewed(&fates[1]).0, back[1]), (&Fate::Gone(MessageId(1)), 3, Some(TakenBack::Absent)));
    // A name that was corrected is nobody else's.
    let (fates, _) = taken_up(&waiting, &[], &[eva, ("2", "11", 5_000, "Regina"), hugo]);
    assert_eq!(fates[1..], [2, 3].map(|id| Fate::Same(MessageId(id))));
    // One name, two visits at one time: a third is one more.
    let visits = sent(&[("1", "11", 5_000, "Ana"), ("2", "11", 5_000, "Ana")]);
    let more = [("3", "11", 5_000, "Ana"), ("1", "11", 5_000, "Ana"), ("2", "11", 5_000, "Ana")];
    assert_eq!(taken_up(&visits, &[], &more).0, [Fate::Add, Fate::Gone(MessageId(1)), Fate::Gone(MessageId(2))]);
}

#[test]
fn the_next_days_people_with_the_same_ids_are_new_and_those_before_keep_theirs() {
    let before = [was(1, FIRST[0], S::Read), Planned { mark: 9, ..was(2, FIRST[1], S::Queued) }];
    let (fates, back) = taken_up(&before, &[], &[("1", "21", 7_000, "Rui"), ("2", "22", 7_100, "Mia")]);
    assert_eq!((fates, back), (vec![Fate::Add, Fate::Add], vec![None, None]));
    // A number of the same name and time that is another now was corrected.
    let (fates, _) = taken_up(&before, &[], &[("1", "21", 5_000, "ana"), ("2", "22", 5_100, "Eva")]);
    assert_eq!(fates[0], Fate::AddNumber("i:1|5000#2".to_owned()));
    assert_eq!(renewed(&fates[1]), (2, true, false));
}

#[test]
fn an_answer_is_its_persons_and_not_that_of_whoever_has_the_id_next() {
    let before = [was(1, FIRST[0], S::Read)];
    let said = |cancelled| Answered {
        external_id: "1".to_owned(),
        to: Some(to("11")),
        happens_at: Some(UnixMs(5_000)),
        who: who("Ana"),
        cancelled,
    };
    let of = |line: Line<'_>| taken_up(&before, &[said(true)], &[line]).0.remove(0);
    let declined = Fate::Leave(ExclusionReason::Declined, Some(MessageId(1)));
    assert_eq!(of(("1", "11", 6_000, "Ana")), declined, "her own, at another time");
    assert_eq!(of(("1", "21", 5_000, "Ana")), declined, "her number was corrected");
    assert_eq!(of(("1", "21", 7_000, "Rui")), Fate::Add);
    assert_eq!(of(("1", "21", 5_000, "Rui")), Fate::Add, "her place was given to another");
    let (fates, _) = taken_up(&before, &[said(true), said(false)], &[("1", "11", 6_000, "Ana")]);
    assert_eq!(fates, [Fate::AddMoved("i:1|6000".to_owned())], "the last answer counts");
}

#[test]
fn what_went_to_another_of_a_rows_numbers_has_reached_its_person() {
    let (first, second) = (to("11"), to("12"));
    let others = [second];
    let at = |at| Row { others: &others, ..row(&("1", "11", at, "Ana"), &first, "i:1|5000") };
    let decide = |p: Planned, row: &Row<'_>| {
        let (mut keys, taken) = (FileKeys::default(), BTreeSet::new());
        keys.see(row.key, row.external_id, row.happens_at);
        keys.see_person(row.external_id, row.to, 1);
        keys.see_appointment(row.external_id, &row.known());
        let rule = Rule { leaves_moves: false, now: NOW, spread: false, keys: &keys, revision: 2, taken: &taken };
        Standing::of(vec![p], BTreeSet::new()).decide(row, &rule)
    };
    let went = |state| was(1, ("1", "12", 5_000, "Ana"), state);
    for state in [S::Claimed, S::Read, S::InDoubt] {
        assert_eq!(decide(went(state), &at(5_000)), Fate::Gone(MessageId(1)), "{state:?}");
    }
    assert_eq!(decide(went(S::Failed), &at(5_000)), Fate::AddNumber("i:1|5000#2".to_owned()), "it never arrived");
    assert_eq!(renewed(&decide(Planned { mark: 9, ..went(S::Queued) }, &at(5_000))), (1, true, false));
    let moved = Row { key: "i:1|6000", happens_at: Some(UnixMs(6_000)), ..at(5_000) };
    assert_eq!(decide(went(S::Read), &moved), Fate::AddMoved("i:1|6000".to_owned()));
    let gone = Row { others: &[], ..at(5_000) };
    assert_eq!(decide(went(S::Read), &gone), Fate::AddNumber("i:1|5000#2".to_owned()), "it stands there no more");
}

#[test]
fn an_appointment_is_known_under_another_id_though_its_text_has_changed() {
    let before: Vec<Planned> = sent(&FIRST).into_iter().map(|p| Planned { said: 99, ..p }).collect();
    let fates = taken_up(&before, &[], &[("1", "12", 5_100, "Eva"), ("2", "13", 5_200, "Leo")]).0;
    assert_eq!(fates, renamed(&[2, 3]), "the last id is nobody's now");
}

#[test]
fn of_two_on_one_phone_at_one_time_the_row_is_whose_name_it_has() {
    let (gina, hugo) = (("2", "11", 5_000, "Gina"), ("02", "11", 5_000, "Hugo"));
    let before = [was(1, hugo, S::Read), was(2, gina, S::Read)];
    assert_eq!(taken_up(&before, &[], &[("002", "11", 5_000, "Hugo")]).0, renamed(&[1]));
    let before = [was(1, ("1", "11", 900, "Ana"), S::Read), was(2, ("1", "11", 900, "Leo"), S::Read)];
    let known = Known { to: &to("11"), happens_at: Some(UnixMs(900)), who: who("Ana") };
    let standing = Standing::of(before.to_vec(), BTreeSet::new());
    assert_eq!(standing.gone_for(Some("1"), &known), Some(MessageId(1)), "it is over by now");
}

#[test]
fn a_row_with_a_message_of_its_own_takes_none_from_another_id() {
    let eva_before = ("1", "12", 4_900, "Eva");
    let [first, second] = ["1", "2"].map(|id| (id, "11", 5_000, "Ana"));
    let before = [was(1, eva_before, S::Read), was(2, first, S::Read), was(3, second, S::Read)];
    let fates = taken_up(&before, &[], &[first, ("2", "13", 5_200, "Leo")]).0;
    assert_eq!(fates, [Fate::Gone(MessageId(2)), Fate::Add]);
}
