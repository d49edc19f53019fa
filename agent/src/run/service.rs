//! Waits until a service on this node is healthy: by the events of its unit, then by its
//! health endpoint.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::clock;
use crate::config::{Config, Endpoint, MemberService, UnitName};
use crate::events::{Event, Report};
use crate::plan::Blocker;
use crate::plan::member::{Member, Word};
use crate::retry::Schedule;

use super::ports::{Class, Cluster, Fault, Health, UnitPhase, UnitWatch, Units};
use super::{Context, Setback, Stop};

/// A service on this node.
pub(super) struct Local<'a> {
    pub(super) unit: &'a UnitName,
    pub(super) url: &'a Endpoint,
    pub(super) health_path: &'a str,
}

/// Waits for a Raft service on this node.
pub(super) async fn await_raft<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    report: &dyn Report,
) -> Result<Health, Stop> {
    let local = Local { unit: &service.unit, url: &service.url, health_path: service.api.health_path().as_str() };
    let health = await_healthy(context, &local, report).await?;
    refuse_anothers(context.config, service, health).map_err(Stop::Blocked)
}

/// Asks a Raft service on this node once.
pub(super) async fn ask_raft<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
) -> Result<Health, Setback> {
    let health = context
        .cluster
        .health(&service.url, service.api.health_path().as_str())
        .await
        .map_err(|fault| Fault { message: format!("this node's own service: {}", fault.message), ..fault })?;
    refuse_anothers(context.config, service, health).map_err(|blocker| Setback::Stop(Stop::Blocked(blocker)))
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

/// An entry is this node's old one only if the service at its address is the one on this node: the id and the address of a
/// configuration that was copied to another machine are a living member's.
pub(super) async fn must_be_here<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    health: &Health,
    entry: &Member,
    at: &Endpoint,
) -> Result<(), Setback> {
    if service.api.is_added_first() {
        // The own one has no data and does not run: whoever answers there is another's.
        let answers = match entry.api(service) {
            Some(url) => context.cluster.health(&url, service.api.health_path().as_str()).await.is_ok(),
            None => false,
        };
        let refused = || Setback::Stop(Stop::Blocked(Blocker::may_be_own(service, entry, at)));
        return if answers { Err(refused()) } else { Ok(()) };
    }
    let id = &context.config.node.id;
    let there = match entry.api(service) {
        Some(url) => context.cluster.health(&url, service.api.health_path().as_str()).await?,
        None => Health::default(),
    };
    let is_one = |(own, theirs): (&Word, &Word)| own.is_identity(theirs);
    if health.incarnation_of(id).zip(there.incarnation_of(id)).is_some_and(is_one) {
        return Ok(());
    }
    Err(Setback::Stop(Stop::Blocked(Blocker::may_be_own(service, entry, at))))
}

/// Returns when a Raft service on this node that was healthy is no longer running, by its unit; never, where systemd does
/// not tell: the service is asked before each change all the same.
pub(super) async fn until_lost<U: Units, C>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    report: &dyn Report,
) -> Fault {
    let lost = async {
        let mut watch = context.units.as_ref()?.watch(&service.unit).await.ok()?;
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
    let message = format!("{} stopped running while it was to become a member: {state}", service.unit);
    report.report(Event::ServiceLost { awaited_unit: service.unit.to_string(), state });
    Fault { class: Class::Transient { retry_after: None }, endpoint: service.url.clone(), message }
}

/// Returns when the service has answered 200, or says why that will not happen now.
pub(super) async fn await_healthy<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    local: &Local<'_>,
    report: &dyn Report,
) -> Result<Health, Stop> {
    let began = Instant::now();
    let limit = context.config.policies.health.limit;
    let waiting = Waiting {
        context,
        local,
        report,
        finding: RefCell::new(format!("{} was not looked at", local.unit)),
        told: RefCell::default(),
    };
    let health = match timeout(limit, waiting.until_healthy()).await {
        Ok(result) => result?,
        Err(_elapsed) => {
            return Err(Stop::Failed(Event::HealthTimeout {
                limit_s: limit.as_secs(),
                error: waiting.finding.into_inner(),
                remedy: look_further(local.unit),
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

/// For a field: whole milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

struct Waiting<'a, U, C> {
    context: &'a Context<'a, U, C>,
    local: &'a Local<'a>,
    report: &'a dyn Report,
    /// What was found last, for the message when the time is over.
    finding: RefCell<String>,
    /// The kinds of events that were told.
    told: RefCell<Vec<&'static str>>,
}

impl<U: Units, C: Cluster> Waiting<'_, U, C> {
    async fn until_healthy(&self) -> Result<Health, Stop> {
        let Some(mut watch) = self.watch().await else {
            return self.probe_until_healthy().await;
        };
        let mut phase = self.next(&mut watch).await;
        loop {
            let Some(known) = phase else {
                // systemd went away: the health endpoint is left.
                return self.probe_until_healthy().await;
            };
            phase = match self.take_in(&known).await {
                Look::AtUnit => self.next(&mut watch).await,
                Look::AtEndpoint => tokio::select! {
                    healthy = self.probe_until_healthy() => return healthy,
                    phase = self.next(&mut watch) => phase,
                },
            };
        }
    }

    async fn watch(&self) -> Option<U::Watch> {
        let units = self.context.units.as_ref()?;
        match units.watch(self.local.unit).await {
            Ok(watch) => Some(watch),
            Err(error) => {
                self.report.report(Event::SystemdUnreachable { error });
                None
            }
        }
    }

    async fn next(&self, watch: &mut U::Watch) -> Option<UnitPhase> {
        match watch.next().await {
            Ok(phase) => Some(phase),
            Err(error) => {
                self.report.report(Event::SystemdUnreachable { error });
                None
            }
        }
    }

    /// Tells what a phase means and where to look next.
    async fn take_in(&self, phase: &UnitPhase) -> Look {
        let unit = self.local.unit;
        match phase {
            UnitPhase::Active => {
                self.note(format!("{unit} is active and not asked yet"), "become healthy");
                Look::AtEndpoint
            }
            UnitPhase::NotYet(state) => {
                self.note(format!("{unit} is {state}"), "become active");
                self.report_once(Event::WaitingForService { awaited_unit: unit.to_string(), state: state.clone() });
                Look::AtUnit
            }
            UnitPhase::Failed(result) => {
                self.note(format!("{unit} failed ({result})"), "be repaired");
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
                Look::AtUnit
            }
            UnitPhase::Unknown(state) => {
                self.note(format!("{unit} is {state}"), "become healthy");
                self.report_once(Event::ServiceUnknown { awaited_unit: unit.to_string(), state: state.clone() });
                Look::AtEndpoint
            }
        }
    }

    /// Asks the health endpoint with growing delays. A certificate that does not fit is the
    /// one answer that waiting will not change.
    async fn probe_until_healthy(&self) -> Result<Health, Stop> {
        let mut schedule = Schedule::polling(&self.context.config.policies.health);
        loop {
            let fault = match self.context.cluster.health(self.local.url, self.local.health_path).await {
                Ok(health) => return Ok(health),
                Err(fault) => fault,
            };
            if let Some(blocker) = fault.blocker() {
                return Err(Stop::Blocked(blocker));
            }
            self.note(fault.to_string(), "become healthy");
            // The limit is the caller's; past it this future is dropped.
            let delay = schedule.next_delay(None).unwrap_or(self.context.config.policies.health.max_delay);
            sleep(delay).await;
        }
    }

    /// A service that systemd starts again and again goes through the same states each time: the first round is told,
    /// the status line follows all of them.
    fn report_once(&self, event: Event) {
        let kind = event.meaning().message_id;
        if !self.told.borrow().contains(&kind) {
            self.told.borrow_mut().push(kind);
            self.report.report(event);
        }
    }

    fn note(&self, finding: String, awaited: &str) {
        if *self.finding.borrow() != finding {
            self.context.progress.status(&format!(
                "waiting for {} to {awaited}, since {}: {finding}",
                self.local.unit,
                clock::now()
            ));
            *self.finding.borrow_mut() = finding;
        }
    }
}

/// Where the next change will show.
enum Look {
    AtUnit,
    AtEndpoint,
}
