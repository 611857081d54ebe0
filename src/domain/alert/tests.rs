use proptest::prelude::*;

use super::*;

const LASTING: Duration = Duration::from_secs(30);

/// One alert's row as the store would keep it, and what was told of it.
#[derive(Default, Debug)]
struct Told {
    row: Option<(UnixMs, Option<UnixMs>, Option<UnixMs>)>,
    said: Vec<(&'static str, UnixMs)>,
}

impl Told {
    fn look(&mut self, is_there: bool, now: UnixMs) {
        let found: &[&str] = if is_there { &["k"] } else { &[] };
        let open: Vec<Open<'_>> = self
            .row
            .map(|(began_at, told_at, gone_at)| Open { id: AlertId(1), key: "k", began_at, told_at, gone_at })
            .into_iter()
            .collect();
        for step in diff(found, &open, LASTING, now) {
            match (step, &mut self.row) {
                (Step::Begin(_), row) => *row = Some((now, None, None)),
                (Step::Tell(_), Some(row)) => {
                    row.1 = Some(now);
                    self.said.push(("began", now));
                }
                (Step::Gone(_), Some(row)) => row.2 = Some(now),
                (Step::Back(_), Some(row)) => row.2 = None,
                (Step::End(_), row) => {
                    *row = None;
                    self.said.push(("ended", now));
                }
                (Step::Forget(_), row) => *row = None,
                (step, None) => panic!("{step:?} of nothing"),
            }
        }
    }
}

#[test]
fn what_lasts_is_told_once_and_its_end_once() {
    let mut told = Told::default();
    for second in 0..100 {
        told.look(second < 50, UnixMs(second * 1_000));
    }
    assert_eq!(told.said, [("began", UnixMs(30_000)), ("ended", UnixMs(80_000))]);
}

#[test]
fn what_passes_at_once_is_not_told() {
    let mut told = Told::default();
    for second in 0..200 {
        // Never longer than ten seconds.
        told.look(second % 20 < 10, UnixMs(second * 1_000));
    }
    assert_eq!(told.said, []);
}

#[test]
fn what_flaps_after_it_was_told_is_told_once_until_it_rests() {
    let mut told = Told::default();
    for second in 0..300 {
        told.look(second < 40 || (second < 200 && second % 20 < 10), UnixMs(second * 1_000));
    }
    assert_eq!(told.said.iter().map(|(what, _)| *what).collect::<Vec<_>>(), ["began", "ended"]);
}

proptest! {
    #[test]
    fn beginnings_and_ends_alternate_and_each_has_lasted(looks in prop::collection::vec((any::<bool>(), 1_u16..20), 1..200)) {
        let (mut told, mut now) = (Told::default(), 0);
        let mut history = Vec::new();
        for (is_there, seconds) in looks {
            now += i64::from(seconds) * 1_000;
            told.look(is_there, UnixMs(now));
            history.push((UnixMs(now), is_there));
        }
        for (no, (what, at)) in told.said.iter().enumerate() {
            prop_assert_eq!(*what, if no % 2 == 0 { "began" } else { "ended" });
            let since = at.minus(LASTING);
            // Whatever was seen within the last thirty seconds agrees with what is told.
            let wrong = history.iter().filter(|(seen, there)| *seen > since && seen <= at && *there != (*what == "began"));
            prop_assert_eq!(wrong.count(), 0);
        }
    }

    #[test]
    fn a_condition_is_begun_only_once(keys in prop::collection::vec("[ab]", 0..6)) {
        let found: Vec<&str> = keys.iter().map(String::as_str).collect();
        let steps = diff(&found, &[], LASTING, UnixMs(0));
        let distinct: std::collections::BTreeSet<&str> = found.iter().copied().collect();
        prop_assert_eq!(steps.len(), distinct.len());
    }
}
