//! Pre-flight: what would happen, what it costs, what stands in the way.
