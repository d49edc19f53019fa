//! What a program installs beside itself for who types its commands: a man page and completions, from its command line.

use std::fmt::Write;

use clap_complete::Shell;
use clap_mangen::Man;

/// Each file below `agent/packaging` with its text.
pub(crate) fn of(mut command: clap::Command) -> Vec<(String, String)> {
    let name = command.get_name().to_owned();
    // Neither a release nor a commit changes them.
    command = command.version("").disable_help_subcommand(true);
    let mut files = vec![(format!("man/{name}.1"), page(&command, &name))];
    let shells = [
        (Shell::Bash, format!("completions/bash/{name}")),
        (Shell::Fish, format!("completions/fish/{name}.fish")),
        (Shell::Zsh, format!("completions/zsh/_{name}")),
    ];
    for (shell, path) in shells {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command.clone(), &name, &mut text);
        let text = String::from_utf8(text).unwrap();
        // clap_complete names the cases of a program with dashes otherwise than what it compares them with.
        let compared = name.replace('-', "__");
        files.push((path, text.replace(&compared.replace("__", "__subcmd__"), &compared)));
    }
    files
}

/// One page for all commands: who searches in it finds them.
fn page(command: &clap::Command, name: &str) -> String {
    let man = Man::new(command.clone()).title(name.to_uppercase()).source(name);
    let mut page = rendered(&|text| man.render_title(text));
    page += &rendered(&|text| man.render_name_section(text));
    page += &rendered(&|text| man.render_synopsis_section(text));
    page += &rendered(&|text| man.render_description_section(text));
    page += &rendered(&|text| man.render_options_section(text));
    page += ".SH COMMANDS\n";
    let mut built = command.clone();
    built.build();
    append(&mut page, &built, name);
    write!(page, ".SH SEE ALSO\n{}, systemctl(1), journalctl(1)\n", other(name)).unwrap();
    // Each part begins with the same two definitions.
    let mut lines: Vec<&str> = page.lines().collect();
    let preamble: Vec<&str> = lines.iter().copied().take_while(|line| !line.starts_with(".TH")).collect();
    lines.retain(|line| !preamble.contains(line));
    [preamble, lines].concat().join("\n") + "\n"
}

fn other(name: &str) -> &'static str {
    if name == "first-boot-agent" { "first-boot-topology(1)" } else { "first-boot-agent(1)" }
}

/// The options that all commands share are those of the page.
fn append(page: &mut String, command: &clap::Command, name: &str) {
    for inner in command.get_subcommands() {
        let inner_name = format!("{name} {}", inner.get_name());
        if inner.has_subcommands() {
            append(page, inner, &inner_name);
            continue;
        }
        let inner = inner.clone().mut_args(|arg| {
            let shared = arg.is_global_set() || ["help", "version"].contains(&arg.get_id().as_str());
            arg.hide(shared)
        });
        let man = Man::new(inner);
        writeln!(page, ".SS {}", inner_name.replace('-', "\\-")).unwrap();
        let parts = [
            rendered(&|text| man.render_synopsis_section(text)),
            rendered(&|text| man.render_description_section(text)),
            rendered(&|text| man.render_options_section(text)),
        ];
        for part in parts {
            let body = part.lines().map(|line| if line.starts_with(".SH ") { ".PP" } else { line });
            body.for_each(|line| writeln!(page, "{line}").unwrap());
        }
    }
}

fn rendered(part: &dyn Fn(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut text = Vec::new();
    part(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}
