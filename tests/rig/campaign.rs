//! Campaigns for installations under test.

use std::fmt::Write;

/// A campaign's folder as an upload.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Its name.
    pub name: String,
    /// `campaign.toml`.
    pub definition: String,
    /// `people.csv`.
    pub audience: Vec<u8>,
}

/// People with a phone, a name and an appointment.
#[derive(Clone, Copy, Debug)]
pub struct Audience {
    /// How many.
    pub people: u32,
    /// Number of the first: audiences that do not meet have numbers apart.
    pub from: u32,
}

impl Folder {
    /// A campaign of `kind` from `sender` to `audience`, with the sandbox's reminder template.
    pub fn new(name: &str, kind: &str, sender: &str, audience: Audience) -> Self {
        let definition = format!(
            r#"kind     = "{kind}"
title    = "{name}"
sender   = "{sender}"
file     = "people.csv"
timezone = "America/Argentina/Buenos_Aires"
country  = "AR"
[template]
name     = "rig_template"
language = "es_AR"
[columns]
phone = "phone"
name  = "name"
id    = "id"
[variables]
1 = "{{{{ name }}}}"
"#
        );
        Self { name: name.to_owned(), definition, audience: audience.csv() }
    }
}

impl Folder {
    /// The same with a template that the sandbox has, with its text: its Gupshup takes no name it has never heard.
    pub fn of_known_template(&mut self) {
        self.definition = self.definition.replace("\"rig_template\"", "\"appointment_reminder\"");
        self.definition.push_str("2 = \"Centro\"\n3 = \"martes 24\"\n");
    }
}

impl Audience {
    fn csv(self) -> Vec<u8> {
        let mut text = String::from("id,phone,name,unit,doctor,room\n");
        for no in self.from..self.from + self.people {
            // Eight digits that do not end in 99xx: those are the sandbox's people with a part to play.
            let local = 10_000_000 + u64::from(no / 9_000) * 10_000 + u64::from(no % 9_000);
            writeln!(text, "{no},+54911{local},Person {no},North,Dr Pérez,12").expect("memory");
        }
        text.into_bytes()
    }
}
