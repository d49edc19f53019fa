//! `leave` and `reset`: the way out, for this node or for one of its services.

use crate::config::{Permissions, RaftService, Service};
use crate::events::{Event, Report, Reporter, ScopedReporter};
use crate::markers::Markers;
use crate::run::{self, Outcome, Quorum, Requests};
use crate::systemd::notify::Notifier;

use super::context::StepProgress;
use super::{Exit, Options, context, node};

/// What is to go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Departure {
    /// Membership and markers.
    Leave,
    /// Membership, data and markers.
    Reset,
}

impl Departure {
    fn operation(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Reset => "reset",
        }
    }
}

/// Lets these services go, in this order; the first that cannot ends it.
pub(super) async fn run(options: &Options, departure: Departure, services: &[Service], quorum: Quorum) -> Exit {
    let operation = departure.operation();
    let reporter = Reporter::start(options.log_format, &node::run_id());
    let exit = depart(options, departure, services, quorum, &reporter).await.unwrap_or_else(|event| {
        reporter.scoped(context::scope("cluster", operation, None)).report(event);
        Exit::Blocked
    });
    reporter.flush();
    exit
}

async fn depart(
    options: &Options,
    departure: Departure,
    services: &[Service],
    quorum: Quorum,
    reporter: &Reporter,
) -> Result<Exit, Event> {
    let loaded =
        node::load(options, Permissions::Refuse, false).map_err(|error| context::configuration_event(&error))?;
    let config = &loaded.checked.config;
    if !options.state_dir.is_dir() {
        // Else the membership would go, and the markers elsewhere stay.
        let error = format!("{} is no directory; check --state-dir", options.state_dir.display());
        return Err(Event::StateUnusable { error });
    }
    let (markers, notifier) = (Markers::new(options.state_dir.clone()), Notifier::from_environment());
    let (progress, requests) = (StepProgress::new(&notifier, &options.state_dir, "leave"), Requests::default());
    let scoped = |service| reporter.scoped(context::scope(service, departure.operation(), Some(config)));
    let context = context::of(config, &markers, &progress, &requests, &scoped("cluster"))
        .await
        .map_err(|blocker| blocker.event())?;
    for service in services {
        let outcome = run::foresee_markers(&context, *service, &scoped(service.as_str()));
        if outcome != Outcome::Done {
            return Ok(outcome.into());
        }
    }
    let rafts: Vec<RaftService> =
        services.iter().filter_map(|service| service.raft()).filter(|raft| config.raft(*raft).enable).collect();
    // Of one alone the departure itself finds out, before it changes anything.
    for raft in rafts.iter().copied().filter(|_| rafts.len() > 1) {
        let outcome = run::foresee_leave(&context, raft, quorum, &scoped(raft.as_str())).await;
        if outcome != Outcome::Done && quorum == Quorum::Keep {
            return Ok(outcome.into());
        }
    }
    let is_reset_of_all = matches!(departure, Departure::Reset) && services.len() > 1;
    for service in services {
        let report = scoped(service.as_str());
        let report = PartOfAll { report: &report, of_all: is_reset_of_all };
        let outcome = match (departure, service.raft()) {
            (_, Some(raft)) if !config.raft(raft).enable => {
                let reason = format!("services.{service}.enable is false in the configuration");
                report.report(Event::StepDisabled { reason });
                Outcome::Done
            }
            (Departure::Leave, Some(raft)) => run::leave(&context, raft, quorum, &report).await,
            (Departure::Reset, Some(raft)) => run::reset(&context, raft, quorum, &report).await,
            (Departure::Leave, None) => run::leave_iam(&context, &report).await,
            (Departure::Reset, None) => run::reset_iam(&context, &report).await,
        };
        if outcome != Outcome::Done {
            return Ok(outcome.into());
        }
    }
    if is_reset_of_all {
        scoped("cluster").report(run::after_reset_of_all(config));
    }
    Ok(Exit::Success)
}

/// Where all services are reset, each has its line, and the last one says what to do: the way back of one alone would start
/// services in the wrong order.
struct PartOfAll<'a> {
    report: &'a ScopedReporter,
    of_all: bool,
}

impl Report for PartOfAll<'_> {
    fn report(&self, event: Event) {
        self.report.report(match event {
            Event::ServiceReset { .. } if self.of_all => {
                Event::ServiceReset { remedy: "see the last line for how to start it again".to_owned() }
            }
            event => event,
        });
    }
}
