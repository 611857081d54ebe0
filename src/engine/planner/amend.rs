//! A new file of a standing run: each row against what the files before it planned, then what none of its rows is for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::piece::{Plan, already_sent};
use crate::domain::amend::{Fate, FileKeys, Renewal, Rule, Standing, TakenBack};
use crate::domain::earlier::{Earlier, id_key};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::id::{MessageId, PersonId};
use crate::domain::phone::Phone;
use crate::domain::schedule::Moved;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Template;
use crate::domain::time::UnixMs;
use crate::engine::{EngineError, feed};
use crate::intake::campaign_file::{CampaignFile, Contains};
use crate::intake::rows::{self, Draft, ResolvedRow, RowExclusion, RowFate};
use crate::preflight::diff;
use crate::store::amendment::{self, Figures};
use crate::store::exclusion::{self, Exclusion};
use crate::store::message::{self, NewMessage};
use crate::store::{Tx, person, renaming, run};

/// A row that was left out, and of which nobody knows when it is, is told so long after its file was taken up.
const UNDATED_FOR: Duration = Duration::from_hours(7 * 24);

/// Messages looked at together that no row is for.
const STEP: i64 = 1_000;

/// What a file is taken up by.
pub(super) struct Amending {
    /// What all of it names.
    pub keys: FileKeys,
    /// When its taking up began.
    pub now: UnixMs,
    /// The campaign file.
    pub file: CampaignFile,
    /// The template, where it is not the run's.
    pub own: Option<Snapshot>,
    /// The template that tells a new time.
    pub moved: Option<Snapshot>,
}

/// What is done about one piece.
#[derive(Default)]
struct Piece {
    added: Vec<NewMessage>,
    renewed: Vec<message::Renewal>,
    named: Vec<(MessageId, i64)>,
    renamed: Vec<message::Renamed>,
    declined: Vec<MessageId>,
    excluded: Vec<Exclusion>,
    figures: Figures,
    /// Messages that a row of this piece is for already.
    taken: BTreeSet<MessageId>,
    /// Those that a row is for which has another id than they had.
    under_other_ids: BTreeSet<MessageId>,
}

impl Piece {
    /// What a row does, now that its message is its own. Two rows of one person at one time, where the file before had no
    /// ids: the second is a message of its own.
    fn claim(&mut self, fate: Fate) -> Fate {
        let of = match &fate {
            Fate::Renew(renewal) => renewal.id,
            Fate::Same(id) | Fate::Gone(id) | Fate::Renamed(id) => *id,
            _ => return fate,
        };
        if self.taken.insert(of) { fate } else { Fate::Add }
    }

    /// A row whose message has gone.
    fn was_sent(&mut self, id: MessageId, no: i64) {
        self.figures.already_sent += 1;
        self.named.push((id, no));
    }
}

/// A row with its person.
struct Found {
    no: i64,
    draft: Box<Draft>,
    person: PersonId,
    /// The key of a message more, where the row's own is another's.
    beside: Option<String>,
    /// Whether nobody can know if its person has cancelled.
    is_in_doubt: bool,
}

impl Found {
    /// With this key, or the one beside it.
    fn under(mut self, key: String) -> Self {
        self.draft.key = self.beside.take().filter(|_| key == self.draft.key).unwrap_or(key);
        self
    }
}

impl Amending {
    fn rule<'a>(&'a self, (revision, taken): (i64, &'a BTreeSet<MessageId>)) -> Rule<'a> {
        Rule {
            leaves_moves: self.file.moved == Moved::Leave,
            now: self.now,
            spread: self.file.limits.canary.is_some(),
            keys: &self.keys,
            revision,
            taken,
        }
    }
}

impl Amending {
    /// The template of a row's message, where it is not the run's.
    fn template_of(&self, fate: &Fate, draft: &Draft) -> Option<Template> {
        let told_otherwise = matches!(fate, Fate::AddMoved(_) | Fate::Renew(Renewal { told_otherwise: true, .. }));
        let moved = self.moved.as_ref().filter(|_| told_otherwise);
        diff::of_row(moved.or(self.own.as_ref()), draft).cloned()
    }
}

impl Plan<'_> {
    /// Takes up a piece that follows the first `done` rows; false when the run is not planning any more.
    pub async fn amend(&self, by: &Amending, rows: Vec<ResolvedRow>, done: i64) -> Result<bool, EngineError> {
        let store = &self.engine.store;
        let (to, now) = (done + rows.len() as i64, self.engine.clock.now());
        let mut piece = Piece::default();
        let rows = self.in_time(&mut piece, rows).await?;
        let (drafts, excluded) = self.part(rows);
        piece.excluded = excluded;
        let people: Vec<(Phone, String)> = drafts.iter().map(|(_, d)| (d.to.clone(), d.name.clone())).collect();
        let mut tx = store.begin().await?;
        let people = person::ensure(&mut tx, &people, now).await?;
        tx.commit().await?;
        let left_out = self.left_out(&people).await?;
        let earlier = self.earlier(&drafts).await?;
        let ids: Vec<&str> = drafts.iter().filter_map(|(_, d)| d.external_id.as_deref()).collect();
        let standing = self.standing(&ids, drafts.iter().flat_map(|(_, d)| d.to.variants()).collect()).await?;
        for ((no, draft), person) in drafts.into_iter().zip(people) {
            let row = diff::row(&draft, by.own.as_ref(), by.moved.as_ref());
            let fate = standing.decide(&row, &by.rule((self.run.revision, &piece.taken)));
            piece.under_other_ids.extend(standing.id_before(&fate, &row).map(|(id, _)| id));
            let beside = standing.key_beside(&row);
            let is_in_doubt = standing.is_left_in_doubt(&fate, &row);
            let found = Found { no, draft, person, beside, is_in_doubt };
            let stopped = left_out.reason(person).map(|reason| (reason, String::new()));
            self.sort(&mut piece, by, (fate, stopped, &earlier), found);
        }
        let mut tx = store.begin().await?;
        self.write(&mut tx, &mut piece, now).await?;
        piece.figures.rows_read = to - done;
        piece.figures.left_out = piece.excluded.len() as i64;
        amendment::add(&mut tx, self.run.id, self.run.revision, &piece.figures).await?;
        if !piece.under_other_ids.is_empty() {
            renaming::add(&mut tx, self.run.id, self.run.revision, piece.under_other_ids.len() as i64).await?;
        }
        if !run::advance(&mut tx, self.run.id, done, to).await? {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The rows but for those that are too late by now and were reminded in time: they are their messages' rows.
    async fn in_time(&self, piece: &mut Piece, rows: Vec<ResolvedRow>) -> Result<Vec<ResolvedRow>, EngineError> {
        let (late, mut rest): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| left_late(row).is_some());
        if late.is_empty() {
            return Ok(rest);
        }
        let ids: Vec<&str> = late.iter().filter_map(|row| left_late(row)?.external_id.as_deref()).collect();
        let phones = late.iter().filter_map(|row| left_late(row)?.to.as_ref()).flat_map(Phone::variants).collect();
        let standing = self.standing(&ids, phones).await?;
        for row in late {
            let gone = left_late(&row).and_then(|left| standing.gone_for(left.external_id.as_deref(), &left.known()?));
            match gone.filter(|id| piece.taken.insert(*id)) {
                Some(id) => {
                    piece.was_sent(id, row.no);
                    let known_by =
                        left_late(&row).and_then(|left| Some((left.external_id.as_deref()?, left.happens_at)));
                    if let Some((now, at)) = known_by.filter(|(now, _)| standing.id_of(id) != Some(now)) {
                        let (external_id, key) = (Some(now.to_owned()), id_key(now, at));
                        piece.under_other_ids.insert(id);
                        piece.renamed.push(message::Renamed { id, external_id, key });
                    }
                }
                None => rest.push(row),
            }
        }
        Ok(rest)
    }

    /// What was planned for these ids and numbers.
    async fn standing(&self, ids: &[&str], phones: Vec<Phone>) -> Result<Standing, EngineError> {
        Ok(feed::look(&self.engine.store, (self.run.campaign_id, self.run.id), ids, &phones).await?.into())
    }

    fn sort(
        &self,
        piece: &mut Piece,
        by: &Amending,
        (fate, stopped, earlier): (Fate, Option<(ExclusionReason, String)>, &Earlier),
        found: Found,
    ) {
        let (no, draft, fate) = (found.no, &found.draft, piece.claim(fate));
        let own = by.template_of(&fate, draft);
        let (template, figures) = (own.as_ref(), &mut piece.figures);
        match fate {
            Fate::Add => {
                let gone = || earlier.run_of(&draft.key, &draft.to, draft.happens_at).map(already_sent);
                let (stopped, key) = (stopped.or_else(gone), draft.key.clone());
                self.add(piece, found.under(key), stopped, (template, by.now));
            }
            Fate::AddNumber(key) => {
                let gone = || earlier.run_of_erased(&draft.key, &draft.to, draft.happens_at).map(already_sent);
                let stopped = stopped.or_else(gone);
                self.add(piece, found.under(key), stopped, (template, by.now));
            }
            Fate::AddMoved(key) => {
                let Found { draft, person, .. } = found.under(key);
                piece.added.push(self.message_with(no, *draft, person, (template, by.now)));
            }
            Fate::Renew(renewal) => self.renew(piece, renewal, found, (template, by.now)),
            Fate::Same(id) => {
                figures.same += 1;
                piece.named.push((id, no));
            }
            Fate::Gone(id) => piece.was_sent(id, no),
            Fate::Renamed(id) => {
                piece.was_sent(id, no);
                let Draft { external_id, key, .. } = *found.draft;
                piece.renamed.push(message::Renamed { id, external_id, key });
            }
            Fate::Decline(id) => {
                piece.was_sent(id, no);
                piece.declined.push(id);
            }
            Fate::Elsewhere(_) => {
                piece.excluded.push(self.exclusion(
                    no,
                    ExclusionReason::AlreadySent,
                    *found.draft,
                    rows::sent_elsewhere(),
                ));
            }
            Fate::Leave(reason, _) => {
                let detail = match reason {
                    ExclusionReason::AlreadySent => rows::moved_and_left(),
                    _ if found.is_in_doubt => rows::declined_by_somebody(),
                    _ => String::new(),
                };
                piece.excluded.push(self.exclusion(no, reason, *found.draft, detail));
            }
        }
    }

    /// Its message goes out as the row has it.
    fn renew(&self, piece: &mut Piece, renewal: Renewal, found: Found, with: (Option<&Template>, UnixMs)) {
        let (Renewal { id, key, waited, was_due_at, .. }, now) = (renewal, with.1);
        *(if waited { &mut piece.figures.changed } else { &mut piece.figures.added }) += 1;
        let Found { no, draft, person, .. } = found;
        let mut new = self.message_with(no, Draft { key, ..*draft }, person, with);
        // What was due before goes on in its place.
        new.due_at = if new.due_at <= now && was_due_at <= now { was_due_at } else { new.due_at };
        piece.renewed.push(message::Renewal { id, new });
    }

    /// A message more, unless something that the store alone knows stops it.
    fn add(
        &self,
        piece: &mut Piece,
        Found { no, draft, person, .. }: Found,
        stopped: Option<(ExclusionReason, String)>,
        with: (Option<&Template>, UnixMs),
    ) {
        match stopped {
            Some((reason, detail)) => piece.excluded.push(self.exclusion(no, reason, *draft, detail)),
            None => piece.added.push(self.message_with(no, *draft, person, with)),
        }
    }

    async fn write(&self, tx: &mut Tx, piece: &mut Piece, now: UnixMs) -> Result<(), EngineError> {
        let kept = message::insert_batch(tx, &piece.added).await?;
        piece.figures.added += kept.len() as i64;
        piece.excluded.extend(self.doubles(&piece.added, &kept.into_iter().map(|(_, no)| no).collect()));
        let renewed = message::renew(tx, &piece.renewed).await?;
        // Ended in the very moment: the row is its row all the same.
        let ended = piece.renewed.iter().filter(|r| !renewed.contains(&r.id)).map(|r| (r.id, r.new.row_no));
        piece.named.extend(ended);
        message::name(tx, &piece.named, self.run.revision).await?;
        message::rename(tx, &piece.renamed).await?;
        message::decline(tx, &piece.declined, now).await?;
        exclusion::insert_batch(tx, &piece.excluded).await?;
        Ok(())
    }

    /// Every row is done: what waits and is no row's any more is taken back, and what earlier files left out is forgotten.
    pub async fn finish(&self, by: &Amending) -> Result<(), EngineError> {
        let (store, run, revision) = (&self.engine.store, self.run.id, self.run.revision);
        let everything = by.file.contains == Some(Contains::EverythingAhead);
        let mut after = MessageId(0);
        loop {
            let unnamed = message::unnamed(store, run, revision, after, STEP).await?;
            let Some(last) = unnamed.last() else { break };
            after = last.id;
            let mut by_reason: BTreeMap<TakenBack, Vec<MessageId>> = BTreeMap::new();
            for one in &unnamed {
                let of = (&*one.key, one.external_id.as_deref());
                if let Some(why) = by.keys.takes_back(of, &one.known(), (everything, by.now)) {
                    by_reason.entry(why).or_default().push(one.id);
                }
            }
            let mut tx = store.begin().await?;
            let mut figures = Figures::default();
            for (why, ids) in &by_reason {
                figures.removed += message::take_back(&mut tx, ids, *why, self.engine.clock.now()).await?;
            }
            amendment::add(&mut tx, run, revision, &figures).await?;
            tx.commit().await?;
        }
        if by.file.contains == Some(Contains::OnlyChanges) {
            return self.forget_settled(by).await;
        }
        Ok(exclusion::forget_before(store, run, revision).await?)
    }

    /// Where files hold changes alone, what an earlier one left out stays, and is told, until a later one speaks of it or it is
    /// over.
    async fn forget_settled(&self, by: &Amending) -> Result<(), EngineError> {
        let (store, run, mut after) = (&self.engine.store, self.run.id, (0, 0));
        loop {
            let of = (run, self.run.revision);
            let earlier = exclusion::earlier(store, of, after, (UNDATED_FOR, by.now)).await?;
            let Some(last) = earlier.last() else { return Ok(()) };
            after = (last.revision, last.row_no);
            let is_named = |id: &String| by.keys.names(id);
            let is_settled =
                |row: &&exclusion::Earlier| !row.is_ahead() || row.external_id.as_ref().is_some_and(is_named);
            let settled: Vec<(i64, i64)> =
                earlier.iter().filter(is_settled).map(|row| (row.revision, row.row_no)).collect();
            exclusion::forget(store, run, &settled).await?;
        }
    }
}

/// The row, where it is left out for being too late.
fn left_late(row: &ResolvedRow) -> Option<&RowExclusion> {
    match &row.fate {
        RowFate::Excluded(left) if left.reason == ExclusionReason::TooLate => Some(left),
        _ => None,
    }
}
