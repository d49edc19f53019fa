//! What must hold of everything that reads bytes the agent did not write, as functions that panic where it does not.
//!
//! A target takes any bytes. `make fuzz` has libFuzzer search for bytes that break one; `cargo test` plays the corpus to
//! the same functions. They must not know which of the two calls them, and must not touch anything but a folder of
//! their own.

mod answers;
mod config;
mod gpt;
mod journal;
mod markers;
mod members;
mod messages;
mod names;
mod nodes;
#[path = "../../config/tests/json_schema/mod.rs"]
#[allow(clippy::unwrap_used, clippy::panic, reason = "written for tests, which fail by panicking; so do targets")]
mod published_schema;
mod reads_back;
mod secrets;

pub use answers::answers;
pub use config::config;
pub use gpt::gpt;
pub use journal::journal;
pub use markers::markers;
pub use members::members;
pub use messages::messages;
pub use names::names;

/// A check of what holds for any bytes.
pub type Target = fn(&[u8]);

/// Every target under the name of its corpus.
pub const TARGETS: [(&str, Target); 8] = [
    ("answers", answers),
    ("config", config),
    ("gpt", gpt),
    ("journal", journal),
    ("markers", markers),
    ("members", members),
    ("messages", messages),
    ("names", names),
];

/// Asserts that a text can be put on a terminal and into a log: one line, and nothing that moves a cursor.
fn assert_plain(text: &str) {
    assert!(!text.contains(char::is_control), "a control character would be shown: {text:?}");
}
