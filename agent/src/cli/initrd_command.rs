//! `initrd`: the stage before there is a root file system.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{self, Permissions};
use crate::delivery::Parameters;
use crate::events::{Event, Report, Reporter, ScopedReporter};
use crate::initrd::{Ended, Stage};
use crate::systemd::InitrdSystemd;

use super::{Exit, Options, context, node};

/// Where an initrd mounts the root file system (bootup(7)).
const SYSROOT: &str = "/sysroot";
/// An initrd has no host name of its own; a configuration without `node_id` is judged by the installed system's.
const NO_NAME_YET: &str = "this-node";

pub(super) async fn run(options: &Options) -> Exit {
    let run_id = node::run_id();
    let reporter = Reporter::start_on_console(options.log_format, &run_id);
    let report = reporter.scoped(context::scope("initrd", "first-boot", None));
    let stage = stage(options, run_id, &report);
    let ended = Box::pin(stage.run(&InitrdSystemd, &report)).await;
    // Before the boot is stopped, and this unit with it.
    reporter.flush();
    let exit = match ended {
        Ended::Well => Exit::Success,
        Ended::Lacking => Exit::Transient,
        Ended::Halted => {
            if let Err(error) = InitrdSystemd.stop_the_boot().await {
                report.report(Event::BootNotHalted { error: error.to_string() });
            }
            Exit::Blocked
        }
    };
    reporter.flush();
    exit
}

fn stage(options: &Options, run_id: String, report: &ScopedReporter) -> Stage {
    let command_line = fs::read_to_string("/proc/cmdline").unwrap_or_default();
    let (parameters, problems) = Parameters::read(&command_line);
    for problem in problems {
        report.report(Event::KernelParameterIgnored { error: problem });
    }
    let sources = node::sources(options, Permissions::Refuse, false);
    let host_name = sources.host_name.filter(|name| !matches!(name.as_str(), "" | "(none)" | "localhost"));
    Stage {
        options: config::Options {
            host_name: host_name.or_else(|| Some(NO_NAME_YET.to_owned())),
            root: Path::new("/").to_owned(),
            ..sources
        },
        sysroot: PathBuf::from(SYSROOT),
        parameters,
        run_id,
    }
}
