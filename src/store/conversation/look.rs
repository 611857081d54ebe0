//! What each agent has read, and how much there is of each list.

use sqlx::FromRow;

use super::list::{ConversationFilter, Narrow, Show, View};
use crate::domain::id::{CampaignId, ConversationId, EntryId, UserId};
use crate::store::{Result, Store, Tx, on, on_tx};

const SEEN: &str =
    "SELECT COUNT(*) FROM conversation_look WHERE user_id = $1 AND conversation_id = $2 AND entry_id >= $3";
const LOOK: &str = "INSERT INTO conversation_look (user_id, conversation_id, entry_id) VALUES ($1, $2, $3)
    ON CONFLICT (user_id, conversation_id) DO UPDATE SET entry_id =
        CASE WHEN conversation_look.entry_id < excluded.entry_id THEN excluded.entry_id ELSE conversation_look.entry_id END";

/// What came in last was looked at by nobody of ours, and nobody of ours has written since.
const UNREAD: &str = "SELECT COUNT(*) FROM conversation AS c WHERE c.id = $1
        AND NOT EXISTS (SELECT 1 FROM app_user AS u JOIN conversation_look AS l
            ON l.user_id = u.id AND l.conversation_id = c.id AND l.entry_id >= c.last_in)
        AND NOT EXISTS (SELECT 1 FROM entry AS e
            WHERE e.conversation_id = c.id AND e.id > c.last_in AND e.direction = 'out'
                AND e.author NOT IN ('', $2) AND e.author NOT LIKE 'bot:%')";

const COUNTS: &str = "SELECT COALESCE(c.team, '') AS team, COUNT(*) AS every,
        CAST(SUM(CASE WHEN c.assignee = $1 THEN 1 ELSE 0 END) AS BIGINT) AS mine,
        CAST(SUM(CASE WHEN c.assignee IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS nobodys
    FROM conversation AS c
    WHERE c.state = 'open' AND ($2 = '' OR c.team = $2) AND (CAST($3 AS BIGINT) = 0 OR c.campaign_id = $3)
        AND (CAST($4 AS BIGINT) = 0 OR c.last_in > COALESCE((SELECT l.entry_id FROM conversation_look AS l
            WHERE l.user_id = $4 AND l.conversation_id = c.id), 0))
        AND ($5 IN ('', 'bots') OR ($5 = 'open' AND (c.window_until > $6 OR c.waiting_since IS NOT NULL))
            OR ($5 = 'passed' AND (c.window_until IS NULL OR c.window_until <= $6)))
        AND CASE WHEN c.bot IS NULL THEN $5 <> 'bots' ELSE $5 = 'bots' END
    GROUP BY COALESCE(c.team, '')";

/// The same of a run's answers that are to be read.
const COUNTS_OF_RUN: &str = "SELECT COALESCE(c.team, '') AS team, COUNT(*) AS every,
        CAST(SUM(CASE WHEN c.assignee = $2 THEN 1 ELSE 0 END) AS BIGINT) AS mine,
        CAST(SUM(CASE WHEN c.assignee IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS nobodys
    FROM conversation AS c
    WHERE c.state = 'open' AND c.waiting_since IS NOT NULL
        AND c.id IN (SELECT i.id FROM conversation AS i WHERE i.run_id = $1
            UNION SELECT u.conversation_id FROM unclear AS u WHERE u.run_id = $1)
        AND ($3 = '' OR c.team = $3) AND (CAST($4 AS BIGINT) = 0 OR c.campaign_id = $4)
        AND (CAST($5 AS BIGINT) = 0 OR c.last_in > COALESCE((SELECT l.entry_id FROM conversation_look AS l
            WHERE l.user_id = $5 AND l.conversation_id = c.id), 0))
    GROUP BY COALESCE(c.team, '')";

const NEWS: &str = "SELECT COUNT(*) AS unread, COALESCE(MAX(c.last_in), 0) AS newest FROM conversation AS c
    WHERE c.state = 'open' AND (c.assignee = $1 OR (c.assignee IS NULL AND c.bot IS NULL)) AND c.last_in > COALESCE(
        (SELECT l.entry_id FROM conversation_look AS l WHERE l.user_id = $1 AND l.conversation_id = c.id), 0)";

/// Campaigns that open conversations are about, and the one that is chosen.
const CAMPAIGNS: &str = "SELECT k.id, k.title FROM campaign AS k
    WHERE k.id = $1 OR k.id IN (SELECT c.campaign_id FROM conversation AS c WHERE c.state = 'open') ORDER BY k.title, k.id";

/// How many open conversations each list has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// The reader's.
    pub mine: i64,
    /// Nobody's.
    pub unassigned: i64,
    /// Of the reader's teams.
    pub team: i64,
    /// Everybody's.
    pub all: i64,
}

/// What came in that the reader has not seen, in conversations of theirs and of nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, FromRow)]
pub struct News {
    /// In how many conversations.
    pub unread: i64,
    /// The last line of it; 0: nothing.
    pub newest: i64,
}

#[derive(FromRow)]
struct OfTeam {
    team: String,
    every: i64,
    mine: i64,
    nobodys: i64,
}

/// `user` has seen a conversation as far as the line `last`.
pub async fn seen(store: &Store, user: UserId, id: ConversationId, last: EntryId) -> Result<()> {
    let known: i64 =
        on!(&store.read, |pool| sqlx::query_scalar(SEEN).bind(user).bind(id).bind(last).fetch_one(pool).await?);
    if known == 0 {
        on!(&store.write, |pool| sqlx::query(LOOK).bind(user).bind(id).bind(last).execute(pool).await.map(drop))?;
    }
    Ok(())
}

/// Whether nobody has seen or answered what came in last. What `automatic` wrote is nobody's answer.
pub async fn is_unread(tx: &mut Tx, id: ConversationId, automatic: &str) -> Result<bool> {
    let n: i64 = on_tx!(tx, |c| sqlx::query_scalar(UNREAD).bind(id).bind(automatic).fetch_one(c).await?);
    Ok(n > 0)
}

/// How many open conversations there are in each list, narrowed like `narrow`. `reader` is in `teams`; closed ones,
/// which only ever grow, are not counted.
pub async fn counts(
    store: &Store,
    (reader, teams): (Option<UserId>, &[String]),
    show: Show,
    narrow: &Narrow,
) -> Result<Counts> {
    let filter = ConversationFilter { reader, narrow: narrow.clone(), ..ConversationFilter::of(View::All, show, 0) };
    let (window, now) = show.window();
    let (reader, team) = (reader.unwrap_or_default(), narrow.team.as_deref().unwrap_or_default());
    let (campaign, unread) = (narrow.campaign.unwrap_or_default(), filter.unread_by());
    let rows: Vec<OfTeam> = on!(&store.read, |pool| if let Some(run) = narrow.run {
        let counts = sqlx::query_as(COUNTS_OF_RUN).bind(run).bind(reader).bind(team);
        counts.bind(campaign).bind(unread).fetch_all(pool).await?
    } else {
        let counts = sqlx::query_as(COUNTS).bind(reader).bind(team).bind(campaign).bind(unread);
        counts.bind(window).bind(now).fetch_all(pool).await?
    });
    let mut counts = Counts::default();
    for row in rows {
        counts.all += row.every;
        counts.mine += row.mine;
        counts.unassigned += row.nobodys;
        if teams.contains(&row.team) {
            counts.team += row.every;
        }
    }
    Ok(counts)
}

/// What `reader` has not seen yet of what concerns them.
pub async fn news(store: &Store, reader: UserId) -> Result<News> {
    Ok(on!(&store.read, |pool| sqlx::query_as(NEWS).bind(reader).fetch_one(pool).await?))
}

/// Id and title of the campaigns that open conversations are about, by title; `chosen` is always among them.
pub async fn campaigns(store: &Store, chosen: Option<CampaignId>) -> Result<Vec<(CampaignId, String)>> {
    Ok(on!(&store.read, |pool| sqlx::query_as(CAMPAIGNS).bind(chosen.unwrap_or_default()).fetch_all(pool).await?))
}
