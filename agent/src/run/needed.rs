//! What a service needs is waited for, where systemd does not order it: a template does not know what its instances need.
//! Must not look at clusters: a service is done when its marker says so.

use tokio::time::timeout;

use crate::config::{Service, ServiceName};
use crate::directory_watch::DirectoryWatch;
use crate::events::{Event, Report};
use crate::markers::{Hold, MarkerState, Trouble};
use crate::plan::Step;
use crate::retry::Schedule;

use super::{Context, Stop};

/// Returns when all that a service needs is done. A unit waits; an operator who calls gets an answer at once. Among each
/// other, the platform's own services are ordered by their units.
pub(super) async fn await_needed<U, C>(
    context: &Context<'_, U, C>,
    service: &Service,
    report: &dyn Report,
) -> Result<(), Stop> {
    let mut schedule = Schedule::polling(&context.config.policies.blocked);
    // Before the first look: a marker that is written in between is not missed.
    let mut watch = DirectoryWatch::default();
    watch.include_new(context.markers.directory());
    let mut reported = None;
    while let Some(needed) = missing(context, service) {
        let (name, step) = (service.name(), Step::from(needed));
        let reason = format!("{name} needs {needed}, which is not done");
        let remedy = format!("look at it: systemctl status {}", step.unit());
        let Some(delay) = schedule.next_delay(None).filter(|_| context.looks_again) else {
            return Err(Stop::Failed(Event::NeededNotDone { reason, remedy }));
        };
        if reported != Some(needed) {
            context.progress.trouble(Trouble::new(Hold::Waiting, &reason, &remedy));
            report.report(Event::WaitingForNeeded { reason });
            reported = Some(needed);
        }
        // Without a watch the schedule is what is left.
        let _ = timeout(delay, watch.next()).await;
    }
    Ok(())
}

/// The first service that must be done before this one and is not.
fn missing<U, C>(context: &Context<'_, U, C>, service: &Service) -> Option<ServiceName> {
    let is_missing = |name: &ServiceName| {
        if ServiceName::DEFAULT.contains(name) && ServiceName::DEFAULT.contains(&service.name()) {
            return false;
        }
        let is_on = context.config.service(*name).is_some_and(Service::is_enabled);
        is_on && !matches!(context.markers.read(*name), MarkerState::Present { .. })
    };
    service.needs().iter().copied().find(is_missing)
}
