//! What a route takes and gives, for the OpenAPI document and its page.

/// What one route is described with.
#[derive(Clone, Copy, Debug)]
pub struct Doc {
    /// One line.
    pub summary: &'static str,
    /// Names and meanings of the query's parameters.
    pub query: &'static [(&'static str, &'static str)],
    /// What a request holds.
    pub takes: Shape,
    /// What the answer holds.
    pub gives: Shape,
    /// Whether an `Idempotency-Key` counts.
    pub once: bool,
}

/// Form of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// No body.
    Nothing,
    /// JSON of a named schema.
    Named(&'static str),
    /// JSON whose form the documentation of the format tells (the sheet of `check --json`, the cost report).
    Json,
    /// CSV.
    Csv,
    /// The upload of a campaign.
    Upload,
    /// Server-sent events.
    Events,
}

impl Doc {
    /// A route that takes nothing and gives `gives`.
    pub const fn gives(summary: &'static str, gives: Shape) -> Self {
        Self { summary, query: &[], takes: Shape::Nothing, gives, once: false }
    }

    /// With a request's body.
    pub const fn takes(mut self, takes: Shape) -> Self {
        self.takes = takes;
        self
    }

    /// With parameters in the query.
    pub const fn query(mut self, query: &'static [(&'static str, &'static str)]) -> Self {
        self.query = query;
        self
    }

    /// A POST that is done once per `Idempotency-Key`.
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }
}
