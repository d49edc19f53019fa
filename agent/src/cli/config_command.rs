//! `config validate|show|schema|example`: looks at the configuration, touches nothing.

use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use serde_json::json;

use crate::config::{self, Config, ConfigError, Permissions, Shown};
use crate::http;
use crate::regular_file::Links;
use crate::secret_file;

use super::{ConfigCommand, Exit, Options, node, output};

pub(super) fn run(options: Options, command: ConfigCommand) -> Exit {
    let reading = |file: Option<PathBuf>| Options { config: file.or(options.config), ..options };
    match command {
        ConfigCommand::Validate { file, strict } => validate(&reading(file), strict),
        ConfigCommand::Show { file, json } => show(&reading(file), json),
        ConfigCommand::Schema => print(&config::schema()),
        ConfigCommand::Example { kind } => print(config::example(&kind).unwrap_or_default()),
    }
}

fn validate(options: &Options, strict: bool) -> Exit {
    match node::load(options, Permissions::Warn, strict) {
        Ok(loaded) => {
            for error in &loaded.passed_over {
                output::complain(&format!("warning: passed over: {error}"));
            }
            for warning in &loaded.checked.warnings {
                output::complain(&format!("warning: {warning}"));
            }
            let config = &loaded.checked.config;
            match files(config) {
                Exit::Done => print(&format!("{}: valid for {}\n", loaded.origin, config.node.id)),
                refused => refused,
            }
        }
        Err(error) => refuse(&error),
    }
}

/// Says what the units would refuse of the files that the configuration names. Where a system is built there are none, nor their
/// directories: that is nothing to mention.
fn files(config: &Config) -> Exit {
    let found = http::tls_findings(&config.tls);
    let set_up = config.set_up_once().filter(|service| service.enable);
    let of_administrators = set_up.filter_map(|service| {
        Some((format!("services.{}.admin_password_file", service.name), service.admin_password_file.clone()?))
    });
    let with_members = config.with_members().filter(|service| service.enable);
    let of_accounts = with_members.filter_map(|service| {
        Some((format!("services.{}.password_file", service.name), service.api.password_file()?.to_owned()))
    });
    let passwords = of_administrators.chain(of_accounts);
    let (passwords, missing): (Vec<_>, Vec<_>) = passwords.partition(|(_, path)| path.exists());
    let tls_files = found.missing.into_iter().map(|(setting, path)| (setting.to_owned(), path));
    for (setting, path) in tls_files.chain(missing) {
        if path.parent().is_some_and(Path::is_dir) {
            output::complain(&format!("warning: {setting}: there is no {}", path.display()));
        }
    }
    for remark in &found.remarks {
        output::complain(&format!("warning: {remark}"));
    }
    let unusable = passwords.iter().filter_map(|(_, path)| unusable_password(path));
    let refused: Vec<String> =
        found.refused.iter().map(|blocker| format!("{}; {}", blocker.reason, blocker.remedy)).chain(unusable).collect();
    // Who is not root may not look at keys, and cannot say what the units would make of them.
    let is_root = geteuid().is_root();
    for refusal in &refused {
        output::complain(&if is_root { refusal.clone() } else { format!("warning: {refusal}") });
    }
    if refused.is_empty() || !is_root { Exit::Done } else { Exit::Blocked }
}

fn unusable_password(path: &Path) -> Option<String> {
    match secret_file::read(path, Links::Follow) {
        Ok(text) if text.trim().is_empty() => Some(format!("{} is empty; write the password into it", path.display())),
        Ok(_) => None,
        Err(error) => Some(format!("{error}; {}", error.remedy())),
    }
}

fn show(options: &Options, as_json: bool) -> Exit {
    let loaded = match node::load(options, Permissions::Warn, false) {
        Ok(loaded) => loaded,
        Err(error) => return refuse(&error),
    };
    if as_json {
        let shown = json!({"source": loaded.origin.to_string(), "values": loaded.checked.provenance()});
        return print(&format!("{shown:#}\n"));
    }
    print(&table(&loaded.checked.provenance()))
}

/// Every value and where it came from, a line each.
pub(super) fn table(values: &[Shown]) -> String {
    let width = |length: fn(&Shown) -> usize| values.iter().map(length).max().unwrap_or(0);
    let (path_width, value_width) = (width(|shown| shown.path.len()), width(|shown| shown.value.len()).min(60));
    let line =
        |Shown { path, value, origin }: &Shown| format!("{path:<path_width$}  {value:<value_width$}  {origin}\n");
    values.iter().map(line).collect()
}

fn print(text: &str) -> Exit {
    output::print(text, Exit::Done)
}

fn refuse(error: &ConfigError) -> Exit {
    output::complain(&error.to_string());
    Exit::Blocked
}
