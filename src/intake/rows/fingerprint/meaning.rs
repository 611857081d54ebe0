//! What a cell means, whatever a spreadsheet has made of how it is written. Only for recognising a file: that two
//! cells mean the same here decides nothing about a row.

/// Digits of the longest date with its time.
const LONGEST_DATE: usize = 24;

/// Puts the meaning of `cell` into `out`.
pub(super) fn of(cell: &str, out: &mut String) {
    out.clear();
    let cell = cell.trim();
    let is_plain = cell.bytes().all(|b| b.is_ascii_digit() || b" +-()./,:".contains(&b));
    if !is_plain || !cell.bytes().any(|b| b.is_ascii_digit()) {
        return words(cell, out);
    }
    if !date(cell, out) {
        number(cell, out);
    }
}

/// Blanks of any length are one.
fn words(cell: &str, out: &mut String) {
    for word in cell.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// `25/11/2026 14:30` and `2026-11-25 14:30:00` as one. Which of two small numbers is the day does not matter here.
fn date(cell: &str, out: &mut String) -> bool {
    if cell.len() > LONGEST_DATE {
        return false;
    }
    let (day, time) = cell.split_once(' ').unwrap_or((cell, ""));
    let Some(separator) = ['/', '-', '.'].into_iter().find(|c| day.matches(*c).count() == 2) else { return false };
    let mut parts = [0_u32; 3];
    for (part, text) in parts.iter_mut().zip(day.split(separator)) {
        let Ok(number) = text.parse() else { return false };
        *part = number;
    }
    let year = if parts[0] > 31 { parts[0] } else { parts[2] };
    let [one, two] = if parts[0] > 31 { [parts[1], parts[2]] } else { [parts[0], parts[1]] };
    let year = if year < 100 { year + 2_000 } else { year };
    if !(1..=31).contains(&one) || !(1..=31).contains(&two) || !(1_900..2_200).contains(&year) {
        return false;
    }
    let mut clock = time.split(':').map(|part| part.trim().parse::<u32>().unwrap_or_default());
    let (hour, minute) = (clock.next().unwrap_or_default(), clock.next().unwrap_or_default());
    *out = format!("{year}-{}-{} {hour}:{minute}", one.min(two), one.max(two));
    true
}

/// Digits alone, without zeros in front; a short fraction without zeros at its end.
fn number(cell: &str, out: &mut String) {
    let fraction = cell.rfind(['.', ',']).filter(|at| cell.len() - at <= 3);
    let (whole, fraction) = fraction.map_or((cell, ""), |at| cell.split_at(at));
    out.extend(whole.chars().filter(char::is_ascii_digit).skip_while(|c| *c == '0'));
    let fraction: String = fraction.chars().filter(char::is_ascii_digit).collect();
    out.push_str(fraction.trim_end_matches('0'));
}

#[cfg(test)]
mod tests {
    use super::of;

    fn means(cell: &str) -> String {
        let mut out = String::new();
        of(cell, &mut out);
        out
    }

    #[test]
    fn what_a_spreadsheet_writes_another_way_means_the_same() {
        for same in [
            &["25/11/2026 14:30", "2026-11-25 14:30", "25-11-26 14:30", "2026-11-25 14:30:00"][..],
            &["25/11/2026", "2026-11-25", "11/25/2026", "2026-11-25 00:00"],
            &["+54 9 11 5555-0123", "5491155550123"],
            &["0012", "12"],
            &["12,50", "12.5"],
            &["Ana  Paz ", "Ana Paz"],
            &["", " "],
        ] {
            for cell in same {
                assert_eq!(means(cell), means(same[0]), "{cell}");
            }
        }
    }

    #[test]
    fn what_is_another_value_means_something_else() {
        let cells =
            ["25/11/2026 14:30", "25/11/2026 14:45", "26/11/2026 14:30", "5491155550123", "5491155550124", "Ana"];
        for (at, cell) in cells.iter().enumerate() {
            for other in &cells[at + 1..] {
                assert_ne!(means(cell), means(other));
            }
        }
    }
}
