//! When a message is due and when it is too late.
