//! The reference page of the config, made from the field table. Must not hold
//! prose about single fields: that is the table's.

use super::{
    kind::{Absent, Field, Kind},
    report::below,
    service_table::{DEFAULT, further},
    table::ROOT,
    value::Protocol,
};
use std::fmt::Write;

/// The fields as a Markdown table, one row each.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from("| field | holds | when absent | meaning |\n|---|---|---|---|\n");
    rows(ROOT, "$", &mut page);
    page
}

fn rows(table: &[Field], path: &str, page: &mut String) {
    for field in table {
        let at = below(path, field.key);
        row(page, &at, &field.expected(), &absent(field.absent), field.about);
        match field.kind {
            Kind::Object(inner) => rows(inner, &at, page),
            Kind::Services => services(&at, page),
            _ => {}
        }
    }
}

/// The default services by name; further ones by protocol.
fn services(path: &str, page: &mut String) {
    for service in DEFAULT {
        let at = below(path, service.name.as_str());
        row(page, &at, "an object", &absent(Absent::Inner), service.about);
        rows(service.fields, &at, page);
    }
    for protocol in Protocol::ALL.iter().copied() {
        let at = format!("{path}.NAME");
        row(page, &at, "an object", "not there", &format!("A further service that speaks `{protocol}`."));
        rows(further(protocol), &at, page);
    }
}

fn row(page: &mut String, path: &str, holds: &str, absent: &str, about: &str) {
    let shown = path.trim_start_matches("$.");
    let [holds, absent, about] = [holds, absent, about].map(|cell| cell.replace('|', "\\|"));
    // Writing to a String cannot fail.
    let _ = writeln!(page, "| `{shown}` | {holds} | {absent} | {about} |");
}

fn absent(absent: Absent) -> String {
    match absent {
        Absent::Default(json) => format!("`{json}`"),
        Absent::Derived(from) => format!("from {from}"),
        Absent::Needed(when) => format!("needed {when}"),
        Absent::Open => "not set".to_owned(),
        Absent::Inner => "the defaults below".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        Context, Origin, check,
        kind::{Field, Kind},
        parse,
        report::below,
        service_table::{DEFAULT, DefaultService},
        table::ROOT,
    };
    use super::reference;

    /// Every field whose kind has an example, of the default services and of others by protocol.
    fn with_example(table: &'static [Field], path: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for field in table {
            let at = below(path, field.key);
            match field.kind {
                Kind::Object(inner) => found.extend(with_example(inner, &at)),
                Kind::Services => {
                    let of_service =
                        |service: &DefaultService| with_example(service.fields, &below(&at, service.name.as_str()));
                    found.extend(DEFAULT.iter().flat_map(of_service));
                }
                _ => found.extend(field.example().is_some().then(|| (at, field.expected()))),
            }
        }
        found
    }

    #[test]
    fn a_message_has_the_example_of_its_field() {
        let context =
            Context { given: Origin::Credential, host_name: None, secrets: "/etc/nixos/secrets".into(), strict: false };
        let fields = with_example(ROOT, "$");
        assert!(fields.len() > 40, "{fields:?}");
        for (at, expected) in fields.into_iter().filter(|(at, _)| at != "$[\"$schema\"]") {
            let names: Vec<&str> = at.split('.').skip(1).collect();
            let json = names.iter().rev().fold("false".to_owned(), |inner, name| format!("{{\"{name}\":{inner}}}"));
            let report = check(&parse(json.as_bytes()).unwrap(), &context).unwrap_err();
            let problem = report.problems.iter().find(|problem| problem.path == at);
            assert_eq!(problem.map(|problem| &*problem.expected), Some(&*expected), "{at}: {report}");
        }
        let wrong = r#"{"services":{"flaredb":{"data_dir":"/data"}}}"#;
        let report = check(&parse(wrong.as_bytes()).unwrap(), &context).unwrap_err().to_string();
        assert!(report.contains("/var/lib/flaredb") && !report.contains("/var/lib/chainfire"), "{report}");
    }

    #[test]
    fn the_example_of_a_field_is_its_own() {
        let page = reference();
        for (field, example) in [
            ("tls.ca", "/etc/nixos/secrets/ca.crt"),
            ("tls.cert", "/etc/nixos/secrets/node01.crt"),
            ("tls.key", "/etc/nixos/secrets/node01.key"),
            ("services.iam.admin_password_file", "/etc/nixos/secrets/iam-admin-password"),
            ("services.NAME.password_file", "/etc/nixos/secrets/etcd-password"),
            ("services.NAME.environment_file", "/var/lib/first-boot-automation/etcd.env"),
            ("services.flaredb.data_dir", "/var/lib/flaredb"),
            ("services.flaredb.unit", "flaredb.service"),
            ("services.NAME.unit", "etcd.service"),
            ("services.NAME.data_dir", "/var/lib/etcd"),
            ("expect.memory", "\"64GiB\""),
            ("services.chainfire.paths.add", "/admin/member/add"),
            ("policies.health.first_delay", "\"10ms\""),
            ("rack", "rack7"),
        ] {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{field}` |"))).unwrap_or_default();
            assert!(row.contains(&format!(", for example {example} |")), "{field}: {row}");
        }
        let of_files = page.lines().filter(|line| line.contains("the absolute path of a file"));
        let of_others = of_files.filter(|line| line.contains("ca.crt") && !line.starts_with("| `tls.ca` |"));
        assert_eq!(of_others.collect::<Vec<_>>(), Vec::<&str>::new());
    }
}
