//! What is kept of a message that went to somebody who was erased since: digests by which the same row is told again, so that
//! nothing is sent twice. They are made with a secret of the store's own and of the campaign, appointment and person together:
//! none of these can be read from them, nor what two of them have in common.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::amend::base_key;
use super::earlier::has_id;
use super::id::{CampaignId, RunId};
use super::phone::Phone;
use super::time::UnixMs;

/// A digest of `text` that only who has `secret` can make, as 64 hexadecimal digits.
pub fn keyed(secret: &[u8], text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Digests of a campaign's messages to people who were erased.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SentDigests {
    secret: Vec<u8>,
    campaign: CampaignId,
    runs: BTreeMap<String, RunId>,
}

impl SentDigests {
    /// Of a campaign: which run has sent what each digest stands for.
    pub fn new(secret: Vec<u8>, campaign: CampaignId, sent: impl IntoIterator<Item = (String, RunId)>) -> Self {
        Self { secret, campaign, runs: sent.into_iter().collect() }
    }

    /// Whether there is any.
    pub fn is_any(&self) -> bool {
        !self.runs.is_empty()
    }

    /// The run that has sent the row of this key to this person; `None`: none has, or they were not erased.
    pub fn run_of(&self, key: &str, to: &Phone, happens_at: Option<UnixMs>) -> Option<RunId> {
        if self.runs.is_empty() {
            return None;
        }
        let person = to.person_key();
        let asked = if has_id(key) {
            [by_key(key, &person), by_person("no id", &person, happens_at)]
        } else {
            [by_person("no id", &person, happens_at), by_person("id", &person, happens_at)]
        };
        asked.iter().filter_map(|text| self.runs.get(&digest(&self.secret, self.campaign, text)).copied()).max()
    }
}

/// What is kept of a message to `recipient` that has gone: how its row is found again with its id, and by whom and when where
/// a later file has no ids, or this one had none.
pub fn kept(
    (secret, campaign): (&[u8], CampaignId),
    key: &str,
    recipient: &str,
    happens_at: Option<UnixMs>,
) -> Vec<String> {
    let person = Phone::from_international(recipient).map_or_else(|| recipient.to_owned(), |to| to.person_key());
    let texts = if has_id(key) {
        vec![by_key(base_key(key), &person), by_person("id", &person, happens_at)]
    } else {
        vec![by_person("no id", &person, happens_at)]
    };
    texts.iter().map(|text| digest(secret, campaign, text)).collect()
}

/// What is kept of an appointment's id, where its person was erased.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OfId {
    /// It was cancelled: nothing more is sent about it.
    Declined,
    /// Its person was told a time that is still to come.
    Told,
}

/// The digest that says so of an id. It is made of no person: a corrected number changes nothing about an appointment.
pub fn of_id((secret, campaign): (&[u8], CampaignId), what: OfId, id: &str) -> String {
    let what = match what {
        OfId::Declined => "declined",
        OfId::Told => "told",
    };
    digest(secret, campaign, &format!("{what}|{id}"))
}

/// What hashes of whose an id was are made with, where its person was erased: whoever is told it can compare the rows of a file
/// that has this id, and learns nothing of any other.
pub fn key_of_id((secret, campaign): (&[u8], CampaignId), id: &str) -> String {
    digest(secret, campaign, &format!("whose|{id}"))
}

fn by_key(key: &str, person: &str) -> String {
    format!("key|{person}|{key}")
}

fn by_person(had: &str, person: &str, happens_at: Option<UnixMs>) -> String {
    format!("{had}|{person}|{}", happens_at.map_or_else(String::new, |at| at.0.to_string()))
}

fn digest(secret: &[u8], campaign: CampaignId, text: &str) -> String {
    keyed(secret, &format!("sent|{campaign}|{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: &str = "5491155550101";
    const SECRET: &[u8] = b"secret";
    const CAMPAIGN: CampaignId = CampaignId(3);

    fn sent(key: &str, at: Option<i64>) -> SentDigests {
        let all = kept((SECRET, CAMPAIGN), key, ANA, at.map(UnixMs));
        SentDigests::new(SECRET.to_vec(), CAMPAIGN, all.into_iter().map(|digest| (digest, RunId(7))))
    }

    fn is_known(sent: &SentDigests, key: &str, to: &str, at: Option<i64>) -> bool {
        sent.run_of(key, &Phone::from_international(to).unwrap(), at.map(UnixMs)) == Some(RunId(7))
    }

    #[test]
    fn the_same_row_is_told_again_and_no_other() {
        let by_id = sent("i:A|7#2", Some(7));
        assert!(is_known(&by_id, "i:A|7", ANA, Some(7)));
        assert!(is_known(&by_id, "i:A|7", "541155550101", Some(7)), "the same person, written otherwise");
        assert!(!is_known(&by_id, "i:A|7", "5491155550102", Some(7)), "another number was told nothing");
        assert!(!is_known(&by_id, "i:A|8", ANA, Some(8)), "another time");
        assert!(!is_known(&by_id, "i:B|7", ANA, Some(7)), "another appointment of the same person");
        assert!(is_known(&by_id, "p:541155550101|7", ANA, Some(7)), "the column of ids was removed");
        let by_person = sent("p:541155550101|7", Some(7));
        assert!(is_known(&by_person, "p:541155550101", ANA, Some(7)));
        assert!(is_known(&by_person, "i:A|7", ANA, Some(7)), "the column of ids was added");
        assert!(!is_known(&by_person, "p:541155550101|8", ANA, Some(8)));
    }

    #[test]
    fn what_is_kept_of_an_id_is_one_thing_of_one_campaign() {
        let of = |campaign, what, id| of_id((SECRET, CampaignId(campaign)), what, id);
        let declined = of(3, OfId::Declined, "A");
        assert_eq!(declined, of(3, OfId::Declined, "A"));
        for other in [of(3, OfId::Told, "A"), of(3, OfId::Declined, "B"), of(4, OfId::Declined, "A")] {
            assert_ne!(declined, other);
        }
    }

    #[test]
    fn a_digest_says_nothing_of_anybody_and_differs_from_campaign_to_campaign() {
        let mine = kept((SECRET, CAMPAIGN), "i:A|7", ANA, Some(UnixMs(7)));
        let theirs = kept((SECRET, CampaignId(4)), "i:A|7", ANA, Some(UnixMs(7)));
        assert!(mine.iter().all(|digest| digest.len() == 64 && !theirs.contains(digest)), "{mine:?} {theirs:?}");
    }
}
