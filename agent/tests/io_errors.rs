//! Errors of the operating system reach people in words, without their numbers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const AGENT: &str = env!("CARGO_BIN_EXE_first-boot-agent");
/// What the standard library puts before a number, in two parts: the word lint reads this file too.
const NUMBER: &str = concat!("os", " error ");

const CONFIG: &str = r#"{"node_id": "node01", "bootstrap": true, "initial_peers": ["10.0.1.10:2380"], "raft_addr": "10.0.1.10:2380",
    "tls": {"ca": "/no/such/ca.crt", "cert": "/no/such/node01.crt", "key": "/no/such/node01.key"},
    "services": {"iam": {"admin_password_file": "/no/such/password"}}}"#;

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(AGENT).args(arguments).output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn no_command_prints_the_number_of_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let config = path("cluster-config.json");
    fs::write(&config, CONFIG).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let (below_a_file, too_long, output) =
        (path("cluster-config.json/x"), path(&"x".repeat(300)), path("no/such/output"));
    let state = path("");
    let mut all = String::new();
    for arguments in [
        &["--config", &below_a_file, "config", "validate"][..],
        &["--config", &too_long, "config", "validate"],
        &["--config", &too_long, "status"],
        &["--config", &too_long, "plan"],
        &["--config", &too_long, "leave", "--dry-run"],
        &["--config", &config, "config", "validate"],
        &["--config", &config, "--state-dir", &state, "status"],
        &["--config", &config, "--state-dir", &state, "plan"],
        &["--config", &config, "--state-dir", &state, "reset", "all", "--dry-run"],
        &["--config", &config, "--state-dir", &below_a_file, "join", "chainfire"],
        &["--config", &config, "--state-dir", &state, "join", "chainfire"],
        &["--config", &config, "--state-dir", &state, "diagnose", "--output", "-"],
        &["--config", &config, "diagnose", "--output", &output],
        &["--config", &config, "status", "--prometheus", "--output", &below_a_file],
    ] {
        let text = printed(arguments);
        assert!(!text.contains(NUMBER), "{arguments:?}: {text}");
        all += &text;
    }
    for words in ["No such file or directory", "File name too long"] {
        assert!(all.contains(words), "nothing was met: {all}");
    }
}

/// A `std::io::Error` that is displayed as it is displays its number.
#[test]
fn no_error_displays_an_io_error_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["src", "output/src", "config/src", "../topology/src"] {
        for path in sources(&root.join(folder)).into_iter().filter(|path| !path.ends_with("tests.rs")) {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let all = by_attributes(code).into_iter().map(str::to_owned).chain(in_code(code));
            found.extend(all.map(|words| format!("{}: {words}", path.display())));
        }
    }
    assert!(found.is_empty(), "use first_boot_output::plain_error: {found:#?}");
}

#[test]
fn the_search_for_io_errors_finds_them() {
    for wrong in [
        "#[error(\"a {source}\")]\nFailed {\n    path: PathBuf,\n    source: io::Error,\n},",
        "#[error(transparent)]\nIo(#[from] io::Error),",
        "#[error(\"{0}\")]\nIo(std::io::Error),",
    ] {
        assert_eq!(by_attributes(wrong).len(), 1, "{wrong}");
    }
    for right in
        ["#[error(\"{}\", plain_error(.0))]\nIo(io::Error),", "#[error(\"{0}\")]\nOther(String),\nIo(io::Error),"]
    {
        assert_eq!(by_attributes(right), Vec::<&str>::new(), "{right}");
    }
    for wrong in [
        "fs::read(path).map_err(|error| format!(\"cannot read: {error}\"))?;",
        "fs::read(path)\n    .map_err(|error| error.to_string())?;",
        "let file = File::open(path).unwrap_or_else(|error| { fail(&format!(\"{error:?}\")) });",
        "match fs::read(path) {\n    Ok(bytes) => bytes,\n    Err(error) => return Err(format!(\"{error}\")),\n}",
        "if let Err(why) = out.write_all(bytes) { complain(&format!(\"{why}\")); }",
        "let Err(why) = out.flush() else { return };\ncomplain(&why.to_string());",
        "fn said(error: &io::Error) -> String { format!(\"failed: {error}\") }",
        "let failed = |error: std::io::Error| error.to_string();",
        "fn listed() -> io::Result<()> {}\nlisted().map_err(|error| format!(\"{error}\"))",
        "struct Failed {\n    source: io::Error,\n}\nwrite!(out, \"{}\", self.source)",
        "Err(error) => report(Event::Failed { error: io::Error::from(error).to_string() }),",
    ] {
        assert_eq!(in_code(wrong).len(), 1, "{wrong}");
    }
    for right in [
        "fs::read(path).map_err(|error| format!(\"cannot read: {}\", plain_error(&error)))?;",
        "regular_file::read(path).map_err(|error| format!(\"cannot read: {error}\"))?;",
        "fs::read(path)?;\ntext.parse().map_err(|error| format!(\"{error}\"))?;",
        "match text.parse() {\n    Err(error) => format!(\"{error}\"),\n}",
        "match fs::read(path) {\n    Err(error) => plain_error(&error),\n}\nfn said(error: &Fault) { error.to_string() }",
    ] {
        assert_eq!(in_code(right), Vec::<String>::new(), "{right}");
    }
}

/// The texts of errors (`thiserror`) that show what they hold as it is, where that is a `std::io::Error`.
fn by_attributes(text: &str) -> Vec<&str> {
    let attributes = text.split("#[error(").skip(1).filter_map(|after| after.split_once(")]"));
    let of_io = attributes.filter(|(words, after)| {
        let fields = after.split_once(['(', '{']).map_or("", |(_, fields)| fields);
        let fields = fields.split(['}', ';']).next().unwrap_or_default().split("),").next().unwrap_or_default();
        let shows = ["{source}", "{0}", "{error}", "transparent"].iter().any(|shown| words.contains(shown));
        shows && fields.contains("io::Error")
    });
    of_io.map(|(words, _)| words).collect()
}

/// What makes a `std::io::Error`; besides, every function of the same file that returns one.
const MAKES_ONE: [&str; 22] = [
    " fs::",
    "(fs::",
    "=fs::",
    "File::",
    "OpenOptions",
    ".read(",
    ".read_to_end(",
    ".read_to_string(",
    ".read_exact(",
    ".read_until(",
    ".write_all(",
    ".flush()",
    ".sync_all()",
    "Stream::connect",
    "Datagram::",
    "Socket::bind",
    "Command::new",
    "stdin()",
    "stdout()",
    ".metadata()",
    "canonicalize(",
    "io::Error::",
];

/// The places that show a `std::io::Error` as it is, as far as the text shows its type: where the name was bound that is shown.
fn in_code(text: &str) -> Vec<String> {
    let declared = text.split("fn ").skip(1).filter(|after| {
        let signature = after.split(['{', ';']).next().unwrap_or_default();
        signature.split_once("->").is_some_and(|(_, returned)| returned.contains("io::Result"))
    });
    let own: Vec<String> = declared.filter_map(|after| Some(format!("{}(", after.split(['(', '<']).next()?))).collect();
    let makes_one = |code: &str| {
        let own = || own.iter().any(|call| code.match_indices(call.as_str()).any(|(at, _)| is_unqualified(code, at)));
        let code = format!(" {code}");
        MAKES_ONE.iter().any(|call| code.contains(call)) && !code.contains("regular_file::") || own()
    };
    let is_shown = |(at, name): &(usize, &str)| {
        let before = &text[..*at];
        let bound = |form: &str| before.rfind(&form.replace("NAME", name));
        let forms = ["Err(NAME)", "|NAME|", "|NAME:", "(NAME:", ", NAME:", " NAME: ", "let NAME = "].map(bound);
        let Some(binding) = forms.into_iter().flatten().max() else { return false };
        let after = &before[binding..];
        let behind = |end: &[char]| after.split(end).next().unwrap_or_default();
        if after.starts_with("Err(") && before[..binding].trim_end().ends_with("let") {
            makes_one(behind(&['{', ';']).split(" else").next().unwrap_or_default())
        } else if after.starts_with("Err(") {
            let matched = before[..binding].rfind("match ").map_or("", |at| &before[at..]);
            makes_one(matched.split(" {").next().unwrap_or_default())
        } else if after.starts_with(&format!("|{name}|")) {
            let begin = before[..binding].rfind([';', '{', '}']).map_or(0, |at| at + 1);
            let (statement, of_an_error) = (&before[begin..binding], ["err(", "else(", "err_and("]);
            of_an_error.iter().any(|end| statement.ends_with(end)) && makes_one(statement)
        } else if after.starts_with("let ") {
            behind(&[';']).contains("io::Error::")
        } else {
            let typed = after.split_once(':').map_or("", |(_, typed)| typed);
            typed.split([',', ')', '|', '=', ';', '}', '\n']).next().unwrap_or_default().contains("io::Error")
        }
    };
    let made_and_shown = text.match_indices("io::Error::").filter(|(at, _)| {
        let statement = text[*at..].split([';', '\n', ',']).next().unwrap_or_default();
        statement.contains(".to_string()")
    });
    let line =
        |at: usize| text[..at].lines().count().to_string() + ": " + text[at..].lines().next().unwrap_or_default();
    let bound = shown(text).into_iter().filter(is_shown).map(|(at, _)| line(at));
    bound.chain(made_and_shown.map(|(at, _)| line(at))).collect()
}

/// A function of this file is called by its name alone.
fn is_unqualified(code: &str, at: usize) -> bool {
    !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_:.".contains(c))
}

/// Each name that a text interpolates, or that becomes a text, with its place.
fn shown(text: &str) -> Vec<(usize, &str)> {
    let is_of_names = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let interpolated = text.match_indices('{').filter_map(|(at, _)| {
        let after = &text[at + 1..];
        let name = &after[..after.find(|c| !is_of_names(c))?];
        after[name.len()..].starts_with(['}', ':']).then_some((at, name))
    });
    let made_text =
        [".to_string()", ")"].into_iter().flat_map(|end| text.match_indices(end)).filter_map(|(at, end)| {
            let before = &text[..at];
            let name = before.rsplit(|c| !is_of_names(c)).next()?;
            let is_argument = end == ")" && before[..at - name.len()].ends_with(", self.");
            (end != ")" || is_argument).then_some((at - name.len(), name))
        });
    interpolated.chain(made_text).filter(|(_, name)| !name.is_empty()).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| sources(folder));
    below.chain(files).filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
