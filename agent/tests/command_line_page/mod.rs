//! The help of every command, for the reference in `docs/`.

use std::fmt::Write;

use first_boot_agent::cli;

pub(crate) fn reference() -> String {
    let mut page =
        String::from("# Command line\n\n<!-- Generated from agent/src/cli.rs by `make generate`; do not edit. -->\n");
    let mut root = cli::command().term_width(100);
    root.build();
    append_help(&mut page, &mut root, "first-boot-agent");
    page
}

fn append_help(page: &mut String, command: &mut clap::Command, name: &str) {
    let help = command.render_long_help().to_string();
    write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", help.trim_end()).unwrap();
    for inner in command.get_subcommands_mut().filter(|inner| inner.get_name() != "help") {
        let inner_name = format!("{name} {}", inner.get_name());
        append_help(page, inner, &inner_name);
    }
}
