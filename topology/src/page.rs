//! The reference page of the topology, made from the table. Must not say what is not in it.

use std::fmt::Write;

use super::rules::{FieldRule, Rules};
use super::shape::expected;

/// Every option and every rule, as Markdown.
#[must_use]
pub fn reference_page(rules: &Rules) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, rules);
    page
}

fn write(page: &mut String, rules: &Rules) -> std::fmt::Result {
    for (title, kind) in [("Options of a cluster", "cluster"), ("Options of a node", "node")] {
        write!(page, "## {title}\n\n| option | type, for example | default | description |\n|---|---|---|---|\n")?;
        for (key, field) in rules.fields.get(kind).into_iter().flatten() {
            let FieldRule { kind, example, about, .. } = field;
            writeln!(page, "| `{key}` | {}, `{example}` | {} | {about} |", expected(*kind), absent(field))?;
        }
        page.push('\n');
    }
    page.push_str("## Roles\n\n| role | may bootstrap | default services |\n|---|---|---|\n");
    for (name, role) in &rules.roles {
        let may = if role.bootstraps { "yes" } else { "no" };
        writeln!(page, "| `{name}` | {may} | {} |", role.services.join(", "))?;
    }
    page.push_str("\n## Services\n\n| service | roles | needs on the same node |\n|---|---|---|\n");
    for (name, row) in &rules.services {
        writeln!(page, "| `{name}` | {} | {} |", row.roles.join(", "), row.needs.join(", "))?;
    }
    page.push_str("\n## Not in `extraConfig`\n\n| key | set instead |\n|---|---|\n");
    for (key, instead) in rules.reserved.cluster.iter().chain(&rules.reserved.node) {
        writeln!(page, "| `{key}` | {instead} |")?;
    }
    page.push_str("\n## Names that are taken\n\n| node | reason |\n|---|---|\n");
    for (name, why) in &rules.taken.nodes {
        writeln!(page, "| `{name}` | {why} |")?;
    }
    page.push_str("\n| domain | names below it |\n|---|---|\n");
    for (name, why) in &rules.taken.domains {
        writeln!(page, "| `{name}` | {why} |")?;
    }
    for (title, table) in [("Problems", &rules.problems), ("Warnings", &rules.warnings)] {
        write!(page, "\n## {title}\n\n| rule | message | fix |\n|---|---|---|\n")?;
        for (rule, sentence) in table {
            writeln!(page, "| `{rule}` | {} | {} |", sentence.message, sentence.fix)?;
        }
    }
    Ok(())
}

fn absent(field: &FieldRule) -> String {
    match (&field.default, field.required) {
        (Some(default), _) => format!("`{default}`"),
        (None, true) => "required".to_owned(),
        (None, false) => "none".to_owned(),
    }
}
