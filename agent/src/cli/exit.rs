//! How a command ends after what has become of its run.

use crate::run::Outcome;

pub use first_boot_output::Exit;

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Success,
            Outcome::Transient => Self::Transient,
            Outcome::Blocked => Self::Blocked,
            Outcome::Internal => Self::Internal,
        }
    }
}
