//! The command line: its definition, and which module each command goes to. It prints and
//! chooses exit codes; it decides nothing.

mod config_command;
mod context;
mod departure;
mod diagnose;
mod initrd_command;
mod inventory_command;
mod node;
mod plan_command;
mod status;
mod steps;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{CommandFactory, Parser, Subcommand};
use first_boot_output as output;

use crate::config::{EXAMPLES, ServiceName, ValueError};
use crate::events::Format;
use crate::plan::Step;
use crate::random::{self, NoRandomNumbers};

use departure::{Departure, Of};

pub use first_boot_output::Exit;

/// Makes this machine a member of its cluster (etcd, or chainfire, flaredb and IAM), then checks the cluster's health
///
/// Exit codes:
///   0   success
///   1   failed for now; systemd tries again
///   2   wrong usage
///   70  internal error of the agent
///   78  blocked: somebody has to change something first
#[derive(Debug, Parser)]
#[command(name = "first-boot-agent", version = env!("FIRST_BOOT_VERSION"), verbatim_doc_comment)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

/// The heading of what all commands share, apart from what is their own.
const GLOBAL: &str = "Global options";

/// What all commands share.
#[derive(Debug, clap::Args)]
struct Options {
    /// Read the cluster configuration from FILE, or from standard input (-)
    ///
    /// Default: the systemd credential cluster-config, else what the initrd found, else
    /// /etc/nixos/secrets/cluster-config.json. Only commands that read it once accept standard input.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep the markers in DIR
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "DIR", default_value = crate::markers::DEFAULT_DIRECTORY)]
    state_dir: PathBuf,
    /// Choose where events go
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, value_name = "FORMAT", default_value = "auto")]
    log_format: Format,
    /// Whether problems of the configuration quote nothing of it, whatever its source.
    #[arg(skip)]
    quotes_nothing: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Join the cluster of a service, or confirm that it was bootstrapped
    Join {
        /// chainfire, flaredb, or another service of the configuration
        service: ServiceName,
    },
    /// Set up a service that has no members, such as IAM
    Setup {
        /// iam, or another service of the configuration
        service: ServiceName,
    },
    /// Check the health of the cluster
    ///
    /// Checks the quorum of every Raft group, every health endpoint, and this node's markers against live membership.
    HealthCheck {
        /// Check again until the cluster is healthy, at most for policies.health.limit
        #[arg(long)]
        wait: bool,
    },
    /// Run all steps in order in one process
    Run,
    /// Show how far this node is and what to do next
    Status(status::Manner),
    /// Show what would be done and why, without changing anything
    Plan {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove this node from all its clusters and remove its markers
    ///
    /// Refuses if a cluster would lose its quorum. Services keep their data. They keep running as well, except those
    /// that speak etcd-v3. That data belongs to the membership that has ended: to join again, run `first-boot-agent reset`.
    ///
    /// If the node is to stay out, disable its units, which would wait for a cluster at the next boot: run
    /// `systemctl disable --now` for the services, for cluster-health-check, and for what joins them
    /// (chainfire-cluster-join, flaredb-cluster-join, iam-initial-setup, cluster-join@NAME). On NixOS, turn them off in
    /// the configuration.
    Leave(departure::Manner),
    /// Remove this node from a service's cluster, stop the service, move its data aside, remove its markers
    ///
    /// Data is moved to DIRECTORY.backup-TIME, never deleted. Refuses if the cluster would lose its quorum.
    Reset {
        /// chainfire, flaredb, iam, another service of the configuration, or all
        #[arg(value_parser = whose)]
        service: Of,
        #[command(flatten)]
        manner: departure::Manner,
    },
    /// Find the configuration and inspect the machine in the initrd
    ///
    /// Started by first-boot-initrd.service. Leaves what it found in /run/first-boot-agent. Its settings are kernel
    /// parameters: see "Delivery of the configuration" in the reference.
    Initrd,
    /// Show the hardware of this machine and what is on its disks
    Inventory {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write a diagnostics file without secrets, for a bug report
    ///
    /// It has versions, the clock, where each value of the configuration came from, TLS files with their dates, markers,
    /// status, plan, units, member lists, names, inventory, and the journal of this boot. It has no keys, passwords or
    /// configurations, but names, addresses and hardware.
    Diagnose {
        /// Write to FILE, which must not exist, or to standard output (-)
        ///
        /// Default: first-boot-diagnose-HOST-TIME.txt in the current directory.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Check and show the cluster configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

impl Command {
    /// Whether it reads the configuration no more than once, as standard input can be.
    fn reads_once(&self) -> bool {
        match self {
            Self::Config(_) | Self::Plan { .. } => true,
            Self::Status(manner) => manner.is_a_single_look(),
            _ => false,
        }
    }
}

/// Whose reset it is: `all`, or the name of a service.
fn whose(text: &str) -> Result<Of, ValueError> {
    if text == "all" { Ok(Of::All) } else { text.parse().map(Of::One) }
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check the configuration and the files it names, and list all problems
    Validate {
        /// The file; the same as --config FILE
        #[arg(conflicts_with = "config")]
        file: Option<PathBuf>,
        /// Treat warnings about the configuration as errors, and print advice
        ///
        /// Warnings are, for example, unknown keys, addresses that other nodes cannot reach, `raft_addr` on the API port,
        /// or `leader_url` on the Raft port. Advice refuses nothing: an even number of initial peers, a `leader_url`
        /// without a port. Warnings about files stay warnings.
        #[arg(long)]
        strict: bool,
    },
    /// Show every value and where it comes from
    Show {
        /// The file; the same as --config FILE
        #[arg(conflicts_with = "config")]
        file: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of the configuration
    Schema,
    /// Print an example configuration
    Example {
        /// What the node does
        #[arg(value_parser = PossibleValuesParser::new(EXAMPLES.map(|(kind, _)| kind)), default_value = "bootstrap")]
        kind: String,
    },
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    // Before a secret is read: no core dump, not even through a pipe, which a limit of 0 does not stop, and no look into
    // this process without CAP_SYS_PTRACE. It cannot fail; were it to, the units' LimitCORE=0 is left.
    let _ = nix::sys::prctl::set_dumpable(false);
    let cli = match output::parse::<Cli>() {
        Ok(cli) => cli,
        Err(ended) => return ended,
    };
    if cli.options.config.as_deref() == Some(Path::new("-")) && !cli.command.reads_once() {
        let words =
            "--config - is for `config validate`, `config show`, `plan` and a single `status`; name a file here";
        return output::refuse::<Cli>(words);
    }
    // Whatever needs them below would panic.
    if let Err(error) = random::bytes::<1>() {
        output::complain(&format!("first-boot-agent: {error}; {}", NoRandomNumbers::REMEDY));
        return Exit::Blocked.into();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let exit = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli)),
        Err(error) => {
            output::complain(&format!(
                "first-boot-agent: cannot start its event loop: {}",
                output::plain_error(&error)
            ));
            Exit::Internal
        }
    };
    exit.into()
}

async fn dispatch(cli: Cli) -> Exit {
    let options = &cli.options;
    match cli.command {
        Command::Diagnose { output } => diagnose::run(cli.options, output).await,
        Command::Join { service } | Command::Setup { service } => steps::run(options, Some(service.into()), true).await,
        Command::HealthCheck { wait } => steps::run(options, Some(Step::HealthCheck), wait).await,
        Command::Run => steps::run(options, None, true).await,
        Command::Status(manner) => status::run(options, manner).await,
        Command::Plan { json } => plan_command::run(options, json).await,
        Command::Leave(manner) => departure::run(options, Departure::Leave, Of::All, manner).await,
        Command::Reset { service, manner } => departure::run(options, Departure::Reset, service, manner).await,
        Command::Initrd => initrd_command::run(options).await,
        Command::Inventory { json } => inventory_command::run(json),
        Command::Config(command) => config_command::run(cli.options, command),
    }
}

/// The commands and options, for what documents them.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}
