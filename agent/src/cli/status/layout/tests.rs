use super::super::judge::{State, Status, StepStatus};
use super::super::show;
use super::{COLUMNS, Layout, pieces};
use crate::config::ServiceName;
use crate::plan::Step;
use crate::plan::health::Table;

const TERMINAL: Layout = Layout::Terminal { is_coloured: false, columns: COLUMNS };

fn too_wide(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.chars().count() > COLUMNS).collect()
}

fn row(member: &str, url: &str, answer: &str) -> [String; 4] {
    ["chainfire", member, url, answer].map(str::to_owned)
}

#[test]
fn all_of_a_status_fits_a_terminal_of_80_columns() {
    let next = "bring back the members of chainfire that do not answer: node01 (connection refused), node03 (no answer within 5 s)";
    let detail = "a detail of many words ".repeat(12);
    let step = StepStatus::new(Step::CHAINFIRE, State::Failed, detail.trim().to_owned(), Some(next.to_owned()));
    let long = "no answer within 5 s from this endpoint, and none from the one that it names as its leader";
    let table = Table {
        groups: vec![("chainfire".to_owned(), format!("no member list: {long}"))],
        endpoints: vec![
            row("node01", "https://10.0.1.10:2379/health", "ok"),
            row("node02", "https://10.0.1.11:2379/health", long),
        ],
        count: None,
    };
    let invalid = format!(
        "Invalid configuration in /etc/nixos/secrets/cluster-config.json: 1 problem\n  $.node: {long}\n      {long}"
    );
    let status = Status {
        node: Some("node04".to_owned()),
        cluster: Some("a-cluster-with-a-name-that-is-rather-long".to_owned()),
        source: Some("/etc/nixos/secrets/cluster-config.json".to_owned()),
        steps: vec![step],
        warnings: vec![invalid.clone()],
        table: table.clone(),
        ..Status::default()
    };
    let shown = show::text(&status, TERMINAL);
    assert_eq!(too_wide(&shown), Vec::<&str>::new(), "{shown}");
    assert!(shown.contains("\n      $.node: no answer"), "a line keeps its indent: {shown}");
    assert!(shown.contains("\n  chainfire  node01  https://10.0.1.10:2379/health  ok\n"), "{shown}");
    assert!(
        shown.contains("\n  chainfire  node02  https://10.0.1.11:2379/health\n               no answer"),
        "{shown}"
    );

    let name = "a-member-with-a-name-of-forty-characters";
    let wide =
        Table { endpoints: vec![row(name, "https://node-of-a-long-name.example.com:2379/health", long)], ..table };
    let shown = TERMINAL.table(&wide);
    assert_eq!(too_wide(&shown), Vec::<&str>::new(), "{shown}");

    let plain = show::text(&status, Layout::Plain);
    for whole in [next, detail.trim(), invalid.lines().next().unwrap(), long] {
        assert!(plain.contains(whole), "what is no terminal gets whole lines: {plain}");
    }
}

#[test]
fn a_command_is_never_broken() {
    let file = format!("/{}", "directory/".repeat(9));
    for (text, command) in [
        (
            format!("move it aside: mv -T {file} {file}.damaged && rm '/a;  b, c'; then restart"),
            format!("mv -T {file} {file}.damaged && rm '/a;  b, c';"),
        ),
        (
            format!("take it out: mv {file} b && (umask 077; openssl pkcs12 -in b) && rm b"),
            format!("mv {file} b && (umask 077; openssl pkcs12 -in b) && rm b"),
        ),
        (format!("as root: (umask 077; cat {file} > b) > c"), format!("(umask 077; cat {file} > b) > c")),
        (
            format!("begin again with first-boot-agent reset {file} --accept-quorum-loss"),
            format!("first-boot-agent reset {file} --accept-quorum-loss"),
        ),
        (
            format!("if it is a leftover, remove it: curl --cacert {file} -X DELETE 'https://a/b'; else correct it"),
            format!("curl --cacert {file} -X DELETE 'https://a/b';"),
        ),
        (format!("run `a  b {file}`, then wait"), format!("`a  b {file}`,")),
    ] {
        assert!(pieces(&text).contains(&command.as_str()), "{:?}", pieces(&text));
        for before in ["", "some words in front of it that move its place in the line, and so "] {
            let text = format!("{before}{text}");
            assert!(TERMINAL.wrapped(&text, 25).lines().any(|line| line.contains(&command)), "{text}");
        }
    }
}

/// A name of a service has up to 31 characters.
#[test]
fn a_long_name_of_a_service_fits_as_well() {
    let name = "a-service-with-a-long-name-of31";
    let service: ServiceName = name.parse().unwrap();
    let detail = "a detail of many words ".repeat(4);
    let step = StepStatus::new(Step::from(service), State::Failed, detail.trim().to_owned(), None);
    let long = "no answer within 5 s from this endpoint, and none from the one that it names as its leader";
    let row = |url: &str, answer: &str| [name, "node01", url, answer].map(str::to_owned);
    let of = |url: &str| Table {
        groups: vec![("chainfire".to_owned(), "3 members".to_owned()), (name.to_owned(), long.to_owned())],
        endpoints: vec![row(url, "ok"), row(url, long)],
        count: None,
    };
    let table = of("https://10.0.1.10:2379/health");
    let status = Status { steps: vec![step.clone()], table: table.clone(), ..Status::default() };
    let shown = show::text(&status, TERMINAL);
    assert_eq!(too_wide(&shown), Vec::<&str>::new(), "{shown}");
    assert!(shown.contains(&format!("{name} failed  \n{:24}a detail of", "")), "{shown}");
    assert!(shown.contains(&format!("\n  {name} node01  https://10.0.1.10:2379/health  ok\n")), "{shown}");
    let wide = TERMINAL.table(&of("https://node-of-a-long-name.example.com:2379/health"));
    assert_eq!(too_wide(&wide), Vec::<&str>::new(), "{wide}");

    let plain = show::text(&status, Layout::Plain);
    assert!(plain.contains(&format!("{name} failed   {}\n", detail.trim())), "one line each: {plain}");
    assert!(table.to_string().starts_with(&format!("{:<31} 3 members\n{name} no answer", "chainfire")), "{table}");
}

#[test]
fn a_command_in_the_text_of_a_server_gets_no_line_of_its_own() {
    let command = format!("first-boot-agent leave --accept-quorum-loss --yes && rm -rf /{}", "var ".repeat(9));
    let answered = format!("not healthy: answered HTTP 500: revoked; -> {command}");
    let table = Table { groups: vec![("kvs".to_owned(), answered.clone())], ..Table::default() };
    let line = TERMINAL.below("node04 ", &answered, None);
    for shown in [TERMINAL.prose(&answered, 24), TERMINAL.table(&table), line, TERMINAL.lines(&answered, 4)] {
        assert_eq!(too_wide(&shown), Vec::<&str>::new(), "{shown}");
    }
}
