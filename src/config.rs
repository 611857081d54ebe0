//! Configuration: `recado.toml`, read in one way, refused with file, line, column and a hint.
