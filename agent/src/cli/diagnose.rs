//! `diagnose`: what a fault report needs, in one file, without secrets.
//!
//! It only gathers: every section is what another command or module says. Whatever may quote the configuration is left out or
//! asked for without quotes, for the file is made to be passed on.

mod files;
mod live;

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::{Future, join_all};
use tokio::join;
use tokio::time::timeout;

use crate::clock;
use crate::config::{Config, Loaded, Permissions};
use crate::http::{describe_tls_files, tls_findings};
use crate::inventory::Inventory;
use crate::obstacle::remedy;
use crate::systemd::Systemd;

use super::{Exit, Options, config_command, inventory_command, node, output, plan_command, status};

/// How long a section may take: a request to a service that does not answer, and another one.
const LIMIT: Duration = Duration::from_mins(2);

const WITHOUT_CONFIGURATION: &str = "(there is no usable configuration)";

/// How another file is named.
const WITH_OUTPUT: &str = "first-boot-agent diagnose --output FILE";

/// Writes the report. `-` is standard output; without a path it is a new file in the directory where it is called.
pub(super) async fn run(options: Options, to: Option<PathBuf>) -> Exit {
    let options = Options { quotes_nothing: true, ..options };
    let text = Box::pin(report(&options)).await;
    let path = to.unwrap_or_else(|| {
        let time: String = clock::now().chars().filter(|sign| *sign != ':').take("2025-12-10T103045".len()).collect();
        PathBuf::from(format!("first-boot-diagnose-{}-{time}.txt", node::host_name().unwrap_or_default()))
    });
    if path == Path::new("-") {
        return output::print(&text, Exit::Done);
    }
    match write(&path, &text) {
        Ok(()) => {
            let reported = format!(
                "{}: written, readable by root only. It has no keys, passwords or configurations, but names, addresses and hardware: \
                 read it before you pass it on.\n",
                path.display()
            );
            output::print(&reported, Exit::Done)
        }
        Err(error) => {
            output::complain(&error);
            Exit::Transient
        }
    }
}

/// A new file: what is there already is not replaced, and a link is not followed.
fn write(path: &Path, text: &str) -> Result<(), String> {
    let shown = path.display();
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{shown} already exists; name another file: {WITH_OUTPUT}"),
        _ => format!(
            "cannot write {shown}: {}; {}; or name another place: {WITH_OUTPUT}",
            output::plain_error(&error),
            remedy(path, &error)
        ),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a report would be taken for a whole one.
        let _ = fs::remove_file(path);
        failed(error)
    })
}

async fn report(options: &Options) -> String {
    let loaded = node::load(options, Permissions::Warn, false);
    let config = loaded.as_ref().ok().map(|loaded| &loaded.checked.config);
    let systemd = Systemd::connect().await;
    let reachable = systemd.as_ref().ok();
    let (version, status, plan, units, members, names, journal) = join!(
        bounded(files::systemd_version()),
        bounded(status::text(options, reachable)),
        bounded(async {
            plan_command::look_ahead(options).await.map_or_else(|error| error.to_string(), |plan| plan.text())
        }),
        bounded(async {
            match &systemd {
                Ok(systemd) => live::units(systemd, config).await,
                Err(error) => error.to_string(),
            }
        }),
        bounded(of_config(config, live::members)),
        bounded(of_config(config, live::names)),
        bounded(live::journal(config)),
    );
    let configuration = match &loaded {
        Ok(loaded) => configuration(loaded),
        Err(error) => error.to_string(),
    };
    let sections = [
        ("Agent and system", format!("{}systemd      {version}", files::system())),
        ("Clock", files::clock()),
        ("Configuration", configuration),
        ("TLS files", config.map_or_else(|| WITHOUT_CONFIGURATION.to_owned(), tls)),
        ("State", files::state(&options.state_dir)),
        ("Handed over by the initrd", files::hand_over()),
        ("Status", status),
        ("Plan", plan),
        ("Units", units),
        ("Members", members),
        ("Names", format!("{names}\n{}", files::name_sources())),
        ("Machine", inventory_command::text(&Inventory::take_with_hand_over(Path::new("/")))),
        ("Journal of this boot", journal),
    ];
    let head = format!(
        "Diagnostics of {}, made at {} by first-boot-agent {}\n",
        node::host_name().as_deref().unwrap_or("a machine without a name"),
        clock::now(),
        env!("CARGO_PKG_VERSION")
    );
    let shown = |(title, content): (&str, String)| format!("\n== {title} ==\n\n{}\n", content.trim_end());
    head + &sections.map(shown).concat()
}

/// A report of a machine that is unwell comes to an end all the same.
async fn bounded(section: impl Future<Output = String>) -> String {
    timeout(LIMIT, section).await.unwrap_or_else(|_| format!("(not known within {} s)", LIMIT.as_secs()))
}

async fn of_config(config: Option<&Config>, section: impl AsyncFnOnce(&Config) -> String) -> String {
    match config {
        Some(config) => section(config).await,
        None => WITHOUT_CONFIGURATION.to_owned(),
    }
}

fn configuration(loaded: &Loaded) -> String {
    let passed_over = loaded.passed_over.iter().map(|error| format!("passed over: {error}\n"));
    let warnings = loaded.checked.warnings.iter().map(|warning| format!("warning: {warning}\n"));
    let notes: String = passed_over.chain(warnings).collect();
    format!("from {}\n{notes}{}", loaded.origin, config_command::table(&loaded.checked.provenance()))
}

fn tls(config: &Config) -> String {
    let found = tls_findings(&config.tls);
    let missing = found.missing.iter().map(|(setting, path)| format!("{setting}: there is no {}\n", path.display()));
    let refused = found.refused.iter().map(|blocker| format!("refused: {}; {}\n", blocker.reason, blocker.remedy));
    let remarks = found.remarks.iter().map(|remark| format!("odd: {remark}\n"));
    describe_tls_files(&config.tls) + &missing.chain(refused).chain(remarks).collect::<String>()
}

/// Lines in columns.
fn lines(rows: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let rows: Vec<String> = rows.into_iter().map(|(name, value)| format!("{name:<12} {value}\n")).collect();
    rows.concat()
}

/// Everything at once, in the order of what was asked.
async fn each<T, F: Future<Output = String>>(of: impl IntoIterator<Item = T>, section: impl Fn(T) -> F) -> String {
    join_all(of.into_iter().map(section)).await.concat()
}
