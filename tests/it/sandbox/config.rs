use recado::sandbox::{People, Tier, apply_config_file};

use crate::support::sandbox::sandbox_config;

#[test]
fn a_file_lists_accounts_and_how_likely_people_do_what() {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.people = People::lifelike();
    let source = r#"
        seed = 9
        [people]
        reads = 0.5
        [webhooks]
        batch = 7
        [[account]]
        id = "102"
        tokens = ["a", "b"]
        portfolio = "saludcenter"
        tier = "2K"
        currency = "ARS"
        [[account.number]]
        id = "106"
        number = "+54 9 11 5555-0100"
        throughput = 20
    "#;
    apply_config_file(&mut config, source).expect("a good file");
    assert_eq!((config.seed, config.people.reads, config.delivery.batch), (9, 0.5, 7));
    assert_eq!(config.accounts[0].tier, Some(Tier::People(2000)));
    assert_eq!(config.accounts[0].numbers[0].id, "106");
}

#[test]
fn with_a_file_that_says_nothing_of_people_they_only_receive_and_read() {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.people = People::lifelike();
    apply_config_file(&mut config, "seed = 2").expect("a good file");
    assert_eq!(config.people, People::quiet());
}

#[test]
fn a_file_with_something_wrong_is_refused() {
    for (source, hint) in [
        ("sede = 1", "unknown field `sede`"),
        ("[people]\nreeds = 0.1", "unknown field `reeds`"),
        ("[people]\nreads = 1.5", "people.reads"),
        ("[webhooks]\nbatch = 0", "webhooks.batch"),
        ("[[account]]\nid = \"1\"\ntokens = []\ntier = \"lots\"", "a tier is"),
        ("[[account]]\nid = \"1\"\ntokens = []\n[[account.number]]\nid = \"1\"\nnumber = \"+1\"", "listed twice"),
    ] {
        let mut config = sandbox_config("http://127.0.0.1:1/");
        let error = apply_config_file(&mut config, source).expect_err(source).to_string();
        assert!(error.contains(hint), "{source}: {error}");
    }
}
