//! Which accounts, numbers and tokens exist: those configured, or any once used.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use super::config::{SandboxAccount, SandboxConfig, Tier};
use super::dice::fingerprint;
use super::phone;
use super::refusal::Refusal;
use super::standing::Standing;

/// Stands for the account of a number used before any account was.
const DEFAULT_ACCOUNT: &str = "102290129340398";

/// How a number stands that nothing has happened to.
const CONNECTED: &str = "CONNECTED";
const GREEN: &str = "GREEN";

/// An account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// Accounts of one portfolio share a tier.
    pub portfolio: String,
    /// Its tier.
    pub tier: Tier,
    /// Billing currency.
    pub currency: String,
    /// Whether it may send.
    pub standing: Standing,
}

/// A phone number.
#[derive(Clone, Debug)]
pub(super) struct Number {
    account: Option<String>,
    /// The last token used with it, which leads to its account while that is not known otherwise.
    token: String,
    /// As shown: `+54 9 11 5555-0100`.
    pub display: String,
    /// Its digits.
    pub digits: String,
    /// Verified name.
    pub name: String,
    /// Messages per second.
    pub throughput: NonZeroU32,
    /// `CONNECTED`, `FLAGGED`, `RESTRICTED`, `BANNED`.
    pub status: String,
    /// `GREEN`, `YELLOW`, `RED`.
    pub quality: String,
    /// Too many people have blocked it: its templates are refused (131048).
    pub spam: bool,
}

/// What exists.
pub(super) struct Registry {
    /// Ids and tokens are only what the configuration lists.
    is_closed: bool,
    throughput: NonZeroU32,
    tier: Tier,
    accounts: BTreeMap<String, Account>,
    numbers: BTreeMap<String, Number>,
    /// Token to the accounts it may use; in an open registry, the last one it was used with.
    tokens: HashMap<String, Vec<String>>,
}

impl Registry {
    /// What `config` lists.
    pub fn new(config: &SandboxConfig) -> Self {
        let mut registry = Self {
            is_closed: !config.accounts.is_empty(),
            throughput: config.throughput,
            tier: config.tier,
            accounts: BTreeMap::new(),
            numbers: BTreeMap::new(),
            tokens: HashMap::new(),
        };
        config.accounts.iter().for_each(|account| registry.list(account));
        registry
    }

    fn list(&mut self, account: &SandboxAccount) {
        let entry = Account {
            portfolio: account.portfolio.clone().unwrap_or_else(|| format!("of {}", account.id)),
            tier: account.tier.unwrap_or(self.tier),
            currency: account.currency.clone().unwrap_or_else(|| "USD".to_owned()),
            standing: Standing::default(),
        };
        self.accounts.insert(account.id.clone(), entry);
        for token in &account.tokens {
            self.tokens.entry(token.clone()).or_default().push(account.id.clone());
        }
        for number in &account.numbers {
            let entry = Number {
                account: Some(account.id.clone()),
                token: String::new(),
                display: number.number.clone(),
                digits: phone::digits(&number.number).unwrap_or_default(),
                name: number.name.clone().unwrap_or_else(|| "Recado Sandbox".to_owned()),
                throughput: number.throughput.unwrap_or(self.throughput),
                status: CONNECTED.to_owned(),
                quality: GREEN.to_owned(),
                spam: false,
            };
            self.numbers.insert(number.id.clone(), entry);
        }
    }

    /// Whether `token` opens anything.
    pub fn check_token(&self, token: &str) -> Result<(), Refusal> {
        let is_known = !token.is_empty() && (!self.is_closed || self.tokens.contains_key(token));
        if is_known { Ok(()) } else { Err(Refusal::new(190, "Invalid OAuth access token")) }
    }

    /// The account `id`, if `token` may use it.
    pub fn account(&mut self, id: &str, token: &str) -> Result<Account, Refusal> {
        self.check_token(token)?;
        if self.is_closed {
            let may = self.tokens.get(token).is_some_and(|ids| ids.iter().any(|i| i == id));
            return self.accounts.get(id).filter(|_| may).cloned().ok_or_else(|| Refusal::no_such_node(id));
        }
        check_id(id)?;
        self.tokens.insert(token.to_owned(), vec![id.to_owned()]);
        let unlisted = self.unlisted(id);
        Ok(self.accounts.entry(id.to_owned()).or_insert(unlisted).clone())
    }

    /// The number `id`, if `token` may use it.
    pub fn number(&mut self, id: &str, token: &str) -> Result<&Number, Refusal> {
        self.check_token(token)?;
        if self.is_closed {
            let allowed = self.tokens.get(token);
            let may = |n: &&Number| n.account.as_ref().is_some_and(|a| allowed.is_some_and(|ids| ids.contains(a)));
            return self.numbers.get(id).filter(may).ok_or_else(|| Refusal::no_such_node(id));
        }
        if !self.numbers.contains_key(id) {
            check_id(id)?;
            let number = made_up(id, token, self.throughput);
            self.numbers.insert(id.to_owned(), number);
        }
        let number = self.numbers.get_mut(id).ok_or_else(|| Refusal::no_such_node(id))?;
        if number.token != token {
            token.clone_into(&mut number.token);
        }
        Ok(number)
    }

    /// Whether the number with these digits is the app's: the first that uses it has it.
    pub fn is_app_number(&mut self, app: &str, digits: &str) -> bool {
        if let Some(number) = self.numbers.get(digits) {
            return number.account.as_deref() == Some(app);
        }
        if self.is_closed {
            return false;
        }
        let unlisted = self.unlisted(app);
        self.accounts.entry(app.to_owned()).or_insert(unlisted);
        let made_up = made_up(digits, "", self.throughput);
        let number = Number {
            account: Some(app.to_owned()),
            digits: digits.to_owned(),
            display: format!("+{digits}"),
            ..made_up
        };
        self.numbers.insert(digits.to_owned(), number);
        true
    }

    /// The number whose id or digits are `name`: its id.
    pub fn find_number(&self, name: &str) -> Option<String> {
        if self.numbers.contains_key(name) {
            return Some(name.to_owned());
        }
        let digits = phone::digits(name)?;
        // At Gupshup and Zenvia a number's id is its digits.
        if self.numbers.contains_key(&digits) {
            return Some(digits);
        }
        self.numbers.iter().find(|(_, n)| n.digits == digits).map(|(id, _)| id.clone())
    }

    /// A number that the key `token` opens, where it is configured or was used with it.
    pub fn number_of(&self, token: &str) -> Option<String> {
        let accounts = self.tokens.get(token).map(Vec::as_slice).unwrap_or_default();
        let is_theirs = |n: &Number| n.token == token || n.account.as_ref().is_some_and(|a| accounts.contains(a));
        self.numbers.iter().find(|(_, number)| is_theirs(number)).map(|(id, _)| id.clone())
    }

    /// A number that exists.
    pub fn known_number(&self, id: &str) -> Option<&Number> {
        self.numbers.get(id)
    }

    /// The same, to change it.
    pub fn known_number_mut(&mut self, id: &str) -> Option<&mut Number> {
        self.numbers.get_mut(id)
    }

    /// How the account `id` stands.
    pub fn standing(&self, id: &str) -> Standing {
        self.accounts.get(id).map(|account| account.standing.clone()).unwrap_or_default()
    }

    /// The same, to change it.
    pub fn standing_mut(&mut self, id: &str) -> &mut Standing {
        let unlisted = self.unlisted(id);
        &mut self.accounts.entry(id.to_owned()).or_insert(unlisted).standing
    }

    /// The portfolio of account `id` is granted another tier.
    pub fn set_tier(&mut self, id: &str, tier: Tier) {
        let portfolio = self.tier_of(id).0;
        for account in self.accounts.values_mut().filter(|account| account.portfolio == portfolio) {
            account.tier = tier;
        }
    }

    /// Whether `id` has been used as an account, or is configured as one.
    pub fn is_account(&self, id: &str) -> bool {
        self.accounts.contains_key(id)
    }

    /// Ids of all accounts.
    pub fn accounts(&self) -> Vec<String> {
        self.accounts.keys().cloned().collect()
    }

    /// The account of number `id`. One that is not configured belongs to the account its token was used with last.
    pub fn account_of(&self, id: &str) -> String {
        let number = self.numbers.get(id);
        let by_token = || number.and_then(|n| self.tokens.get(&n.token)).and_then(|ids| ids.first()).cloned();
        let only = || if self.accounts.len() == 1 { self.accounts.keys().next().cloned() } else { None };
        let account = number.and_then(|n| n.account.clone()).or_else(by_token).or_else(only);
        account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned())
    }

    /// Portfolio and tier of `account`.
    pub fn tier_of(&self, account: &str) -> (String, Tier) {
        let found = self.accounts.get(account).cloned().unwrap_or_else(|| self.unlisted(account));
        (found.portfolio, found.tier)
    }

    /// Ids of the numbers of `account`.
    pub fn numbers_of(&self, account: &str) -> Vec<String> {
        self.numbers.keys().filter(|id| self.account_of(id) == account).cloned().collect()
    }

    fn unlisted(&self, id: &str) -> Account {
        let (portfolio, currency) = (format!("of {id}"), "USD".to_owned());
        Account { portfolio, tier: self.tier, currency, standing: Standing::default() }
    }
}

fn check_id(id: &str) -> Result<(), Refusal> {
    let fits = (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(()) } else { Err(Refusal::no_such_node(id)) }
}

/// The number of the shipped configurations, whose id is Meta's own example: the doctor compares both.
const SHIPPED: (&str, &str, &str) = ("106540352242922", "+54 9 11 5555-0100", "5491155550100");

/// A number for an id that nobody configured: one of the range kept for fiction.
fn made_up(id: &str, token: &str, throughput: NonZeroU32) -> Number {
    let line = 100 + fingerprint(id) % 100;
    let area = 200 + fingerprint(&format!("area {id}")) % 700;
    let (display, digits) = match SHIPPED {
        (shipped, display, digits) if shipped == id => (display.to_owned(), digits.to_owned()),
        _ => (format!("+1 {area}-555-0{line}"), format!("1{area}5550{line}")),
    };
    Number {
        account: None,
        token: token.to_owned(),
        display,
        digits,
        name: "Recado Sandbox".to_owned(),
        throughput,
        status: CONNECTED.to_owned(),
        quality: GREEN.to_owned(),
        spam: false,
    }
}
