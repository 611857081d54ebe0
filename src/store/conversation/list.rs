//! Lists of conversations for agents: those who wait longest first, closed ones by when they were closed.

use super::lines::{self, ConversationLine};
use crate::domain::id::{CampaignId, ConversationId, RunId, UserId};
use crate::domain::time::UnixMs;
use crate::store::{Result, Store, on};

/// Those who wait for nobody come after all who wait, by age.
const OPEN: &str =
    "SELECT c.id, COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at) AS place FROM conversation AS c
    WHERE c.state = 'open' AND (COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at), c.id) > ($1, $2)
        AND (CAST($3 AS BIGINT) = 0 OR c.assignee = $3) AND (CAST($4 AS BIGINT) = 0 OR c.assignee IS NULL)
        AND ($5 = '' OR c.team = $5) AND (CAST($6 AS BIGINT) = 0 OR c.campaign_id = $6)
        AND (CAST($7 AS BIGINT) = 0 OR c.last_in > COALESCE((SELECT l.entry_id FROM conversation_look AS l
            WHERE l.user_id = $7 AND l.conversation_id = c.id), 0))
        AND ($8 IN ('', 'bots') OR ($8 = 'open' AND (c.window_until > $9 OR c.waiting_since IS NOT NULL))
            OR ($8 = 'passed' AND (c.window_until IS NULL OR c.window_until <= $9)))
        AND CASE WHEN c.bot IS NULL THEN $8 <> 'bots' ELSE $8 = 'bots' END
    ORDER BY COALESCE(c.waiting_since, 4611686018427387904 + c.opened_at), c.id LIMIT $10";

const CLOSED: &str = "SELECT c.id, c.closed_at AS place FROM conversation AS c
    WHERE c.state = 'closed' AND (c.closed_at, c.id) < ($1, $2)
        AND (CAST($3 AS BIGINT) = 0 OR c.assignee = $3) AND (CAST($4 AS BIGINT) = 0 OR c.assignee IS NULL)
        AND ($5 = '' OR c.team = $5) AND (CAST($6 AS BIGINT) = 0 OR c.campaign_id = $6)
        AND (CAST($7 AS BIGINT) = 0 OR c.last_in > COALESCE((SELECT l.entry_id FROM conversation_look AS l
            WHERE l.user_id = $7 AND l.conversation_id = c.id), 0))
    ORDER BY c.closed_at DESC, c.id DESC LIMIT $8";

/// As a run's page counts what is to be read.
const OF_RUN: &str = "SELECT c.id, c.waiting_since AS place FROM conversation AS c
    WHERE c.state = 'open' AND c.waiting_since IS NOT NULL AND (c.waiting_since, c.id) > ($2, $3)
        AND c.id IN (SELECT i.id FROM conversation AS i WHERE i.run_id = $1
            UNION SELECT u.conversation_id FROM unclear AS u WHERE u.run_id = $1)
        AND (CAST($4 AS BIGINT) = 0 OR c.assignee = $4) AND (CAST($5 AS BIGINT) = 0 OR c.assignee IS NULL)
        AND ($6 = '' OR c.team = $6) AND (CAST($7 AS BIGINT) = 0 OR c.campaign_id = $7)
        AND (CAST($8 AS BIGINT) = 0 OR c.last_in > COALESCE((SELECT l.entry_id FROM conversation_look AS l
            WHERE l.user_id = $8 AND l.conversation_id = c.id), 0))
    ORDER BY c.waiting_since, c.id LIMIT $9";

/// Of closed ones there are many: what narrows them most says which index is walked.
const CLOSED_OF_CAMPAIGN: &str = "SELECT c.id, c.closed_at AS place FROM conversation AS c
    WHERE c.state = 'closed' AND c.campaign_id = $6 AND (c.closed_at, c.id) < ($1, $2)
        AND (CAST($3 AS BIGINT) = 0 OR c.assignee = $3) AND (CAST($4 AS BIGINT) = 0 OR c.assignee IS NULL)
        AND ($5 = '' OR c.team = $5)
        AND (CAST($7 AS BIGINT) = 0 OR c.last_in > COALESCE((SELECT l.entry_id FROM conversation_look AS l
            WHERE l.user_id = $7 AND l.conversation_id = c.id), 0))
    ORDER BY c.closed_at DESC, c.id DESC LIMIT $8";

const CLOSED_OF_AGENT: &str = "SELECT c.id, c.closed_at AS place FROM conversation AS c
    WHERE c.state = 'closed' AND c.assignee = $3 AND (c.closed_at, c.id) < ($1, $2)
        AND (CAST($4 AS BIGINT) = 0 OR c.assignee IS NULL)
        AND ($5 = '' OR c.team = $5) AND (CAST($6 AS BIGINT) = 0 OR c.campaign_id = $6)
        AND (CAST($7 AS BIGINT) = 0 OR c.last_in > COALESCE((SELECT l.entry_id FROM conversation_look AS l
            WHERE l.user_id = $7 AND l.conversation_id = c.id), 0))
    ORDER BY c.closed_at DESC, c.id DESC LIMIT $8";

const CLOSED_OF_NOBODY: &str = "SELECT c.id, c.closed_at AS place FROM conversation AS c
    WHERE c.state = 'closed' AND c.assignee IS NULL AND (c.closed_at, c.id) < ($1, $2)
        AND (CAST($3 AS BIGINT) = 0 OR c.assignee = $3) AND CAST($4 AS BIGINT) = 1
        AND ($5 = '' OR c.team = $5) AND (CAST($6 AS BIGINT) = 0 OR c.campaign_id = $6)
        AND (CAST($7 AS BIGINT) = 0 OR c.last_in > COALESCE((SELECT l.entry_id FROM conversation_look AS l
            WHERE l.user_id = $7 AND l.conversation_id = c.id), 0))
    ORDER BY c.closed_at DESC, c.id DESC LIMIT $8";

const CLOSED_OF_TEAM: &str = "SELECT c.id, c.closed_at AS place FROM conversation AS c
    WHERE c.state = 'closed' AND c.team = $5 AND (c.closed_at, c.id) < ($1, $2)
        AND (CAST($3 AS BIGINT) = 0 OR c.assignee = $3) AND (CAST($4 AS BIGINT) = 0 OR c.assignee IS NULL)
        AND (CAST($6 AS BIGINT) = 0 OR c.campaign_id = $6)
        AND (CAST($7 AS BIGINT) = 0 OR c.last_in > COALESCE((SELECT l.entry_id FROM conversation_look AS l
            WHERE l.user_id = $7 AND l.conversation_id = c.id), 0))
    ORDER BY c.closed_at DESC, c.id DESC LIMIT $8";

/// Whose conversations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum View {
    /// This agent's.
    Mine(UserId),
    /// Nobody's; with teams, only theirs.
    Unassigned(Vec<String>),
    /// Of one of these teams, whoever has them.
    Team(Vec<String>),
    /// Everybody's.
    All,
}

/// Which of them, by what can be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Show {
    /// Open ones that are somebody's to do: the person waits, however long, or can be written to at that instant.
    Current(UnixMs),
    /// Open ones whose window has passed by then, or never was: templates only.
    Passed(UnixMs),
    /// Every open one that no bot has.
    Open,
    /// Open ones that a bot has; the others show none of them.
    Bots,
    /// Closed ones.
    Closed,
}

/// Where a page of a list ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cursor {
    /// Sort key of its last line.
    pub key: i64,
    /// Id of its last line.
    pub id: ConversationId,
}

/// What a list is narrowed to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Narrow {
    /// Only about this campaign.
    pub campaign: Option<CampaignId>,
    /// Only open ones in which an answer to this run waits to be read, whoever has them and whatever can be done with them.
    pub run: Option<RunId>,
    /// Only of this team.
    pub team: Option<String>,
    /// Only those where something came in since the reader last looked.
    pub unread: bool,
}

/// A page of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationFilter {
    /// Whose.
    pub view: View,
    /// Which of them.
    pub show: Show,
    /// What it is narrowed to.
    pub narrow: Narrow,
    /// Who reads it: what is unread goes by that. `None`: a program, which has read nothing.
    pub reader: Option<UserId>,
    /// After which line; `None`: from the beginning.
    pub after: Option<Cursor>,
    /// How many lines at most.
    pub limit: i64,
}

impl ConversationFilter {
    /// The first `limit` of a view as a program reads it.
    pub fn of(view: View, show: Show, limit: i64) -> Self {
        Self { view, show, narrow: Narrow::default(), reader: None, after: None, limit }
    }

    /// The teams of which one must have it; `None`: whichever, or none.
    pub(super) fn teams(&self) -> Option<Vec<&str>> {
        let of_view = match &self.view {
            View::Team(of) => Some(of),
            View::Unassigned(of) if !of.is_empty() => Some(of),
            View::Unassigned(_) | View::Mine(_) | View::All => None,
        };
        match (of_view, self.narrow.team.as_deref()) {
            (None, None) => None,
            (None, Some(team)) => Some(vec![team]),
            (Some(of), None) => Some(of.iter().map(String::as_str).collect()),
            (Some(of), Some(team)) => Some(of.iter().map(String::as_str).filter(|t| *t == team).collect()),
        }
    }

    pub(super) const fn agent(&self) -> i64 {
        match self.view {
            View::Mine(agent) => agent.0,
            View::Unassigned(_) | View::Team(_) | View::All => 0,
        }
    }

    pub(super) const fn unowned(&self) -> bool {
        matches!(self.view, View::Unassigned(_))
    }

    pub(super) fn unread_by(&self) -> i64 {
        if self.narrow.unread { self.reader.map_or(0, |user| user.0) } else { 0 }
    }

    const fn is_of_closed(&self) -> bool {
        matches!(self.show, Show::Closed) && self.narrow.run.is_none()
    }

    fn campaign(&self) -> i64 {
        self.narrow.campaign.map_or(0, |id| id.0)
    }
}

impl Show {
    /// Which windows, and as of when, for open ones.
    pub(super) const fn window(self) -> (&'static str, UnixMs) {
        match self {
            Self::Current(now) => ("open", now),
            Self::Passed(now) => ("passed", now),
            Self::Bots => ("bots", UnixMs(0)),
            Self::Open | Self::Closed => ("", UnixMs(0)),
        }
    }
}

/// A page of conversations: those who wait longest first, closed ones by when they were closed.
pub async fn list(store: &Store, filter: &ConversationFilter) -> Result<Vec<ConversationLine>> {
    let mut found = match filter.teams() {
        None => places(store, filter, "").await?,
        Some(teams) => {
            let mut all = Vec::new();
            for team in teams {
                all.extend(places(store, filter, team).await?);
            }
            all
        }
    };
    if filter.is_of_closed() {
        found.sort_unstable_by(|a, b| b.cmp(a));
    } else {
        found.sort_unstable();
    }
    found.truncate(usize::try_from(filter.limit).unwrap_or(0));
    let ids: Vec<ConversationId> = found.into_iter().map(|(_, id)| id).collect();
    lines::of(store, &ids, filter.reader).await
}

/// Place and id of a page's lines, of one team or of all (`""`).
async fn places(store: &Store, filter: &ConversationFilter, team: &str) -> Result<Vec<(i64, ConversationId)>> {
    let rows: Vec<(ConversationId, i64)> = if let Some(run) = filter.narrow.run {
        places_of_run(store, run, (filter, team)).await?
    } else if filter.is_of_closed() {
        let after = filter.after.unwrap_or(Cursor { key: i64::MAX, id: ConversationId(i64::MAX) });
        on!(&store.read, |pool| sqlx::query_as(closed(filter, team))
            .bind(after.key)
            .bind(after.id)
            .bind(filter.agent())
            .bind(i64::from(filter.unowned()))
            .bind(team)
            .bind(filter.campaign())
            .bind(filter.unread_by())
            .bind(filter.limit)
            .fetch_all(pool)
            .await?)
    } else {
        let after = filter.after.unwrap_or(Cursor { key: i64::MIN, id: ConversationId(0) });
        let (window, now) = filter.show.window();
        on!(&store.read, |pool| sqlx::query_as(OPEN)
            .bind(after.key)
            .bind(after.id)
            .bind(filter.agent())
            .bind(i64::from(filter.unowned()))
            .bind(team)
            .bind(filter.campaign())
            .bind(filter.unread_by())
            .bind(window)
            .bind(now)
            .bind(filter.limit)
            .fetch_all(pool)
            .await?)
    };
    Ok(rows.into_iter().map(|(id, place)| (place, id)).collect())
}

async fn places_of_run(
    store: &Store,
    run: RunId,
    (filter, team): (&ConversationFilter, &str),
) -> Result<Vec<(ConversationId, i64)>> {
    let after = filter.after.unwrap_or(Cursor { key: i64::MIN, id: ConversationId(0) });
    Ok(on!(&store.read, |pool| sqlx::query_as(OF_RUN)
        .bind(run)
        .bind(after.key)
        .bind(after.id)
        .bind(filter.agent())
        .bind(i64::from(filter.unowned()))
        .bind(team)
        .bind(filter.campaign())
        .bind(filter.unread_by())
        .bind(filter.limit)
        .fetch_all(pool)
        .await?))
}

fn closed(filter: &ConversationFilter, team: &str) -> &'static str {
    match filter.view {
        _ if filter.narrow.campaign.is_some() => CLOSED_OF_CAMPAIGN,
        View::Mine(_) => CLOSED_OF_AGENT,
        _ if !team.is_empty() => CLOSED_OF_TEAM,
        View::Unassigned(_) => CLOSED_OF_NOBODY,
        View::Team(_) | View::All => CLOSED,
    }
}
