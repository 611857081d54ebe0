//! `[limits]` of a campaign: how often, for how much money, and when it stops by itself.

use super::*;

#[test]
fn how_often_a_person_gets_messages_is_read_and_a_wrong_rule_refused() {
    let wrong = problems_with("[limits]\nat_most = \"sometimes\"");
    assert!(wrong[0].starts_with("campaign.toml:9:11: \"at_most\" must be a number, what and a period"), "{wrong:?}");
    let reminder = SMALL.replace("promotion", "reminder").replace("resume_contact", "reminder");
    let wait = problems_of(&format!("{reminder}[limits]\nopen_conversation = \"wait\"\n"));
    assert!(wait[0].contains("a reminder goes out during a conversation too"), "{wait:?}");
}

#[test]
fn a_budget_is_an_amount_of_a_currency_and_perhaps_a_month() {
    let file =
        CampaignFile::parse(&format!("{SMALL}\n[limits]\nbudget = \"150 USD per month\""), "campaign.toml").unwrap();
    assert_eq!(file.limits.budget.unwrap().to_string(), "150.00 USD per month");
    let problems = problems_with("[limits]\nbudget = \"150\"");
    let wanted = "\"budget\" must be an amount and a currency, as \"150 USD\" or \"150 USD per month\"";
    assert_eq!(problems, [format!("campaign.toml:9:10: {wanted}")]);
}

/// A piece of a file and what the only problem says about it.
#[test]
fn a_canary_and_the_breakers_are_read_and_what_cannot_be_is_refused() {
    let more =
        "[limits]\ncanary = \"5%\"\ncanary_wait = \"45m\"\ncanary_delivered = \"60%\"\npause_when_failing = \"never\"";
    let limits = parsed(&format!("{SMALL}{more}")).limits;
    assert_eq!(limits.canary, Some(Share::Percent(5)));
    assert_eq!(limits.canary_terms.terms().wait, std::time::Duration::from_mins(45));
    assert_eq!(limits.breakers.failing, Some(breaker::Limit::Never));
    assert_eq!(parsed(&format!("{SMALL}[limits]\ncanary = 50")).limits.canary, Some(Share::Messages(50)));
    let share = "\"canary\" must be a share, as \"5%\", or a number of messages";
    for wrong in ["\"100%\"", "0", "\"some\""] {
        assert_eq!(problems_with(&format!("[limits]\ncanary = {wrong}")), [format!("campaign.toml:9:10: {share}")]);
    }
    let unknown = problems_with("[limits]\npause_when_failling = \"25%\"");
    assert!(unknown[0].ends_with("did you mean \"pause_when_failing\"?"), "{unknown:?}");
}
