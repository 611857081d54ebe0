//! A site to test: the real router over a fresh store, a fixed clock, and whoever signs in.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::Response;
use recado::billing::card::Cards;
use recado::clock::Clock;
use recado::config::Config;
use recado::domain::role::Role;
use recado::domain::time::UnixMs;
use recado::engine::{Engine, Parts};
use recado::provider::Provider;
use recado::store::{Store, session, setting, token, user};
use recado::web::{Metrics, WebState, router};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::support::{TestStore, stores};

pub const TUESDAY: UnixMs = UnixMs(1_795_525_200_000);
pub const APP_SECRET: &str = "app-secret";

const CONFIG: &str = r#"
[server]
listen     = "127.0.0.1:0"
public_url = "http://recado.test"
data_dir   = "."
[store]
url = "sqlite:recado.db"
[campaigns]
dir = "campaigns"
quiet = "0s"
[team.recepcion]
members = ["ana"]
[account.meta]
provider     = "cloud_api"
base_url     = "http://127.0.0.1:9"
waba_id      = "102290129340398"
currency     = "USD"
timezone     = "America/Argentina/Buenos_Aires"
access_token = "token"
app_secret   = "app-secret"
verify_token = "verify"
[account.gupshup]
provider       = "gupshup"
base_url       = "http://127.0.0.1:9"
app            = "SaludCenter"
app_id         = "5f1b7a0e-2c1d-4f59-9d0b-6a2f8c7e4d31"
currency       = "USD"
timezone       = "America/Argentina/Buenos_Aires"
api_key        = "key"
webhook_secret = "a-secret-that-nobody-guesses"
webhook_header_secret = "value"
webhook_addresses     = ["gupshup"]
[sender.front]
account         = "meta"
phone_number_id = "106540352242922"
number          = "+5491155550100"
team            = "recepcion"
"#;

pub struct Site {
    pub store: Store,
    pub clock: Clock,
    pub stopping: CancellationToken,
    router: Router,
    _test_store: Option<TestStore>,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    pub fn leads_to(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |v| v.to_str().unwrap())
    }

    /// The session's cookie that it sets.
    pub fn cookie(&self) -> Option<String> {
        let set = self.headers.get_all(SET_COOKIE).iter().filter_map(|v| v.to_str().ok());
        set.filter_map(|v| v.strip_prefix("recado_session=")).map(|v| v.split(';').next().unwrap().to_owned()).next()
    }
}

/// Somebody at a browser.
#[derive(Clone)]
pub struct Visitor {
    pub cookie: String,
    pub csrf: String,
}

impl Visitor {
    /// As a browser sends it to a plain site and to one with https.
    pub fn cookies(&self) -> String {
        format!("recado_session={0}; __Host-recado_session={0}", self.cookie)
    }
}

impl Site {
    pub async fn new() -> Self {
        Self::on(stores().await.swap_remove(0)).await
    }

    /// One site on each database.
    pub async fn all() -> Vec<Self> {
        let mut sites = Vec::new();
        for store in stores().await {
            sites.push(Self::on(store).await);
        }
        sites
    }

    async fn on(test_store: TestStore) -> Self {
        let store: Store = (*test_store).clone();
        let config = Config::parse(CONFIG, "recado.toml", test_store.dir.path(), &BTreeMap::new()).unwrap();
        let providers = config.accounts.iter().map(|(n, a)| (n.clone(), Provider::connect(a).unwrap())).collect();
        let clock = Clock::fixed(TUESDAY);
        let engine = Engine::new(Parts {
            store: store.clone(),
            instance: setting::instance(&store).await.unwrap(),
            config: Arc::new(config),
            clock: clock.clone(),
            providers,
            cards: Arc::new(Cards::of(&[]).unwrap()),
            node: "test".to_owned(),
            changes: broadcast::Sender::new(16),
            wake: Arc::new(Notify::new()),
            inbound: recado::engine::inbound::Inbound::default(),
            limits_changed: Arc::new(Notify::new()),
            wallets: recado::engine::wallet::Wallets::default(),
            counters: recado::engine::counters::Counters::default(),
            refusals: recado::engine::refusals::Refusals::default(),
        });
        Self { _test_store: Some(test_store), ..Self::over(&engine) }
    }

    /// A site over somebody else's engine and store.
    pub fn over(engine: &Engine) -> Self {
        let (store, clock, stopping) = (engine.store.clone(), engine.clock.clone(), CancellationToken::new());
        let metrics = Arc::new(Metrics::of(&engine.store));
        let state = WebState::new(engine.clone(), Arc::new(Notify::new()), metrics, stopping.clone(), clock.clone());
        Self { store, clock, stopping, router: router(state), _test_store: None }
    }

    /// Serves the site on this machine until the test ends; its origin.
    pub async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = self.router.clone();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        tasks.detach_all();
        origin
    }

    /// An answer that may never end, as it begins.
    pub async fn open(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.open(request).await.into_parts();
        let bytes = to_bytes(body, 64 * 1024 * 1024).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    pub async fn get(&self, path: &str, visitor: Option<&Visitor>) -> Answer {
        let mut request = Request::get(path);
        if let Some(visitor) = visitor {
            request = request.header(COOKIE, visitor.cookies());
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// The same of a page of a file, once that is read: on a busy machine it first says how far it is.
    pub async fn get_read(&self, path: &str, visitor: &Visitor) -> Answer {
        loop {
            let page = self.get(path, Some(visitor)).await;
            if !page.body.contains("data-test=\"reading\"") {
                return page;
            }
        }
    }

    /// A form with the session's token, as our pages send it.
    pub async fn post(&self, path: &str, visitor: &Visitor, fields: &[(&str, &str)]) -> Answer {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", &visitor.csrf);
        form.extend_pairs(fields);
        self.post_raw(path, Some(visitor), &form.finish()).await
    }

    pub async fn post_raw(&self, path: &str, visitor: Option<&Visitor>, body: &str) -> Answer {
        let mut request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(visitor) = visitor {
            request = request.header(COOKIE, visitor.cookies());
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Adds a user of `role` and signs them in.
    pub async fn visitor(&self, role: Role) -> Visitor {
        let name = role.as_str();
        let id = match user::by_name(&self.store, name).await.unwrap() {
            Some(found) => found.id,
            None => user::add(&self.store, name, role, None, TUESDAY).await.unwrap().unwrap(),
        };
        let cookie = session::begin(&self.store, id, self.clock.now()).await.unwrap();
        let csrf = session::find(&self.store, &cookie, self.clock.now()).await.unwrap().unwrap().csrf;
        Visitor { cookie, csrf }
    }

    pub async fn token(&self, role: Role) -> String {
        let ends = self.clock.now().plus(std::time::Duration::from_hours(24));
        token::add(&self.store, "test", role, self.clock.now(), ends).await.unwrap().1
    }

    /// A call of the API with a token.
    pub async fn call(&self, method: Method, path: &str, token: &str, body: &str, key: Option<&str>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }
}
