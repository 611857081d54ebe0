//! Pages, JSON API, webhooks' way in, sign-in.
