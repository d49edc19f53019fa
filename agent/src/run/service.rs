//! Waits until a service on this node is healthy: by the events of its unit, then by its
//! health endpoint.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::clock;
use crate::config::{Config, Endpoint, Host, MemberService, UnitName};
use crate::events::{Event, Report};
use crate::markers::{Hold, Trouble};
use crate::plan::Blocker;
use crate::plan::member::{Member, Word, is_elsewhere};
use crate::retry::Schedule;

use super::peers::Awaited;
use super::ports::{Cluster, Fault, Health, UnitPhase, UnitWatch, Units};
use super::{Context, Setback, Stop, Work};

/// A service on this node.
pub(super) struct Local<'a> {
    pub(super) unit: &'a UnitName,
    pub(super) url: &'a Endpoint,
    pub(super) health_path: &'a str,
}

/// What a service says of itself must not contradict that it is this node's.
///
/// # Errors
/// It says that it is another's.
pub fn refuse_anothers(config: &Config, service: &MemberService, health: Health) -> Result<Health, Blocker> {
    match &health.node_id {
        Some(other) if other.as_str() != config.node.id.as_str() => {
            Err(Blocker::not_this_node(&config.node.id, service, other))
        }
        _ => Ok(health),
    }
}

impl<U: Units, C: Cluster> Work<'_, U, C> {
    /// Waits for the service on this node.
    pub(super) async fn await_healthy(&self) -> Result<Health, Stop> {
        let Self { context, service, report } = self;
        // A service may be well only as a member of its cluster, which needs others.
        let awaited = service.mode.is_bootstrap().then(|| Awaited::of(self));
        let local = Local { unit: &service.unit, url: &service.url, health_path: service.api.health_path().as_str() };
        let health = await_healthy(context, &local, awaited.as_ref(), *report).await?;
        Ok(refuse_anothers(context.config, service, health)?)
    }

    /// Asks the service on this node once.
    pub(super) async fn ask_own(&self) -> Result<Health, Setback> {
        let health = self.context.cluster.health(&self.service.url, self.service.api.health_path().as_str()).await;
        let health = health
            .map_err(|fault| Fault { message: format!("this node's own service: {}", fault.message), ..fault })?;
        Ok(refuse_anothers(self.context.config, self.service, health)?)
    }

    /// Which cluster the service on this node is in, by its own list.
    pub(super) async fn own_cluster(&self) -> Result<Option<Word>, Fault> {
        self.context.cluster.members(self.service, &self.service.url).await.map(|list| list.cluster_id)
    }

    /// An entry is this node's old one only if the service at its address is the one on this node: the id and the address of
    /// a configuration that was copied to another machine are a living member's.
    pub(super) async fn must_be_here(&self, health: &Health, entry: &Member, at: &Endpoint) -> Result<(), Setback> {
        let (cluster, path) = (&self.context.cluster, self.service.api.health_path().as_str());
        let is_here = match entry.api(self.service) {
            _ if self.service.api.is_added_first() && self.is_elsewhere(entry) => false,
            // The own one has no data and does not run: what answers there is another's.
            Some(url) if self.service.api.is_added_first() => !cluster.answers(&url, path).await,
            None => self.service.api.is_added_first(),
            Some(url) => {
                let is_one = |(own, theirs): (&Word, &Word)| own.is_identity(theirs);
                let there = cluster.health(&url, path).await?;
                health.incarnation_of(self.id()).zip(there.incarnation_of(self.id())).is_some_and(is_one)
            }
        };
        if is_here { Ok(()) } else { Err(Blocker::may_be_own(self.service, entry, at).into()) }
    }

    /// Whether an entry is at an address that this machine does not have.
    pub(super) fn is_elsewhere(&self, entry: &Member) -> bool {
        entry.raft_addr.is_elsewhere(&self.context.machine.addresses())
    }

    /// Returns when the service on this node, which was healthy, is no longer running, by its unit; never, where systemd does
    /// not say: the service is asked before each change all the same.
    pub(super) async fn until_lost(&self) -> Fault {
        let unit = &self.service.unit;
        let lost = async {
            let mut watch = self.context.units.as_ref()?.watch(unit).await.ok()?;
            loop {
                match watch.next().await.ok()? {
                    UnitPhase::Active => {}
                    // systemd does not know this unit: it says nothing of the service.
                    UnitPhase::Unknown(_) => return None,
                    UnitPhase::NotYet(state) | UnitPhase::Failed(state) => return Some(state),
                }
            }
        };
        let Some(state) = lost.await else {
            return std::future::pending().await;
        };
        let message = format!("{unit} stopped running while it was to become a member: {state}");
        self.report.report(Event::ServiceLost { awaited_unit: unit.to_string(), state });
        Fault::transient(self.service.url.clone(), message)
    }
}

/// Returns when the service has answered 200, or says why that will not happen now.
pub(super) async fn await_healthy<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    local: &Local<'_>,
    awaited: Option<&Awaited<'_, U, C>>,
    report: &dyn Report,
) -> Result<Health, Stop> {
    let began = Instant::now();
    let limit = context.config.policies.health.limit;
    let waiting = Waiting {
        context,
        local,
        awaited,
        report,
        finding: RefCell::new(Finding {
            what: format!("{} was not looked at", local.unit),
            awaited: "become healthy",
            since: clock::now(),
            remedy: None,
        }),
        reported: RefCell::default(),
    };
    let health = match timeout(limit, waiting.until_healthy()).await {
        Ok(result) => result?,
        Err(_elapsed) => {
            return Err(Stop::Failed(Event::HealthTimeout {
                limit_s: limit.as_secs(),
                error: waiting.found(),
                remedy: waiting.remedy(),
            }));
        }
    };
    report
        .report(Event::ServiceHealthy { endpoint: local.url.to_string(), duration_ms: milliseconds(began.elapsed()) });
    Ok(health)
}

/// The command that shows why a unit is not well.
pub(super) fn look_further(unit: &UnitName) -> String {
    format!("look further: journalctl -b -u {unit}")
}

/// The command that shows, on the leader, what it makes of this node.
pub(super) fn look_at_the_leader(unit: &UnitName) -> String {
    format!("look at the leader: journalctl -u {unit}")
}

/// For a field: whole milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What keeps a service from being healthy.
struct Finding {
    what: String,
    /// What it is waited for.
    awaited: &'static str,
    since: String,
    remedy: Option<String>,
}

struct Waiting<'a, U, C> {
    context: &'a Context<'a, U, C>,
    local: &'a Local<'a>,
    /// Whom the service itself waits for.
    awaited: Option<&'a Awaited<'a, U, C>>,
    report: &'a dyn Report,
    /// What was found last.
    finding: RefCell<Finding>,
    /// The kinds of events that were reported.
    reported: RefCell<Vec<&'static str>>,
}

impl<U: Units, C: Cluster> Waiting<'_, U, C> {
    async fn until_healthy(&self) -> Result<Health, Stop> {
        let watch = match &self.context.units {
            Some(units) => self.or_report(units.watch(self.local.unit).await),
            None => None,
        };
        let Some(mut watch) = watch else {
            return self.probe_until_healthy().await;
        };
        let mut phase = self.or_report(watch.next().await);
        loop {
            let Some(known) = phase else {
                // systemd went away: the health endpoint is left.
                return self.probe_until_healthy().await;
            };
            self.take_in(&known).await;
            phase = match known {
                UnitPhase::Active | UnitPhase::Unknown(_) => tokio::select! {
                    healthy = self.probe_until_healthy() => return healthy,
                    phase = watch.next() => self.or_report(phase),
                },
                UnitPhase::NotYet(_) | UnitPhase::Failed(_) => self.or_report(watch.next().await),
            };
        }
    }

    /// What systemd says; the error is reported where it says nothing.
    fn or_report<T>(&self, answer: Result<T, String>) -> Option<T> {
        answer.map_err(|error| self.report.report(Event::SystemdUnreachable { error })).ok()
    }

    /// Reports what a phase means.
    async fn take_in(&self, phase: &UnitPhase) {
        let unit = self.local.unit;
        if let Some(awaited) = self.awaited.filter(|_| matches!(phase, UnitPhase::NotYet(_) | UnitPhase::Failed(_))) {
            awaited.forget();
        }
        match phase {
            UnitPhase::Active => self.note(&format!("{unit} is active and not asked yet"), "become healthy", None),
            UnitPhase::NotYet(state) => {
                self.note(&format!("{unit} is {state}"), "become active", None);
                self.report_once(Event::WaitingForService { awaited_unit: unit.to_string(), state: state.clone() });
            }
            UnitPhase::Failed(result) => {
                self.note(&format!("{unit} failed ({result})"), "be repaired", Some(look_further(unit)));
                let lines = match &self.context.units {
                    Some(units) => units.last_lines(unit).await,
                    None => Vec::new(),
                };
                self.report_once(Event::ServiceFailed {
                    awaited_unit: unit.to_string(),
                    result: result.clone(),
                    last_lines: lines.iter().fold(String::new(), |text, line| text + "\n    " + line),
                    remedy: look_further(unit),
                });
            }
            UnitPhase::Unknown(state) => {
                self.note(&format!("{unit} is {state}"), "become healthy", None);
                self.report_once(Event::ServiceUnknown { awaited_unit: unit.to_string(), state: state.clone() });
            }
        }
    }

    /// Asks the health endpoint, and beside it those whom the service waits for.
    async fn probe_until_healthy(&self) -> Result<Health, Stop> {
        let Some(awaited) = self.awaited else { return self.probe().await };
        tokio::select! {
            biased;
            health = self.probe() => health,
            never = awaited.watch(|| self.show()) => match never {},
        }
    }

    /// Asks the health endpoint with growing delays. A certificate that does not fit is the
    /// one answer that waiting will not change.
    async fn probe(&self) -> Result<Health, Stop> {
        let mut schedule = Schedule::polling(&self.context.config.policies.health);
        loop {
            let fault = match self.context.cluster.health(self.local.url, self.local.health_path).await {
                Ok(health) => return Ok(health),
                Err(fault) => fault,
            };
            if let Some(blocker) = fault.blocker() {
                return Err(blocker.into());
            }
            self.note(&fault.to_string(), "become healthy", self.address_elsewhere());
            // The limit is the caller's; past it this future is dropped.
            let delay = schedule.next_delay(None).unwrap_or(self.context.config.policies.health.max_delay);
            sleep(delay).await;
        }
    }

    /// A service that systemd starts again and again goes through the same states each time: the first round is reported,
    /// the status line follows all of them.
    fn report_once(&self, event: Event) {
        let kind = event.meaning().message_id;
        if !self.reported.borrow().contains(&kind) {
            self.reported.borrow_mut().push(kind);
            self.report.report(event);
        }
    }

    fn note(&self, finding: &str, awaited: &'static str, remedy: Option<String>) {
        let before = self.finding.borrow();
        let is_same = before.what == finding;
        if is_same && before.remedy == remedy {
            return;
        }
        let since = if is_same { before.since.clone() } else { clock::now() };
        drop(before);
        self.finding.replace(Finding { what: finding.to_owned(), awaited, since, remedy });
        self.show();
    }

    fn show(&self) {
        let (unit, found) = (self.local.unit, self.found());
        let Finding { awaited, since, remedy, .. } = &*self.finding.borrow();
        let line = format!("waiting for {unit} to {awaited}, since {since}: {found}");
        match remedy {
            Some(remedy) => self.context.progress.trouble(Trouble::new(Hold::Waiting, &line, remedy)),
            None => self.context.progress.status(&line),
        }
    }

    fn found(&self) -> String {
        let what = self.finding.borrow().what.clone();
        match self.awaited {
            Some(awaited) => awaited.added_to(&what),
            None => what,
        }
    }

    /// What to do where the time is over.
    fn remedy(&self) -> String {
        let peers = || self.awaited.map_or_else(|| look_further(self.local.unit), Awaited::remedy);
        self.address_elsewhere().unwrap_or_else(peers)
    }

    /// What to do where the service is asked at an address that this machine does not have. It may still come: not all links are
    /// up when the network is online.
    fn address_elsewhere(&self) -> Option<String> {
        let Host::Ip(ip) = self.local.url.host() else { return None };
        is_elsewhere(*ip, &self.context.machine.addresses()).then(|| {
            format!(
                "{ip} is not an address of this machine: correct raft_addr or the url of the service (ip address shows what it has), \
                 or look at the link that should have it"
            )
        })
    }
}
