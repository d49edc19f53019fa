//! The validated cluster configuration: from bytes to values that need no further checking, with all problems at once.
//!
//! One table (`table`) lists every field; the checker, the defaults, the JSON
//! Schema, the reference page and the hints are made from it. Must not read files
//! or ask the machine, must not hand out raw text, and must not print what may be secret.
//!
//! ```text
//! bytes ─ syntax ─► tree ─ check (table) ─► fields ─ rules ─ assemble ─► Config
//! ```

mod assemble;
mod check;
mod example;
mod expectations;
mod fields;
mod group;
pub mod hardware_address;
mod key;
mod kind;
mod logins;
pub mod model;
mod near;
mod origin;
pub mod protocols;
mod raft;
mod reference;
mod report;
mod rules;
mod schema;
mod service_table;
mod services;
mod shown;
mod syntax;
mod system_directory;
mod table;
mod text_kinds;
mod tree;
pub mod value;

pub use example::{EXAMPLES, example};
pub use expectations::Expectations;
pub use logins::without_logins;
pub use model::{Config, Limits, MemberService, Mode, Peer, Policies, Request, Retry, Service, SetupService};
pub use origin::Origin;
pub use protocols::{Api, ApiPaths, Entry, Etcd};
pub use reference::reference;
pub use report::{Problem, Quotes, Report};
pub use schema::schema;
pub use shown::Shown;
pub use syntax::{Format, SIZE_LIMIT, SyntaxError, after_marks, is_empty, text};
pub use system_directory::of_the_system;
pub use value::{
    ClusterName, Endpoint, Host, HostPort, NodeId, Protocol, RaftAddr, ServiceName, TlsPaths, UnitName, ValueError,
};

use std::path::PathBuf;

/// A config's JSON, not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Document(tree::Tree);

/// What the check uses besides the config itself.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where the config came from, for `config show`.
    pub given: Origin,
    /// The machine's hostname, which a config without `node_id` uses.
    pub host_name: Option<String>,
    /// The directory of the TLS files that the config does not name.
    pub secrets: PathBuf,
    /// Whether unknown keys and other oddities are errors.
    pub strict: bool,
}

/// A config that holds, and what there is to say about it.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The config.
    pub config: Config,
    /// What is odd, though usable: unknown keys above all.
    pub warnings: Vec<Problem>,
    fields: fields::Fields,
    given: Origin,
}

impl Checked {
    /// Whether the config has `services`; without it, those of the platform are meant.
    #[must_use]
    pub fn names_services(&self) -> bool {
        self.fields.is_given("$.services")
    }

    /// Every value and where it came from.
    #[must_use]
    pub fn provenance(&self) -> Vec<Shown> {
        shown::list(&self.fields, &self.given)
    }
}

/// Reads JSON.
///
/// # Errors
/// When the bytes are too many, no UTF-8, or no JSON; the error says where.
pub fn parse(bytes: &[u8]) -> Result<Document, SyntaxError> {
    syntax::read(bytes).map(Document)
}

/// Checks a config.
///
/// # Errors
/// With every problem there is.
pub fn check(document: &Document, context: &Context) -> Result<Checked, Report> {
    check_quoting(document, context, Quotes::Shown)
}

/// The same, and says whether problems may quote the config.
///
/// # Errors
/// With every problem there is.
pub fn check_quoting(document: &Document, context: &Context, quotes: Quotes) -> Result<Checked, Report> {
    let mut fields = check::walk(&document.0, &context.given, quotes);
    rules::apply(&mut fields, context.host_name.as_deref());
    let config = assemble::assemble(&mut fields, context);
    let mut warnings = std::mem::take(&mut fields.warnings);
    if context.strict {
        fields.problems.append(&mut warnings);
        warnings.append(&mut fields.advice);
    }
    match config {
        Some(config) if fields.problems.is_empty() => {
            Ok(Checked { config, warnings: report::bounded(warnings), fields, given: context.given.clone() })
        }
        _ => Err(Report::of(fields.problems, fields.left_out, warnings)),
    }
}
