//! One person: everything kept of them, and erasing it.

mod cases;
mod clients;
mod files;
mod look;
mod workbook;

use std::collections::BTreeMap;

use serde::Serialize;
use tracing::info;

use super::{Engine, EngineError};
use crate::domain::change::Change;
use crate::domain::event::Identity;
use crate::domain::fill::{Content, Rendered};
use crate::domain::id::{MessageId, PersonId, RunId};
use crate::domain::message::MessageState;
use crate::domain::money::{self, Micros};
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::recipient::Recipient;
use crate::domain::time::{self, UnixMs};
use crate::intake::campaign_file::CampaignFile;
use crate::intake::phone_number::{self, Home};
use crate::store::client::{self, Client};
use crate::store::identity::{self, Known};
use crate::store::media::{self, Attachment};
use crate::store::person::dossier::{self, ConsentRow, EntryRow, MessageRow, OutcomeRow, SuppressionRow};
use crate::store::person::erasure::{self, Erasure, Excluded, ExcludedAt};
use crate::store::webhook;

pub use cases::{PersonFile, SaidExport, TicketExport, TicketLineExport};
pub use clients::{ClientsImported, Edit, LeftRow, SharedNumber, TakenColumn};
pub use look::{LeftOut, PersonLook};

/// Everything kept of one person. It is handed to them: times are told as `2026-11-24T13:00:00Z`, amounts as decimals.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PersonExport {
    /// Who: the number of the row that stands for them.
    pub person: PersonId,
    /// Every id they are known by.
    pub identities: Vec<IdentityExport>,
    /// What was sent to them, or was to be.
    pub messages: Vec<MessageExport>,
    /// What the house says of them beside the name.
    pub client: Client,
    /// What they and we have written.
    pub entries: Vec<EntryRow>,
    /// What they sent and were sent.
    pub media: Vec<Attachment>,
    /// What their answers decided.
    pub outcomes: Vec<OutcomeRow>,
    /// Lines of the do-not-send list, also lifted ones.
    pub suppressions: Vec<SuppressionRow>,
    /// What files said of their consent.
    pub consents: Vec<ConsentRow>,
    /// Rows of theirs that became no message, the latest run first.
    pub left_out: Vec<LeftOut>,
}

/// One set of ids.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct IdentityExport {
    /// Number as sent to, digits.
    pub phone: Option<String>,
    /// WhatsApp id.
    pub wa_id: Option<String>,
    /// Business-scoped user id.
    pub bsuid: Option<String>,
    /// WhatsApp user name.
    pub username: Option<String>,
    /// Name.
    pub name: Option<String>,
}

/// One message.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct MessageExport {
    /// Its id.
    pub id: MessageId,
    /// Its run; 0 for one by hand.
    pub run: RunId,
    /// Folder name of its campaign.
    pub campaign: String,
    /// Row of the audience.
    pub row: i64,
    /// Where it went.
    pub recipient: String,
    /// The name in the file.
    pub name: String,
    /// From which sender.
    pub sender: String,
    /// The text as they received it.
    pub text: Option<Rendered>,
    /// The row's id.
    pub external_id: Option<String>,
    /// When the row's appointment is.
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "time::told_if_any")]
    pub happens_at: Option<UnixMs>,
    /// Where it is.
    pub state: MessageState,
    /// When it was due.
    #[schema(value_type = String)]
    #[serde(serialize_with = "time::told")]
    pub due_at: UnixMs,
    /// When it left.
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "time::told_if_any")]
    pub sent_at: Option<UnixMs>,
    /// When it arrived.
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "time::told_if_any")]
    pub delivered_at: Option<UnixMs>,
    /// When it was read.
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "time::told_if_any")]
    pub read_at: Option<UnixMs>,
    /// Why it was not sent.
    pub end_reason: Option<String>,
    /// Why it was not delivered: the provider's code.
    pub failure_code: Option<i64>,
    /// What it is billed as.
    pub category: String,
    /// Currency of what it cost.
    pub currency: String,
    /// What it cost.
    #[schema(value_type = String)]
    #[serde(serialize_with = "money::decimal")]
    pub cost: Micros,
    /// Who wrote it; empty for campaigns.
    pub author: String,
    /// Whether somebody of ours wrote it freely: part of a chat, and no template.
    #[serde(skip)]
    pub is_chat: bool,
}

impl From<MessageRow> for MessageExport {
    fn from(m: MessageRow) -> Self {
        let content: Option<Content> = serde_json::from_str(&m.content).ok();
        let is_chat = content.as_ref().is_some_and(Content::is_chat);
        let text = content.and_then(|c| c.rendered(|| serde_json::from_str(m.template.as_deref()?).ok()));
        Self {
            id: m.id,
            run: m.run_id,
            campaign: m.campaign,
            row: m.row_no,
            recipient: m.recipient,
            name: m.name,
            sender: m.sender,
            text,
            external_id: m.external_id,
            happens_at: m.happens_at,
            state: m.state,
            due_at: m.due_at,
            sent_at: m.sent_at,
            delivered_at: m.delivered_at,
            read_at: m.read_at,
            end_reason: m.end_reason,
            failure_code: m.failure_code,
            category: m.category,
            currency: m.currency,
            cost: m.charged,
            author: m.author,
            is_chat,
        }
    }
}

/// What was erased, and what was not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct Erased {
    /// Rows of audiences in the data directory that were emptied.
    pub rows: u64,
    /// Raw webhooks that were deleted.
    pub webhooks: u64,
    /// Rows left out of runs that name nobody any more.
    pub exclusions: u64,
    /// Files that name them and are not Recado's to change: those of the campaigns' folders, used ones too, and audiences
    /// that cannot be read any more.
    pub left: Vec<String>,
}

impl Engine {
    /// The person with a number, as typed for the first sender's country, or with a business-scoped user id.
    pub async fn person_of(&self, typed: &str) -> Result<Result<Option<Known>, Problem>, EngineError> {
        let who = match self.somebody(typed) {
            Ok(Recipient::Phone(phone)) => Identity { wa_id: Some(phone.digits().to_owned()), ..Identity::default() },
            Ok(Recipient::User(id)) => Identity { bsuid: Some(id), ..Identity::default() },
            Err(problem) => return Ok(Err(problem)),
        };
        let mut tx = self.store.begin().await?;
        let found = identity::find(&mut tx, &who).await?;
        Ok(Ok(match found {
            Some(known) => Some(identity::row(&mut tx, known.root()).await?),
            None => None,
        }))
    }

    /// A person's number as typed; a local one belongs to the first sender's country.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn number_of_somebody(&self, typed: &str) -> Result<Phone, Problem> {
        let sender = self.config.senders.keys().next().cloned().unwrap_or_default();
        self.international(&sender, typed)
    }

    /// The same, or a business-scoped user id.
    fn somebody(&self, typed: &str) -> Result<Recipient, Problem> {
        match Recipient::user(typed.trim()) {
            Some(user) => Ok(user),
            None => self.number_of_somebody(typed).map(Recipient::Phone),
        }
    }

    /// Everything kept of the person for whom `root` stands.
    pub async fn export_person(&self, root: PersonId) -> Result<PersonExport, EngineError> {
        let all = dossier::of(&self.store, root).await?;
        if all.identities.is_empty() {
            return Err(EngineError::Unknown { what: "person" });
        }
        let identity = |k: Known| IdentityExport {
            phone: k.phone,
            wa_id: k.wa_id,
            bsuid: k.bsuid,
            username: k.username,
            name: k.name,
        };
        let left_out = self.left_out_of(&all.identities).await?;
        Ok(PersonExport {
            left_out,
            person: root,
            identities: all.identities.into_iter().map(identity).collect(),
            messages: all.messages.into_iter().map(MessageExport::from).collect(),
            client: client::of(&self.store, root).await?,
            entries: all.entries,
            media: media::of_person(&self.store, root).await?,
            outcomes: all.outcomes,
            suppressions: all.suppressions,
            consents: all.consents,
        })
    }

    /// Erases the person for whom `root` stands: rows, raw webhooks, and their lines in the audiences of the data
    /// directory. Counts and costs stay. If they were on the do-not-send list, a keyed hash keeps them there.
    pub async fn erase_person(&self, root: PersonId) -> Result<Result<Erased, Problem>, EngineError> {
        let identities = dossier::of(&self.store, root).await?.identities;
        if identities.is_empty() {
            return Err(EngineError::Unknown { what: "person" });
        }
        let ids: Vec<String> =
            identities.iter().flat_map(|k| [&k.phone, &k.wa_id, &k.bsuid]).flatten().cloned().collect();
        let phones = phones_of(&ids);
        let mut tx = self.store.begin().await?;
        let (provider_ids, conversations) = match erasure::erase(&mut tx, root, &ids, self.clock.now()).await? {
            Erasure::Busy => return Ok(Err(Problem::new("person_busy", &[]))),
            Erasure::Done { provider_ids, conversations } => (provider_ids, conversations),
        };
        tx.commit().await?;
        // Whoever looks at one sees it empty at once.
        for id in conversations {
            self.tell(Change::Conversation(id));
        }
        self.sweep_media().await?;
        let exclusions = self.forget_exclusions(&phones).await?;
        let (rows, left) = self.erase_from_files(&phones).await?;
        let needles: Vec<String> = [ids, provider_ids].concat();
        let webhooks = webhook::erase(&self.store, &needles).await?;
        self.store.cut_log().await;
        info!(person.id = %root, "person {root} is erased");
        Ok(Ok(Erased { rows, webhooks, exclusions, left }))
    }

    /// Erases what is left of a number that nobody has any more, as typed for the first sender's country: lines of files and
    /// rows left out; of a business-scoped user id, webhooks. Whoever was erased before hears again what still names them.
    pub async fn erase_number(&self, typed: &str) -> Result<Result<Erased, Problem>, EngineError> {
        let phone = match self.somebody(typed) {
            Ok(Recipient::Phone(phone)) => phone,
            // Files name people by their numbers alone.
            Ok(Recipient::User(id)) => {
                let webhooks = webhook::erase(&self.store, &[id]).await?;
                self.store.cut_log().await;
                return Ok(Ok(Erased { rows: 0, webhooks, exclusions: 0, left: Vec::new() }));
            }
            Err(problem) => return Ok(Err(problem)),
        };
        let phones = phone.variants();
        let exclusions = self.forget_exclusions(&phones).await?;
        let (rows, left) = self.erase_from_files(&phones).await?;
        let needles: Vec<String> = phones.iter().map(|phone| phone.digits().to_owned()).collect();
        let webhooks = webhook::erase(&self.store, &needles).await?;
        self.store.cut_log().await;
        Ok(Ok(Erased { rows, webhooks, exclusions, left }))
    }

    async fn forget_exclusions(&self, phones: &[Phone]) -> Result<u64, EngineError> {
        let theirs = self.exclusions_of(phones).await?;
        for row in &theirs {
            erasure::forget_exclusion(&self.store, (row.run_id, row.revision, row.row_no)).await?;
        }
        Ok(theirs.len() as u64)
    }

    /// Rows left out whose phone cell is one of `phones`, as their campaign reads it.
    async fn exclusions_of(&self, phones: &[Phone]) -> Result<Vec<Excluded>, EngineError> {
        let mut theirs: BTreeMap<ExcludedAt, Excluded> = BTreeMap::new();
        for phone in phones {
            let mut after = (RunId(0), 0, 0);
            loop {
                let found = erasure::exclusions(&self.store, phone.digits(), after).await?;
                let Some(last) = found.last() else { break };
                after = (last.run_id, last.revision, last.row_no);
                let are = |row: &Excluded| is_of(phones, &row.recipient, home(&row.definition).as_ref());
                theirs.extend(found.into_iter().filter(are).map(|row| ((row.run_id, row.revision, row.row_no), row)));
            }
        }
        Ok(theirs.into_values().collect())
    }
}

/// Every way of writing those of `ids` that are numbers.
fn phones_of(ids: &[String]) -> Vec<Phone> {
    ids.iter().filter_map(|id| Phone::from_international(id)).flat_map(|phone| phone.variants()).collect()
}

/// Where numbers of a campaign are from that are written without their country.
fn home(definition: &str) -> Option<Home> {
    home_of(&CampaignFile::parse(definition, "campaign.toml").ok()?)
}

fn home_of(file: &CampaignFile) -> Option<Home> {
    Home::new(file.country.as_deref()?, file.area_code.as_deref())
}

/// Whether a cell is one of `phones`.
fn is_of(phones: &[Phone], cell: &str, home: Option<&Home>) -> bool {
    let read = phone_number::read(cell, home).ok();
    read.is_some_and(|phone| phone.variants().iter().any(|v| phones.iter().any(|p| p.digits() == v.digits())))
}
