//! Putting a service on this node back to its beginning: out of the cluster, stopped, its data moved aside, its markers
//! gone. In that order, so that a power cut leaves nothing that claims more than is true, and the next call goes on.

use crate::clock;
use crate::config::{Mode, RaftService, RaftServiceConfig};
use crate::data_directory;
use crate::events::{Event, Report};

use super::leave::{Quorum, end_membership, forget_iam, remove_markers, stop_steps, stop_unit, take_lock};
use super::ports::{Cluster, Units};
use super::{Context, Outcome, Stop, end};

/// Resets chainfire or flaredb on this node, telling `report` what happens.
pub async fn reset<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: RaftService,
    quorum: Quorum,
    report: &dyn Report,
) -> Outcome {
    let done = async {
        let lock = take_lock(context, service.into())?;
        let service = context.config.raft(service);
        // Whatever would refuse it does so before anything is changed.
        data_directory::can_be_moved(&service.data_dir).map_err(|error| not_moved(&error))?;
        leave_if_possible(context, service, quorum, report).await?;
        stop_steps(context, service.service.into()).await?;
        stop(context, service).await?;
        back_up(service, report)?;
        remove_markers(context, &lock, report)?;
        report.report(Event::ServiceReset { remedy: way_back(service) });
        Ok(())
    };
    end(context, "reset", done.await, report)
}

/// Resets IAM on this node: it keeps nothing here but its marker, what it knows is in flaredb.
pub async fn reset_iam<U: Units, C>(context: &Context<'_, U, C>, report: &dyn Report) -> Outcome {
    let done = async {
        forget_iam(context, report).await?;
        let remedy = "to set it up again: systemctl restart iam-initial-setup.service".to_owned();
        report.report(Event::ServiceReset { remedy });
        Ok(())
    };
    end(context, "reset", done.await, report)
}

/// What makes the node a member again. The target pulls in the steps behind the join, which were stopped.
fn way_back(service: &RaftServiceConfig) -> String {
    let start = format!(
        "systemctl start {} && systemctl restart {}-cluster-join.service && systemctl start multi-user.target",
        service.unit, service.service
    );
    match service.mode {
        Mode::Join { .. } => format!("to join anew: {start}"),
        Mode::Bootstrap => format!(
            "this node is told to bootstrap: to join the cluster of its peers, set bootstrap to false and leader_url to \
             one of them, have {} begin no cluster of its own, and then: {start}",
            service.unit
        ),
    }
}

fn not_moved(error: &data_directory::BackUpError) -> Stop {
    Stop::Failed(Event::DataNotMoved { error: error.to_string() })
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
    stop_unit(units, unit.as_str()).await
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
        Err(error) => Err(not_moved(&error)),
    }
}
