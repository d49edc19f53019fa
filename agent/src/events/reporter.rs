//! Takes events from the work and writes them from a thread of its own, so that a stalled
//! journal or a slow terminal never holds up a join.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use systemd_journal_logger::JournalLog;

use super::console::Console;
use super::journal;
use super::line;
use super::list::Event;
use super::meaning::Severity;
use super::record::{Record, Scope};

/// Events that may wait for a stalled journal; later ones are dropped.
const QUEUE: usize = 256;
/// How long the end of the program waits for the queue to drain.
const DRAIN: Duration = Duration::from_secs(1);

/// What takes events. Tests collect; the binary writes.
pub trait Report {
    /// Takes note of an event. Never blocks and never fails.
    fn report(&self, event: Event);
}

impl<F: Fn(Event)> Report for F {
    fn report(&self, event: Event) {
        self(event);
    }
}

/// Where events go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// The journal; text on stderr as well where this is no unit; JSON lines on stdout where no journal listens.
    Auto,
    /// JSON lines on standard output.
    Json,
    /// Text on stderr.
    Text,
}

enum Message {
    Record(Box<Record>),
    /// To be answered when everything before it is written.
    Flush(Sender<()>),
}

/// Owns the writing thread.
#[derive(Debug)]
pub struct Reporter {
    queue: SyncSender<Message>,
    run_id: Arc<str>,
}

/// The [`Report`] of one step: adds the step's scope to each event.
#[derive(Debug, Clone)]
pub struct ScopedReporter {
    queue: SyncSender<Message>,
    scope: Arc<Scope>,
    run_id: Arc<str>,
}

impl Reporter {
    /// Starts the writing thread. `run_id` is the same for everything within one boot. A console gets what is more than
    /// information: in an initrd the journal cannot be read.
    #[must_use]
    pub(crate) fn start(format: Format, run_id: &str, console: Option<Console>) -> Self {
        let (queue, messages) = sync_channel(QUEUE);
        std::thread::spawn(move || {
            let mut sinks = Sinks { console, ..Sinks::choose(format) };
            for message in messages {
                match message {
                    Message::Record(record) => sinks.write(&record),
                    // Fails if the caller has given up.
                    Message::Flush(done) => drop(done.send(())),
                }
            }
        });
        Self { queue, run_id: run_id.into() }
    }

    /// A reporter for one step.
    #[must_use]
    pub fn scoped(&self, scope: Scope) -> ScopedReporter {
        ScopedReporter { queue: self.queue.clone(), scope: Arc::new(scope), run_id: Arc::clone(&self.run_id) }
    }

    /// Waits, for a second at most, until everything reported so far is written.
    pub fn flush(&self) {
        let (done, written) = channel();
        if self.queue.try_send(Message::Flush(done)).is_ok() {
            // A journal that stalls for longer loses the rest: going on is worth more.
            let _ = written.recv_timeout(DRAIN);
        }
    }
}

impl Report for ScopedReporter {
    fn report(&self, event: Event) {
        // A full queue means a stalled journal; the work goes on without the event.
        let _ = self.queue.try_send(Message::Record(Box::new(Record {
            timestamp: crate::clock::now(),
            scope: Arc::clone(&self.scope),
            run_id: Arc::clone(&self.run_id),
            event,
        })));
    }
}

/// The open sinks of the writing thread.
struct Sinks {
    journal: Option<JournalLog>,
    json: bool,
    text: bool,
    /// Errors go to the journal a second time as the first-boot specification's JSON line, at debug priority:
    /// the first-boot specification's `journalctl -u … | grep '"level":"ERROR"'` finds them there.
    companion: bool,
    console: Option<Console>,
}

impl Sinks {
    fn choose(format: Format) -> Self {
        let journal = match format {
            Format::Auto => journal::connect().ok(),
            Format::Json | Format::Text => None,
        };
        let terminal = io::stderr().is_terminal();
        // A unit's output goes to the journal, which has the events already; other callers want to read them.
        let by_hand = journal.is_some() && std::env::var_os("JOURNAL_STREAM").is_none();
        Self {
            text: format == Format::Text || (format == Format::Auto && (terminal || by_hand)),
            json: format == Format::Json || (format == Format::Auto && journal.is_none() && !terminal),
            companion: journal.is_some() && std::env::var_os("JOURNAL_STREAM").is_some(),
            journal,
            console: None,
        }
    }

    /// Writes to every sink. A sink that fails is not a reason to stop the work, and there
    /// is no further place to complain to.
    fn write(&mut self, record: &Record) {
        if let Some(journal) = &self.journal {
            let _ = journal::write(journal, record);
        }
        if self.json {
            let _ = writeln!(io::stdout(), "{}", line::json(record));
        }
        if self.text {
            let _ = writeln!(io::stderr(), "{}", line::text(record));
        }
        if let Some(console) = self.console.as_mut().filter(|_| record.event.meaning().severity != Severity::Info) {
            console.say(&format!("first-boot-agent: {}", record.message()));
        }
        if self.companion && record.event.meaning().severity == Severity::Error {
            let _ = writeln!(io::stdout(), "<7>{}", line::json(record));
        }
    }
}
