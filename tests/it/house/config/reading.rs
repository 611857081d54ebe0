//! What people see of our reading and writing, where marketing goes, and languages of templates.

use recado::config::{Access, MarkRead};

use super::*;

#[test]
fn read_marks_writing_and_the_marketing_endpoint_are_said_by_the_account() {
    let meta = |change: &[(&str, &str)]| {
        let mut source = EXAMPLE.to_owned();
        for (from, to) in change {
            assert!(source.contains(from), "{from}");
            source = source.replacen(from, to, 1);
        }
        parsed(&source, &[]).accounts["meta"].clone()
    };
    let marketing = |account: &recado::config::Account| {
        let Access::CloudApi(access) = &account.access else { panic!("another provider") };
        access.marketing_messages
    };
    let shipped = meta(&[]);
    assert_eq!((shipped.reading.mark, shipped.reading.typing, marketing(&shipped)), (MarkRead::Answered, true, false));
    for (word, mark) in [("opened", MarkRead::Opened), ("never", MarkRead::Never)] {
        let to = format!("mark_read = \"{word}\"");
        assert_eq!(meta(&[("mark_read    = \"answered\"", &to)]).reading.mark, mark);
    }
    let other = meta(&[
        ("show_typing  = true", "show_typing = false"),
        ("marketing_messages = false", "marketing_messages = true"),
        ("#template_languages = [\"pt_AO\"]", "template_languages = [\"pt_AO\", \"gn\"]"),
        ("#template_words_per_variable = 2", "template_words_per_variable = 0"),
    ]);
    assert_eq!((other.reading.typing, marketing(&other)), (false, true));
    assert_eq!(other.template_languages, ["pt_AO", "gn"]);
    assert_eq!((shipped.template_words_per_variable, other.template_words_per_variable), (2, 0));
    let usual = EXAMPLE
        .lines()
        .filter(|line| !["mark_read", "show_typing", "marketing_messages"].iter().any(|key| line.starts_with(key)));
    let usual = parsed(&usual.collect::<Vec<_>>().join("\n"), &[]).accounts["meta"].clone();
    assert_eq!((usual.reading.mark, usual.reading.typing, marketing(&usual)), (shipped.reading.mark, true, false));
}

#[test]
fn what_cannot_be_read_of_them_is_refused_with_its_place() {
    for (from, to, ends) in [
        ("\"answered\"", "\"always\"", "must be \"opened\" or \"answered\" or \"never\", not \"always\""),
        ("show_typing  = true", "show_typing = \"yes\"", "\"show_typing\" must be true or false, not text"),
        (
            "marketing_messages = false",
            "marketing_messages = 1",
            "\"marketing_messages\" must be true or false, not a number",
        ),
        (
            "#template_languages = [\"pt_AO\"]",
            "template_languages = [\"pt-AO\"]",
            "must be language codes, as [\"pt_AO\"]",
        ),
        (
            "#template_words_per_variable = 2",
            "template_words_per_variable = 21",
            "must be a number of words, 0 (no warning) to 20",
        ),
    ] {
        let problem = problem_after(from, to);
        assert!(problem.contains(ends), "{problem}");
    }
}
