//! A prepaid wallet that runs low: reminders use the rest, the account is held before it is dry, and the recharge frees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use recado::domain::forecast::LimitedBy;
use recado::domain::id::RunId;
use recado::domain::role::Role;
use recado::engine::waiting;
use recado::engine::wallet::{self, WalletReader};
use recado::locale::Language;
use recado::preflight;
use recado::store::Store;
use recado::store::hold::{self, HoldCause, HoldScope};
use serde_json::{Value, json};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::stage::{Stage, people, sender_of};
use crate::support::{TestStore, stores};
use crate::web::site::Site;

mod sheet;

/// Gupshup on this machine, with so much in its wallet, and what was sent by template.
pub(super) struct Till {
    server: MockServer,
    cents: Arc<AtomicI64>,
    /// Of so many requests more, each second is answered with a server's error.
    lost: Arc<AtomicI64>,
}

impl Till {
    pub(super) async fn with(cents: i64) -> Self {
        let server = MockServer::start().await;
        let cents = Arc::new(AtomicI64::new(cents));
        let left = Arc::clone(&cents);
        let told = move |_: &Request| {
            let balance = left.load(Ordering::SeqCst) as f64 / 100.0;
            ResponseTemplate::new(200).set_body_json(json!({"status": "success", "balance": balance}))
        };
        Mock::given(method("GET")).and(path("/sm/api/v2/wallet/balance")).respond_with(told).mount(&server).await;
        let listed = |name: &str, category: &str| {
            json!({"id": name, "elementName": name, "languageCode": "es_AR", "category": category, "templateType": "TEXT",
                "data": "Hola {{1}}.", "containerMeta": json!({"data": "Hola {{1}}, le esperamos."}).to_string(),
                "meta": "{}", "status": "APPROVED", "quality": "UNKNOWN", "reason": null})
        };
        let list =
            json!({"status": "success", "templates": [listed("reminder", "UTILITY"), listed("promo", "MARKETING")]});
        let answer = ResponseTemplate::new(200).set_body_json(list);
        Mock::given(method("GET")).and(path_regex("/template$")).respond_with(answer).mount(&server).await;
        let (next, lost) = (AtomicU64::new(1), Arc::new(AtomicI64::new(0)));
        let fails = Arc::clone(&lost);
        let taken = move |_: &Request| {
            let left = fails.fetch_sub(1, Ordering::SeqCst);
            if left > 0 && left % 2 == 0 {
                return ResponseTemplate::new(500);
            }
            let id = format!("gs-{}", next.fetch_add(1, Ordering::SeqCst));
            ResponseTemplate::new(202).set_body_json(json!({"status": "submitted", "messageId": id}))
        };
        Mock::given(method("POST")).and(path("/wa/api/v1/template/msg")).respond_with(taken).mount(&server).await;
        Self { server, cents, lost }
    }

    pub(super) fn config(&self) -> String {
        format!(
            "[account.gup]\nprovider = \"gupshup\"\nbase_url = \"{}\"\napp = \"Rig\"\n\
             app_id = \"5f1b7a0e-2c1d-4f59-9d0b-6a2f8c7e4d31\"\ncurrency = \"USD\"\ntimezone = \"UTC\"\napi_key = \"any\"\n\
             webhook_secret = \"a-secret-that-nobody-guesses\"\nwebhook_header_secret = \"hello\"\nwallet_low = \"1 USD\"\n\
             [account.gup.wire]\nrequests_per_second = 1000\n\
             [sender.gup]\naccount = \"gup\"\nnumber = \"+5491155550188\"\n",
            self.server.uri()
        )
    }

    /// How many of each template went out: reminders, promotions.
    async fn sent(&self) -> (usize, usize) {
        let all = self.server.received_requests().await.unwrap();
        let of = |name: &str| {
            let form = format!("%22id%22%3A%22{name}%22");
            all.iter()
                .filter(|r| r.method.as_str() == "POST" && String::from_utf8_lossy(&r.body).contains(&form))
                .count()
        };
        (of("reminder"), of("promo"))
    }
}

pub(super) fn campaign(kind: &str, template: &str) -> String {
    format!(
        "kind = \"{kind}\"\nsender = \"gup\"\nfile = \"people.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\ncountry = \"AR\"\n\
         [template]\nname = \"{template}\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{{{ nombre }}}}\"\n"
    )
}

async fn wallet_holds(store: &Store) -> Vec<Option<i64>> {
    let open = hold::open(store).await.unwrap();
    open.into_iter().filter(|hold| hold.cause == HoldCause::Wallet).map(|hold| hold.code).collect()
}

#[tokio::test]
async fn reminders_use_the_rest_first_and_a_low_wallet_holds_before_it_is_dry_and_frees_after_the_recharge() {
    for store in stores().await {
        let till = Till::with(165).await;
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        WalletReader::new(stage.engine.clone()).step().await;
        // Others than those who are reminded: one message to a person is under way at a time.
        let others: Vec<String> = (0..10).map(|i| format!("Eva,+54911{:08}", 60_000_000 + i)).collect();
        let others = format!("nombre,telefono\n{}\n", others.join("\n"));
        stage.run("promo", &campaign("promotion", "promo"), &others).await;
        stage.run("turnos", &campaign("reminder", "reminder"), &people(20)).await;
        // What is in line is summed up once a second at most; another process begins with what there is.
        let engine = stage.restarted(store.dir.path()).await;
        sender_of(&engine, "gup").drain().await;
        let (reminders, promotions) = till.sent().await;
        assert!(reminders > 0 && promotions == 0, "{reminders} {promotions} {}", store.name());
        assert_eq!(wallet_holds(&store).await, [None], "held by our own reckoning: {}", store.name());
        let standing = wallet::standings(&engine).await.unwrap().remove(0);
        let missing: f64 = standing.recharge.unwrap().parse().unwrap();
        assert!(missing > 0.5 && missing < 3.0, "{missing}");
        let (currency, amount) = wallet::recharge(&engine, "gup").await.unwrap().unwrap();
        assert_eq!((currency.as_str(), amount.to_string().parse::<f64>().unwrap()), ("USD", missing));

        // Less than what is worth it frees nothing.
        stage.clock.advance(Duration::from_mins(5));
        till.cents.store(130, Ordering::SeqCst);
        let later = stage.restarted(store.dir.path()).await;
        WalletReader::new(later.clone()).step().await;
        assert_eq!(wallet_holds(&store).await.len(), 1, "{}", store.name());
        assert_eq!(sender_of(&later, "gup").drain().await, 0, "{}", store.name());

        // Less than a dollar above the limit, and enough by estimate for the reminders in line.
        till.cents.store(170, Ordering::SeqCst);
        stage.clock.advance(Duration::from_mins(5));
        let later = stage.restarted(store.dir.path()).await;
        WalletReader::new(later.clone()).step().await;
        assert_eq!(wallet_holds(&store).await, [], "a small recharge does: {}", store.name());
        sender_of(&later, "gup").drain().await;
        assert_ne!(till.sent().await, (reminders, promotions), "more goes out: {}", store.name());

        till.cents.store(5_000, Ordering::SeqCst);
        stage.clock.advance(Duration::from_mins(5));
        let later = stage.restarted(store.dir.path()).await;
        WalletReader::new(later.clone()).step().await;
        assert_eq!(wallet_holds(&store).await, [], "it lifts itself: {}", store.name());
        sender_of(&later, "gup").drain().await;
        assert_eq!(till.sent().await, (20, 10), "{}", store.name());
        assert_eq!(wallet::recharge(&later, "gup").await.unwrap(), None);
    }
}

/// Gupshup tells that the message it calls `id` failed.
async fn failed(stage: &Stage, id: &str, (code, reason): (i64, &str)) {
    let told = json!({"app": "Rig", "timestamp": stage.clock.now().0, "version": 2, "type": "message-event", "payload": {
        "id": id, "type": "failed", "payload": {"code": code, "reason": reason}}});
    stage.engine.keep_webhook("gup", told.to_string().as_bytes(), stage.clock.now()).await.unwrap();
    let receiver = recado::engine::receiver::Receiver::new(stage.engine.clone(), Arc::default());
    while receiver.step().await.unwrap() > 0 {}
}

#[tokio::test]
async fn what_failed_for_the_app_s_configuration_waits_behind_its_stop_and_goes_when_it_is_lifted() {
    for (code, reason) in [
        (1_001, "Last mapped bot or sender details mismatch"),
        (1_004, "User is inactive for session messages and template messaging is disabled"),
        (4_004, "Cloud API is required"),
    ] {
        for store in stores().await {
            let till = Till::with(5_000).await;
            let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
            WalletReader::new(stage.engine.clone()).step().await;
            let run = stage.run("turnos", &campaign("reminder", "reminder"), &people(3)).await;
            assert_eq!(sender_of(&stage.engine, "gup").drain().await, 3, "{}", store.name());
            failed(&stage, "gs-2", (code, reason)).await;
            let open = hold::open(&store).await.unwrap();
            let (scope, cause) = (HoldScope::Account, HoldCause::Refused);
            assert_eq!(
                open.iter().map(|h| (h.scope, h.cause, h.code)).collect::<Vec<_>>(),
                [(scope, cause, Some(code))]
            );
            let states = stage.states(run).await;
            assert_eq!((states.get("queued"), states.get("failed")), (Some(&1), None), "{code} {}", store.name());
            assert_eq!(sender_of(&stage.engine, "gup").drain().await, 0, "{code} {}", store.name());
            assert!(stage.engine.lift_hold(open[0].id, "ana").await.unwrap());
            assert_eq!(sender_of(&stage.engine, "gup").drain().await, 1, "{code} {}", store.name());
        }
    }
}

#[tokio::test]
async fn what_failed_for_want_of_money_goes_back_in_line_and_again_after_the_recharge() {
    for store in stores().await {
        let till = Till::with(5_000).await;
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        WalletReader::new(stage.engine.clone()).step().await;
        let run = stage.run("turnos", &campaign("reminder", "reminder"), &people(3)).await;
        assert_eq!(sender_of(&stage.engine, "gup").drain().await, 3, "{}", store.name());
        failed(&stage, "gs-2", (1_003, "Unable to send message - Check your wallet balance")).await;
        assert_eq!(wallet_holds(&store).await, [Some(1_003)], "the provider's own word: {}", store.name());
        let states = stage.states(run).await;
        assert_eq!((states.get("queued"), states.get("failed")), (Some(&1), None), "{states:?} {}", store.name());
        stage.clock.advance(Duration::from_mins(5));
        assert_eq!(sender_of(&stage.engine, "gup").drain().await, 0, "nothing leaves meanwhile: {}", store.name());
        // The provider's word counts until more is put in than there was.
        till.cents.store(9_000, Ordering::SeqCst);
        let later = stage.restarted(store.dir.path()).await;
        WalletReader::new(later.clone()).step().await;
        assert_eq!(wallet_holds(&store).await, [], "{}", store.name());
        assert_eq!(sender_of(&later, "gup").drain().await, 1, "{}", store.name());
        assert_eq!(till.sent().await, (4, 0), "one of them twice, the first try of which had failed: {}", store.name());
    }
}

/// Why the run waits, as another process sees it that has just read the wallet; how many it could send.
async fn another(stage: &Stage, store: &TestStore, run: RunId) -> (usize, Option<String>) {
    let engine = stage.restarted(store.dir.path()).await;
    WalletReader::new(engine.clone()).step().await;
    let sent = sender_of(&engine, "gup").drain().await;
    (sent, waiting::run(&engine, run).await.unwrap().map(|why| why.code))
}

/// What a page or the API says to whoever may see everything.
async fn told(site: &Site, path: &str) -> String {
    let visitor = site.visitor(Role::Operator).await;
    let answer = site.get(path, Some(&visitor)).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.body);
    answer.body
}

#[tokio::test]
async fn a_promotion_that_leaves_the_rest_to_reminders_says_so_everywhere_and_has_no_end_in_sight() {
    for store in stores().await {
        let till = Till::with(800).await;
        let config = till.config().replace("wallet_low = \"1 USD\"", "wallet_low = \"5 USD\"");
        let stage = Stage::with(&store, store.dir.path(), &config).await;
        WalletReader::new(stage.engine.clone()).step().await;
        let due = "24/11/2026 20:00";
        let rows: Vec<String> = (0..60).map(|i| format!("Ana,+54911{:08},{due}", 60_000_000 + i)).collect();
        let reminders = format!("nombre,telefono,turno\n{}\n", rows.join("\n"));
        let later =
            campaign("reminder", "reminder") + "[columns]\nwhen = \"turno\"\n[schedule]\nsend = \"2h before\"\n";
        stage.run("turnos", &later, &reminders).await;
        let run = stage.run("oferta", &campaign("promotion", "promo"), &people(100)).await;
        let sent = sender_of(&stage.engine, "gup").drain().await;
        assert!((1..100).contains(&sent), "{sent} {}", store.name());
        // What has left is in the next reading.
        till.cents.fetch_sub(i64::try_from(sent).unwrap() * 7, Ordering::SeqCst);
        stage.clock.advance(Duration::from_mins(2));
        let engine = stage.restarted(store.dir.path()).await;
        WalletReader::new(engine.clone()).step().await;
        sender_of(&engine, "gup").drain().await;
        assert_eq!(wallet_holds(&store).await, [], "there is money: it is kept, {}", store.name());
        let site = Site::over(&engine);
        let api: Value = serde_json::from_str(&told(&site, &format!("/api/v1/runs/{run}")).await).unwrap();
        assert_eq!(api["waiting"]["code"], "wallet", "{} {}", api["waiting"], store.name());
        let said = api["waiting"]["message"].as_str().unwrap();
        let forecast = &api["forecast"];
        assert_eq!((&forecast["likely"], &forecast["limited_by"]), (&Value::Null, &json!("wallet")), "{forecast}");
        let left = stage.states(run).await["queued"];
        assert!(left > 0 && forecast["left"] == json!(left), "{forecast} of {left}, {}", store.name());
        let rows: Value =
            serde_json::from_str(&told(&site, &format!("/api/v1/runs/{run}/messages?limit=500")).await).unwrap();
        let waiting: Vec<&Value> =
            rows["items"].as_array().unwrap().iter().filter(|row| row["state"] == "queued").collect();
        assert_eq!(waiting.len() as i64, left, "{}", store.name());
        assert!(waiting.iter().all(|row| row["waiting_for"] == "wallet" && row["message"] == said), "{waiting:?}");
        let one = told(&site, &format!("/api/v1/messages/{}", waiting[0]["id"])).await;
        assert!(one.contains(said), "{one}");
        let page = told(&site, &format!("/runs/{run}")).await;
        assert!(page.contains(said), "the run's page says it too, {}", store.name());

        // The reminders have left by the evening; what was kept for them is free, and a recharge sends the rest.
        stage.clock.advance(Duration::from_hours(9));
        till.cents.store(5_000, Ordering::SeqCst);
        let engine = stage.restarted(store.dir.path()).await;
        WalletReader::new(engine.clone()).step().await;
        sender_of(&engine, "gup").drain().await;
        assert_eq!(till.sent().await, (60, 100), "{}", store.name());
    }
}

#[tokio::test]
async fn what_the_reading_may_hold_already_waits_for_the_next_one_and_holds_nothing() {
    for store in stores().await {
        let till = Till::with(300).await;
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        let first = stage.run("uno", &campaign("reminder", "reminder"), &people(10)).await;
        assert_eq!(another(&stage, &store, first).await.0, 10, "{}", store.name());
        // The provider has taken the money of these ten by now.
        till.cents.store(170, Ordering::SeqCst);
        stage.clock.advance(Duration::from_secs(30));
        let others = people(20).replace("Ana,+549115", "Eva,+549116");
        let second = stage.run("dos", &campaign("reminder", "reminder"), &others).await;
        let waits = Some("wallet_reading".to_owned());
        assert_eq!(another(&stage, &store, second).await, (0, waits), "{}", store.name());
        assert_eq!(wallet_holds(&store).await, [], "there is money for more: {}", store.name());
        stage.clock.advance(Duration::from_mins(1));
        assert!(another(&stage, &store, second).await.0 > 0, "{}", store.name());
        assert_eq!(wallet_holds(&store).await, [None], "now it is low: {}", store.name());
    }
}

#[tokio::test]
async fn messages_in_doubt_that_perhaps_never_left_do_not_make_the_wallet_low() {
    for store in stores().await {
        let till = Till::with(165).await;
        till.lost.store(1_000, Ordering::SeqCst);
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        let run = stage.run("turnos", &campaign("reminder", "reminder"), &people(30)).await;
        let (tried, why) = another(&stage, &store, run).await;
        let states = stage.states(run).await;
        assert!(tried < 30 && states["in_doubt"] > 0, "{states:?}, {}", store.name());
        assert_eq!(why.as_deref(), Some("wallet_reading"), "{}", store.name());
        assert_eq!(wallet_holds(&store).await, [], "{}", store.name());
        till.lost.store(0, Ordering::SeqCst);
        // The wallet is as full as it was: none of them cost anything.
        stage.clock.advance(Duration::from_secs(61));
        let (sent, _) = another(&stage, &store, run).await;
        assert!(sent > 0, "{}", store.name());
    }
}

#[tokio::test]
async fn a_wallet_that_cannot_be_read_for_long_counts_as_low() {
    for store in stores().await {
        let till = Till::with(165).await;
        till.lost.store(1_000, Ordering::SeqCst);
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        let run = stage.run("turnos", &campaign("reminder", "reminder"), &people(30)).await;
        another(&stage, &store, run).await;
        stage.clock.advance(Duration::from_mins(5) + Duration::from_secs(1));
        let later = stage.restarted(store.dir.path()).await;
        let sent = sender_of(&later, "gup").drain().await;
        let told = (wallet::standings(&later).await.unwrap(), waiting::run(&later, run).await.unwrap());
        assert_eq!((sent, wallet_holds(&store).await), (0, vec![None]), "{told:?} {}", store.name());
    }
}

#[tokio::test]
async fn a_promotion_says_that_the_rest_is_kept_for_reminders_and_goes_on_after_the_recharge() {
    for store in stores().await {
        let till = Till::with(165).await;
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        WalletReader::new(stage.engine.clone()).step().await;
        let others = people(10).replace("Ana,+549115", "Eva,+549116");
        let promo = stage.run("promo", &campaign("promotion", "promo"), &others).await;
        stage.run("turnos", &campaign("reminder", "reminder"), &people(20)).await;
        let engine = stage.restarted(store.dir.path()).await;
        WalletReader::new(engine.clone()).step().await;
        let why = waiting::run(&engine, promo).await.unwrap().expect("it waits");
        assert_eq!(why.code, "wallet", "{}", store.name());
        till.cents.store(5_000, Ordering::SeqCst);
        stage.clock.advance(Duration::from_mins(5));
        let engine = stage.restarted(store.dir.path()).await;
        WalletReader::new(engine.clone()).step().await;
        let why = waiting::run(&engine, promo).await.unwrap().map(|why| why.code);
        assert_ne!(why.as_deref(), Some("wallet"), "{}", store.name());
    }
}

#[tokio::test]
async fn a_sheet_says_what_the_wallet_lacks_and_sees_no_end_without_it() {
    for store in stores().await {
        // A dollar is kept: of 6.18 and the fee, 4 are paid.
        let till = Till::with(500).await;
        let stage = Stage::with(&store, store.dir.path(), &till.config()).await;
        WalletReader::new(stage.engine.clone()).step().await;
        let version = stage.load("oferta", &campaign("promotion", "promo"), &people(100)).await;
        let sheet = stage.engine.sheet(version).await.unwrap();
        let told = sheet.sent_out_at.unwrap();
        assert_eq!((told.likely, told.limited_by), (None, LimitedBy::Wallet), "{}", store.name());
        assert!((20..30).contains(&told.left), "{told:?} {}", store.name());
        let text = preflight::text(&sheet, Language::En).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("recharge at least USD 1.36 to finish. Until then messages wait."), "{text}");
        assert!(text.contains("not in sight"), "{text}");

        // Ten are paid by what is there, and so are a hundred once it is recharged by that.
        let few = stage.load("pocos", &campaign("promotion", "promo"), &people(10)).await;
        assert!(stage.engine.sheet(few).await.unwrap().sent_out_at.unwrap().likely.is_some(), "{}", store.name());
        till.cents.store(636, Ordering::SeqCst);
        let engine = stage.restarted(store.dir.path()).await;
        WalletReader::new(engine.clone()).step().await;
        let sheet = engine.sheet(version).await.unwrap();
        assert!(sheet.sent_out_at.unwrap().likely.is_some(), "{} {:?}", store.name(), sheet.warnings);
        assert!(sheet.warnings.iter().all(|warning| warning.code != "wallet_short"), "{:?}", sheet.warnings);
    }
}
