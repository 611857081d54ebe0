//! Where replies will go: teams and agents that nobody knows.

use std::collections::BTreeSet;

use super::sheet::SheetInputs;
use crate::domain::problem::Problem;
use crate::intake::campaign_file::Labelled;
use crate::intake::columns::nearest;

/// Names given as examples.
const EXAMPLES: usize = 3;

/// Whom a route names and nobody knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Unknown<'r> {
    Team(&'r str),
    Agent(&'r str),
}

/// Routes of the rows that name somebody nobody knows.
#[derive(Default)]
pub(super) struct Routes {
    teams: Names,
    agents: Names,
}

/// How many rows name somebody nobody knows, and the first names in the order of the alphabet.
#[derive(Default)]
struct Names {
    rows: i64,
    examples: BTreeSet<String>,
}

impl Names {
    fn add(&mut self, name: &str) {
        self.rows += 1;
        if !self.examples.contains(name) {
            self.examples.insert(name.to_owned());
        }
        if self.examples.len() > EXAMPLES {
            self.examples.pop_last();
        }
    }

    /// How many rows, and some of the names.
    fn told(&self) -> Option<(String, String)> {
        let examples: Vec<&str> = self.examples.iter().map(String::as_str).collect();
        (self.rows > 0).then(|| (self.rows.to_string(), examples.join(", ")))
    }
}

impl Routes {
    /// Counts a row's route, where routes come from a column.
    pub(super) fn see(&mut self, route: &str, inputs: &SheetInputs<'_>) {
        if !matches!(inputs.campaign.replies.route, Labelled::Column(_)) {
            return;
        }
        match unknown(route, inputs) {
            Some(Unknown::Team(name)) => self.teams.add(name),
            Some(Unknown::Agent(name)) => self.agents.add(name),
            None => {}
        }
    }

    /// Teams of the rows that the configuration does not have.
    pub(super) fn blocker(&self) -> Option<Problem> {
        let (n, examples) = self.teams.told()?;
        Some(Problem::new("unknown_teams", &[("n", &n), ("examples", &examples)]))
    }

    /// Agents of the rows who are no users, and where the replies go instead.
    pub(super) fn warning(&self, inputs: &SheetInputs<'_>) -> Option<Problem> {
        let (n, examples) = self.agents.told()?;
        let (team, key) = instead(inputs);
        Some(Problem::new("unknown_agents", &[("n", &n), ("examples", &examples), ("team", team), ("detail_key", key)]))
    }
}

/// The campaign's own route to a team that the configuration does not have.
pub(super) fn blocker(inputs: &SheetInputs<'_>) -> Option<Problem> {
    let Labelled::Fixed(route) = &inputs.campaign.replies.route else { return None };
    let Unknown::Team(team) = unknown(route, inputs)? else { return None };
    let teams = inputs.teams.map(|teams| teams.keys().map(String::as_str)).into_iter().flatten();
    Some(match nearest(team, teams) {
        Some(meant) => Problem::new("unknown_team_meant", &[("team", team), ("meant", meant)]),
        None => Problem::new("unknown_team", &[("team", team)]),
    })
}

/// The campaign goes by the conversations of a team, and there is none, or none of that name.
pub(super) fn goes_by_nobody(inputs: &SheetInputs<'_>) -> Option<Problem> {
    let people = inputs.campaign.limits.people.as_ref()?;
    let (teams, sender) = (inputs.teams?, inputs.sender?);
    match inputs.campaign.goes_by(sender.team.as_deref()) {
        Some(team) if teams.contains_key(team) => None,
        Some(team) => Some(Problem::new("unknown_team", &[("team", team)])),
        None => Some(Problem::new("waiting_no_team", &[("limit", &people.at_most.to_string())])),
    }
}

/// The campaign's own route to an agent who is no user, and where the replies go instead.
pub(super) fn warning(inputs: &SheetInputs<'_>) -> Option<Problem> {
    let Labelled::Fixed(route) = &inputs.campaign.replies.route else { return None };
    let Unknown::Agent(agent) = unknown(route, inputs)? else { return None };
    let (team, key) = instead(inputs);
    Some(Problem::new("unknown_agent", &[("agent", agent), ("team", team), ("detail_key", key)]))
}

/// Where the configuration or the users are not known, nobody is unknown.
fn unknown<'r>(route: &'r str, inputs: &SheetInputs<'_>) -> Option<Unknown<'r>> {
    match route.split_once(':')? {
        ("team", name) if !inputs.teams?.contains_key(name) => Some(Unknown::Team(name)),
        ("agent", name) if !inputs.users?.contains(name) => Some(Unknown::Agent(name)),
        // Bots stand among the users with what they are.
        ("bot", _) if !inputs.users?.contains(route) => Some(Unknown::Agent(route)),
        _ => None,
    }
}

/// The sender's team, and the key of the words for where replies go that reach nobody named.
fn instead<'a>(inputs: &SheetInputs<'a>) -> (&'a str, &'static str) {
    match inputs.sender.and_then(|sender| sender.team.as_deref()) {
        Some(team) => (team, "preflight.replies_to_team"),
        None => ("", "preflight.replies_to_anybody"),
    }
}
