//! Putting a service on this node back to its beginning: out of the cluster, stopped, its data moved aside, its markers
//! gone. In that order, so that a power cut leaves nothing that claims more than is true, and the next call goes on.

use crate::clock;
use crate::config::{RaftService, RaftServiceConfig, Service};
use crate::data_directory;
use crate::events::{Event, Report};
use crate::plan::Step;

use super::leave::{Quorum, end_membership, remove_markers, stop_steps, take_lock};
use super::ports::{Cluster, Units};
use super::{Context, Outcome, Stop, end, locking_failed};

/// Resets chainfire or flaredb on this node, telling `report` what happens.
pub async fn reset<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: RaftService,
    quorum: Quorum,
    report: &dyn Report,
) -> Outcome {
    let done = async {
        let lock = take_lock(context, service.into())?;
        stop_steps(context, service.into()).await?;
        let service = context.config.raft(service);
        leave_if_possible(context, service, quorum, report).await?;
        stop(context, service).await?;
        back_up(service, report)?;
        remove_markers(context, &lock, report)?;
        report.report(Event::ServiceReset {
            remedy: format!(
                "to join anew: systemctl start {} && systemctl restart {}-cluster-join.service",
                service.unit, service.service
            ),
        });
        Ok(())
    };
    end(context, "reset", done.await, report)
}

/// IAM keeps nothing on this node but its marker: what it knows is in flaredb.
pub async fn reset_iam<U: Units, C>(context: &Context<'_, U, C>, report: &dyn Report) -> Outcome {
    let done = async {
        let lock = take_lock(context, Service::Iam)?;
        stop_steps(context, Step::Iam).await?;
        remove_markers(context, &lock, report)
    };
    end(context, "reset", done.await, report)
}

/// A member that comes back with an empty log may vote twice, so it has to leave first. Where that cannot be had, the
/// operator has to say that the loss of the quorum is meant.
async fn leave_if_possible<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    quorum: Quorum,
    report: &dyn Report,
) -> Result<(), Stop> {
    match (end_membership(context, service, quorum, report).await, quorum) {
        (Ok(()), _) => Ok(()),
        (Err(stop), Quorum::MayBeLost) => {
            report.report(Event::LeftBehind { error: stop.event().to_string() });
            Ok(())
        }
        (Err(Stop::Failed(Event::LeaveFailed { error, attempts, .. })), Quorum::Keep) => {
            Err(Stop::Failed(Event::LeaveFailed {
                error,
                attempts,
                remedy: "nothing was reset; where there is no cluster any more, say so with --accept-quorum-loss"
                    .to_owned(),
            }))
        }
        (Err(stop), Quorum::Keep) => Err(stop),
    }
}

async fn stop<U: Units, C>(context: &Context<'_, U, C>, service: &RaftServiceConfig) -> Result<(), Stop> {
    let unit = &service.unit;
    let Some(units) = &context.units else {
        // Without systemd nobody can say that the service does not write into what is moved away.
        return Err(Stop::Failed(Event::ServiceNotStopped {
            error: format!("systemd cannot be reached to stop {unit}"),
            remedy: "run it as root on the node itself".to_owned(),
        }));
    };
    context.progress.status(&format!("stopping {unit}"));
    units.stop(unit.as_str()).await.map_err(|error| {
        Stop::Failed(Event::ServiceNotStopped { error, remedy: format!("stop it: systemctl stop {unit}") })
    })
}

fn back_up(service: &RaftServiceConfig, report: &dyn Report) -> Result<(), Stop> {
    let stamp = clock::now().replace([':', '+'], "-");
    match data_directory::back_up(&service.data_dir, &stamp) {
        Ok(Some(backup)) => {
            let path = service.data_dir.display().to_string();
            report.report(Event::DataMovedAside { path, backup: backup.display().to_string() });
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(error) => Err(locking_failed(&error)),
    }
}
