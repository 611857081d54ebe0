//! What the cells of a column look like: by it a column is told whose name could be several things.

/// What most of a column's first cells are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// Nothing stands in them.
    Empty,
    /// Numbers that can be sent to.
    Phones,
    /// Dates with their times.
    Moments,
    /// Dates alone.
    Dates,
    /// Times of day alone.
    Times,
    /// Anything else.
    Other,
}

/// The first rows of a file.
pub trait Looks {
    /// What the cells of the column at `place` look like.
    fn of(&self, place: usize) -> Look;
}

/// Of no file.
#[derive(Clone, Copy, Debug)]
pub struct Unseen;

impl Looks for Unseen {
    fn of(&self, _: usize) -> Look {
        Look::Empty
    }
}
