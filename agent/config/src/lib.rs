//! The cluster config: found, read, checked, and handed out as values that need
//! no further checking.
//!
//! One table (`table`) lists every field; the checker, the defaults, the JSON
//! Schema, the reference page and the hints are made from it. Must not hand out
//! raw text, and must not print what may be secret.
//!
//! ```text
//! bytes ─ syntax ─► tree ─ check (table) ─► fields ─ rules ─ assemble ─► Config
//! ```

mod assemble;
mod changes;
mod check;
mod error;
mod example;
mod expectations;
mod fields;
mod file;
mod group;
mod kind;
pub mod model;
mod near;
mod own;
mod raft;
mod reference;
mod report;
mod rules;
mod schema;
mod services;
mod shown;
mod source;
mod syntax;
mod table;
mod text_kinds;
mod tree;
pub mod value;

pub use changes::Changes;
pub use error::ConfigError;
pub use example::{Example, example};
pub use expectations::{Expectations, ExpectedPartition};
pub use model::{
    Api, ApiPaths, Config, Etcd, Limits, MemberService, Mode, Policies, Request, Retry, Service, SetupService, TlsPaths,
};
pub use reference::reference;
pub use report::{Problem, Report};
pub use schema::schema;
pub use shown::{Origin, Shown};
pub use source::{
    CREDENTIAL, ENCRYPTED_STORES, FILE, HAND_OVER, InitrdFindings, Loaded, Options, Permissions, Reading, SECRETS,
    Source, credentials, examine, load, places, read_at,
};
pub(crate) use syntax::text;
pub use syntax::{SIZE_LIMIT, SyntaxError};
pub use value::{ClusterName, Endpoint, Host, HostPort, NodeId, Protocol, RaftAddr, ServiceName, UnitName, ValueError};

use std::path::PathBuf;

use report::Quotes;

/// A config's JSON, not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Document(tree::Tree);

/// What the check goes by besides the config itself.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where the config came from, for `config show`.
    pub given: Origin,
    /// The machine's host name, which a config without `node_id` goes by.
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
    /// Every value and where it came from.
    pub provenance: Vec<Shown>,
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
fn check_quoting(document: &Document, context: &Context, quotes: Quotes) -> Result<Checked, Report> {
    let (fields, config) = judge(document, context, quotes);
    match config {
        Some(config) if fields.problems.is_empty() => {
            let provenance = shown::list(&fields, &context.given);
            Ok(Checked { config, warnings: report::bounded(fields.warnings), provenance })
        }
        _ => Err(Report::of(fields.problems, fields.warnings)),
    }
}

/// The problems that [`check`] finds, and nothing else: for whoever checks thousands of configs and keeps none.
///
/// # Errors
/// With every problem there is.
pub fn verify(document: &Document, context: &Context) -> Result<(), Report> {
    match judge(document, context, Quotes::Shown) {
        (fields, Some(_)) if fields.problems.is_empty() => Ok(()),
        (fields, _) => Err(Report::of(fields.problems, fields.warnings)),
    }
}

/// The fields of a config with what is wrong with them, and what they make, where they make one.
fn judge(document: &Document, context: &Context, quotes: Quotes) -> (fields::Fields, Option<Config>) {
    let mut fields = check::walk(&document.0, &context.given, quotes);
    rules::apply(&mut fields, context.host_name.as_deref());
    let config = assemble::assemble(&mut fields, context);
    if context.strict {
        let odd = std::mem::take(&mut fields.warnings);
        fields.problems.extend(odd);
    }
    (fields, config)
}

/// A configuration that is right, for the tests of other rooms.
#[cfg(test)]
pub(crate) fn of(json: &str) -> Config {
    let context =
        Context { given: Origin::Default, host_name: None, secrets: "/etc/nixos/secrets".into(), strict: true };
    check(&parse(json.as_bytes()).unwrap(), &context).unwrap().config
}

/// The default services, for the tests of other modules.
#[cfg(test)]
impl Config {
    pub(crate) fn chainfire(&self) -> &MemberService {
        self.member_service(ServiceName::CHAINFIRE).unwrap()
    }

    pub(crate) fn member_service_mut(&mut self, name: ServiceName) -> &mut MemberService {
        let mut found = self.services.iter_mut().filter_map(|service| match service {
            Service::Members(service) if service.name == name => Some(service),
            _ => None,
        });
        found.next().unwrap()
    }
}
