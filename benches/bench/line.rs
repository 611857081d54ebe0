//! A line of the report.

use std::fmt;

/// What was measured, against what must be reached.
pub struct Line {
    /// What.
    pub what: String,
    /// The ratio or count that the bar speaks of.
    pub value: f64,
    /// What must be reached: at least (positive) or at most (negative); 0: for the record.
    pub bar: f64,
    /// The figures it was made of.
    pub from: String,
}

impl Line {
    /// Head of the table.
    pub const HEADER: &str = "| what | measured | bar | met | from |\n|---|---|---|---|---|";
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bar, met) = match self.bar {
            0.0 => (String::new(), ""),
            bar if bar > 0.0 => (format!("≥ {bar}"), if self.value >= bar { "yes" } else { "**no**" }),
            bar => (format!("≤ {}", -bar), if self.value <= -bar { "yes" } else { "**no**" }),
        };
        write!(f, "| {} | {:.3} | {bar} | {met} | {} |", self.what, self.value, self.from)
    }
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
