//! Identity numbers without check digits (DNI, older cédulas), which look like local phones: no cell tells which it is, a
//! whole column may.

use super::super::columns::{fold, is_phone_word};
use super::{Home, digits_of};

/// Identity numbers of a country.
struct Kind {
    /// Its calling code.
    code: &'static str,
    name: &'static str,
    /// Digits that they have.
    lengths: &'static [usize],
    /// First digits of those that no line of anybody has.
    never: &'static [u8],
    /// First digits of mobiles that are as long.
    mobile: &'static [u8],
}

/// Where a person's identity number has as many digits as a line without its area, or as no line has.
const KINDS: [Kind; 4] = [
    // Lines of Buenos Aires begin with 2 to 7; who is over fifty has a DNI that begins with 1, who came from abroad one with 9.
    Kind { code: "54", name: "DNI", lengths: &[7, 8], never: b"0189", mobile: b"" },
    // Mobiles have nine digits, and fixed lines eight only with their area.
    Kind { code: "51", name: "DNI", lengths: &[8], never: b"0123456789", mobile: b"" },
    // Lines have ten digits since 2021.
    Kind { code: "57", name: "cédula", lengths: &[6, 7, 8], never: b"0123456789", mobile: b"" },
    // Fixed lines begin with 2 and 4.
    Kind { code: "598", name: "cédula", lengths: &[7, 8], never: b"0135678", mobile: b"9" },
];

/// From so many on, a column says something.
const MANY: u64 = 5;

/// Of so many that look like identity numbers one that can be no line is enough to ask.
const ONE_IN: u64 = 10;

/// How a column looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// What its cells may be.
    pub name: &'static str,
    /// Cells that look so.
    pub alike: u64,
    /// Cells with anything in them.
    pub of: u64,
    /// Too many of them can be no phones, or are written as only identity numbers are: somebody has to say what they are.
    pub is_question: bool,
}

/// What the cells of a column look like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Documents {
    cells: u64,
    alike: u64,
    /// Of them, those that no line begins like.
    never: u64,
    /// Of them, written in thousands: `12.345.678`.
    in_thousands: u64,
    name: Option<&'static str>,
}

impl Documents {
    /// One more cell.
    pub fn look(&mut self, cell: &str, home: Option<&Home>) {
        let cell = cell.trim();
        if cell.is_empty() {
            return;
        }
        self.cells += 1;
        let Some(kind) = home.and_then(|home| KINDS.iter().find(|kind| kind.code == home.code)) else { return };
        let in_thousands = is_in_thousands(cell);
        let digits = digits_of(cell);
        let is_bare = in_thousands || digits.len() == cell.len();
        let Some(first) = digits.bytes().next().filter(|_| is_bare && kind.lengths.contains(&digits.len())) else {
            return;
        };
        if kind.mobile.contains(&first) {
            return;
        }
        self.alike += 1;
        self.name = Some(kind.name);
        self.in_thousands += u64::from(in_thousands);
        self.never += u64::from(kind.never.contains(&first));
    }

    /// What the column looks like, if most of it does.
    pub fn verdict(&self) -> Option<Look> {
        let name = self.name.filter(|_| self.alike * 2 > self.cells && self.alike >= MANY)?;
        let is_question = self.in_thousands * 2 > self.alike || self.never * ONE_IN >= self.alike;
        Some(Look { name, alike: self.alike, of: self.cells, is_question })
    }
}

/// `12.345.678`: no phone is written so.
fn is_in_thousands(cell: &str) -> bool {
    let mut groups = cell.split('.');
    let is_first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()));
    let groups: Vec<&str> = groups.collect();
    is_first
        && groups.len() == 2
        && groups.iter().all(|group| group.len() == 3)
        && cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Words of headers that name an identity number, folded.
const WORDS: [&str; 24] = [
    "dni",
    "cpf",
    "cnpj",
    "cuit",
    "cuil",
    "rut",
    "cedula",
    "cedulas",
    "documento",
    "documentos",
    "doc",
    "ndoc",
    "nrodoc",
    "rg",
    "nif",
    "nie",
    "nit",
    "curp",
    "rfc",
    "pasaporte",
    "passaporte",
    "passport",
    "identidad",
    "identidade",
];

/// Whether a column is called as identity numbers are, and says nothing of phones.
pub fn is_called_document(header: &str) -> bool {
    let folded = fold(header);
    let mut words = folded.split('_');
    words.clone().any(|word| WORDS.contains(&word)) && !words.any(is_phone_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(country: &str, cells: &[&str]) -> Option<(u64, u64, bool)> {
        let home = Home::new(country, None);
        let mut documents = Documents::default();
        for cell in cells {
            documents.look(cell, home.as_ref());
        }
        documents.verdict().map(|look| (look.alike, look.of, look.is_question))
    }

    #[test]
    fn a_column_of_eight_digits_may_be_identity_numbers_and_some_beginnings_make_it_a_question() {
        let young = ["28345678", "31456789", "40123456", "36987654", "25111222"];
        assert_eq!(verdict("AR", &young), Some((5, 5, false)));
        assert_eq!(verdict("AR", &[&young[..], &["12345678"]].concat()), Some((6, 6, true)));
        assert_eq!(verdict("AR", &["28.345.678"; 5]), Some((5, 5, true)));
        assert_eq!(verdict("PE", &["45678901"; 5]), Some((5, 5, true)));
        assert_eq!(verdict("CO", &["79543210"; 5]), Some((5, 5, true)));
        assert_eq!(verdict("UY", &["41234567"; 5]), Some((5, 5, false)));
    }

    #[test]
    fn phones_are_no_documents() {
        assert_eq!(verdict("AR", &["4555-0101"; 9]), None, "with the marks of a phone");
        assert_eq!(verdict("AR", &["1155550101"; 9]), None);
        assert_eq!(verdict("PE", &["987654321"; 9]), None);
        assert_eq!(verdict("UY", &["94555123"; 9]), None);
        assert_eq!(verdict("BR", &["45678901"; 9]), None);
        assert_eq!(verdict("AR", &["28345678"; 4]), None, "too few to say anything");
        assert_eq!(
            verdict("AR", &["28345678", "28345678", "28345678", "28345678", "28345678", "", "1155550101"]),
            Some((5, 6, false))
        );
    }

    #[test]
    fn headers_that_name_papers_are_known_unless_they_name_phones_too() {
        for (header, expected) in [
            ("DNI", true),
            ("Nº de documento", true),
            ("Cédula", true),
            ("C.P.F.", false),
            ("CPF do paciente", true),
            ("Tel. / DNI", false),
            ("Celular", false),
            ("Doctor", false),
        ] {
            assert_eq!(is_called_document(header), expected, "{header}");
        }
    }
}
