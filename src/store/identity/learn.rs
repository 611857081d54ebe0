//! What is told of people is added to what is known of them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{BY_BSUID, BY_NUMBER, Joined, Known, NewPerson, create, find, known, row, rows};
use crate::domain::event::Identity;
use crate::domain::id::PersonId;
use crate::domain::time::UnixMs;
use crate::store::{Dialects, Result, Tx, json, on_tx};

const FILL: Dialects = Dialects {
    sqlite: "UPDATE person SET wa_id = COALESCE(person.wa_id, r.value ->> 'wa_id'),
                 bsuid = COALESCE(person.bsuid, r.value ->> 'bsuid'),
                 username = COALESCE(r.value ->> 'username', person.username),
                 name = COALESCE(person.name, r.value ->> 'name')
             FROM json_each($1) AS r WHERE person.id = r.value ->> 'id'",
    postgres: "UPDATE person SET wa_id = COALESCE(person.wa_id, r.wa_id), bsuid = COALESCE(person.bsuid, r.bsuid),
                   username = COALESCE(r.username, person.username), name = COALESCE(person.name, r.name)
               FROM json_to_recordset($1::json) AS r (id bigint, wa_id text, bsuid text, username text, name text)
               WHERE person.id = r.id",
};

/// What is told of a person and not known yet.
#[derive(Serialize)]
struct News {
    id: PersonId,
    wa_id: Option<String>,
    bsuid: Option<String>,
    username: Option<String>,
    name: Option<String>,
}

impl News {
    fn of(known: &Known, identity: &Identity) -> Option<Self> {
        let news = Self {
            id: known.id,
            wa_id: identity.wa_id.clone().filter(|id| known.wa_id.as_ref() != Some(id)),
            bsuid: identity.bsuid.clone().filter(|id| known.bsuid.as_ref() != Some(id)),
            username: identity.username.clone().filter(|name| known.username.as_ref() != Some(name)),
            name: identity.name.clone().filter(|_| known.name.is_none()),
        };
        let is_any = [&news.wa_id, &news.bsuid, &news.username, &news.name].into_iter().any(Option::is_some);
        is_any.then_some(news)
    }

    /// What one row cannot hold, as it holds one id of each sort.
    fn take_second(&mut self, known: &Known) -> Option<Identity> {
        let second = Identity {
            wa_id: self.wa_id.take_if(|_| known.wa_id.is_some()),
            bsuid: self.bsuid.take_if(|_| known.bsuid.is_some()),
            ..Identity::default()
        };
        (second != Identity::default()).then_some(second)
    }
}

/// Adds what `identity` tells about `person`. An id that differs from the one known is kept in a row of its own that is
/// linked; an id or a number that another row has makes the two one person.
pub async fn learn(tx: &mut Tx, person: PersonId, identity: &Identity, at: UnixMs) -> Result<()> {
    let known = row(tx, person).await?;
    learn_all(tx, &mut [known], &[(0, identity, at)]).await
}

/// Adds what is told about those of `people` at the places given, and brings these rows up to date.
pub(super) async fn learn_all(tx: &mut Tx, people: &mut [Known], told: &[(usize, &Identity, UnixMs)]) -> Result<()> {
    let news =
        told.iter().filter_map(|(place, identity, at)| Some((*place, News::of(&people[*place], identity)?, *at)));
    let mut news: Vec<(usize, News, UnixMs)> = news.collect();
    let bsuids: Vec<&String> = news.iter().filter_map(|(_, news, _)| news.bsuid.as_ref()).collect();
    let numbers: Vec<&String> = news.iter().filter_map(|(_, news, _)| news.wa_id.as_ref()).collect();
    let (by_bsuid, by_number) = (known(tx, BY_BSUID, &bsuids).await?, known(tx, BY_NUMBER, &numbers).await?);
    let (mut seconds, mut joined) = (Vec::new(), Joined::default());
    for (place, news, at) in &mut news {
        let root = people[*place].root();
        // Whoever shows a number only now may be known by it, as somebody else.
        let has = |other: &&Known| news.wa_id.is_some() && [&other.phone, &other.wa_id].contains(&&news.wa_id);
        for other in by_number.iter().filter(|other| other.id != news.id).filter(has) {
            joined.link(tx, root, other.root()).await?;
        }
        if let Some(bsuid) = &news.bsuid
            && let Some(other) = by_bsuid.iter().find(|o| o.id != news.id && o.bsuid.as_ref() == Some(bsuid))
        {
            joined.link(tx, root, other.root()).await?;
            news.bsuid = None;
        }
        seconds.extend(news.take_second(&people[*place]).map(|second| (*place, second, *at)));
    }
    fill(tx, people, &news).await?;
    if !joined.is_empty() {
        refresh(tx, people).await?;
    }
    for (place, second, at) in seconds {
        if find(tx, &second).await?.is_none() {
            let linked_to = Some(people[place].root());
            create(tx, &[NewPerson { phone: None, linked_to, ..NewPerson::of((&second, at)) }]).await?;
        }
    }
    Ok(())
}

/// Two that became one may both be among them.
async fn refresh(tx: &mut Tx, people: &mut [Known]) -> Result<()> {
    let found = rows(tx, &people.iter().map(|known| known.id).collect::<Vec<_>>()).await?;
    let found: BTreeMap<PersonId, Known> = found.into_iter().map(|known| (known.id, known)).collect();
    for known in people {
        if let Some(now) = found.get(&known.id) {
            known.clone_from(now);
        }
    }
    Ok(())
}

async fn fill(tx: &mut Tx, people: &mut [Known], all: &[(usize, News, UnixMs)]) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let (sql, list) = (FILL.of_tx(tx), json(&all.iter().map(|(_, news, _)| news).collect::<Vec<_>>()));
    on_tx!(tx, |c| sqlx::query(sql).bind(&list).execute(c).await.map(drop))?;
    for (place, news, _) in all {
        let row = &mut people[*place];
        row.wa_id = row.wa_id.take().or_else(|| news.wa_id.clone());
        row.bsuid = row.bsuid.take().or_else(|| news.bsuid.clone());
        row.username = news.username.clone().or_else(|| row.username.take());
        row.name = row.name.take().or_else(|| news.name.clone());
    }
    Ok(())
}
