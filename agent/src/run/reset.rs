//! Putting a service on this node back to its beginning: out of the cluster, stopped, its data moved aside, its markers
//! gone. In that order, so that a power cut leaves nothing that claims more than is true, and the next call goes on.

use std::path::Path;

use crate::clock;
use crate::config::{Config, MemberService, ServiceName};
use crate::data_directory::{self, Claim};
use crate::events::{Event, Report};
use crate::plan::Step;
use crate::plan::health::to_join_again;

use super::leave::{
    Departure, Quorum, foresee_removal, foreseen, forget_setup, remove_markers, stop_steps, stop_unit, taking_over,
    unless_it_may_stay_behind,
};
use super::ports::{Cluster, Units};
use super::{Context, Outcome, Stop, Work, end};

/// Resets a service with members on this node and reports what happens to `report`.
pub async fn reset<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    quorum: Quorum,
    report: &dyn Report,
) -> Outcome {
    let work = Work { context, service, report };
    let done = taking_over(context, service.name, report, async |lock, is_changed| {
        // Whatever would refuse it does so before anything is changed.
        work.can_be_cleared().await?;
        foresee_removal(context, service.name)?;
        // A member that comes back with an empty log may vote twice, so it has to leave first. Where that cannot be had, the
        // operator has to say that the loss of the quorum is meant.
        unless_it_may_stay_behind(work.end_membership(Departure::Reset, quorum, is_changed).await, quorum, report)?;
        stop_steps(context, service.name.into()).await?;
        context.progress.status(&format!("stopping {}", service.unit));
        stop_unit(work.systemd_to_stop()?, service.unit.as_str()).await?;
        work.forget_environment()?;
        work.back_up()?;
        remove_markers(context, lock, report)?;
        report.report(Event::ServiceReset { remedy: last_word(&[service]) });
        Ok(())
    });
    end(context, "reset", done.await, report)
}

/// Looks whether a service's data and environment can be cleared away, changing nothing.
pub async fn foresee_reset<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    report: &dyn Report,
) -> Outcome {
    foreseen(context, Work { context, service, report }.can_be_cleared().await, report)
}

/// The target pulls in the health check, which was stopped along with it.
fn set_up_again(service: ServiceName) -> String {
    format!(
        "to set it up again: systemctl restart --no-block {} && systemctl start --no-block multi-user.target",
        Step::from(service).unit()
    )
}

/// What brings all services of this node back after they were reset, in the one right order: the last word of such a reset.
#[must_use]
pub fn after_reset_of_all(config: &Config) -> Event {
    let services: Vec<&MemberService> = config.with_members().filter(|service| service.enable).collect();
    let remedy = match config.set_up_once().next() {
        Some(first) if services.is_empty() => set_up_again(first.name),
        _ => last_word(&services),
    };
    Event::ServiceReset { remedy }
}

fn last_word(services: &[&MemberService]) -> String {
    let again = to_join_again(services);
    if services.iter().any(|service| service.mode.is_bootstrap()) { again } else { format!("to join again: {again}") }
}

/// Resets a service that is set up once: it keeps nothing here but its marker; what IAM knows is in flaredb.
pub async fn reset_setup<U: Units, C>(
    context: &Context<'_, U, C>,
    service: ServiceName,
    report: &dyn Report,
) -> Outcome {
    let done = async {
        forget_setup(context, service, report).await?;
        report.report(Event::ServiceReset { remedy: set_up_again(service) });
        Ok(())
    };
    end(context, "reset", done.await, report)
}

fn not_moved(error: &data_directory::BackUpError) -> Stop {
    Stop::Failed(Event::DataNotMoved { error: error.to_string() })
}

impl<'a, U: Units, C: Cluster> Work<'a, U, C> {
    fn systemd_to_stop(&self) -> Result<&'a U, Stop> {
        // Without systemd it is unknown whether the service still writes into what is moved away.
        self.context.units.as_ref().ok_or_else(|| {
            Stop::Failed(Event::ServiceNotStopped {
                error: format!("systemd cannot be reached to stop {}", self.service.unit),
                remedy: "run it as root on the node itself".to_owned(),
            })
        })
    }

    /// Refuses what cannot be taken away, and a data directory that is not the service's, or holds what is this agent's or another
    /// service's.
    async fn can_be_cleared(&self) -> Result<(), Stop> {
        self.can_forget_environment()?;
        let Self { context, service, .. } = self;
        let (config, unit) = (context.config, &service.unit);
        let owner = self.systemd_to_stop()?.owner(unit).await.map_err(|error| {
            let remedy = format!("look at the unit: systemctl cat {unit}");
            Stop::Failed(Event::ServiceNotStopped { error, remedy })
        })?;
        let others = config.with_members().filter(|other| other.name != service.name && other.enable);
        let passwords = config.set_up_once().filter_map(|service| service.admin_password_file.as_deref());
        let tls = &config.tls;
        let kept: Vec<&Path> = others
            .map(|other| other.data_dir.as_path())
            .chain([context.markers.directory(), &tls.ca, &tls.certificate, &tls.key])
            .chain(passwords)
            .collect();
        let claim = Claim { service: service.name.as_str(), unit: unit.as_str(), owner: &owner, kept: &kept };
        data_directory::can_be_moved(&service.data_dir, &claim).map_err(|error| not_moved(&error))
    }

    fn back_up(&self) -> Result<(), Stop> {
        let data = &self.service.data_dir;
        let stamp = clock::now().replace([':', '+'], "-");
        if let Some(backup) = data_directory::back_up(data, &stamp).map_err(|error| not_moved(&error))? {
            let (path, backup) = (data.display().to_string(), backup.display().to_string());
            self.report.report(Event::DataMovedAside { path, backup });
        }
        Ok(())
    }
}
