//! Names of audience files: `turnos*.csv`.

/// Whether `name` fits a campaign's `file`, where `*` is any run of characters and `?` any one. Capitals make no difference:
/// whoever exports the file seldom chooses them. Hidden files never fit, as tools write those while uploading.
pub fn fits_pattern(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let name_chars: Vec<char> = name.to_lowercase().chars().collect();
    !name.starts_with('.') && fits_from(&pattern, &name_chars)
}

/// Whether `file` stands for several names.
pub fn is_pattern(file: &str) -> bool {
    file.contains(['*', '?'])
}

/// Goes back only to the last `*`, so that the work is at most pattern times name.
fn fits_from(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut last_star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                last_star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((star, taken)) = last_star else { return false };
                last_star = Some((star, taken + 1));
                p = star + 1;
                n = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}
