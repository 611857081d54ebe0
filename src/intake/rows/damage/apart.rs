//! Several numbers in one cell, set apart by something else than the usual marks, or with words around them.

use super::super::super::columns::fold;

/// Digits of a number that stands beside another with no mark but a blank or a dash, which are within numbers too.
const WHOLE: usize = 10;

/// Words that say what or whose a number is. Others, `DNI` say, could make a phone of something that is none.
const WORDS: [&str; 48] = [
    "tel",
    "telef",
    "telefono",
    "telefone",
    "fone",
    "cel",
    "celu",
    "celular",
    "movil",
    "mobile",
    "phone",
    "fijo",
    "fixo",
    "casa",
    "trabajo",
    "trabalho",
    "oficina",
    "whatsapp",
    "wsp",
    "wpp",
    "wa",
    "mama",
    "papa",
    "madre",
    "padre",
    "mae",
    "pai",
    "hija",
    "hijo",
    "filha",
    "filho",
    "esposa",
    "esposo",
    "marido",
    "abuela",
    "abuelo",
    "hermana",
    "hermano",
    "tia",
    "tio",
    "particular",
    "personal",
    "contacto",
    "contato",
    "y",
    "o",
    "e",
    "ou",
];

/// The stretches of a cell that may each be a number.
pub(super) fn apart(cell: &str) -> Vec<&str> {
    let mut words = cell.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    if !words.all(|word| WORDS.contains(&fold(word).as_str())) {
        return Vec::new();
    }
    let is_mark = |c: char| c.is_alphabetic() || matches!(c, ':' | '\\' | '/' | ';' | ',' | '|' | '\n');
    let pieces = cell.split(is_mark).flat_map(|piece| piece.split(" - ")).flat_map(before_each_plus);
    let is_edge = |c: char| !c.is_ascii_digit() && c != '+';
    pieces.map(|piece| piece.trim_matches(is_edge)).filter(|piece| !piece.is_empty()).flat_map(side_by_side).collect()
}

/// `+57… +57…`: a plus begins a number.
fn before_each_plus(piece: &str) -> Vec<&str> {
    let starts = piece.char_indices().filter(|(at, c)| *c == '+' && *at > 0).map(|(at, _)| at);
    let ends: Vec<usize> = starts.chain([piece.len()]).collect();
    let begins = [0].into_iter().chain(ends.iter().copied());
    begins.zip(&ends).map(|(from, to)| &piece[from..*to]).collect()
}

/// `3001234576 3011234577`, `3001234576-3011234577`: each of them whole.
fn side_by_side(piece: &str) -> Vec<&str> {
    let parts: Vec<&str> = piece.split([' ', '-']).filter(|part| !part.is_empty()).collect();
    let are_whole = parts.iter().all(|part| part.bytes().filter(u8::is_ascii_digit).count() >= WHOLE);
    if are_whole { parts } else { vec![piece] }
}
