//! A row of a draft as its person will see it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::domain::fill::Rendered;
use crate::domain::problem::Problem;
use crate::domain::snapshot::Snapshot;
use crate::domain::template::Template;
use crate::domain::time::UnixMs;
use crate::engine::feed::Failure;
use crate::engine::readings::{Made, Progress, Soon, Subject};
use crate::engine::{Engine, EngineError, aside, load};
use crate::intake::audience::{Audience, FileFacts, Line, Rules};
use crate::intake::campaign_file::CampaignFile;
use crate::intake::columns::recognised;
use crate::intake::rows::{NOBODY, Names, RowExclusion, RowFate, RowsRequest, open_rows_telling};
use crate::store::draft::Draft;

/// A row of a draft as the person will see it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Preview {
    /// What was found out about the file; `None` when it cannot be read.
    pub facts: Option<FileFacts>,
    /// Which row; 1 is the first after the header.
    pub row: i64,
    /// Its cells, in the order of the header; empty when there is no such row.
    pub cells: Vec<String>,
    /// The template as the provider has it.
    pub template: Option<Template>,
    /// What the person sees.
    pub text: Option<Rendered>,
    /// The number it goes to, with `+`.
    pub to: String,
    /// When it is due.
    pub due_at: Option<UnixMs>,
    /// Why the row becomes no message.
    pub left_out: Option<RowExclusion>,
    /// What keeps any row from being read.
    pub problems: Vec<Problem>,
}

impl Engine {
    /// A row of a draft as the person will see it, with what stands in the way.
    pub async fn preview(&self, of: &Draft, row: i64) -> Result<Preview, EngineError> {
        let looked = self.look_into(of, row).await?;
        aside(move || looked.preview(&|_| ())).await
    }

    /// The same, if it is there within `patience`; until then what the beginning of the file tells, and how far the
    /// reading is. A long reading goes on, and whoever looks at the same again finds it.
    pub async fn preview_soon(
        &self,
        of: &Draft,
        row: i64,
        patience: Duration,
    ) -> Result<(Preview, Option<Progress>), EngineError> {
        let subject = Subject::Draft(of.id);
        let mark = format!("{row} {} {}", of.audience_hash, of.definition);
        if !self.readings.has(&subject, &mark) {
            let looked = self.look_into(of, row).await?;
            self.readings.read_aside((subject.clone(), &mark), move |going| {
                Made::Preview(Arc::new(looked.preview(&|rows| going.tell(rows, 0))))
            });
        }
        match self.readings.wait((&subject, &mark), patience).await {
            Some(Soon::Ready(Made::Preview(preview))) => Ok(((*preview).clone(), None)),
            Some(Soon::Reading(progress)) => {
                let looked = self.look_into(of, row).await?;
                Ok((aside(move || looked.begun()).await?, Some(progress)))
            }
            // It was taken over by a reading of something newer.
            _ => Ok((self.preview(of, row).await?, None)),
        }
    }

    /// Everything that a row is made from.
    async fn look_into(&self, of: &Draft, row: i64) -> Result<LookedInto, EngineError> {
        let mut file = load::parse(&of.definition);
        let template = match &mut file {
            Ok(file) => self.template_of(file).await?,
            Err(_) => None,
        };
        let vars = self.vars().await?;
        let names = match &file {
            Ok(file) => self.client_names(file, &Failure::default()).await?,
            Err(_) => Arc::new(NOBODY.clone()),
        };
        let path = self.audience(&of.audience_hash).await?;
        let (config, started_at) = (Arc::clone(&self.config), self.clock.now());
        let rules = CampaignFile::rules(&of.definition);
        Ok(LookedInto { file, rules, template, vars, names, path, config, started_at, row })
    }

    /// The template that `file` names, where it is known; what `file` does not say is as the template says it.
    async fn template_of(&self, file: &mut CampaignFile) -> Result<Option<Snapshot>, EngineError> {
        let Ok((_, account)) = self.way_out(&file.sender) else { return Ok(None) };
        let template = self.known_templates(account, file).await?;
        self.with_mapping(&account.name, file, template.as_ref().map(|snapshot| &snapshot.main)).await?;
        Ok(template)
    }
}

/// A row of a draft, and everything that it is made from.
struct LookedInto {
    file: Result<CampaignFile, Vec<Problem>>,
    rules: Rules,
    template: Option<Snapshot>,
    vars: BTreeMap<String, String>,
    names: Arc<dyn Names>,
    path: PathBuf,
    config: Arc<Config>,
    started_at: UnixMs,
    row: i64,
}

impl LookedInto {
    /// The file's facts, and the cells of the row.
    fn begun(&self) -> Preview {
        let template = self.template.as_ref().map(|snapshot| snapshot.main.clone());
        let mut preview = Preview { row: self.row, template, ..Preview::default() };
        let audience = match Audience::open_by(&self.path, &self.rules) {
            Ok(audience) => audience,
            Err(problems) => {
                preview.problems = problems;
                return preview;
            }
        };
        let columns = recognised(&audience.facts.header);
        preview.facts = Some(FileFacts { columns, ..audience.facts.clone() });
        let at = usize::try_from(self.row - 1).unwrap_or_default();
        if let Ok(mut lines) = audience.lines()
            && let Some(Line::Cells(cells)) = lines.nth(at)
        {
            preview.cells = cells;
        }
        preview
    }

    /// What the row becomes, which the whole file has its say in.
    fn preview(&self, told: &dyn Fn(u64)) -> Preview {
        let mut preview = self.begun();
        let file = match &self.file {
            Ok(file) if preview.facts.is_some() => file,
            Ok(_) => return preview,
            Err(problems) => {
                preview.problems.extend(problems.iter().cloned());
                return preview;
            }
        };
        let template = self.template.as_ref();
        let request = RowsRequest {
            campaign: file,
            template: template.map(|snapshot| &snapshot.main),
            translations: template.map_or(&[][..], |snapshot| &snapshot.translations),
            vars: &self.vars,
            names: &*self.names,
            holidays: &self.config.holidays,
            laws: &self.config.laws,
            reach: &self.config.reach,
            audience: &self.path,
            started_at: self.started_at,
        };
        fill(&mut preview, template, &request, told);
        preview
    }
}

/// What the row becomes.
fn fill(preview: &mut Preview, templates: Option<&Snapshot>, request: &RowsRequest<'_>, told: &dyn Fn(u64)) {
    let rows = match open_rows_telling(request, told) {
        Ok(rows) => rows,
        Err(problems) => return preview.problems.extend(problems),
    };
    preview.facts = Some(rows.facts().clone());
    let row = preview.row;
    let mut rows = rows;
    let found = rows.find(|found| found.no == row).map(|found| found.fate);
    preview.problems.extend(rows.failure().cloned());
    match found {
        Some(RowFate::Message(draft)) => {
            let template = templates.map(|snapshot| snapshot.of(draft.fill.language.as_deref()));
            let template = template.filter(|template| !template.parameters_unknown);
            preview.text = template.map(|template| template.render(&draft.fill));
            (preview.to, preview.due_at) = (draft.to.with_plus(), Some(draft.due_at));
        }
        Some(RowFate::Excluded(left)) => preview.left_out = Some(left),
        None => {}
    }
}
