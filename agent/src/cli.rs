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

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{CommandFactory, Parser, Subcommand};
use first_boot_output as output;

use crate::config::{EXAMPLES, ServiceName, ValueError};
use crate::events::Format;
use crate::plan::Step;
use crate::random::{self, NoRandomNumbers};
use crate::run::Quorum;

use departure::{Departure, Of};

pub use first_boot_output::Exit;

/// Makes this machine a member of its cluster: chainfire, then flaredb, then IAM, then a verdict.
///
/// Exit codes: 0 success; 1 failed in a way that may pass, systemd starts it again; 2 wrong usage; 70 a fault of the
/// agent itself; 78 blocked: somebody has to change something first.
#[derive(Debug, Parser)]
#[command(name = "first-boot-agent", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

/// What all commands share.
#[derive(Debug, clap::Args)]
struct Options {
    /// The cluster configuration [default: the credential cluster-config, else what the initrd has found, else
    /// /etc/nixos/secrets/cluster-config.json]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The directory of the markers
    #[arg(long, global = true, value_name = "DIR", default_value = crate::markers::DEFAULT_DIRECTORY)]
    state_dir: PathBuf,
    /// Where events go: auto is the journal, as text too where this is no unit, as JSON lines where there is no journal
    #[arg(long, global = true, value_enum, default_value = "auto")]
    log_format: Format,
    /// Whether problems of the configuration quote nothing of it, whatever its source.
    #[arg(skip)]
    quotes_nothing: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Become a member of a service's cluster, or confirm the bootstrapped one
    Join {
        /// The service: chainfire, flaredb, or another one of the configuration
        service: ServiceName,
    },
    /// Set a service up
    Setup {
        /// The service: iam, or another one of the configuration
        service: ServiceName,
    },
    /// Judge the cluster: quorum of every Raft group, what is set up once, every health endpoint, markers against live membership
    HealthCheck {
        /// Look again until the cluster is healthy or the time of policies.health is over
        #[arg(long)]
        wait: bool,
    },
    /// Do the whole sequence in one process
    Run,
    /// Show how far this node is, and what to do next
    Status(status::Manner),
    /// Show what would be done and why, touching nothing; ends with 78 where something is blocked
    Plan {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Leave the clusters of all services, the last one first: this node's entries go, then its markers
    ///
    /// Refuses where the cluster could not decide without this node. The services keep their data, and keep running unless they
    /// speak etcd-v3; it is of the membership that has ended, so they do not become members again: `reset SERVICE` has the node
    /// join anew. Where it is to stay out, disable the units, which would wait without end from the next boot on: systemctl
    /// disable --now the services, cluster-health-check, and what joins them: chainfire-cluster-join, flaredb-cluster-join,
    /// iam-initial-setup, cluster-join@NAME (on NixOS turn them off in the configuration).
    Leave {
        #[command(flatten)]
        quorum: AcceptQuorumLoss,
    },
    /// Put a service back to its beginning: out of its cluster, stopped, its data moved aside, its markers gone
    ///
    /// Data is moved to DIRECTORY.backup-TIME, never deleted. Refuses where the cluster could not decide without this node.
    Reset {
        /// The service: chainfire, flaredb, iam, another one of the configuration, or all
        #[arg(value_parser = whose)]
        service: Of,
        #[command(flatten)]
        quorum: AcceptQuorumLoss,
    },
    /// The stage in the initrd: find the configuration, look at the machine, hand both over in /run/first-boot-agent
    ///
    /// Run by first-boot-initrd.service. What it may be asked for stands on the kernel's command line; see the reference,
    /// "Delivery of the configuration".
    Initrd,
    /// Show the machine: who it is, what is in it, what is on its disks
    Inventory {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Gather what a fault report needs in one file: no keys, passwords or configurations, but names, addresses and hardware
    ///
    /// Versions, clock, where each value of the configuration came from, TLS files with their dates, markers, status, plan,
    /// units, member lists, names, inventory, and the journal of this boot.
    Diagnose {
        /// Where to: a file that does not exist yet, or - for standard output [default:
        /// first-boot-diagnose-HOST-TIME.txt in this directory]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Look at the cluster configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// Whose reset it is: `all`, or the name of a service.
fn whose(text: &str) -> Result<Of, ValueError> {
    if text == "all" { Ok(Of::All) } else { text.parse().map(Of::One) }
}

#[derive(Debug, Clone, Copy, clap::Args)]
struct AcceptQuorumLoss {
    /// Do it even where the cluster loses its quorum, or cannot be asked
    #[arg(long)]
    accept_quorum_loss: bool,
}

impl From<AcceptQuorumLoss> for Quorum {
    fn from(given: AcceptQuorumLoss) -> Self {
        if given.accept_quorum_loss { Self::MayBeLost } else { Self::Keep }
    }
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check the configuration and the files that it names, and list all problems
    Validate {
        /// Refuse the configuration's own warnings as well: unknown keys, unreachable addresses, a doubtful `data_dir`, a
        /// bootstrapping node that is missing in `initial_peers`; warnings about files stay warnings
        #[arg(long)]
        strict: bool,
    },
    /// Show every value and where it came from
    Show {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of the configuration
    Schema,
    /// Print an example configuration
    Example {
        /// What the node is to do
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
    // Whatever needs them below would panic.
    if let Err(error) = random::bytes::<1>() {
        output::complain(&format!("first-boot-agent: {error}; {}", NoRandomNumbers::REMEDY));
        return Exit::Blocked.into();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let exit = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli)),
        Err(error) => {
            output::complain(&format!("first-boot-agent: cannot start its event loop: {error}"));
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
        Command::Leave { quorum } => departure::run(options, Departure::Leave, Of::All, quorum.into()).await,
        Command::Reset { service, quorum } => departure::run(options, Departure::Reset, service, quorum.into()).await,
        Command::Initrd => initrd_command::run(options).await,
        Command::Inventory { json } => inventory_command::run(json),
        Command::Config(command) => config_command::run(options, &command),
    }
}

/// The commands and options, for whoever writes of them.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}
