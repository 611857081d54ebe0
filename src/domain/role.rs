//! Roles and what each may do. The whole table of routes is tested against it.

use serde::{Deserialize, Serialize};

/// What a user or token is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Runs the daemon: steers runs, settles doubts, lifts holds, watches its health. Reads everything but chats.
    Operator,
    /// Loads, starts, watches and steers campaigns.
    Marketing,
    /// Answers conversations, sends a template by hand.
    Agent,
    /// Reads costs and campaigns' figures; no chats, no people.
    Finance,
    /// A program that talks to people: reads and answers the conversations it was given, and gives them back.
    Bot,
}

/// A right a route asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Right {
    /// See campaigns and runs with their counts.
    ReadCampaigns,
    /// See the rows of a run: names, numbers, texts.
    ReadPeople,
    /// Load a campaign's file and audience; approve nothing.
    LoadCampaigns,
    /// Start a run (and with it approve what pre-flight showed).
    StartRuns,
    /// Send a row of a campaign to a number of one's own.
    SendTests,
    /// Pause, resume, cancel a run; try again what failed.
    SteerRuns,
    /// Settle doubts in bulk; lift holds.
    LiftHolds,
    /// Send one template to one person by hand.
    SendByHand,
    /// Read and answer conversations, set outcomes.
    Converse,
    /// Read and answer, as a bot, the conversations it has.
    AnswerAsBot,
    /// Read costs.
    ReadCosts,
    /// Read the audit.
    ReadAudit,
    /// Put people on the do-not-send list.
    Suppress,
    /// Write, submit, edit and delete templates; set groups, default mappings and custom variables.
    ManageTemplates,
    /// Write canned answers: everybody's with the right to manage templates, else those of one's own teams.
    WriteCanned,
    /// Export everything kept of a person, and erase them.
    ManagePeople,
    /// Manage users and tokens.
    ManageUsers,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [Self::Admin, Self::Operator, Self::Marketing, Self::Agent, Self::Finance, Self::Bot];

    /// Those that people have; the others are for programs alone.
    pub const PEOPLE: [Self; 5] = [Self::Admin, Self::Operator, Self::Marketing, Self::Agent, Self::Finance];

    /// Whether a person can have it.
    pub fn is_for_people(self) -> bool {
        Self::PEOPLE.contains(&self)
    }

    /// The word in database, API and command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Marketing => "marketing",
            Self::Agent => "agent",
            Self::Finance => "finance",
            Self::Bot => "bot",
        }
    }

    /// The role of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == word)
    }

    /// Whether it has `right`.
    pub const fn may(self, right: Right) -> bool {
        use Right as R;
        match self {
            Self::Admin => true,
            Self::Operator => {
                matches!(
                    right,
                    R::ReadCampaigns
                        | R::ReadPeople
                        | R::SteerRuns
                        | R::LiftHolds
                        | R::ReadCosts
                        | R::ReadAudit
                        | R::Suppress
                )
            }
            Self::Marketing => matches!(
                right,
                R::ReadCampaigns
                    | R::ReadPeople
                    | R::LoadCampaigns
                    | R::StartRuns
                    | R::SendTests
                    | R::SteerRuns
                    | R::ReadCosts
                    | R::Suppress
                    | R::ManageTemplates
                    | R::WriteCanned
            ),
            Self::Agent => {
                matches!(
                    right,
                    R::ReadCampaigns | R::ReadPeople | R::SendByHand | R::Converse | R::Suppress | R::WriteCanned
                )
            }
            Self::Finance => matches!(right, R::ReadCampaigns | R::ReadCosts),
            Self::Bot => matches!(right, R::AnswerAsBot),
        }
    }
}
