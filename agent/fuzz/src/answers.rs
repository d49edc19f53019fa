//! HTTP answers: status, headers and body decide what comes next. A hint leads to a host and a port over HTTPS and
//! carries nothing else, a pause has a bound, and no message holds what a terminal would obey.

use std::time::Duration;

use first_boot_agent::config::{Endpoint, HostPort};
use first_boot_agent::fuzzing::Heard;
use first_boot_agent::run::ports::{Class, Fault};

use crate::{assert_plain, nodes::NODES};

/// The longest pause that a service can ask for.
const LONGEST_PAUSE: u64 = 300;

/// Takes an answer as it is written: a line with the status, lines with headers, an empty line, the body.
pub fn answers(data: &[u8]) {
    let at = NODES[0].services[0].url();
    let (head, body) = match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&data[..end], &data[end + 2..]),
        None => (data, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let status = lines.next().and_then(|line| std::str::from_utf8(line).ok()?.trim().parse().ok()).unwrap_or(200);
    let headers: Vec<(&[u8], &[u8])> = lines.filter_map(header).collect();
    let answer = Heard::new(status, at, &headers, body);
    let fault = answer.fault();
    assert_class(&fault, status);
    assert_plain(&fault.to_string());
    assert_plain(&fault.blocker().map(|blocker| blocker.to_string()).unwrap_or_default());
    assert!(fault.message.chars().count() <= 200, "{fault}");
    if let (Some(pause), [(name, value)]) = (fault.retry_after(), &headers[..]) {
        assert!(name.eq_ignore_ascii_case(b"retry-after"));
        let asked = std::str::from_utf8(value).unwrap_or_default().trim();
        assert!(asked.bytes().all(|byte| byte.is_ascii_digit()), "{asked}");
        assert_eq!(pause.as_secs(), asked.parse().unwrap_or(u64::MAX).min(LONGEST_PAUSE));
    }
    if let Err(fault) = answer.member_list() {
        assert_plain(&fault.to_string());
    }
    assert_kept(status, at, &headers, body);
}

/// Of what comes in the place of a fetched configuration nothing is said but what it is, nor of a redirect's login and query.
fn assert_kept(status: u16, at: &Endpoint, headers: &[(&[u8], &[u8])], body: &[u8]) {
    const SECRET: &str = "kept7Secret";
    let redirect = format!("https://user:{SECRET}@boot/c.json?{SECRET}");
    let mut planted = headers.to_vec();
    // The first of a name counts.
    planted.retain(|(name, value)| {
        !name.eq_ignore_ascii_case(b"location") && !String::from_utf8_lossy(value).to_lowercase().contains("kept7")
    });
    let body = [SECRET.as_bytes(), body, SECRET.as_bytes()].concat();
    for location in [None, Some(redirect.as_bytes())] {
        let location = location.map(|location| (&b"location"[..], location));
        let headers: Vec<(&[u8], &[u8])> = planted.iter().copied().chain(location).collect();
        if let Some(said) = Heard::new(status, at, &headers, &body).as_fetched(&at.join("/c.json")) {
            assert_plain(&said);
            assert!(!said.contains(SECRET) && said.len() < 1000, "{said}");
        }
    }
    // Wherever the input itself redirects to, it is shown in bounds.
    if let Some(said) = Heard::new(status, at, headers, &[]).as_fetched(&at.join("/c.json")) {
        assert_plain(&said);
        assert!(said.len() < 1000, "{said}");
    }
}

fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((&line[..colon], line[colon + 1..].trim_ascii()))
}

fn assert_class(fault: &Fault, status: u16) {
    match &fault.class {
        Class::Permanent(_) => {
            assert!((400..500).contains(&status) && ![408, 421, 425, 429].contains(&status), "{status}: {fault:?}");
        }
        Class::NotLeader(hint) => {
            assert!([307, 308, 421, 503].contains(&status), "{status}: {fault:?}");
            if let Some(leader) = hint {
                assert_hint(leader);
            }
        }
        Class::Unreachable => panic!("it answered: {fault:?}"),
        Class::Leaderless => assert_eq!(status, 503, "{fault:?}"),
        Class::Transient { retry_after } | Class::Busy { retry_after } => {
            assert!(retry_after.is_none_or(|pause| pause <= Duration::from_secs(LONGEST_PAUSE)), "{fault:?}");
        }
    }
}

/// A hint is a host and a port, and means the same when it is heard again.
fn assert_hint(leader: &Endpoint) {
    let text = leader.to_string();
    assert_plain(&text);
    let address = text.strip_prefix("https://").and_then(|rest| rest.parse::<HostPort>().ok());
    assert_eq!(address.as_ref(), Some(leader.address()), "{text}");
    assert_eq!(leader.join("/x").as_str().strip_suffix("/x"), Some(text.trim_end_matches(":443")));
    let body = serde_json::json!({"leader": text}).to_string();
    let asked = NODES[0].services[2].url();
    let again = Heard::new(421, asked, &[], body.as_bytes()).fault();
    // A hint at the server that gave it is none.
    let expected = (leader != asked).then(|| leader.clone());
    assert_eq!(again.class, Class::NotLeader(expected));
}
