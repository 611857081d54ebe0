//! The template that a run goes by, as it was when the run was started: in its own language, and in every other that rows
//! may name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::template::{Category, Template};

/// What templates are billed as, by name and language.
pub type Billed = BTreeMap<(String, String), Category>;

/// A template with its translations. Stored as the template's own JSON with the translations beside its fields.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// In the campaign's language.
    #[serde(flatten)]
    pub main: Template,
    /// In the others; empty where the language does not come from a column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub translations: Vec<Template>,
    /// What the provider has now in the place of some of them, where that takes other values: people were told when it
    /// stopped the run, and whoever resumes it accepts that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Template>,
}

impl Snapshot {
    /// The one in `language`; `None`, or a language that it does not have, is the campaign's own.
    pub fn of(&self, language: Option<&str>) -> &Template {
        let translation = language.and_then(|language| self.translations.iter().find(|t| t.language == language));
        translation.unwrap_or(&self.main)
    }

    /// Every one, the campaign's own first.
    pub fn all(&self) -> impl Iterator<Item = &Template> {
        std::iter::once(&self.main).chain(&self.translations)
    }

    /// Names and languages of all.
    pub fn names(&self) -> impl Iterator<Item = (String, String)> {
        self.all().map(|template| (template.name.clone(), template.language.clone()))
    }

    /// Whether all are billed as `now` says; what it does not say stays.
    pub fn is_billed(&self, now: &Billed) -> bool {
        let is = |t: &Template| now.get(&(t.name.clone(), t.language.clone())).is_none_or(|now| *now == t.category);
        self.all().all(is)
    }

    /// The same, billed as `now` says.
    #[must_use]
    pub fn billed(mut self, now: &Billed) -> Self {
        for template in std::iter::once(&mut self.main).chain(&mut self.translations) {
            if let Some(category) = now.get(&(template.name.clone(), template.language.clone())) {
                template.category = *category;
            }
        }
        self
    }

    /// Whether one of them is billed as that.
    pub fn has(&self, category: Category) -> bool {
        self.all().any(|template| template.category == category)
    }

    /// The category of all; `None` where they differ.
    pub fn one_category(&self) -> Option<Category> {
        self.all().all(|template| template.category == self.main.category).then_some(self.main.category)
    }

    /// What the whole counts as where one rule must hold for all: marketing when one of them is.
    pub fn strictest_category(&self) -> Category {
        if self.has(Category::Marketing) { Category::Marketing } else { self.main.category }
    }
}

impl From<Template> for Snapshot {
    fn from(main: Template) -> Self {
        Self { main, translations: Vec::new(), told: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::template::{ParameterFormat, TemplateStatus};

    fn template(language: &str, category: Category) -> Template {
        Template {
            provider_id: "1".to_owned(),
            name: "t".to_owned(),
            language: language.to_owned(),
            category,
            status: TemplateStatus::Approved,
            format: ParameterFormat::Positional,
            header: None,
            body: "Hola".to_owned(),
            footer: None,
            buttons: Vec::new(),
            time_to_live_s: None,
            announced: None,
            quality: None,
            parameters_unknown: false,
            offer: None,
            cards: Vec::new(),
            examples: Vec::new(),
        }
    }

    #[test]
    fn a_snapshot_is_the_templates_own_json_and_reads_as_one() {
        let alone = Snapshot::from(template("es_AR", Category::Utility));
        let json = serde_json::to_string(&alone).unwrap();
        assert_eq!(json, serde_json::to_string(&alone.main).unwrap(), "nothing changes where there is one language");
        let both = Snapshot { translations: vec![template("pt_BR", Category::Marketing)], ..alone };
        let json = serde_json::to_string(&both).unwrap();
        assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), both);
        assert_eq!(serde_json::from_str::<Template>(&json).unwrap(), both.main);
    }

    #[test]
    fn each_language_has_its_own_template_and_an_unknown_one_the_campaigns() {
        let main = template("es_AR", Category::Utility);
        let translations = vec![template("pt_BR", Category::Marketing)];
        let both = Snapshot { translations, ..Snapshot::from(main) };
        assert_eq!(both.of(Some("pt_BR")).language, "pt_BR");
        assert_eq!((both.of(None).language.as_str(), both.of(Some("fr")).language.as_str()), ("es_AR", "es_AR"));
        assert_eq!((both.one_category(), both.strictest_category()), (None, Category::Marketing));
    }
}
