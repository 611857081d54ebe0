//! Which column is what: named in the campaign file, or recognised by its header in three languages.

use std::collections::BTreeMap;

use crate::domain::folded::folded;
use crate::domain::problem::Problem;

use super::campaign_file::{CampaignFile, Labelled};

mod consent;
mod looks;
mod phones;
mod suggestion;
mod when;
mod words;

pub use consent::{may_be_consent, sounds_like_refusal};
pub use looks::{Look, Looks, Unseen};
pub use suggestion::nearest;
pub(super) use words::{is_header_word, is_phone_word};

/// What expressions call the person's name, whatever its column is called.
pub const CLIENT_NAME: &str = "client_name";

/// What expressions call the person's number.
pub const CLIENT_PHONE: &str = "client_phone";

/// Places of the columns in a row.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Columns {
    /// The numbers to send to, the first that can be counts; each perhaps joined of several columns.
    pub phones: Vec<Vec<usize>>,
    /// The row's identity across files, joined of several columns; empty: rows have none.
    pub id: Vec<usize>,
    /// Whether the identity, with the date, tells messages apart. An id that was only recognised by its header does so
    /// where rows are appointments; in a promotion the person does, or a customer listed twice would get it twice.
    pub id_is_key: bool,
    /// The person's name, joined of several columns; empty: rows have none.
    pub name: Vec<usize>,
    /// Columns that hold the date and time, to be read in this order; empty when rows have none.
    pub when: Vec<usize>,
    /// The person's time zone.
    pub timezone: Option<usize>,
    /// Columns each of which says whether, or on what basis, the person has agreed to get promotions.
    pub consents: Vec<usize>,
    /// Columns in which a yes means that the person wants no promotions.
    pub refusals: Vec<usize>,
    /// Who pays.
    pub cost_centre: Option<usize>,
    /// Where replies go.
    pub route: Option<usize>,
    /// The language that the person is written to in.
    pub language: Option<usize>,
    /// A column that seems to hold languages, where the campaign does not say that one does.
    pub language_unused: Option<usize>,
    /// Link of the header's media.
    pub link: Option<usize>,
    /// Every column by its folded name, as expressions call it.
    pub names: BTreeMap<String, usize>,
    /// What was taken for what: role and header.
    pub found: Vec<(String, String)>,
}

/// Lower case without accents, and one `_` for everything that is no letter or digit: `Teléfono (móvil)` is
/// `telefono_movil`. A name that would start with a digit gets a `_` before it, so that expressions can say it.
pub fn fold(header: &str) -> String {
    let mut out = String::with_capacity(header.len());
    for c in folded(header) {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out
}

/// Finds the columns of `campaign` in `header`, with the cells below it where a name alone does not tell; `speaks_of_when`
/// says whether one of its expressions does.
pub fn resolve(
    (header, looks): (&[String], &dyn Looks),
    campaign: &CampaignFile,
    speaks_of_when: bool,
) -> Result<Columns, Vec<Problem>> {
    let (columns, problems) = search((header, looks), campaign, speaks_of_when);
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}

/// What a header's columns would be taken for in a campaign that says nothing of them: role and header.
pub fn recognised(header: &[String]) -> Vec<(String, String)> {
    const SAYS_NOTHING: &str = "kind = \"reminder\"\nsender = \"s\"\nfile = \"f.csv\"\ntimezone = \"UTC\"\n\
        [template]\nname = \"t\"\nlanguage = \"es\"\n";
    let Ok(campaign) = CampaignFile::parse(SAYS_NOTHING, "campaign.toml") else { return Vec::new() };
    let (columns, _) = search((header, &Unseen), &campaign, false);
    columns.found.into_iter().filter(|(_, header)| !header.is_empty()).collect()
}

fn search(
    (header, looks): (&[String], &dyn Looks),
    campaign: &CampaignFile,
    speaks_of_when: bool,
) -> (Columns, Vec<Problem>) {
    let mut search = Search { header, folded: header.iter().map(|h| fold(h)).collect(), looks, problems: Vec::new() };
    let named = &campaign.columns;
    let mut columns = Columns { phones: search.phones(named), ..Columns::default() };
    columns.when = search.when(campaign, speaks_of_when);
    let recognised = |search: &mut Search<'_>, name: &Option<String>, words: &[&str]| match name {
        Some(name) => search.named(name),
        None => search.first(words),
    };
    let own_number = search.first(words::OWN_NUMBER).filter(|_| named.id_is_of_clients);
    columns.id = match &named.id {
        Some(name) => search.named_or_joined(name),
        None => own_number.or_else(|| search.first(words::ID)).into_iter().collect(),
    };
    columns.id_is_key = !columns.id.is_empty() && (named.id.is_some() || !columns.when.is_empty());
    columns.name = match &named.name {
        Some(name) => search.named_or_joined(name),
        // `Contacto` may hold the phone.
        None => search.first_but(words::NAME, &columns.phones).into_iter().collect(),
    };
    columns.timezone = recognised(&mut search, &named.timezone, words::TIMEZONE);
    (columns.consents, columns.refusals) = search.consents(named);
    columns.cost_centre = search.labelled(&campaign.cost_centre, words::COST_CENTRE);
    columns.route = search.labelled(&campaign.replies.route, words::ROUTE);
    columns.language = campaign.template.language_column.as_ref().and_then(|l| search.named(&l.column));
    let recognised = search.first(words::LANGUAGE);
    columns.language_unused = recognised.filter(|_| campaign.template.language_column.is_none());
    columns.link = campaign.template.header_link.as_ref().and_then(|l| search.labelled(l, &[]));
    columns.names = names(header);
    // A name of several columns is no column's.
    let name = if let [one] = columns.name.as_slice() { Some(*one) } else { None };
    for (name, place) in [(CLIENT_NAME, name), (CLIENT_PHONE, columns.phones.iter().flatten().next().copied())] {
        if let Some(place) = place {
            columns.names.entry(name.to_owned()).or_insert(place);
        }
    }
    columns.found = found(&columns, header);
    (columns, search.problems)
}

impl Columns {
    /// Whether a column says who has agreed to promotions, or who wants none.
    pub const fn tells_consent(&self) -> bool {
        !self.consents.is_empty() || !self.refusals.is_empty()
    }

    /// Columns that are something.
    pub fn with_roles(&self) -> Vec<usize> {
        let single = [self.timezone, self.cost_centre, self.route, self.language, self.link];
        let several = [&self.when, &self.id, &self.name, &self.consents, &self.refusals].into_iter().flatten();
        self.phones.iter().flatten().chain(several).copied().chain(single.into_iter().flatten()).collect()
    }
}

/// Every column by its folded name, the first of those that fold to the same.
pub fn names(header: &[String]) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    let mut again: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, name) in header.iter().map(|h| fold(h)).enumerate().filter(|(_, name)| !name.is_empty()) {
        again.entry(name.clone()).or_default().push(place);
        names.entry(name).or_insert(place);
    }
    // Of columns of one name each can be said by its place among them, where no other is called so.
    for (name, places) in again.iter().filter(|(_, places)| places.len() > 1) {
        for (no, place) in (1..).zip(places) {
            names.entry(format!("{name}_{no}")).or_insert(*place);
        }
    }
    names
}

/// Names of columns that a sentence lists, and characters of each.
const LISTED: usize = 30;
const LISTED_LONGEST: usize = 40;

/// The names of columns for a sentence: of a wide table the first, and how many there are in all.
pub fn listed(header: &[String]) -> String {
    let names = header.iter().take(LISTED).map(|name| name.chars().take(LISTED_LONGEST).collect::<String>());
    let names = names.collect::<Vec<_>>().join(", ");
    if header.len() > LISTED { format!("{names} … ({})", header.len()) } else { names }
}

/// Headers whose folded name more than one column has, by that name.
pub fn twice(header: &[String]) -> BTreeMap<String, String> {
    let first = names(header);
    let again = header.iter().enumerate().map(|(place, h)| (place, fold(h)));
    again
        .filter(|(place, name)| first.get(name).is_some_and(|f| f != place))
        .map(|(place, name)| (name, header[place].clone()))
        .collect()
}

fn found(columns: &Columns, header: &[String]) -> Vec<(String, String)> {
    let single = [
        ("timezone", columns.timezone),
        ("cost_centre", columns.cost_centre),
        ("route", columns.route),
        ("language", columns.language),
        ("link", columns.link),
    ];
    let title = |place: usize| header.get(place).cloned().unwrap_or_default();
    let joined = |places: &[usize]| places.iter().map(|at| title(*at)).collect::<Vec<_>>().join(" + ");
    let several = [("when", &columns.when), ("id", &columns.id), ("name", &columns.name)];
    let several = several.into_iter().filter(|(_, places)| !places.is_empty());
    let mut found: Vec<_> = several.map(|(role, places)| (role.to_owned(), joined(places))).collect();
    found.extend(single.into_iter().filter_map(|(role, at)| Some((role.to_owned(), title(at?)))));
    for (role, places) in [("consent", &columns.consents), ("refusal", &columns.refusals)] {
        if !places.is_empty() {
            let titles: Vec<String> = places.iter().map(|at| title(*at)).collect();
            found.push((role.to_owned(), titles.join(", ")));
        }
    }
    let phones: Vec<String> = columns.phones.iter().map(|places| joined(places)).collect();
    found.insert(0, ("phone".to_owned(), phones.join(", ")));
    found
}

struct Search<'a> {
    header: &'a [String],
    folded: Vec<String>,
    looks: &'a dyn Looks,
    problems: Vec<Problem>,
}

impl Search<'_> {
    /// The column of that name: as written, or else as folded.
    fn named(&mut self, name: &str) -> Option<usize> {
        let places = self.same(name);
        match places.as_slice() {
            [only] => Some(*only),
            [] => {
                let numbered = self.numbered(name);
                if numbered.is_none() {
                    self.problems.push(self.unknown(name));
                }
                numbered
            }
            _ => {
                self.problems.push(Problem::new("column_twice", &[("column", name)]));
                None
            }
        }
    }

    /// Every column of that name.
    fn same(&self, name: &str) -> Vec<usize> {
        let exact = self.places(|i, s| s.header[i] == name.trim());
        let folded = fold(name);
        if exact.is_empty() { self.places(|i, s| s.folded[i] == folded) } else { exact }
    }

    /// The second of two columns of one name by its place among them: `Teléfono 2`.
    fn numbered(&self, name: &str) -> Option<usize> {
        let folded = fold(name);
        let (stem, no) = folded.rsplit_once('_')?;
        let no: usize = no.parse().ok().filter(|no| *no > 0)?;
        let same = self.places(|i, s| s.folded[i] == stem);
        (same.len() > 1).then(|| same.get(no - 1).copied()).flatten()
    }

    /// The columns of a name such as `Fecha + Hora`.
    fn joined(&mut self, name: &str) -> Vec<usize> {
        let parts: Vec<Option<usize>> = name.split('+').map(|part| self.named(part)).collect();
        parts.into_iter().flatten().collect()
    }

    /// A column, or several joined: `DDD + Telefone`.
    fn named_or_joined(&mut self, name: &str) -> Vec<usize> {
        if name.contains('+') && !self.folded.contains(&fold(name)) {
            return self.joined(name);
        }
        self.named(name).into_iter().collect()
    }

    fn places(&self, is_it: impl Fn(usize, &Self) -> bool) -> Vec<usize> {
        (0..self.header.len()).filter(|i| is_it(*i, self)).collect()
    }

    fn unknown(&self, name: &str) -> Problem {
        match nearest(name, self.header.iter().map(String::as_str)) {
            Some(meant) => Problem::new("unknown_column_meant", &[("column", name), ("meant", meant)]),
            None => Problem::new("unknown_column", &[("column", name), ("columns", &listed(self.header))]),
        }
    }

    fn ambiguous(&mut self, role: &str, places: &[usize]) {
        let titles: Vec<&str> = places.iter().map(|i| self.header[*i].as_str()).collect();
        self.problems.push(Problem::new("ambiguous_column", &[("role", role), ("columns", &titles.join(", "))]));
    }

    /// The column of the first word that one has. Nothing depends on a wrong guess but what is shown.
    fn first(&self, words: &[&str]) -> Option<usize> {
        self.first_but(words, &[])
    }

    /// The same of those that are not among `taken`.
    fn first_but(&self, words: &[&str], taken: &[Vec<usize>]) -> Option<usize> {
        let is_free = |place: usize| !taken.iter().flatten().any(|taken| *taken == place);
        words
            .iter()
            .find_map(|word| (0..self.folded.len()).find(|place| self.folded[*place] == *word && is_free(*place)))
    }

    /// The column that a label names; left out, one that is recognised.
    fn labelled(&mut self, label: &Labelled, words: &[&str]) -> Option<usize> {
        match label {
            Labelled::Column(name) => self.named(name),
            Labelled::None => self.first(words),
            Labelled::Fixed(_) => None,
        }
    }
}
