//! When a campaign may send, on the person's clock.
