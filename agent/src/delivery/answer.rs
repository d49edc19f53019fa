//! What the answer to a request for a configuration means, and what to do next, for a machine that has none yet.
//!
//! No byte of a body is ever shown, since any body may be a configuration with a password in it; its type, length and digest
//! are. Makes no requests.

use std::time::Duration;

use url::Url;

use crate::config::{SIZE_LIMIT, is_empty};
use crate::http::{Answer, has_plain_host};

use super::Digest;

/// What an answer comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The bytes of a file.
    File(Vec<u8>),
    /// Nothing yet, and why.
    Later {
        /// In words, with what to do.
        why: String,
        /// The pause that the server asks for.
        retry_after: Option<Duration>,
    },
    /// Nothing until the server or the URL is changed.
    Never(String),
}

/// Judges what came from a URL.
pub(super) fn judge(served: Answer, url: &Url) -> Verdict {
    let (retry_after, came) = (served.retry_after, described(&served));
    let said = |sentence: &str| format!("{url} answered HTTP {}: {sentence}", served.status);
    let later = |sentence: &str| Verdict::Later { why: said(sentence), retry_after };
    let never = |sentence: &str| Verdict::Never(said(sentence));
    match served.status {
        200 if served.is_html() => later(&format!(
            "the server sent a web page ({came}), not a file: have the server send the file itself, as application/json; a login, a \
             list of a directory, or a proxy in between sends pages"
        )),
        200 if served.body.len() as u64 > SIZE_LIMIT => later(&format!(
            "what came is too long ({came}), a configuration has {SIZE_LIMIT} bytes at most: is this the URL of a configuration?"
        )),
        200 if is_empty(&served.body) => later(&format!(
            "the server sent an empty file ({came}): write the configuration to that file, or have the server send it"
        )),
        200 => Verdict::File(served.body),
        206 => later(&format!(
            "a part of the file came ({came}), though all of it was asked for: look at the server, or at a proxy in between"
        )),
        201..=299 => later(&format!("no file came ({came}): have the server answer 200 with the file")),
        301 | 302 | 303 | 307 | 308 => never(&redirected(served.location.as_deref(), url)),
        300..=399 => never("that does not answer this request: look at the server, or at a proxy in between"),
        400 => never(
            "the server does not take the request; nginx says so where it wants a client certificate, and none is presented: \
             let it serve this path without, and look at its log",
        ),
        401 => never(
            "the server wants a login, and first_boot.config_url= can carry none: let it serve this path to the machine's \
             address without, or deliver the configuration in another way",
        ),
        403 => never(
            "the server refuses this machine: it wants a client certificate, and none is presented, or it does not serve this \
             address, or may not read the file: look at its log",
        ),
        404 => later("there is no file of this name: put it there, or correct first_boot.config_url="),
        407 => {
            never("a proxy in between wants a login, and none is used here: let the machine reach the server directly")
        }
        408 | 425 => later("the server asks to try again"),
        410 => never("the file was removed for good: put it there again, or correct first_boot.config_url="),
        421 => never(
            "the server is not the one for this name: correct the name in first_boot.config_url=, or the server's configuration",
        ),
        429 => later("the server asks for fewer requests"),
        511 => {
            later("the network wants a login first, as a captive portal does: let the machine reach the server without")
        }
        500..=599 => later("the server, or what is behind it, is in trouble: look at its log"),
        _ => never("the server refuses the request: look at its log"),
    }
}

/// What is said of an answer, for the fuzzer; nothing of a file.
pub(crate) fn said_of(answer: Answer, url: &Url) -> Option<String> {
    match judge(answer, url) {
        Verdict::File(_) => None,
        Verdict::Later { why, .. } | Verdict::Never(why) => Some(why),
    }
}

/// Where a redirect leads, without what may be a secret, and what to do about it.
fn redirected(location: Option<&str>, asked: &Url) -> String {
    let not_followed = "redirects are not followed";
    let Some(target) =
        location.filter(|text| has_plain_host(text)).and_then(|text| asked.join(text).ok()).filter(Url::has_host)
    else {
        return format!(
            "the server redirects, and does not say where to in a way that can be read; {not_followed}: have it send the file itself"
        );
    };
    let (mut shown, has_query) = (target.clone(), target.query().is_some());
    shown.set_query(None);
    shown.set_fragment(None);
    // Fails for URLs that can have neither, which have none then.
    let _ = (shown.set_username(""), shown.set_password(None));
    let shown: String = shown.as_str().chars().take(LONGEST).collect();
    let step = if target.scheme() != "https" {
        "that is not https, and nothing is taken from a server that does not prove who it is: have this one send the file itself"
    } else if has_query || target.password().is_some() || !target.username().is_empty() {
        "it has a query or a login, which is not shown, and which everybody could read on the kernel's command line: have this \
         server send the file itself"
    } else if target == *asked {
        "that is the same URL: look at the server"
    } else {
        "name that URL in first_boot.config_url="
    };
    format!("the server redirects to {shown}, and {not_followed}: {step}")
}

/// The characters of a redirect's target that are shown.
const LONGEST: usize = 300;

/// Type, length and digest of a body.
fn described(served: &Answer) -> String {
    let kind = served.content_type.split(';').next().unwrap_or_default().trim();
    // RFC 9110, 8.3.1: two tokens. Whatever else a server writes there is not repeated.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/.+-".contains(c);
    let kind =
        if (1..=LONGEST_TYPE).contains(&kind.len()) && kind.chars().all(is_plain) { kind } else { "no known type" };
    format!("{kind}, {} bytes, {}", served.body.len(), Digest::of(&served.body))
}

/// Longer than any type in use.
const LONGEST_TYPE: usize = 80;

#[cfg(test)]
mod tests {
    use super::{Answer, Url, Verdict, judge};
    use crate::config::Endpoint;
    use crate::plan::member::Answered;

    const SECRET: &str = "hunter2-CANARY";

    fn served(status: u16, content_type: &str, location: Option<&str>, body: &str) -> Answer {
        Answer {
            status,
            endpoint: Endpoint::at("boot.example.com:8443".parse().unwrap()).unwrap(),
            content_type: content_type.to_owned(),
            location: location.map(str::to_owned),
            retry_after: None,
            answered: Answered::Elsewhere,
            body: body.as_bytes().to_vec(),
        }
    }

    fn said(served: Answer) -> (bool, String) {
        let url: Url = "https://boot.example.com:8443/configs/node04.json".parse().unwrap();
        match judge(served, &url) {
            Verdict::File(_) => panic!("a file"),
            Verdict::Later { why, .. } => (false, why),
            Verdict::Never(why) => (true, why),
        }
    }

    #[test]
    fn f03_no_byte_of_a_body_is_said_but_its_type_length_and_digest() {
        let body = format!(r#"{{"node_id":"node04","admin_password":"{SECRET}"}}"#);
        let page = format!("<html>{body}</html>");
        for (status, kind, body) in [
            (200, "text/html", body.as_str()),
            (200, "text/html; charset=utf-8", &body),
            (200, "application/xhtml+xml", &body),
            (200, "application/json", &page),
            (200, "application/json", &body.repeat(30_000)),
            (206, "application/json", &body),
            (203, "application/json", &body),
            (204, "", ""),
            (206, &format!("text/{SECRET}\u{1b}[2J"), &body),
        ] {
            let (_, why) = said(served(status, kind, None, body));
            assert!(!why.contains("hunter2") && !why.contains("node_id") && why.len() < 600, "{why}");
            let digest = super::Digest::of(body.as_bytes()).to_string();
            assert!(why.contains(&format!("{} bytes", body.len())) && why.contains(&digest), "{why}");
        }
        for status in [300, 302, 304, 400, 401, 403, 404, 410, 418, 429, 500, 503] {
            let (_, why) = said(served(status, "application/json", None, &body));
            assert!(!why.contains("hunter2") && why.contains(&format!("HTTP {status}")), "{why}");
        }
        let text = format!("{:?}", served(200, "", None, &body));
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn f35_an_empty_answer_is_no_file() {
        for body in ["", "\n", " \t\r\n ", "\u{feff}", "\u{feff} \n"] {
            let (for_good, why) = said(served(200, "application/json", None, body));
            assert!(!for_good && why.contains("HTTP 200: the server sent an empty file"), "{why}");
            assert!(why.contains(&format!("{} bytes", body.len())), "{why}");
        }
        let url: Url = "https://boot.example.com:8443/configs/node04.json".parse().unwrap();
        assert_eq!(judge(served(200, "application/json", None, "{}"), &url), Verdict::File(b"{}".to_vec()));
    }

    #[test]
    fn f35_a_status_says_the_cause_and_the_next_step() {
        for (status, is_for_good, word) in [
            (400, true, "client certificate"),
            (401, true, "login"),
            (403, true, "refuses this machine"),
            (404, false, "put it there"),
            (405, true, "look at its log"),
            (407, true, "proxy"),
            (408, false, "try again"),
            (410, true, "for good"),
            (421, true, "name"),
            (429, false, "fewer requests"),
            (451, true, "look at its log"),
            (500, false, "in trouble"),
            (503, false, "in trouble"),
            (511, false, "captive portal"),
            (300, true, "does not answer"),
            (304, true, "does not answer"),
        ] {
            let (for_good, why) = said(served(status, "text/plain", None, "x"));
            assert_eq!(for_good, is_for_good, "{why}");
            assert!(why.contains(word) && why.contains("/configs/node04.json"), "{why}");
            assert!(!why.contains("this node's configuration"), "{why}");
        }
    }

    #[test]
    fn f35_a_redirect_names_its_target_and_no_secret() {
        for (location, shown, step) in [
            ("https://files.example.com/c.json", "https://files.example.com/c.json", "name that URL in"),
            ("/other.json", "https://boot.example.com:8443/other.json", "name that URL in"),
            ("HTTPS://FILES.example.com/c.json", "https://files.example.com/c.json", "name that URL in"),
            ("http://boot.example.com/c.json", "http://boot.example.com/c.json", "not https"),
            ("https://files.example.com/c.json?token=hunter2", "https://files.example.com/c.json,", "query or a login"),
            ("https://user:hunter2@files.example.com/c.json#hunter2", "https://files.example.com/c.json,", "login"),
            ("https://boot.example.com:8443/configs/node04.json", "/configs/node04.json", "the same URL"),
            ("/a\u{1b}[2J\u{7}b\u{202e}c", "https://boot.example.com:8443/a%1B[2J%07b%E2%80%AEc", "name that URL in"),
            ("data:text/html,hunter2", "does not say where to", "send the file itself"),
            ("https://", "does not say where to", "send the file itself"),
            ("https://EE%EEE.example/c.json", "does not say where to", "send the file itself"),
            ("\\\\n%C3%96de.example\\c", "does not say where to", "send the file itself"),
            ("/a%20b.json", "https://boot.example.com:8443/a%20b.json", "name that URL in"),
        ] {
            for status in [301, 302, 303, 307, 308] {
                let (for_good, why) = said(served(status, "", Some(location), ""));
                assert!(for_good && why.contains(shown) && why.contains(step), "{location}: {why}");
                assert!(!why.contains("hunter2") && !why.contains('\u{1b}') && !why.contains('\u{202e}'), "{why}");
            }
        }
        let (_, why) = said(served(302, "", None, ""));
        assert!(why.contains("does not say where to"), "{why}");
        let (_, why) = said(served(302, "", Some(&format!("/{}", "x".repeat(100_000))), ""));
        assert!(why.len() < 1000, "{}", why.len());
    }
}
