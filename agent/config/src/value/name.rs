//! Names: of nodes, clusters, units, users, hosts, places and API calls. Every one of them
//! ends up in a URL, a file name, a marker or a journal field, so each allows
//! only what is harmless in all of these. Must not resolve anything.

use super::ValueError;
use std::{fmt, str::FromStr};

/// Declares text types that only their checking functions let in.
macro_rules! checked_texts {
    ($($(#[$about:meta])* $name:ident: $check:path;)+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text, as it is written to files and sent to others.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                $check(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    )+};
}

checked_texts! {
    /// What the cluster calls this node: `node01`.
    NodeId: identifier;
    /// What the operators call the cluster: `prod-cluster`.
    ClusterName: identifier;
    /// The account of the first IAM administrator: `admin`.
    UserName: user;
    /// A systemd service unit: `chainfire.service`.
    UnitName: unit;
    /// A hostname as DNS takes it, in lower case and without a final dot.
    DnsName: dns;
    /// A short free text that fits one line: a datacenter, a rack, a network.
    Label: label;
    /// The path of one call below an endpoint, beginning with a slash: `/admin/member/add`.
    ApiPath: api_path;
}

impl ApiPath {
    /// The path of one thing below this one: a member, a key. `Endpoint::join`
    /// takes care of characters that a URL cannot hold as they are, save those
    /// that would part the name in two, or that curl takes for a pattern, which
    /// are written otherwise here. No URL can say an empty name, `.` or `..`.
    #[must_use]
    pub fn of(&self, name: &str) -> String {
        let name = [('%', "%25"), ('/', "%2F"), ('\\', "%5C"), ('[', "%5B"), (']', "%5D")]
            .into_iter()
            .fold(name.to_owned(), |name, (character, escaped)| name.replace(character, escaped));
        format!("{}/{name}", self.0.trim_end_matches('/'))
    }
}

fn api_path(text: &str) -> Result<String, ValueError> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/-._~".contains(c));
    let dotted = text.split('/').any(|part| part == "." || part == "..");
    if !text.starts_with('/') || !plain || dotted || text.len() > 255 {
        return Err(ValueError::new("begin with `/` and use letters, digits and `-._~`, no `..` and no query"));
    }
    Ok(text.to_owned())
}

fn identifier(text: &str) -> Result<String, ValueError> {
    let advice = "use 1 to 128 of the letters a-z and A-Z, digits, `.`, `-`, `_`, beginning with a letter or digit";
    plain(text, "", ".-_", advice)
}

fn user(text: &str) -> Result<String, ValueError> {
    let advice = "use 1 to 128 letters, digits, `.`, `-`, `_`, `@`, `+`, beginning with a letter, digit or `_`";
    plain(text, "_", ".-_@+", advice)
}

/// A text of letters and digits, and of these marks, of which some may be its first character.
fn plain(text: &str, first: &str, marks: &str, advice: &str) -> Result<String, ValueError> {
    let fits = (1..=128).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || first.contains(c))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c));
    if fits { Ok(text.to_owned()) } else { Err(ValueError::new(advice)) }
}

fn unit(text: &str) -> Result<String, ValueError> {
    let Some(stem) = text.strip_suffix(".service") else {
        return Err(ValueError::new("end the unit's name with `.service`"));
    };
    let fits = !stem.is_empty()
        && text.len() <= 255
        && stem.chars().all(|c| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c));
    if !fits || stem.ends_with('@') {
        return Err(ValueError::new(
            "name one unit that systemd can start (letters, digits and `:-_.\\@`; a template needs its instance)",
        ));
    }
    Ok(text.to_owned())
}

fn dns(text: &str) -> Result<String, ValueError> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if !name.is_ascii() {
        return Err(ValueError::new("write the hostname in its ASCII form (`xn--…`)"));
    }
    let sound = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    if name.len() > 253 || !name.split('.').all(sound) {
        return Err(ValueError::new(
            "use a hostname of letters, digits and `-`, at most 63 between two dots and 253 in all",
        ));
    }
    // What ends in a number is an address to every resolver and URL parser, and
    // `10.0.1` would quietly become 10.0.0.1.
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal = |rest: &str| rest.chars().all(|c| c.is_ascii_hexdigit());
    if last.chars().all(|c| c.is_ascii_digit()) || last.strip_prefix("0x").is_some_and(hexadecimal) {
        return Err(ValueError::new("a hostname cannot end in a number; write an IPv4 address with four parts"));
    }
    // The last word is the URL library's, so that every host fits in a URL.
    // Whether an `xn--` name means something is left to DNS.
    match url::Host::parse(&name) {
        Ok(url::Host::Domain(same)) if same == name => Ok(name),
        _ => Err(ValueError::new("use a hostname that is valid in a URL")),
    }
}

fn label(text: &str) -> Result<String, ValueError> {
    let fits = (1..=128).contains(&text.len()) && text.trim() == text && !text.chars().any(char::is_control);
    let advice = "use 1 to 128 bytes on one line, without blanks around them";
    if fits { Ok(text.to_owned()) } else { Err(ValueError::new(advice)) }
}
