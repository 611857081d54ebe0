//! Providers: the wire formats, classified at the edge.
