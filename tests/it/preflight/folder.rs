//! A campaign's folder, made for one test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::civil::Date;
use recado::billing::card::Cards;
use recado::config::{Account, Config};
use recado::domain::earlier::{Earlier, Gone};
use recado::domain::forecast::Scene;
use recado::domain::money::Micros;
use recado::domain::phone::Phone;
use recado::domain::template::{Button, Category, ParameterFormat, Template, TemplateStatus};
use recado::domain::time::UnixMs;
use recado::intake::campaign_file::CampaignFile;
use recado::intake::rows::NOBODY;
use recado::preflight::{Sheet, SheetInputs, sheet};

/// A reminder: two parameters, the day before.
pub const CAMPAIGN: &str = r#"
kind = "reminder"
title = "Recordatorio de turno"
sender = "saludcenter"
file = "turnos*.csv"
timezone = "America/Argentina/Buenos_Aires"
country = "AR"
area_code = "11"
[template]
name = "appointment_reminder"
language = "es_AR"
[columns]
phone = "Teléfono"
when = "Fecha + Hora"
only = "{{ estado != 'Cancelado' }}"
[variables]
1 = "{{ paciente | first_name }}"
2 = "{{ when }}"
[schedule]
send = "24h before"
latest = "2h before"
"#;

/// Seven rows that become four messages.
pub const AUDIENCE: &str = "Paciente;Teléfono;Fecha;Hora;Estado
María Núñez;+54 9 11 5555-0101;25/11/2026;14:30;Reservado
José Ñandú;+54 9 11 5555-0102;25/11/2026;15:00;Reservado
Ana;;25/11/2026;15:00;Reservado
Rosa;123;25/11/2026;15:00;Reservado
Bartolomé Eduardo;+54 9 11 5555-0103;25/11/2026;15:30;Reservado
Eva;+54 9 11 5555-0104;25/11/2026;15:30;Cancelado
João da Silva;+55 11 95555-0123;26/11/2026;09:15;Reservado
";

/// A configuration that knows the sender.
pub const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:8080"
public_url = "http://127.0.0.1:8080"
data_dir = "data"
[store]
url = "sqlite:recado.db"
[campaigns]
dir = "campaigns"
[account.meta]
provider = "cloud_api"
base_url = "http://127.0.0.1:9/v26.0"
waba_id = "102290129340398"
currency = "USD"
timezone = "America/Argentina/Buenos_Aires"
access_token = "a"
app_secret = "b"
verify_token = "c"
[sender.saludcenter]
account = "meta"
phone_number_id = "106540352242922"
number = "+5491155550100"
throughput = 20
"#;

/// Everything a sheet needs, to be changed by the test before it is made.
pub struct Folder {
    pub dir: tempfile::TempDir,
    pub campaign: String,
    pub config: Config,
    pub template: Option<Template>,
    pub translations: Vec<Template>,
    /// What the account has.
    pub templates: Vec<(String, String)>,
    pub knows_sender: bool,
    pub now: UnixMs,
    pub suppressed: BTreeSet<String>,
    pub gone: Vec<Gone>,
    /// Who can sign in.
    pub users: BTreeSet<String>,
    pub reached: BTreeSet<String>,
    pub around: Scene,
    /// Of the campaign's budget already.
    pub spent: Micros,
    pub balance: Option<recado::preflight::Balance>,
    pub tier: Option<recado::preflight::SheetTier>,
    pub purse: Option<recado::domain::wallet::Purse>,
    /// The standing run that the file amends.
    pub feed: Option<recado::preflight::diff::Feed>,
}

impl Folder {
    pub fn new() -> Self {
        Self::of(CAMPAIGN, AUDIENCE)
    }

    pub fn of(campaign: &str, audience: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("campaign.toml"), campaign).unwrap();
        std::fs::write(dir.path().join("turnos.csv"), audience).unwrap();
        std::fs::write(dir.path().join("recado.toml"), CONFIG).unwrap();
        std::fs::write(dir.path().join("token"), "rt_secret\n").unwrap();
        Self {
            campaign: campaign.to_owned(),
            config: Config::parse(CONFIG, "recado.toml", dir.path(), &BTreeMap::new()).unwrap(),
            template: Some(template()),
            translations: Vec::new(),
            templates: Vec::new(),
            knows_sender: true,
            now: at("2026-11-24T10:00:00-03:00"),
            suppressed: BTreeSet::new(),
            gone: Vec::new(),
            users: BTreeSet::new(),
            reached: BTreeSet::new(),
            around: Scene::alone(at("2026-11-24T10:00:00-03:00"), 20.0, 1.0),
            spent: Micros::default(),
            balance: None,
            tier: None,
            purse: None,
            feed: None,
            dir,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn account(&mut self) -> &mut Account {
        self.config.accounts.get_mut("meta").unwrap()
    }

    pub fn template(&mut self) -> &mut Template {
        self.template.as_mut().unwrap()
    }

    pub fn sheet(&self) -> Sheet {
        let campaign = CampaignFile::parse(&self.campaign, "campaign.toml").unwrap();
        let holidays: BTreeMap<String, BTreeSet<Date>> = BTreeMap::new();
        let sender = self.knows_sender.then(|| &self.config.senders["saludcenter"]);
        sheet(&SheetInputs {
            campaign: &campaign,
            template: self.template.as_ref(),
            translations: &self.translations,
            account: sender.map(|s| &self.config.accounts[&s.account]),
            sender,
            cards: &Cards::of(&[]).unwrap(),
            vars: &self.config.vars,
            names: &NOBODY,
            holidays: &holidays,
            laws: &self.config.laws,
            reach: &self.config.reach,
            audience: &self.path("turnos.csv"),
            now: self.now,
            throughput: 20,
            around: &self.around,
            people: 1.0,
            reached: &|phone: &Phone| self.reached.contains(phone.digits()),
            spent: self.spent,
            balance: self.balance.clone(),
            tier: self.tier,
            purse: self.purse,
            canary: recado::domain::canary::Wanted::default(),
            suppressed: &|phone: &Phone| self.suppressed.contains(phone.digits()),
            earlier: &Earlier::of(self.gone.clone()),
            teams: Some(&self.config.teams),
            users: Some(&self.users),
            same_audience: None,
            barred: &|_| false,
            feed: self.feed.as_ref(),
            moved_template: None,
            templates: &self.templates,
            listed: Some(1..1_000),
        })
    }
}

pub fn at(text: &str) -> UnixMs {
    UnixMs::from(text.parse::<jiff::Timestamp>().unwrap())
}

pub fn template() -> Template {
    Template {
        provider_id: "1".to_owned(),
        name: "appointment_reminder".to_owned(),
        language: "es_AR".to_owned(),
        category: Category::Utility,
        status: TemplateStatus::Approved,
        format: ParameterFormat::Positional,
        header: None,
        body: "Hola {{1}}, le esperamos el {{2}}.".to_owned(),
        footer: Some("Laboratorio SaludCenter".to_owned()),
        buttons: vec![Button::QuickReply { text: "Confirmo".to_owned() }],
        time_to_live_s: None,
        announced: None,
        quality: None,
        parameters_unknown: false,
        offer: None,
        cards: Vec::new(),
        examples: Vec::new(),
    }
}
