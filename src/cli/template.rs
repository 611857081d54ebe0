//! `recado template`: templates as last read from the provider, and their life.

mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::agree::{Agreement, agreed};
use super::client::Client;
use super::eprint;
use super::output::answer;
use super::table::{cell, table};
use crate::config::environment;

/// Arguments of `recado template`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
    /// Only of this account; for a template that several have, which.
    #[arg(long, global = true)]
    account: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List them.
    List {
        /// Part of the name or the text.
        search: Option<String>,
        /// Only with this status: approved, pending, rejected, paused, disabled.
        #[arg(long)]
        status: Option<String>,
        /// Only in this language, as `es_AR`.
        #[arg(long)]
        language: Option<String>,
        /// Only of this group.
        #[arg(long)]
        group: Option<String>,
    },
    /// Show one in every language, or in one.
    Show {
        /// Its name.
        name: String,
        /// Its language, as `es_AR`.
        #[arg(long)]
        language: Option<String>,
    },
    /// Write a template: its file is JSON, what POST /api/v1/template-drafts takes as `draft`. Prints what must be mended.
    Create {
        /// The file.
        file: PathBuf,
        /// Submit it for approval at once, if nothing must be mended.
        #[arg(long)]
        submit: bool,
        /// The picture, video or document that its header is reviewed with: uploaded first.
        #[arg(long)]
        sample: Option<PathBuf>,
    },
    /// Drafts that are not submitted yet.
    Drafts,
    /// Submit a draft for approval.
    Submit {
        /// The draft's number.
        id: i64,
    },
    /// Give a template another text: the file is JSON, as for `create`.
    Edit {
        /// The file.
        file: PathBuf,
        /// The picture, video or document that its header is reviewed with: uploaded first.
        #[arg(long)]
        sample: Option<PathBuf>,
    },
    /// Delete a template at the provider, in one language.
    Delete {
        /// Its name.
        name: String,
        /// Its language, as `es_AR`.
        #[arg(long)]
        language: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Let a template go on that the provider has paused.
    Unpause {
        /// Its name.
        name: String,
        /// Its language, as `es_AR`.
        #[arg(long)]
        language: String,
    },
    /// Read every template again.
    Sync,
}

/// Runs it: 1 when there is no such template, or the answer is no.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = Client::from_environment(&environment())?;
    let of = Of { client: &client, account: args.account.as_deref(), json: args.json };
    match args.what {
        What::List { search, status, language, group } => {
            let asked = [("q", search), ("status", status), ("language", language), ("group", group)];
            let asked: Vec<(&str, &str)> = asked.iter().filter_map(|(k, v)| Some((*k, v.as_deref()?))).collect();
            of.list(asked).await
        }
        What::Show { name, language } => of.show(&name, language.as_deref()).await,
        What::Create { file, submit, sample } => of.create(of.with_sample(read(&file)?, sample).await?, submit).await,
        What::Drafts => of.drafts().await,
        What::Submit { id } => of.submit(id).await,
        What::Edit { file, sample } => of.edit(of.with_sample(read(&file)?, sample).await?).await,
        What::Delete { name, language, yes } => of.delete(&name, &language, yes).await,
        What::Unpause { name, language } => of.unpause(&name, &language).await,
        What::Sync => {
            let done: Value = client.post("/api/v1/templates/sync", &json!({"account": of.account()})).await?;
            of.print(&done, || format!("{} templates read\n", cell(&done["templates"])))
        }
    }
}

fn read(file: &std::path::Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

struct Of<'a> {
    client: &'a Client,
    account: Option<&'a str>,
    json: bool,
}

impl Of<'_> {
    fn account(&self) -> &str {
        self.account.unwrap_or_default()
    }

    fn print(&self, value: &Value, text: impl FnOnce() -> String) -> anyhow::Result<ExitCode> {
        answer(&if self.json { serde_json::to_string_pretty(value)? + "\n" } else { text() })?;
        Ok(ExitCode::SUCCESS)
    }

    async fn items(&self, mut asked: Vec<(&str, &str)>) -> anyhow::Result<Vec<Value>> {
        asked.extend(self.account.map(|account| ("account", account)));
        Ok(self.client.all("/api/v1/templates", &asked).await?)
    }

    async fn list(&self, asked: Vec<(&str, &str)>) -> anyhow::Result<ExitCode> {
        let items = self.items(asked).await?;
        self.print(&json!({"items": items}), || lines(&items))
    }

    async fn show(&self, name: &str, language: Option<&str>) -> anyhow::Result<ExitCode> {
        let mut asked = vec![("name", name)];
        asked.extend(language.map(|language| ("language", language)));
        let listed = self.items(asked).await?;
        if listed.is_empty() {
            eprint(&format!("recado: no template {name} has been read from the provider"));
            return Ok(ExitCode::FAILURE);
        }
        let mut items = Vec::with_capacity(listed.len());
        for one in &listed {
            let [account, name, language] = ["account", "name", "language"].map(|key| cell(&one[key]));
            items.push(self.client.get(&format!("/api/v1/templates/{account}/{name}/{language}"), &[]).await?);
        }
        self.print(&json!({"items": items}), || items.iter().map(text::seen).collect::<Vec<_>>().join("\n"))
    }

    /// The account meant: the one named, or the only one that has templates; of that name, where it is of one that is there.
    async fn account_meant(&self, name: Option<&str>) -> anyhow::Result<String> {
        if let Some(account) = self.account {
            return Ok(account.to_owned());
        }
        let asked: Vec<(&str, &str)> = name.map(|name| ("name", name)).into_iter().collect();
        let items = self.client.all("/api/v1/templates", &asked).await?;
        let mut accounts: Vec<String> = items.iter().map(|t| cell(&t["account"])).collect();
        accounts.dedup();
        match (accounts.as_slice(), name) {
            ([only], _) => Ok(only.clone()),
            ([], Some(name)) => anyhow::bail!("no template {name} has been read from the provider"),
            ([], None) => anyhow::bail!("name the account: --account NAME"),
            (several, _) => anyhow::bail!("name the account: --account NAME ({})", several.join(", ")),
        }
    }

    /// The draft with the header that the provider made of a sample.
    async fn with_sample(&self, mut draft: Value, sample: Option<PathBuf>) -> anyhow::Result<Value> {
        let Some(path) = sample else { return Ok(draft) };
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let form = Form::new().text("account", self.account_meant(None).await?);
        let form = form.part("file", Part::bytes(bytes).file_name(name));
        let made: Value = self.client.upload("/api/v1/template-samples", form).await?;
        draft["header"] = json!({"kind": made["kind"], "sample": made["handle"]});
        Ok(draft)
    }

    async fn create(&self, draft: Value, submit: bool) -> anyhow::Result<ExitCode> {
        let body = json!({"account": self.account_meant(None).await?, "draft": draft});
        let kept: Value = self.client.post("/api/v1/template-drafts", &body).await?;
        let id = kept["id"].as_i64().unwrap_or_default();
        let draft: Value = self.client.get(&format!("/api/v1/template-drafts/{id}"), &[]).await?;
        let mend: Vec<String> =
            draft["problems"].as_array().into_iter().flatten().map(|p| cell(&p["message"])).collect();
        if submit && mend.is_empty() {
            return self.submit(id).await;
        }
        let warned = draft["warnings"].as_array().into_iter().flatten().map(|p| cell(&p["message"]));
        let all: Vec<String> = mend.iter().cloned().chain(warned).collect();
        let told = || all.iter().fold(String::new(), |told, sentence| told + "  " + sentence + "\n");
        self.print(&draft, || format!("draft {id} is kept\n{}", told()))?;
        Ok(if mend.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn drafts(&self) -> anyhow::Result<ExitCode> {
        let items = self.client.all("/api/v1/template-drafts", &[]).await?;
        let row = |d: &Value| {
            let problems = d["problems"].as_array().map_or(0, Vec::len);
            let [id, account] = ["id", "account"].map(|key| cell(&d[key]));
            let [name, language] = ["name", "language"].map(|key| cell(&d["draft"][key]));
            [id, account, name, language, problems.to_string(), cell(&d["refusal"])]
        };
        let header = ["draft", "account", "name", "language", "to mend", "refused"];
        self.print(&json!({"items": items}), || {
            if items.is_empty() {
                return "No draft waits to be submitted.\n".to_owned();
            }
            table(header, &items.iter().map(row).collect::<Vec<_>>())
        })
    }

    async fn submit(&self, id: i64) -> anyhow::Result<ExitCode> {
        let path = format!("/api/v1/template-drafts/{id}");
        let draft: Value = self.client.get(&path, &[]).await?;
        let done: Value = self.client.post(&format!("{path}/submit"), &json!({})).await?;
        self.print_seen(&done, &cell(&draft["account"]), "submitted: ").await
    }

    /// A template that was just changed, as a person would see it.
    async fn print_seen(&self, done: &Value, account: &str, what: &str) -> anyhow::Result<ExitCode> {
        let [name, language] = ["name", "language"].map(|key| cell(&done[key]));
        let path = format!("/api/v1/templates/{account}/{name}/{language}");
        let told: Value = if self.json { Value::Null } else { self.client.get(&path, &[]).await? };
        self.print(done, || format!("{what}{}", text::seen(&told)))
    }

    async fn edit(&self, draft: Value) -> anyhow::Result<ExitCode> {
        let [name, language] = ["name", "language"].map(|key| cell(&draft[key]));
        let account = self.account_meant(Some(&name)).await?;
        let path = format!("/api/v1/templates/{account}/{name}/{language}/edit");
        let done: Value = self.client.post(&path, &draft).await?;
        self.print_seen(&done, &account, "").await
    }

    async fn unpause(&self, name: &str, language: &str) -> anyhow::Result<ExitCode> {
        let account = self.account_meant(Some(name)).await?;
        let path = format!("/api/v1/templates/{account}/{name}/{language}/unpause");
        let done: Value = self.client.post(&path, &json!({})).await?;
        self.print_seen(&done, &account, "").await
    }

    async fn delete(&self, name: &str, language: &str, yes: bool) -> anyhow::Result<ExitCode> {
        let account = self.account_meant(Some(name)).await?;
        let known: Value = if yes {
            Value::Null
        } else {
            self.client.get(&format!("/api/v1/templates/{account}/{name}/{language}"), &[]).await?
        };
        let question = format!(
            "Delete {name} ({language})? The name cannot be used again for 30 days.{}",
            used_by(&known["runs"])
        );
        if agreed(&question, yes)? != Agreement::Yes {
            return Ok(ExitCode::FAILURE);
        }
        self.client.delete(&format!("/api/v1/templates/{account}/{name}/{language}")).await?;
        self.print(&json!({"deleted": name, "language": language}), || format!("{name} ({language}) is deleted\n"))
    }
}

/// Who would be left without it.
fn used_by(runs: &Value) -> String {
    let runs = runs.as_array().map(Vec::as_slice).unwrap_or_default();
    if runs.is_empty() {
        return String::new();
    }
    let named: Vec<String> = runs.iter().map(|run| format!("run {} ({} people)", run["run"], run["people"])).collect();
    format!(" It is used by {}.", named.join(", "))
}

fn lines(items: &[Value]) -> String {
    if items.is_empty() {
        return "No such template has been read from the provider.\n".to_owned();
    }
    let row = |t: &Value| {
        let groups: Vec<String> = t["groups"].as_array().into_iter().flatten().map(cell).collect();
        let [account, name, language, category, reason] =
            ["account", "name", "language", "category", "reason"].map(|key| cell(&t[key]));
        [account, name, language, category, text::status(&t["status"]), reason, groups.join(", ")]
    };
    let header = ["account", "name", "language", "category", "status", "reason", "groups"];
    table(header, &items.iter().map(row).collect::<Vec<_>>())
}
