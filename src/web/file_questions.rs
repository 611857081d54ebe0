//! What only a person can say of a file (hidden rows, totals, merged cells, which of several sheets), with a button for each
//! answer: in the mapping step and on the sheet of a campaign.

use super::page::Page;
use crate::domain::problem::Problem;
use crate::intake::definition::Definition;
use crate::locale;

/// Sheets that have a button of their own; of more, one is chosen from the list of the mapping step.
const SHEETS_ASKED: usize = 8;

/// Keys of `[reading]` that a button answers.
const ANSWERED: [&str; 6] =
    ["hidden_rows", "total_rows", "merged_cells", "sheet", "identity_numbers", "unlike_example"];

/// A question about the file, with the answers that can be given by a button.
pub struct Asked {
    /// The question.
    pub said: String,
    /// What the button sends, and what it says.
    pub answers: Vec<(String, String)>,
}

/// The question that stands in the way; `None`: it is no question, or none with a few answers.
pub fn asked(p: &Page, problem: &Problem) -> Option<Asked> {
    let word = |value: &str, word: &str| (format!("{}={value}", problem.code), p.t(&format!("draft.reading.{word}")));
    let answers = match problem.code.as_str() {
        "hidden_rows" | "total_rows" => vec![word("leave out", "leave_out"), word("take", "take")],
        "merged_cells" => vec![word("fill", "fill"), word("leave", "leave")],
        "identity_numbers" | "identity_header" => {
            vec![("identity_numbers=take".to_owned(), p.t("draft.reading.are_phones"))]
        }
        "unlike_example" | "unlike_example_made" => {
            vec![("unlike_example=take".to_owned(), p.t("draft.reading.is_meant"))]
        }
        "several_sheets" => {
            let sheets = problem.options().take(SHEETS_ASKED);
            sheets.map(|sheet| (format!("sheet={sheet}"), sheet.to_owned())).collect()
        }
        "hidden_sheet" => {
            let sheet = problem.args.iter().find(|(name, _)| name == "sheet");
            sheet.into_iter().map(|(_, sheet)| (format!("sheet={sheet}"), sheet.clone())).collect()
        }
        _ => return None,
    };
    Some(Asked { said: locale::page_problem(p.language, problem), answers })
}

/// The key of `[reading]` that a button answers, and its answer; `None`: it is none of those.
pub fn answered(sent: &str) -> Option<(&str, &str)> {
    sent.split_once('=').filter(|(key, _)| ANSWERED.contains(key))
}

/// Writes a button's answer into the file.
pub fn answer(file: &mut Definition, sent: &str) {
    if let Some((key, value)) = answered(sent) {
        file.set(&["reading", key], value);
    }
}
