//! Inbox: attribution of replies, outcomes, conversations, routing.
