//! `initrd`: the stage before there is a root file system.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{self, Permissions};
use crate::delivery::Parameters;
use crate::events::{Console, Event, Report, Reporter, ScopedReporter};
use crate::initrd::{self, Ended, SYSROOT, Stage};
use crate::systemd::initrd::{root_is_there, stop_the_boot};
use crate::systemd::notify::Notifier;

use super::{Exit, Options, context, node, output};

/// What makes an initrd one (bootup(7)).
const INITRD_RELEASE: &str = "/etc/initrd-release";
/// An initrd has no hostname of its own; a configuration without `node_id` is judged by the installed system's.
const NO_NAME_YET: &str = "this-node";

pub(super) async fn run(options: &Options) -> Exit {
    if !Path::new(INITRD_RELEASE).exists() {
        output::complain(&format!(
            "first-boot-agent: {INITRD_RELEASE} is missing: this is not an initrd, nothing was done"
        ));
        return Exit::Blocked;
    }
    let notifier = Notifier::from_environment();
    let run_id = node::run_id();
    let reporter = Reporter::start(options.log_format, &run_id, Some(Console::of_this_machine()));
    let report = reporter.scoped(context::scope("initrd", "first-boot", None));
    let stage = stage(options, run_id, &report);
    if stage.parameters.left_out {
        // The unit's condition compares the usual spelling alone; systemd reads others as the same.
        output::complain("first-boot-agent: the kernel's command line says first_boot.initrd=0: nothing was done");
        reporter.flush();
        notifier.ready();
        return Exit::Done;
    }
    let root_is_there = async {
        if let Err(error) = notifier.extending(root_is_there()).await {
            report.report(Event::RootNotAwaited { error: output::plain_error(&error) });
        }
    };
    let ended = Box::pin(stage.run(root_is_there, &report)).await;
    // Before the boot is stopped, and this unit with it.
    reporter.flush();
    // A unit that lacks something fails, and says so on the console. But what is decided is decided: a thread that a dying
    // disk holds may keep this process from ending, not the boot.
    if ended == Ended::Well || ended == Ended::Lacking && initrd::is_held() {
        notifier.ready();
    }
    let exit = match ended {
        Ended::Well => Exit::Done,
        Ended::Lacking => Exit::Transient,
        Ended::Halted => {
            if let Err(error) = stop_the_boot().await {
                report.report(Event::BootNotHalted { error: output::plain_error(&error) });
            }
            Exit::Blocked
        }
    };
    reporter.flush();
    exit
}

fn stage(options: &Options, run_id: String, report: &ScopedReporter) -> Stage {
    // One byte that is no UTF-8 must not take every parameter with it.
    let command_line = fs::read("/proc/cmdline").unwrap_or_default();
    let (parameters, problems) = Parameters::read(&String::from_utf8_lossy(&command_line));
    for problem in problems {
        report.report(Event::KernelParameterIgnored { error: problem });
    }
    let sources = node::sources(options, Permissions::Refuse, false);
    Stage {
        options: config::Options { host_name: Some(NO_NAME_YET.to_owned()), ..sources },
        sysroot: PathBuf::from(SYSROOT),
        parameters,
        run_id,
    }
}
