//! A name among the name servers: both families of addresses at once (RFC 8305, section 3), as it is and with the domains
//! to search (resolv.conf(5)). Must not know how a server is asked.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::select;
use tokio::time::{Instant, timeout};

use super::ask::ask;
use super::message::{Answer, Question};
use super::order::has_route;
use super::resolv_conf::ResolvConf;
use super::unresolved::{Failures, Unresolved};

/// What the servers say of a name's addresses of one family, and which of them.
type Outcome = Result<(usize, Answer), Failures>;

/// The addresses of a name; some.
pub(super) async fn find(
    conf: &ResolvConf,
    port: u16,
    name: &str,
    is_absolute: bool,
    grace: Duration,
) -> Result<Vec<IpAddr>, Unresolved> {
    let deadline = Instant::now() + conf.bound;
    let mut tried: Vec<String> = Vec::new();
    // Who knows of nothing, and whether it knows the name.
    let mut nothing = None;
    let mut unanswered = None;
    let mut candidates = candidates(conf, name, is_absolute).into_iter();
    while let Some(candidate) = candidates.next() {
        let (Some(v4), Some(v6)) = (Question::new(&candidate, false), Question::new(&candidate, true)) else {
            continue;
        };
        tried.push(candidate);
        let v4 = Box::pin(ask(conf, port, &v4, deadline));
        let outcomes = if conf.no_aaaa {
            vec![v4.await]
        } else {
            let v6 = Box::pin(ask(conf, port, &v6, deadline));
            let started = Instant::now();
            let (first, other) = select(v4, v6).await.factor_first();
            // Where the first took long, the other may be as far behind.
            let grace = grace.max(started.elapsed());
            let second = if is_of_use(&first) {
                timeout(grace, other).await.ok()
            } else {
                // A server that drops one of the questions must leave time for the names after this one.
                let share = share(deadline, candidates.len());
                let silence = || Failures::new(&conf.servers, vec![None; conf.servers.len()], share);
                Some(timeout(share, other).await.unwrap_or_else(|_| Err(silence())))
            };
            std::iter::once(first).chain(second).collect()
        };
        let (mut found, mut failed, mut denied) = (Vec::new(), None, false);
        for outcome in outcomes {
            denied |= matches!(outcome, Ok((_, Answer::NoAddress | Answer::NoSuchName)));
            match outcome {
                Ok((_, Answer::Addresses(addresses))) => found.extend(addresses),
                // That the name is there, without an address, is the better news.
                Ok((turn, Answer::NoAddress)) => nothing = Some((turn, true)),
                // Some servers deny the name where it is only the IPv6 address that is missing (RFC 4074, 4.2).
                Ok((turn, Answer::NoSuchName)) => nothing = nothing.or(Some((turn, false))),
                // Of two, the one that says more.
                Err(failures) => failed = failed.filter(Failures::somebody_spoke).or(Some(failures)),
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
        if let Some(mut failures) = failed {
            if denied {
                failures.known = "no address of one family, and for the other ";
            }
            let goes_on = failures.somebody_spoke();
            unanswered.get_or_insert(failures);
            if !goes_on {
                break;
            }
        }
    }
    Err(match (unanswered, nothing) {
        (Some(failures), _) => failures.unresolved(name),
        (None, Some((turn, is_known))) => {
            let (server, tried) = (conf.servers[turn].to_string(), tried.join(", "));
            let reason = match (is_known, conf.no_aaaa) {
                (false, _) => format!("DNS server {server} says that there is no {tried} (NXDOMAIN)"),
                (true, false) => format!("DNS server {server} has no address of {tried}"),
                (true, true) => format!("DNS server {server} has no IPv4 address of {tried}, and no-aaaa is set"),
            };
            let remedy = "correct the name in the configuration, or add it to DNS or to /etc/hosts";
            Unresolved::new(name, vec![server], reason, remedy)
        }
        (None, None) => {
            let reason = "a name in DNS has parts of 1 to 63 bytes and 253 in all".to_owned();
            Unresolved::new(name, Vec::new(), reason, "correct the name in the configuration")
        }
    })
}

/// The names to ask for, in the C library's order (`res_nsearch`).
fn candidates(conf: &ResolvConf, name: &str, is_absolute: bool) -> Vec<String> {
    let as_it_is = name.to_owned();
    if is_absolute {
        return vec![as_it_is];
    }
    let searched = conf.search.iter().map(|domain| format!("{name}.{domain}").trim_end_matches('.').to_owned());
    let mut all: Vec<String> = searched.filter(|found| *found != as_it_is).collect();
    let has_dots = name.matches('.').count() >= conf.ndots;
    all.insert(if has_dots { 0 } else { all.len() }, as_it_is);
    all
}

/// The time for one name, where as much is kept for each of those that follow.
fn share(deadline: Instant, following: usize) -> Duration {
    let names = u32::try_from(following).unwrap_or(u32::MAX).saturating_add(1);
    deadline.saturating_duration_since(Instant::now()) / names
}

/// Whether there is an address that this machine has a route to: then the other family need not be waited for.
fn is_of_use(outcome: &Outcome) -> bool {
    matches!(outcome, Ok((_, Answer::Addresses(found))) if found.iter().any(|address| has_route(*address)))
}
