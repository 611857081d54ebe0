//! What Recado writes is for its own user: people's numbers, names and answers.

use rustix::fs::Mode;
use rustix::process::umask;

/// From here on, what this process makes can be read by its user alone, whatever the shell it was started from allows.
/// What others make, as in the watched folder, stays as it is.
pub fn keep_to_ourselves() {
    umask(Mode::RWXG | Mode::RWXO);
}
