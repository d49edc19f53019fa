//! What a command prints, of every program here, and how it ends. Must not know what is printed, nor print anything that a
//! terminal obeys.
//!
//! A reader that closes early (`| head -1`) is no error. A full disk is one: otherwise the file would pass for complete.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

mod plain_error;
mod visible;

pub use plain_error::plain_error;
use visible::visible;

/// How a process ends. Wrong usage is clap's 2. The codes are few, and the agent's units rely on them
/// (`RestartPreventExitStatus=2 78`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was to do, now or before, or that is turned off.
    Done = 0,
    /// Failed in a way that may pass; systemd starts the unit again.
    Transient = 1,
    /// `EX_SOFTWARE`: a fault of the program itself.
    Internal = 70,
    /// `EX_CONFIG`: blocked until something is changed.
    Blocked = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// clap's own code for wrong usage.
const WRONG_USAGE: u8 = 2;

/// The command line of this process.
///
/// # Errors
/// Where there is nothing left to do but to end: help was asked for, or it is wrong.
pub fn parse<C: Parser>() -> Result<C, ExitCode> {
    C::try_parse().map_err(|error| ended(&error))
}

/// Refuses arguments that are right one by one, and not together.
#[must_use]
pub fn refuse<C: Parser>(reason: &str) -> ExitCode {
    ended(&C::command().error(ErrorKind::ArgumentConflict, reason))
}

fn ended(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if error.use_stderr() {
        aside(&text);
        return WRONG_USAGE.into();
    }
    print(&text, Exit::Done).into()
}

/// Writes to standard output, all of it. Returns how the command ends: as it would, unless the text was not written.
#[must_use]
pub fn print(text: &str, ends: Exit) -> Exit {
    write(text).ending(ends)
}

/// What has become of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was written.
    Whole,
    /// The reader has closed its end, and nothing more is of use to it.
    NobodyReads,
    /// It was not; the reason was reported.
    Failed,
}

impl Written {
    /// How the command ends: as it would, unless the text was not written.
    #[must_use]
    pub fn ending(self, ends: Exit) -> Exit {
        match self {
            Self::Whole | Self::NobodyReads => ends,
            Self::Failed => Exit::Transient,
        }
    }
}

/// Writes to standard output, for callers that write more than once.
#[must_use]
pub fn write(text: &str) -> Written {
    draw(&visible(text))
}

/// The same for a text with colours, or other words for a terminal: its maker has escaped what came from elsewhere.
#[must_use]
pub fn draw(text: &str) -> Written {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Written::Whole,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Written::NobodyReads,
        Err(error) => {
            complain(&format!(
                "cannot write to standard output: {}; free space there, or write elsewhere",
                plain_error(&error)
            ));
            Written::Failed
        }
    }
}

/// Writes to standard error, beside what the command prints: a question, the progress of what is waited for.
pub fn aside(text: &str) {
    // Nowhere is left to say that this fails.
    let _ = io::stderr().lock().write_all(visible(text).as_bytes());
}

/// Writes a line to standard error. A path in it is as somebody has typed it: a terminal must not obey it.
pub fn complain(line: &str) {
    aside(&format!("{line}\n"));
}
