//! The command line of `first-boot-topology`: reads a topology, prints what is wrong with it, or writes the nodes'
//! configurations. Must not judge: that is done before it prints anything.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use first_boot_output::plain_error;
use first_boot_output::{self as output, Exit, complain};

use super::findings::listed;
use super::{Generated, Rules, SourceError, Topology, evaluate, file, read};

/// Turns a topology, as JSON, into the configuration of each of its nodes, as the NixOS module does.
///
/// Exit codes: 0 success; 1 a file cannot be written; 2 wrong usage; 70 a fault of the command itself; 78 the topology
/// cannot be read or has problems.
#[derive(Debug, Parser)]
#[command(name = "first-boot-topology", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List everything that is wrong with the topology, and warn of what may surprise
    Check {
        /// The topology as JSON; `-` is standard input
        file: PathBuf,
    },
    /// Print the configurations, or write each to a file of mode 0600; nothing if the topology has problems
    Render {
        /// The topology as JSON; `-` is standard input
        file: PathBuf,
        /// Only this node
        #[arg(long, value_name = "NAME")]
        node: Option<String>,
        /// Write NODE.json there instead of printing
        #[arg(long, value_name = "DIR")]
        output_dir: Option<PathBuf>,
    },
}

/// Why nothing was made of a topology.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the topology {}: {source}", .file.display())]
    Source { file: PathBuf, source: SourceError },
    #[error("the topology {} has {} problem{}", .file.display(), .found.problems.len(), plural(.found.problems.len()))]
    Problems { file: PathBuf, found: Topology },
    #[error("{name} is not a node of the topology; known are: {known}")]
    NoSuchNode { name: String, known: String },
    #[error("cannot make the directory {}: {}; choose another with --output-dir", .path.display(), plain_error(source))]
    Directory { path: PathBuf, source: io::Error },
    #[error(
        "cannot write {}: {}; correct that, or choose another directory with --output-dir",
        .path.display(), plain_error(source)
    )]
    Write { path: PathBuf, source: io::Error },
    #[error("the table of rules that was built in cannot be read: {0}; this is a fault of the command, report it")]
    Table(#[from] serde_json::Error),
}

impl Failure {
    const fn exit(&self) -> Exit {
        match self {
            Self::Source { .. } | Self::Problems { .. } | Self::NoSuchNode { .. } => Exit::Blocked,
            Self::Directory { .. } | Self::Write { .. } => Exit::Transient,
            Self::Table(_) => Exit::Internal,
        }
    }
}

/// The commands and options, for their man page and completions.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match output::parse::<Cli>() {
        Ok(cli) => cli,
        Err(ended) => return ended,
    };
    let outcome = match cli.command {
        Command::Check { file } => check(&file),
        Command::Render { file, node, output_dir } => render(&file, node.as_deref(), output_dir.as_deref()),
    };
    let exit = match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            complain(&failure.to_string());
            if let Failure::Problems { found, .. } = &failure {
                found.problems.iter().for_each(|problem| complain(&format!("  {problem}")));
            }
            failure.exit()
        }
    };
    exit.into()
}

fn check(file: &Path) -> Result<Exit, Failure> {
    let configs = sound(file)?;
    let text = format!("{}: sound, {} node{}\n", file.display(), configs.len(), plural(configs.len()));
    Ok(output::print(&text, Exit::Done))
}

fn render(file: &Path, node: Option<&str>, output_dir: Option<&Path>) -> Result<Exit, Failure> {
    let mut configs = sound(file)?;
    if let Some(name) = node {
        let known = listed(configs.iter().map(|config| config.node.as_str()));
        configs.retain(|config| config.node == name);
        if configs.is_empty() {
            return Err(Failure::NoSuchNode { name: name.to_owned(), known });
        }
    }
    match (output_dir, configs.as_slice()) {
        (Some(directory), configs) => write(directory, configs),
        (None, [one]) if node.is_some() => Ok(output::print(&one.text(), Exit::Done)),
        (None, _) => {
            let all = configs.into_iter().map(|made| (made.node, made.config)).collect();
            Ok(output::print(&format!("{:#}\n", serde_json::Value::Object(all)), Exit::Done))
        }
    }
}

/// The configurations of a topology without problems; warnings are printed.
fn sound(file: &Path) -> Result<Vec<Generated>, Failure> {
    let rules = Rules::built_in()?;
    let given = read(file).map_err(|source| Failure::Source { file: file.to_owned(), source })?;
    let found = evaluate(&rules, &given);
    if !found.problems.is_empty() {
        return Err(Failure::Problems { file: file.to_owned(), found });
    }
    found.warnings.iter().for_each(|warning| complain(&format!("warning: {warning}")));
    Ok(found.configs)
}

fn write(directory: &Path, configs: &[Generated]) -> Result<Exit, Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|source| Failure::Directory { path: directory.to_owned(), source })?;
    let mut exit = Exit::Done;
    for config in configs {
        let path = directory.join(format!("{}.json", config.node));
        if let Err(source) = file::write(&path, &config.text()) {
            return Err(Failure::Write { path, source });
        }
        exit = output::print(&format!("{}\n", path.display()), exit);
    }
    Ok(exit)
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
