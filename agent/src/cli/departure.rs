//! `leave` and `reset`: the way out, for this node or for one of its services.

use crate::config::{Config, Permissions, Service, ServiceName};
use crate::events::{Event, Report, Reporter};
use crate::markers::Markers;
use crate::plan::SkipReason;
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

/// Whose departure it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    /// All services of this node.
    All,
    /// One of them.
    One(ServiceName),
}

impl Of {
    /// The services meant, those that stand on others first; those without members, which have nobody to ask, last: where a
    /// cluster refuses to let the node go, nothing was changed.
    ///
    /// # Errors
    /// This node has no service of that name.
    fn services(self, config: &Config) -> Result<Vec<&Service>, Event> {
        match self {
            Self::All => {
                let (with_members, others): (Vec<_>, Vec<_>) =
                    config.services.iter().rev().partition(|service| service.members().is_some());
                Ok(with_members.into_iter().chain(others).collect())
            }
            Self::One(name) => context::service(config, name).map(|service| vec![service]),
        }
    }
}

/// Lets services go, one after the other; the first that cannot ends it.
pub(super) async fn run(options: &Options, departure: Departure, of: Of, quorum: Quorum) -> Exit {
    let operation = departure.operation();
    let reporter = Reporter::start(options.log_format, &node::run_id(), None);
    let exit = depart(options, departure, of, quorum, &reporter).await.unwrap_or_else(|event| {
        reporter.scoped(context::scope("cluster", operation, None)).report(event);
        Exit::Blocked
    });
    reporter.flush();
    exit
}

async fn depart(
    options: &Options,
    departure: Departure,
    of: Of,
    quorum: Quorum,
    reporter: &Reporter,
) -> Result<Exit, Event> {
    let loaded =
        node::load(options, Permissions::Refuse, false).map_err(|error| context::configuration_event(&error))?;
    let config = &loaded.checked.config;
    let services = of.services(config)?;
    if !options.state_dir.is_dir() {
        // Else the membership would go, and the markers elsewhere stay.
        let error = format!("{} is no directory; check --state-dir", options.state_dir.display());
        return Err(Event::StateUnusable { error });
    }
    let (markers, notifier) = (Markers::new(options.state_dir.clone()), Notifier::from_environment());
    let (progress, requests) = (StepProgress::new(&notifier, &options.state_dir, "leave"), Requests::default());
    let scoped = |service: &str| reporter.scoped(context::scope(service, departure.operation(), Some(config)));
    let context = context::of(config, &markers, &progress, &requests, Some(&scoped("cluster")))
        .await
        .map_err(|blocker| blocker.event())?;
    for name in services.iter().map(|service| service.name()) {
        let outcome = run::foresee_markers(&context, name, &scoped(name.as_str()));
        if outcome != Outcome::Done {
            return Ok(outcome);
        }
    }
    let with_members: Vec<_> =
        services.iter().filter_map(|service| service.members()).filter(|service| service.enable).collect();
    // Of one alone the departure itself finds out, before it changes anything.
    for service in with_members.iter().filter(|_| with_members.len() > 1) {
        let outcome = run::foresee_leave(&context, service, quorum, &scoped(service.name.as_str())).await;
        if outcome != Outcome::Done && quorum == Quorum::Keep {
            return Ok(outcome);
        }
    }
    let is_reset_of_all = matches!((departure, of), (Departure::Reset, Of::All));
    for service in services {
        let name = service.name();
        let one = scoped(name.as_str());
        // Where all services are reset, each has its line, and the last one says what to do: the way back of one alone would
        // start services in the wrong order.
        let report = |event| {
            one.report(match event {
                Event::ServiceReset { .. } if is_reset_of_all => {
                    Event::ServiceReset { remedy: "see the last line for how to start it again".to_owned() }
                }
                event => event,
            });
        };
        let outcome = match (departure, service) {
            (_, Service::Members(service)) if !service.enable => {
                report(Event::StepDisabled { reason: SkipReason::Disabled(name).to_string() });
                Outcome::Done
            }
            (Departure::Leave, Service::Members(service)) => run::leave(&context, service, quorum, &report).await,
            (Departure::Reset, Service::Members(service)) => run::reset(&context, service, quorum, &report).await,
            (Departure::Leave, Service::Setup(_)) => run::forget(&context, name, &report).await,
            (Departure::Reset, Service::Setup(_)) => run::reset_setup(&context, name, &report).await,
        };
        if outcome != Outcome::Done {
            return Ok(outcome);
        }
    }
    if is_reset_of_all {
        scoped("cluster").report(run::after_reset_of_all(config));
    }
    Ok(Exit::Done)
}
