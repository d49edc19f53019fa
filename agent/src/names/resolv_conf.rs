//! The resolver's configuration (resolv.conf(5)), with the C library's bounds: a line or a word that makes no sense is
//! passed over, and all else holds. Must not invent a name server.

use std::path::Path;
use std::time::Duration;

use crate::random;

use super::server::Server;
use super::text_file;

/// Far more than a resolver needs.
const LIMIT: u64 = 1 << 20;

/// The name servers that are asked: further ones are not, as with the C library (`MAXNS`).
const MOST_SERVERS: usize = 3;
/// Each entry may cost two questions. The C library has no such limit, and no site needs as many.
const MOST_SEARCHED: usize = 32;
/// `RES_MAXNDOTS`.
const MOST_DOTS: usize = 15;
/// `RES_MAXRETRANS`, in seconds.
const LONGEST_TIMEOUT: u64 = 30;
/// `RES_MAXRETRY`.
const MOST_ATTEMPTS: u64 = 5;

/// What a lookup may take where the options ask for no more. The C library tries for twice as long; the agent comes back
/// by itself.
const USUAL_BOUND: u64 = 5;
/// What it may take at most, whatever the options ask for.
const LONGEST_BOUND: u64 = 30;

/// The configuration, in bounds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResolvConf {
    /// Whom to ask, in this order.
    pub(crate) servers: Vec<Server>,
    /// The domains to put behind a name; each fits into a name of DNS. An empty one is the root.
    pub(crate) search: Vec<String>,
    /// A name with as many dots is asked for as it is first.
    pub(super) ndots: usize,
    /// How long a lookup may take.
    pub(crate) bound: Duration,
    /// `no-aaaa`: IPv6 addresses are not asked for.
    pub(super) no_aaaa: bool,
    /// `use-vc`: over TCP from the beginning.
    pub(super) use_vc: bool,
}

/// Reads it below `root`; the error says why there is no server to ask.
pub(super) fn read(root: &Path, host_name: Option<&str>) -> Result<ResolvConf, String> {
    let path = root.join("etc/resolv.conf");
    let mut draft = Draft::default();
    text_file::lines(&path, LIMIT, |line| draft.take(line))?;
    let conf = draft.finish(host_name);
    if conf.servers.is_empty() {
        return Err(format!("{} lists no name server", path.display()));
    }
    Ok(conf)
}

/// What the lines have said so far.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    conf: ResolvConf,
    ndots: Option<usize>,
    timeout: Option<u64>,
    attempts: Option<u64>,
    rotate: bool,
}

impl Draft {
    /// Takes a line for what it is worth.
    pub(crate) fn take(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let mut words = text.split_ascii_whitespace();
        let keyword = words.next().unwrap_or_default();
        let mut words = words.take_while(|word| !word.starts_with(['#', ';']));
        match keyword {
            "nameserver" => self.conf.servers.extend(words.next().and_then(Server::parse)),
            // The last of the two counts; a line without a word that can be used says nothing.
            "domain" | "search" => {
                let words = words.take(if keyword == "domain" { 1 } else { usize::MAX });
                let listed: Vec<String> = words.filter_map(domain).take(MOST_SEARCHED).collect();
                if !listed.is_empty() {
                    self.conf.search = listed;
                }
            }
            "options" => words.for_each(|word| self.option(word)),
            _ => {}
        }
    }

    fn option(&mut self, word: &str) {
        let (name, value) = word.split_once(':').unwrap_or((word, ""));
        match name {
            "ndots" => self.ndots = number(value).and_then(|dots| usize::try_from(dots).ok()).or(self.ndots),
            "timeout" => self.timeout = number(value).or(self.timeout),
            "attempts" => self.attempts = number(value).or(self.attempts),
            "no-aaaa" => self.conf.no_aaaa = true,
            "use-vc" | "usevc" => self.conf.use_vc = true,
            "rotate" => self.rotate = true,
            _ => {}
        }
    }

    /// The whole, in bounds.
    pub(crate) fn finish(self, host_name: Option<&str>) -> ResolvConf {
        let mut conf = self.conf;
        conf.servers.truncate(MOST_SERVERS);
        if self.rotate && !conf.servers.is_empty() {
            let random = random::bytes().map_or(0, u16::from_ne_bytes);
            let first = usize::from(random) % conf.servers.len();
            conf.servers.rotate_left(first);
        }
        if conf.search.is_empty() {
            // Where nothing is to be searched, it is the domain of this machine.
            let own = host_name.and_then(|name| domain(name.split_once('.')?.1));
            conf.search.extend(own);
        }
        conf.ndots = self.ndots.unwrap_or(1).min(MOST_DOTS);
        let bounded = |value: Option<u64>, usual, most| value.unwrap_or(usual).clamp(1, most);
        let asked_for = bounded(self.timeout, USUAL_BOUND, LONGEST_TIMEOUT) * bounded(self.attempts, 1, MOST_ATTEMPTS);
        conf.bound = Duration::from_secs(asked_for.clamp(USUAL_BOUND, LONGEST_BOUND));
        conf
    }
}

/// As much as the C library's `atoi` makes of it, within a number; nothing where it is none.
fn number(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).map_or(text, |end| &text[..end]);
    if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(u64::MAX)) }
}

/// A domain to search, without its final dot; `None` where DNS can have no such name.
fn domain(text: &str) -> Option<String> {
    let bare = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !(label.starts_with('-') || label.ends_with('-'))
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    let is_domain = text == "." || bare.len() <= 253 && bare.split('.').all(is_label);
    is_domain.then(|| bare.to_owned())
}
