//! Numbers of people's and companies' papers, which find their way into columns of phones: told by their check digits, so
//! that a phone is taken for one only by chance (one in a hundred), and a whole column never; or by being what no number of
//! the country's plan is.

use super::Home;
use super::plans::is_known;
use crate::domain::phone::Phone;

/// A paper's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paper {
    /// Brazil, a person's: eleven digits, the last two of them checks.
    Cpf,
    /// Brazil, a company's: fourteen digits, the last two of them checks.
    Cnpj,
    /// Argentina, a person's or company's (CUIT, CUIL): eleven digits, the last a check.
    Cuit,
    /// Chile (RUT): up to eight digits and a check behind a dash, which may be K.
    Rut,
    /// Colombia, a person's since 2003: ten digits that begin with 1, as no number of Colombia does.
    Cedula,
}

impl Paper {
    /// Its name, which needs no language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpf => "CPF",
            Self::Cnpj => "CNPJ",
            Self::Cuit => "CUIT",
            Self::Rut => "RUT",
            Self::Cedula => "cédula",
        }
    }
}

/// What a cell's number could be by its length and check digits, however it is written.
fn paper(cell: &str) -> Option<Paper> {
    let cell = cell.trim();
    if is_rut(cell) {
        return Some(Paper::Rut);
    }
    if !cell.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '/' | ' ')) {
        return None;
    }
    let digits: Vec<u32> = cell.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.windows(2).all(|pair| pair[0] == pair[1]) {
        return None;
    }
    match digits.len() {
        11 if is_cpf(&digits) => Some(Paper::Cpf),
        11 if is_cuit(&digits) => Some(Paper::Cuit),
        14 if is_cnpj(&digits) => Some(Paper::Cnpj),
        _ => None,
    }
}

/// What the cell `given` holds in place of a phone; `read` is the number that it was read as, if any. Right check digits
/// may be chance: a number that the plan of the campaign's country has is a phone, unless it is written as only papers'
/// numbers are.
pub fn paper_instead(given: &str, read: Option<&Phone>, home: Option<&Home>) -> Option<Paper> {
    let Some(found) = paper(given) else { return cedula(given, home) };
    let Some(phone) = read.filter(|_| !is_written_as(found, given)) else { return Some(found) };
    let is_likely = match found {
        Paper::Cpf | Paper::Cnpj => true,
        // One number in eleven has its check right: only where such papers are at home.
        Paper::Cuit => home.is_some_and(|home| home.code == "54"),
        Paper::Rut | Paper::Cedula => false,
    };
    (is_likely && !home.is_some_and(|home| home.has(phone))).then_some(found)
}

impl Home {
    /// Whether it is a number of this country, by its plan.
    fn has(&self, phone: &Phone) -> bool {
        phone.digits().starts_with(&self.code) && phone.variants().iter().any(is_known)
    }
}

/// A Colombian one, in a campaign of Colombia: `1020345678`, `1.020.345.678`.
fn cedula(given: &str, home: Option<&Home>) -> Option<Paper> {
    home.filter(|home| home.code == "57")?;
    let mut digits = given.trim().bytes().filter(|byte| !matches!(byte, b'.' | b' ' | b','));
    let is_one = digits.next() == Some(b'1') && digits.all(|byte| byte.is_ascii_digit());
    let count = given.bytes().filter(u8::is_ascii_digit).count();
    (is_one && count == 10).then_some(Paper::Cedula)
}

/// Whether a cell certainly holds a paper's number: it is written as only such numbers are, as `123.456.789-09`.
fn is_written_as(paper: Paper, cell: &str) -> bool {
    let shape: String = cell.trim().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    match paper {
        Paper::Cpf => shape == "000.000.000-00",
        Paper::Cnpj => shape == "00.000.000/0000-00",
        Paper::Cuit => shape == "00-00000000-0",
        Paper::Rut | Paper::Cedula => true,
    }
}

/// How many cells of a column look like papers' numbers.
#[derive(Clone, Debug, Default)]
pub struct Papers {
    cells: u64,
    certain: u64,
    alike: u64,
    first: Option<Paper>,
}

/// From so many on, chance is out of the question.
const MANY: u64 = 5;

impl Papers {
    /// One more cell.
    pub fn look(&mut self, cell: &str, home: Option<&Home>) {
        if cell.trim().is_empty() {
            return;
        }
        self.cells += 1;
        let Some(found) = paper(cell).or_else(|| cedula(cell, home)) else { return };
        self.alike += 1;
        self.certain += u64::from(is_written_as(found, cell));
        self.first.get_or_insert(found);
    }

    /// What the column holds instead of phones, and in how many of how many cells.
    pub fn verdict(&self) -> Option<(Paper, u64, u64)> {
        let most = |n: u64| n * 2 > self.cells;
        let is_one = most(self.certain) || (most(self.alike) && self.alike >= MANY);
        self.first.filter(|_| is_one).map(|paper| (paper, self.alike, self.cells))
    }
}

/// Eleven minus the weighted sum modulo eleven; ten and eleven are nought.
fn check(digits: &[u32], weights: impl Iterator<Item = u32>) -> u32 {
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
    match 11 - sum % 11 {
        10 | 11 => 0,
        check => check,
    }
}

fn is_cpf(digits: &[u32]) -> bool {
    check(&digits[..9], (2..=10).rev()) == digits[9] && check(&digits[..10], (2..=11).rev()) == digits[10]
}

fn is_cnpj(digits: &[u32]) -> bool {
    const WEIGHTS: [u32; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    check(&digits[..12], WEIGHTS[1..].iter().copied()) == digits[12]
        && check(&digits[..13], WEIGHTS.iter().copied()) == digits[13]
}

fn is_cuit(digits: &[u32]) -> bool {
    // People and companies; the tax authority gives no others.
    let kind = digits[0] * 10 + digits[1];
    matches!(kind, 20 | 23 | 24 | 27 | 30 | 33 | 34)
        && check(&digits[..10], [5, 4, 3, 2, 7, 6, 5, 4, 3, 2].into_iter()) == digits[10]
}

fn is_rut(cell: &str) -> bool {
    let Some((number, last)) = cell.rsplit_once('-') else { return false };
    let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    if !(7..=8).contains(&digits.len()) || !number.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return false;
    }
    let sum: u32 = digits.iter().rev().zip((2..=7).cycle()).map(|(digit, weight)| digit * weight).sum();
    let expected = match 11 - sum % 11 {
        11 => "0".to_owned(),
        10 => "K".to_owned(),
        check => check.to_string(),
    };
    last.eq_ignore_ascii_case(&expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn papers_are_told_by_their_check_digits() {
        for (cell, expected) in [
            ("529.982.247-25", Some(Paper::Cpf)),
            ("52998224725", Some(Paper::Cpf)),
            ("52998224726", None),
            ("111.111.111-11", None),
            ("11.222.333/0001-81", Some(Paper::Cnpj)),
            ("11222333000181", Some(Paper::Cnpj)),
            ("20-12345678-6", Some(Paper::Cuit)),
            ("20123456786", Some(Paper::Cuit)),
            ("20-12345678-5", None),
            ("12.345.678-5", Some(Paper::Rut)),
            ("12345678-5", Some(Paper::Rut)),
            ("12.345.678-4", None),
            ("+55 11 98765-4321", None),
            ("11 98765-4321", None),
            ("", None),
        ] {
            assert_eq!(paper(cell), expected, "{cell}");
        }
    }

    #[test]
    fn a_number_that_a_plan_has_is_a_phone_unless_it_is_written_as_a_paper() {
        for (country, given, read, expected) in [
            ("BR", "529.982.247-25", Some("5552998224725"), Some(Paper::Cpf)),
            // No area is called 52, and no mobile is without its 9.
            ("BR", "52998224725", Some("5552998224725"), Some(Paper::Cpf)),
            ("BR", "11144477735", Some("5511144477735"), Some(Paper::Cpf)),
            // Somebody's mobile in Santos has right check digits.
            ("BR", "13987650150", Some("5513987650150"), None),
            ("AR", "20123456786", Some("20123456786"), Some(Paper::Cuit)),
            ("BR", "20123456786", Some("5520123456786"), None),
            ("BR", "20123456786", None, Some(Paper::Cuit)),
            ("CO", "1020345678", Some("571020345678"), Some(Paper::Cedula)),
            ("CO", "1.020.345.678", Some("571020345678"), Some(Paper::Cedula)),
            ("CO", "3001234567", Some("573001234567"), None),
            ("PE", "1020345678", None, None),
        ] {
            let (home, read) = (Home::new(country, None), read.and_then(Phone::from_international));
            assert_eq!(paper_instead(given, read.as_ref(), home.as_ref()), expected, "{country} {given}");
        }
    }

    #[test]
    fn a_column_is_judged_by_most_of_its_cells() {
        let verdict = |cells: &[&str]| {
            let mut papers = Papers::default();
            for cell in cells {
                papers.look(cell, None);
            }
            papers.verdict().map(|(paper, n, of)| (paper.as_str(), n, of))
        };
        assert_eq!(verdict(&["52998224725"]), None, "one may be chance");
        assert_eq!(verdict(&["52998224725"; 5]), Some(("CPF", 5, 5)));
        assert_eq!(verdict(&["529.982.247-25", "", "529.982.247-25", "11987654321"]), Some(("CPF", 2, 3)));
        assert_eq!(verdict(&["529.982.247-25", "11987654321", "11987654322"]), None);
    }
}
