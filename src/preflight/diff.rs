//! What a new file does to a standing run: added, changed, moved, taken back, already sent. Pure; the planner does the same
//! by the same decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::planned;
use super::renamed::Renamed;
use super::sheet::SheetInputs;
use crate::domain::amend::{Answered, Fate, FileKeys, Planned, Row, Rule, Standing, TakenBack, Whose, mark};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::fill::Content;
use crate::domain::id::{MessageId, RunId};
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::schedule::Moved;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Template;
use crate::domain::time::UnixMs;
use crate::intake::audience::FileFacts;
use crate::intake::campaign_file::{CampaignFile, Contains};
use crate::intake::columns::fold;
use crate::intake::rows::{Draft, ResolvedRow, RowExclusion, RowFate};
use crate::store::message::NewMessage;

/// Row numbers and ids named of each kind.
const NAMED: usize = 20;

/// What keeps a file from being applied unless a person says so all the same.
const GUARDS: [&str; 6] = ["feed_empty", "feed_unreadable", "feed_headers", "feed_removes", "feed_ids", "first_ids"];

/// The standing run that a file would amend.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Which.
    pub run: RunId,
    /// What it has planned.
    pub planned: Arc<dyn planned::Planned>,
    /// The header of the file it has taken up last.
    pub header: Vec<String>,
    /// The template, where it is another than the run was started with.
    pub own: Option<Snapshot>,
    /// The template that tells a new time, where it is known.
    pub moved: Option<Snapshot>,
}

/// The same as the daemon tells it to `recado check`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FeedView {
    /// Which run.
    pub run: RunId,
    /// The header of the file it has taken up last.
    pub header: Vec<String>,
    /// Some of its messages that wait, or speak of what is still to come.
    pub planned: Vec<Planned>,
    /// The last message told, where more follow.
    pub next: Option<MessageId>,
}

/// What a standing run has planned for some rows, as the daemon tells it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PlannedView {
    /// Its messages for rows with these ids, or for these numbers.
    pub planned: Vec<Planned>,
    /// What people have answered to messages with these ids, the last last.
    pub answers: Vec<Answered>,
    /// Those of the ids whose people have cancelled, and were erased since.
    pub declined: BTreeSet<String>,
    /// Those of the ids whose people were told a time, and were erased since, with that time.
    pub told: BTreeMap<String, UnixMs>,
    /// Whose both kinds of ids were.
    #[serde(default)]
    pub whose: BTreeMap<String, Whose>,
}

impl From<PlannedView> for Standing {
    fn from(PlannedView { planned, answers, declined, told, whose }: PlannedView) -> Self {
        Self::of(planned, declined).with_answers(answers).with_erased(told, whose)
    }
}

/// What the file does.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Changes {
    /// To which run.
    pub run: RunId,
    /// Messages that wait for their time and are still to come, before the file.
    pub planned: i64,
    /// Rows that become new messages.
    pub added: i64,
    /// Rows whose message waits, and goes out otherwise.
    pub changed: i64,
    /// Rows whose person was told another time, and is told the new one.
    pub moved: i64,
    /// Rows whose message went to another number than they have now, and is sent to that.
    pub number: i64,
    /// The same where nothing more is sent: whoever has the number before has answered, or the campaign leaves it so.
    pub elsewhere: i64,
    /// Rows whose message waits as it is.
    pub same: i64,
    /// Rows whose message has gone, or has ended.
    pub already_sent: i64,
    /// Messages that wait and are taken back.
    pub removed: i64,
    /// Of them, by reason.
    pub removed_because: BTreeMap<TakenBack, i64>,
    /// The first rows of each kind.
    pub added_rows: Vec<i64>,
    /// The same.
    pub changed_rows: Vec<i64>,
    /// The same.
    pub moved_rows: Vec<i64>,
    /// The same.
    pub number_rows: Vec<i64>,
    /// The same.
    pub elsewhere_rows: Vec<i64>,
    /// The first ids of what is taken back, as the files have them.
    pub removed_ids: Vec<String>,
}

/// Whether a person may have the file applied although this stands in the way.
pub fn is_guard(problem: &Problem) -> bool {
    is_guard_code(&problem.code)
}

/// The same of a problem's code.
pub fn is_guard_code(code: &str) -> bool {
    GUARDS.contains(&code)
}

/// What a message of this row is made of; `template` only where it is not its run's.
pub fn content(draft: &Draft, template: Option<&Template>) -> String {
    let template = template.map(|t| Box::new(t.clone()));
    NewMessage::content_of(&Content::Template { fill: draft.fill.clone(), template })
}

/// The template in the row's language.
pub fn of_row<'t>(snapshot: Option<&'t Snapshot>, draft: &Draft) -> Option<&'t Template> {
    snapshot.map(|snapshot| snapshot.of(draft.fill.language.as_deref()))
}

/// The mark of a message of this row.
pub fn mark_of(draft: &Draft, content: &str) -> u64 {
    mark(&[draft.to.digits(), content, &draft.route, &draft.cost_centre, &draft.name, &draft.timezone])
}

/// The row as it is decided; `own` and `moved` are the templates that are not the run's.
pub fn row<'a>(draft: &'a Draft, own: Option<&Snapshot>, moved: Option<&Snapshot>) -> Row<'a> {
    let (own, moved) = (of_row(own, draft), of_row(moved, draft));
    let usual = content(draft, own);
    let (said, mark) = (mark(&[&usual, &draft.name]), mark_of(draft, &usual));
    Row {
        key: &draft.key,
        external_id: draft.external_id.as_deref(),
        to: &draft.to,
        others: &draft.others,
        happens_at: draft.happens_at,
        due_at: draft.due_at,
        latest_at: draft.latest_at,
        mark,
        said,
        who: draft.known().who,
        moved_mark: moved.map_or(mark, |moved| mark_of(draft, &content(draft, Some(moved)))),
    }
}

/// Counts while the rows are read.
#[derive(Debug)]
pub(super) struct Diff<'a> {
    feed: &'a Feed,
    keys: FileKeys,
    changes: Changes,
    /// Messages that wait and that a row has changed, its time or number perhaps: they are not taken back.
    kept: Vec<MessageId>,
    /// What goes on under another id.
    renamed: Renamed,
}

impl<'a> Diff<'a> {
    pub(super) fn new(feed: &'a Feed, keys: FileKeys) -> Self {
        Self {
            feed,
            keys,
            changes: Changes { run: feed.run, ..Changes::default() },
            kept: Vec::new(),
            renamed: Renamed::default(),
        }
    }

    /// What is planned for some rows.
    pub(super) fn look(&self, rows: &[ResolvedRow]) -> Result<Arc<Standing>, Problem> {
        let (mut ids, mut phones): (Vec<&str>, Vec<Phone>) = (Vec::new(), Vec::new());
        for row in rows {
            let (id, to) = match &row.fate {
                RowFate::Message(draft) => (&draft.external_id, Some(&draft.to)),
                RowFate::Excluded(left) if left.reason == ExclusionReason::TooLate => {
                    (&left.external_id, left.to.as_ref())
                }
                RowFate::Excluded(_) => continue,
            };
            ids.extend(id.as_deref());
            phones.extend(to.into_iter().flat_map(Phone::variants));
        }
        self.feed.planned.standing(&ids, &phones)
    }

    /// Whether a row that is too late by now was reminded in time; counted.
    pub(super) fn was_in_time(&mut self, left: &RowExclusion, standing: &Standing) -> bool {
        let gone = || standing.gone_for(left.external_id.as_deref(), &left.known()?);
        let was = left.reason == ExclusionReason::TooLate && gone().is_some();
        self.changes.already_sent += i64::from(was);
        was
    }

    /// What a row does; counted. Beside it whether nobody can know if its person has cancelled.
    pub(super) fn see(
        &mut self,
        no: i64,
        draft: &Draft,
        standing: &Standing,
        inputs: &SheetInputs<'_>,
    ) -> (Fate, bool) {
        let row = row(draft, self.feed.own.as_ref(), self.feed.moved.as_ref());
        let rule = Rule {
            leaves_moves: inputs.campaign.moved == Moved::Leave,
            now: inputs.now,
            spread: inputs.campaign.limits.canary.is_some(),
            keys: &self.keys,
            // Nothing is taken up yet.
            revision: i64::MAX,
            taken: self.renamed.taken(),
        };
        let fate = standing.decide(&row, &rule);
        if let Some((id, before)) = standing.id_before(&fate, &row) {
            let is_named = self.keys.names(before);
            self.renamed.add(no, (id, before, is_named), draft.external_id.as_deref().unwrap_or_default());
        }
        match &fate {
            Fate::Renew(renewal) => self.kept.push(renewal.id),
            Fate::Same(id) if standing.is_once_more(*id) => self.kept.push(*id),
            _ => {}
        }
        let changes = &mut self.changes;
        let (count, rows) = match &fate {
            Fate::Add => (&mut changes.added, Some(&mut changes.added_rows)),
            Fate::Renew(renewal) if !renewal.waited && !renewal.told_otherwise => {
                (&mut changes.added, Some(&mut changes.added_rows))
            }
            Fate::Renew(renewal) if renewal.waited => (&mut changes.changed, Some(&mut changes.changed_rows)),
            Fate::AddMoved(_) | Fate::Renew(_) => (&mut changes.moved, Some(&mut changes.moved_rows)),
            Fate::AddNumber(_) => (&mut changes.number, Some(&mut changes.number_rows)),
            Fate::Elsewhere(_) => (&mut changes.elsewhere, Some(&mut changes.elsewhere_rows)),
            Fate::Same(_) => (&mut changes.same, None),
            Fate::Gone(_) | Fate::Renamed(_) | Fate::Decline(_) | Fate::Leave(..) => (&mut changes.already_sent, None),
        };
        *count += 1;
        if let Some(rows) = rows.filter(|rows| rows.len() < NAMED) {
            rows.push(no);
        }
        let is_in_doubt = standing.is_left_in_doubt(&fate, &row);
        (fate, is_in_doubt)
    }

    /// What the store alone knew kept a row from being added.
    pub(super) fn not_added(&mut self, no: i64, fate: &Fate) {
        let changes = &mut self.changes;
        let (count, rows) = match fate {
            Fate::AddNumber(_) => (&mut changes.number, &mut changes.number_rows),
            _ => (&mut changes.added, &mut changes.added_rows),
        };
        *count -= 1;
        rows.retain(|row| *row != no);
    }

    /// What is worth a look.
    pub(super) fn warning(&self, facts: &FileFacts) -> Option<Problem> {
        self.renamed.warning(facts)
    }

    /// The whole, after the last row, with what keeps it from being applied.
    pub(super) fn done(
        mut self,
        inputs: &SheetInputs<'_>,
        header: &[String],
    ) -> Result<(Changes, Vec<Problem>), Problem> {
        let everything = inputs.campaign.contains == Some(Contains::EverythingAhead);
        self.kept.sort_unstable();
        let mut after = MessageId(0);
        loop {
            let waiting = self.feed.planned.waiting(after)?;
            let Some(last) = waiting.last() else { break };
            after = last.id;
            for planned in waiting {
                let ahead = planned.happens_at.is_none_or(|at| at > inputs.now);
                self.changes.planned += i64::from(ahead);
                if self.kept.binary_search(&planned.id).is_ok() {
                    continue;
                }
                let (key, id) = (&*planned.key, planned.external_id.as_deref());
                let Some(why) = self.keys.takes_back((key, id), &planned.known(), (everything, inputs.now)) else {
                    continue;
                };
                self.changes.removed += 1;
                *self.changes.removed_because.entry(why).or_default() += 1;
                if self.changes.removed_ids.len() < NAMED {
                    self.changes.removed_ids.extend(id.map(str::to_owned));
                }
            }
        }
        let guards = self.guards(inputs.campaign, header);
        Ok((self.changes, guards))
    }

    fn guards(&self, campaign: &CampaignFile, header: &[String]) -> Vec<Problem> {
        let mut found = Vec::new();
        if self.keys.rows == 0 {
            found.push(Problem::new("feed_empty", &[]));
        }
        if self.keys.unreadable > 0 {
            found.push(Problem::new("feed_unreadable", &[("n", &self.keys.unreadable.to_string())]));
        }
        found.extend(self.keys.conflicts.problem("feed_ids"));
        let gone = gone_columns(&self.feed.header, header);
        if !gone.is_empty() {
            found.push(Problem::new("feed_headers", &[("columns", &gone.join(", "))]));
        }
        let because = |why| self.changes.removed_because.get(&why).copied().unwrap_or_default();
        // What has moved is not gone.
        let removed = because(TakenBack::Absent) + because(TakenBack::LeftOut);
        let (planned, limit) = (self.changes.planned, i64::from(campaign.limits.removed_percent));
        if removed * 100 > planned * limit {
            let percent = (removed * 100 / planned.max(1)).to_string();
            let (n, planned, limit) = (removed.to_string(), planned.to_string(), limit.to_string());
            let args = [("n", &*n), ("planned", &*planned), ("percent", &*percent), ("limit", &*limit)];
            found.push(Problem::new("feed_removes", &args));
        }
        found
    }
}

/// Columns that the file before had and this one has not.
fn gone_columns(before: &[String], now: &[String]) -> Vec<String> {
    let now: Vec<String> = now.iter().map(|name| fold(name)).collect();
    before.iter().filter(|name| !name.trim().is_empty() && !now.contains(&fold(name))).cloned().collect()
}
