//! Which columns hold the phone: named, recognised, several of them.

use std::collections::BTreeSet;

use crate::domain::problem::Problem;

use super::super::campaign_file::ColumnNames;
use super::{Look, Search, listed, words};

/// Words of headers by which a phone is nobody's of those whom the rows are about, folded.
const OF_OTHERS: &[&str] = &[
    "medico",
    "medica",
    "medicos",
    "doctor",
    "doctora",
    "dr",
    "dra",
    "physician",
    "profesional",
    "profissional",
    "professional",
    "especialista",
    "terapeuta",
    "vendedor",
    "vendedora",
    "seller",
    "salesperson",
    "asesor",
    "asesora",
    "assessor",
    "consultor",
    "consultora",
    "advisor",
    "agente",
    "agent",
    "ejecutivo",
    "ejecutiva",
    "sede",
    "sucursal",
    "filial",
    "branch",
    "clinica",
    "clinic",
    "consultorio",
    "hospital",
    "sanatorio",
    "centro",
    "laboratorio",
    "farmacia",
    "tienda",
    "loja",
    "local",
    "store",
    "shop",
    "emergencia",
    "emergencias",
    "emergency",
    "urgencia",
    "urgencias",
];

impl Search<'_> {
    /// The columns of phones, in the order in which they are tried.
    pub(super) fn phones(&mut self, named: &ColumnNames) -> Vec<Vec<usize>> {
        if named.phones.is_empty() {
            return self.recognised_phones().into_iter().map(|place| vec![place]).collect();
        }
        let mut all: Vec<Vec<usize>> = Vec::new();
        for name in &named.phones {
            // Columns of one name are tried in their order, whichever of them is meant.
            let same = self.same(name);
            if same.len() > 1 {
                all.extend(same.into_iter().map(|place| vec![place]));
            } else {
                all.push(self.named_or_joined(name));
            }
        }
        let mut seen = BTreeSet::new();
        all.retain(|places| !places.is_empty() && seen.insert(places.clone()));
        all
    }

    /// One column that is called so, or several that differ in a number: `telefono_1`, `telefono_2`.
    fn recognised_phones(&mut self) -> Vec<usize> {
        let mut places = self.places(|i, s| words::is_phone_word(&s.folded[i]));
        // `Celular 2` may stand before `Celular 1`.
        places.sort_by_key(|place| words::number(&self.folded[*place]));
        let stems: Vec<&str> = places.iter().map(|i| words::stem(&self.folded[*i])).collect();
        let are_numbered = places.iter().zip(&stems).skip(1).all(|(i, stem)| self.folded[*i].len() > stem.len());
        let are_one = stems.windows(2).all(|pair| pair[0] == pair[1]);
        let are_same = places.windows(2).all(|pair| self.folded[pair[0]] == self.folded[pair[1]]);
        match places.as_slice() {
            [] => self.phones_by_their_cells(),
            [_] => places,
            _ if are_one && are_numbered || are_same => places,
            _ => {
                self.ambiguous("phone", &places);
                Vec::new()
            }
        }
    }

    /// Without any phone by its name, the one column whose name could be a phone's and whose cells are.
    fn phones_by_their_cells(&mut self) -> Vec<usize> {
        let perhaps = self.places(|i, s| words::is_phone_perhaps(&s.folded[i]));
        let found: Vec<usize> = perhaps.into_iter().filter(|place| self.looks.of(*place) == Look::Phones).collect();
        match found.as_slice() {
            [one] if self.is_of_others(*one) => {
                self.problems.push(Problem::new("phone_of_others", &[("column", &self.header[*one])]));
                Vec::new()
            }
            [_] => found,
            [] => {
                let columns = listed(self.header);
                // A first row with numbers in it is no header.
                let is_data = |cell: &String| cell.bytes().filter(u8::is_ascii_digit).count() >= 8;
                let code = if self.header.iter().any(is_data) { "no_header" } else { "no_phone_column" };
                self.problems.push(Problem::new(code, &[("columns", &columns)]));
                Vec::new()
            }
            _ => {
                self.ambiguous("phone", &found);
                Vec::new()
            }
        }
    }

    fn is_of_others(&self, place: usize) -> bool {
        self.folded[place].split('_').any(|word| OF_OTHERS.contains(&word))
    }
}
