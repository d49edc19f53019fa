//! The exit codes: few, and the agent's units rely on them (`RestartPreventExitStatus=2 78`).

use std::process::ExitCode;

/// How the process ends. Wrong usage is clap's 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    Success,
    /// 1: failed in a way that may pass; systemd starts the unit again.
    Transient,
    /// 70 (`EX_SOFTWARE`): a fault of the program itself.
    Internal,
    /// 78 (`EX_CONFIG`): blocked until somebody changes something.
    Blocked,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Transient => 1,
            Self::Internal => 70,
            Self::Blocked => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
