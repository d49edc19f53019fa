//! The help of every command, for the reference in `docs/`.

use std::fmt::Write;

use first_boot_agent::cli;

pub(crate) fn reference() -> String {
    let mut page = String::from(
        "# Command line\n\n<!-- Generated from agent/src/cli.rs by `make generate`; do not edit. -->\n\n\
         The options of `first-boot-agent` itself may be given before or after any command.\n",
    );
    let mut root = cli::command().term_width(100);
    root.build();
    append_help(&mut page, &mut root, "first-boot-agent");
    page
}

/// The options that all commands share are those of the first help, and not repeated.
fn append_help(page: &mut String, command: &mut clap::Command, name: &str) {
    let help = command.render_long_help().to_string();
    write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", help.trim_end()).unwrap();
    for inner in command.get_subcommands_mut().filter(|inner| inner.get_name() != "help") {
        let inner_name = format!("{name} {}", inner.get_name());
        let mut inner = inner.clone().mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
        append_help(page, &mut inner, &inner_name);
    }
}
