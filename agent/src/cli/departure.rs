//! `leave` and `reset`: the way out, for this node or for one of its services.

use std::io::{IsTerminal, stderr, stdin};

use crate::config::{Config, MemberService, Permissions, Service, ServiceName};
use crate::events::{Event, Format, Report, Reporter};
use crate::markers::Markers;
use crate::plan::SkipReason;
pub(super) use crate::run::Departure;
use crate::run::ports::Progress;
use crate::run::{self, Outcome, Quorum, Requests};
use crate::systemd::notify::Notifier;

use super::context::{Silent, StepProgress};
use super::{Exit, Options, context, node, output};

/// How a departure is asked for.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Manner {
    /// Go on even if the cluster loses its quorum; a reset also if no member answers
    #[arg(long)]
    accept_quorum_loss: bool,
    /// Show what would be done and check that nothing refuses it; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation on a terminal
    #[arg(long, short)]
    yes: bool,
}

impl Manner {
    fn quorum(self) -> Quorum {
        if self.accept_quorum_loss { Quorum::MayBeLost } else { Quorum::Keep }
    }

    /// Where findings go. Events are what happens to a node, and alerts are made of them: a dry run that is refused has
    /// failed at nothing, so it is reported to its caller alone.
    fn log_format(self, asked: Format) -> Format {
        if self.dry_run && asked == Format::Auto { Format::Text } else { asked }
    }

    /// Whether a person at a terminal can be asked.
    fn asks(self) -> bool {
        !self.yes && !self.dry_run && stdin().is_terminal() && stderr().is_terminal()
    }
}

impl Departure {
    fn operation(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Reset => "reset",
        }
    }

    /// What is done to a service, in the order in which it is done.
    fn describe(self, service: &Service, config: &Config) -> String {
        let (id, name) = (&config.node.id, service.name());
        let done = match (self, service) {
            (_, Service::Setup(_)) => "stop its unit and those after it, remove its marker".to_owned(),
            (_, Service::Members(service)) if !service.enable => "nothing, it is turned off".to_owned(),
            (Self::Leave, Service::Members(service)) => {
                let stop =
                    if service.api.is_added_first() { format!("stop {}, ", service.unit) } else { String::new() };
                format!("remove {id} from its cluster, stop its unit and those after it, {stop}remove its markers")
            }
            (Self::Reset, Service::Members(MemberService { unit, data_dir, .. })) => format!(
                "remove {id} from its cluster, stop its unit and those after it, stop {unit}, move {0} to {0}.backup-TIME, \
                 remove its markers",
                data_dir.display()
            ),
        };
        format!("  {name:<10} {done}\n")
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
    /// The services meant, those that need others first; those without members, which have no cluster to ask, last: where a
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
pub(super) async fn run(options: &Options, departure: Departure, of: Of, manner: Manner) -> Exit {
    let operation = departure.operation();
    let reporter = Reporter::start(manner.log_format(options.log_format), &node::run_id(), None);
    let exit = depart(options, departure, of, manner, &reporter).await.unwrap_or_else(|event| {
        reporter.scoped(context::scope("cluster", operation, None)).report(event);
        Exit::Blocked
    });
    reporter.flush();
    exit
}

/// Where all are to be left: a marker of a service that the configuration does not have is that of a membership which would stay.
fn nothing_is_forgotten(options: &Options, config: &Config) -> Result<(), Event> {
    for name in Markers::new(options.state_dir.clone()).services() {
        if let Err(Event::ServiceNotConfigured { error }) = context::service(config, name) {
            let error = format!(
                "{error}, and there is a marker of {name} in {}: declare it in services, so that it can be left \
                 (first-boot-agent config validate shows what is odd there); only if its cluster no longer exists, remove the marker",
                options.state_dir.display()
            );
            return Err(Event::ServiceNotConfigured { error });
        }
    }
    Ok(())
}

/// Asks at the terminal.
fn is_confirmed(what: &str) -> bool {
    output::aside(&format!("{what}Continue? [y/N] "));
    let mut answer = String::new();
    let is_read = stdin().read_line(&mut answer).is_ok();
    is_read && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

async fn depart(
    options: &Options,
    departure: Departure,
    of: Of,
    manner: Manner,
    reporter: &Reporter,
) -> Result<Exit, Event> {
    let loaded =
        node::load(options, Permissions::Refuse, false).map_err(|error| context::configuration_event(&error))?;
    let config = &loaded.checked.config;
    let services = of.services(config)?;
    if !options.state_dir.is_dir() {
        // Else the membership would go, and the markers elsewhere stay.
        let error = format!("{} is not a directory; check --state-dir", options.state_dir.display());
        return Err(Event::StateUnusable { error });
    }
    if let Of::All = of {
        nothing_is_forgotten(options, config)?;
    }
    let (markers, notifier) = (Markers::new(options.state_dir.clone()), Notifier::from_environment());
    let step_progress = StepProgress::new(&notifier, &options.state_dir, "leave");
    // A dry run leaves no note in the state directory, not even in a unit's.
    let progress: &dyn Progress = if manner.dry_run { &Silent } else { &step_progress };
    let requests = Requests::default();
    let scoped = |service: &str| reporter.scoped(context::scope(service, departure.operation(), Some(config)));
    let context = context::of(config, &markers, progress, &requests, Some(&scoped("cluster")))
        .await
        .map_err(|blocker| blocker.event())?;
    let quorum = manner.quorum();
    for name in services.iter().map(|service| service.name()) {
        let outcome = run::foresee_markers(&context, name, &scoped(name.as_str()));
        if outcome != Outcome::Done {
            return Ok(outcome);
        }
    }
    let with_members: Vec<_> =
        services.iter().filter_map(|service| service.members()).filter(|service| service.enable).collect();
    // Of one alone the departure itself finds out, before it changes anything.
    let looks_first = with_members.len() > 1 || manner.dry_run || manner.asks();
    // A reset goes on without the cluster where the operator has said so; a leave never does.
    let looks_at_clusters = quorum == Quorum::Keep || departure == Departure::Leave || manner.dry_run;
    let limit = manner.dry_run.then_some(config.policies.promotion.limit);
    for service in with_members.iter().filter(|_| looks_first) {
        let report = scoped(service.name.as_str());
        if let Departure::Reset = departure {
            let outcome = run::foresee_reset(&context, service, &report).await;
            if outcome != Outcome::Done {
                return Ok(outcome);
            }
        }
        if looks_at_clusters {
            let outcome = run::foresee_leave(&context, service, departure, quorum, limit, &report).await;
            if outcome != Outcome::Done {
                return Ok(outcome);
            }
        }
    }
    let what: String = services.iter().map(|service| departure.describe(service, config)).collect();
    let what = format!("{} of {}:\n{what}", departure.operation(), config.node.id);
    if manner.dry_run {
        return Ok(output::print(&format!("{what}Nothing was changed: this is a dry run.\n"), Exit::Done));
    }
    if manner.asks() && !is_confirmed(&what) {
        output::complain("Nothing was changed.");
        return Ok(Exit::Transient);
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
                    Event::ServiceReset { remedy: "the last line says how to start it again".to_owned() }
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

#[cfg(test)]
mod tests {
    use super::{Format, Manner};

    #[test]
    fn a_dry_run_reports_as_text_where_no_format_is_asked_for() {
        let manner = |dry_run| Manner { accept_quorum_loss: false, dry_run, yes: false };
        for (dry_run, asked, format) in [
            (true, Format::Auto, Format::Text),
            (true, Format::Json, Format::Json),
            (false, Format::Auto, Format::Auto),
        ] {
            assert_eq!(manner(dry_run).log_format(asked), format);
        }
    }
}
