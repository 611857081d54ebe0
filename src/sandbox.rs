//! A provider on this machine: speaks the wire formats, enforces the limits, plays the people.
