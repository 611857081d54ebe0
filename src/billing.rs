//! Billing: rate cards, reservations, charges, reports.
