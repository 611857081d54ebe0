//! A sender with its store, its receiver and the people who write to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use recado::billing::card::Cards;
use recado::clock::Clock;
use recado::config::Config;
use recado::domain::callback::{ButtonPayload, CallbackData, Instance};
use recado::domain::fill::{Content, Fill, Value};
use recado::domain::id::{ConversationId, MessageId, PersonId, RunId, UserId};
use recado::domain::kind::{CampaignKind, Priority};
use recado::domain::money::Micros;
use recado::domain::phone::Phone;
use recado::domain::template::{Button, Category, ParameterFormat, Template, TemplateStatus};
use recado::domain::time::UnixMs;
use recado::engine::receiver::Receiver;
use recado::engine::{Engine, Parts};
use recado::inbox::{Inbox, Seen};
use recado::provider::Provider;
use recado::store::campaign::{self, Described};
use recado::store::message::{self, NewMessage};
use recado::store::run::{self, NewRun};
use recado::store::version::{self, NewVersion};
use recado::store::{Db, Store, conversation, person};
use serde_json::{Value as Json, json};
use sqlx::AssertSqlSafe;
use tokio::sync::{Notify, broadcast};

/// Tuesday 24 November 2026, 10:00 in Buenos Aires.
pub const NOW: UnixMs = UnixMs(1_795_525_200_000);
pub const ANA: &str = "5491155550123";

const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:8080"
data_dir = "data"
[store]
url = "sqlite:recado.db"
[team.recepcion]
members = ["diego", "eva"]
[team.ventas]
members = ["eva"]
[account.meta]
provider = "cloud_api"
base_url = "http://127.0.0.1:9"
waba_id = "102290129340398"
currency = "USD"
timezone = "America/Argentina/Buenos_Aires"
access_token = "token"
app_secret = "secret"
verify_token = "verify"
[sender.lab]
account = "meta"
phone_number_id = "106540352242922"
number = "+5491155550100"
team = "recepcion"
[sender.shop]
account = "meta"
phone_number_id = "106540352242923"
number = "+5491155550101"
"#;

/// What a reminder's replies do.
pub const REPLIES: &str = r#"
buttons = { "Confirmo" = { outcome = "confirmed", answer = "¡Gracias! Te esperamos.", close = true }, "Cancelar" = { outcome = "cancelled", close = true } }
typed = { "confirmed" = ["sí", "confirmo", "👍"], "cancelled" = ["no puedo"] }
opt_out = ["chega"]
"#;

pub struct Office {
    pub engine: Engine,
    pub receiver: Receiver,
    pub inbox: Inbox,
    pub clock: Clock,
}

impl Office {
    pub fn new(store: &Store) -> Self {
        Self::with(store, "")
    }

    /// The same with `more` in its configuration.
    pub fn with(store: &Store, more: &str) -> Self {
        let source = format!("{CONFIG}{more}");
        let config = Config::parse(&source, "recado.toml", Path::new("/tmp"), &BTreeMap::new()).unwrap();
        let providers = config.accounts.iter();
        let providers = providers.map(|(name, account)| (name.clone(), Provider::connect(account).unwrap())).collect();
        let clock = Clock::fixed(NOW);
        let changes = broadcast::channel(64).0;
        let engine = Engine::new(Parts {
            store: store.clone(),
            config: Arc::new(config),
            clock: clock.clone(),
            providers,
            cards: Arc::new(Cards::of(&[]).unwrap()),
            instance: Instance::parse("ours0").unwrap(),
            node: "test".to_owned(),
            changes: changes.clone(),
            wake: Arc::new(Notify::new()),
            inbound: recado::engine::inbound::Inbound::default(),
            limits_changed: Arc::new(Notify::new()),
            wallets: recado::engine::wallet::Wallets::default(),
            counters: recado::engine::counters::Counters::default(),
            refusals: recado::engine::refusals::Refusals::default(),
        });
        let receiver = Receiver::new(engine.clone(), Arc::new(Notify::new()));
        // Whoever closes has read everything, unless a test says what they have seen.
        let inbox = Inbox::new(store.clone(), changes).having(Seen { last: None, anyway: true });
        Self { engine, receiver, inbox, clock }
    }

    fn unique() -> i64 {
        static NEXT: AtomicI64 = AtomicI64::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    pub fn store(&self) -> &Store {
        &self.engine.store
    }

    pub async fn user(&self, name: &str) -> UserId {
        let sql = format!("INSERT INTO app_user (name, role, created_at) VALUES ('{name}', 'agent', 0) RETURNING id");
        UserId(self.numbers(&sql).await[0])
    }

    /// A run of a reminder in `language` whose file says `replies`.
    pub async fn run(&self, language: &str, replies: &str) -> RunId {
        let name = format!("reminder{}", Self::unique());
        let file = format!(
            "kind = \"reminder\"\nsender = \"lab\"\nfile = \"turnos.csv\"\ntimezone = \"UTC\"\n[template]\nname = \"appointment\"\nlanguage = \"{language}\"\n[replies]\n{replies}"
        );
        recado::intake::campaign_file::CampaignFile::parse(&file, "campaign.toml").expect("a good campaign file");
        let store = self.store();
        let described = Described { name: &name, title: "Turnos", kind: CampaignKind::Reminder, sender: "lab" };
        let campaign = campaign::save(store, &described, NOW).await.unwrap();
        let version = NewVersion {
            campaign,
            definition: &file,
            audience_name: "turnos.csv",
            audience_hash: "a",
            content_hash: &name,
            rows_hash: &name,
            by: "test",
        };
        let (version, _) = version::save(store, &version, NOW).await.unwrap();
        let template = serde_json::to_string(&template(language)).unwrap();
        let new = NewRun {
            campaign,
            version,
            kind: CampaignKind::Reminder,
            account: "meta",
            sender: "lab",
            template: &template,
            currency: "USD",
            starter: "ana",
            at: NOW,
            sort: recado::store::run::Sort::Once,
        };
        let mut tx = store.begin().await.unwrap();
        let run = run::insert(&mut tx, &new).await.unwrap().expect("no other run of the campaign is open");
        tx.commit().await.unwrap();
        run
    }

    /// A message of `run` to `phone` that the provider has accepted just now.
    pub async fn message(&self, run: RunId, phone: &str) -> MessageId {
        self.message_from(run, phone, "lab", "").await
    }

    pub async fn message_from(&self, run: RunId, phone: &str, sender: &str, route: &str) -> MessageId {
        let store = self.store();
        let now = self.clock.now();
        let phone = Phone::from_international(phone).unwrap();
        let campaign = run::get(store, run).await.unwrap().unwrap().campaign_id;
        let mut tx = store.begin().await.unwrap();
        let people = person::ensure(&mut tx, &[(phone.clone(), String::new())], now).await.unwrap();
        let fill = Fill { body: vec![Value { name: "1".to_owned(), text: "Ana".to_owned() }], ..Fill::default() };
        let content = NewMessage::content_of(&Content::Template { fill, template: None });
        let new = NewMessage {
            run_id: run,
            campaign_id: campaign,
            row_no: 7,
            key: format!("k{}", Self::unique()),
            person_id: people[0],
            recipient: phone.digits().to_owned(),
            name: "Ana Paz".to_owned(),
            account: "meta".to_owned(),
            sender: sender.to_owned(),
            priority: Priority::REMINDER,
            content,
            conversation_id: None,
            author: String::new(),
            route: route.to_owned(),
            cost_centre: "norte".to_owned(),
            external_id: None,
            happens_at: None,
            timezone: "America/Argentina/Buenos_Aires".to_owned(),
            created_at: now,
            revision: 0,
            due_at: now,
            latest_at: None,
            market: "argentina".to_owned(),
            category: Category::Utility,
            currency: "USD".to_owned(),
            estimated: Micros(26_000),
        };
        let (id, _) = message::insert_batch(&mut tx, &[new]).await.unwrap()[0];
        tx.commit().await.unwrap();
        let at = now.0;
        self.change(&format!(
            "UPDATE message SET state = 'accepted', attempt = 1, claimed_at = {at}, accepted_at = {at},
                provider_id = 'wamid.{id}', reserved = 61800, undelivered_at = {at} + 1000000000 WHERE id = {id}"
        ))
        .await;
        id
    }

    /// The person with this number in its row.
    pub async fn person(&self, phone: &str) -> PersonId {
        PersonId(self.numbers(&format!("SELECT id FROM person WHERE phone = '{phone}'")).await[0])
    }

    pub async fn change(&self, sql: &str) {
        match &self.store().write {
            Db::Sqlite(pool) => drop(sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap()),
            Db::Postgres(pool) => drop(sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap()),
        }
    }

    pub async fn numbers(&self, sql: &str) -> Vec<i64> {
        match &self.store().write {
            Db::Sqlite(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap(),
        }
    }

    pub async fn words(&self, sql: &str) -> Vec<String> {
        match &self.store().write {
            Db::Sqlite(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap(),
        }
    }

    /// Stores a body as it would come in, without reading it.
    pub async fn store_body(&self, value: Json) {
        self.store_body_of("106540352242922", "messages", value).await;
    }

    pub async fn store_body_of(&self, number: &str, field: &str, mut value: Json) {
        value["messaging_product"] = json!("whatsapp");
        value["metadata"] = json!({ "display_phone_number": "5491155550100", "phone_number_id": number });
        let body = json!({ "object": "whatsapp_business_account", "entry": [
            { "id": "102290129340398", "changes": [{ "field": field, "value": value }] }
        ] });
        self.engine.keep_webhook("meta", body.to_string().as_bytes(), self.clock.now()).await.unwrap();
    }

    /// Reads everything that waits.
    pub async fn read(&self) {
        while self.receiver.step().await.unwrap() > 0 {}
    }

    /// A message from `from` comes in and is read; returns its provider's id.
    pub async fn reply(&self, from: &str, content: Json) -> String {
        self.reply_to("106540352242922", from, content).await
    }

    pub async fn reply_to(&self, number: &str, from: &str, mut content: Json) -> String {
        let id = format!("wamid.in{}", Self::unique());
        content["id"] = json!(id);
        if !from.is_empty() {
            content["from"] = json!(from);
        }
        content["timestamp"] = json!((self.clock.now().0 / 1000).to_string());
        self.store_body_of(number, "messages", json!({ "messages": [content] })).await;
        self.read().await;
        id
    }

    pub async fn writes(&self, from: &str, text: &str) -> String {
        self.reply(from, typed(text)).await
    }

    pub async fn taps(&self, from: &str, message: MessageId, label: &str) -> String {
        self.reply(from, self.tap(message, label)).await
    }

    pub fn tap(&self, message: MessageId, label: &str) -> Json {
        let payload = ButtonPayload { instance: self.engine.instance.clone(), message, index: 0 }.to_string();
        json!({ "type": "button", "button": { "payload": payload, "text": label }, "context": { "id": format!("wamid.{message}") } })
    }

    pub fn callback(&self, message: MessageId, attempt: i64) -> String {
        CallbackData { instance: self.engine.instance.clone(), message, attempt }.to_string()
    }

    pub async fn outcomes(&self, message: MessageId) -> Vec<String> {
        self.words(&format!("SELECT outcome FROM outcome WHERE message_id = {message} ORDER BY id")).await
    }

    pub async fn conversations(&self) -> Vec<conversation::Conversation> {
        let ids = self.numbers("SELECT id FROM conversation ORDER BY id").await;
        let mut all = Vec::new();
        for id in ids {
            all.push(conversation::get(self.store(), ConversationId(id)).await.unwrap().unwrap());
        }
        all
    }

    /// Texts of the automatic answers in line.
    pub async fn answers(&self) -> Vec<String> {
        let all =
            self.words("SELECT content FROM message WHERE author = 'automatic' AND state = 'queued' ORDER BY id").await;
        all.iter()
            .map(|json| match serde_json::from_str(json).unwrap() {
                Content::Text { body, .. } => body,
                Content::Free { free, .. } => free.rendered().body,
                Content::Template { .. } => panic!("an answer is a text"),
            })
            .collect()
    }

    pub fn advance(&self, hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3600));
    }
}

pub fn typed(text: &str) -> Json {
    json!({ "type": "text", "text": { "body": text } })
}

pub fn template(language: &str) -> Template {
    Template {
        provider_id: "1".to_owned(),
        name: "appointment".to_owned(),
        language: language.to_owned(),
        category: Category::Utility,
        status: TemplateStatus::Approved,
        format: ParameterFormat::Positional,
        header: None,
        body: "Hola {{1}}, mañana es su turno.".to_owned(),
        footer: None,
        buttons: ["Confirmo", "Cancelar"].map(|text| Button::QuickReply { text: text.to_owned() }).to_vec(),
        time_to_live_s: Some(43_200),
        announced: None,
        quality: None,
        parameters_unknown: false,
        offer: None,
        cards: Vec::new(),
        examples: Vec::new(),
    }
}
