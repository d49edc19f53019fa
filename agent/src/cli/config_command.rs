//! `config validate|show|schema|example`: looks at the configuration, touches nothing.

use serde_json::json;

use crate::config::{self, ConfigError, Example, Permissions, Shown};

use super::{ConfigCommand, ExampleKind, Exit, Options, node, output};

pub(super) fn run(options: &Options, command: &ConfigCommand) -> Exit {
    match command {
        ConfigCommand::Validate { strict } => validate(options, *strict),
        ConfigCommand::Show { json } => show(options, *json),
        ConfigCommand::Schema => print(&config::schema()),
        ConfigCommand::Example { kind } => print(&config::example(match kind {
            ExampleKind::Bootstrap => Example::Bootstrap,
            ExampleKind::Join => Example::Join,
            ExampleKind::AllInOne => Example::AllInOne,
        })),
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
            print(&format!("{}: valid for {}\n", loaded.origin, loaded.checked.config.node.id))
        }
        Err(error) => refuse(&error),
    }
}

fn show(options: &Options, as_json: bool) -> Exit {
    let loaded = match node::load(options, Permissions::Warn, false) {
        Ok(loaded) => loaded,
        Err(error) => return refuse(&error),
    };
    let values = &loaded.checked.provenance;
    if as_json {
        let rows: Vec<_> = values
            .iter()
            .map(|shown| json!({"path": shown.path, "value": shown.value, "origin": shown.origin.to_string()}))
            .collect();
        return print(&format!("{:#}\n", json!({"source": loaded.origin.to_string(), "values": rows})));
    }
    let width = |length: fn(&Shown) -> usize| values.iter().map(length).max().unwrap_or(0);
    let (path_width, value_width) = (width(|shown| shown.path.len()), width(|shown| shown.value.len()).min(60));
    for Shown { path, value, origin } in values {
        output::print(&format!("{path:<path_width$}  {value:<value_width$}  {origin}\n"));
    }
    Exit::Success
}

fn print(text: &str) -> Exit {
    output::print(text);
    Exit::Success
}

fn refuse(error: &ConfigError) -> Exit {
    output::complain(&error.to_string());
    Exit::Blocked
}
