//! The inbox in three columns: the lists, the thread, the person. What is asked for, who is there, and what each agent
//! sets for themselves.

pub mod asked;
pub mod lists;
pub mod presence;
pub mod setting;
