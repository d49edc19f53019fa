//! Ending this node's membership: its entry is removed at the leader, the list confirms it, then the markers go.
//!
//! Whatever is lost on the way, the next call converges: an entry that is gone is not removed again.

use tokio::time::sleep;

use crate::config::{Endpoint, RaftService, RaftServiceConfig, Service};
use crate::events::{Event, Report};
use crate::markers::{Attempt, Lock, MarkerState};
use crate::plan::membership::{MemberList, is_another};
use crate::plan::quorum::risk_without;
use crate::plan::{Blocker, Step};
use crate::retry::Schedule;

use super::candidates::{self, Candidates};
use super::ports::{Class, Cluster, Fault, Units};
use super::{Context, Outcome, Setback, Stop, end, locking_failed};

/// What is to become of a quorum that this node is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quorum {
    /// It is kept: what would cost it is refused.
    Keep,
    /// It may be lost; the operator has said so.
    MayBeLost,
}

/// Removes this node from a service's cluster and then its markers, telling `report` what happens.
pub async fn leave<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: RaftService,
    quorum: Quorum,
    report: &dyn Report,
) -> Outcome {
    let left = async {
        let lock = take_lock(context, service.into())?;
        end_membership(context, context.config.raft(service), quorum, report).await?;
        // Only now: a leave that is refused changes nothing.
        stop_steps(context, service.into()).await?;
        remove_markers(context, &lock, report)
    };
    end(context, "leave", left.await, report)
}

/// Looks whether a service would be left, changing nothing: where one of several would refuse, none is to be left.
pub async fn foresee_leave<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: RaftService,
    quorum: Quorum,
    report: &dyn Report,
) -> Outcome {
    let service = context.config.raft(service);
    let mut leaving = Leaving { context, service, quorum, report, candidates: Candidates::with_own(service) };
    match leaving.foresee().await {
        Err(Setback::Stop(stop)) => end(context, "leave", Err(stop), report),
        // Who cannot be asked now is asked again, with patience, when it is time.
        Ok(()) | Err(Setback::Fault(_)) => Outcome::Done,
    }
}

/// Stops the step of a service and those behind it, with the path units that would start them when the markers go: the
/// node would be back at once. At the next boot they start again.
pub(super) async fn stop_steps<U: Units, C>(context: &Context<'_, U, C>, first: Step) -> Result<(), Stop> {
    let Some(units) = &context.units else {
        return Ok(());
    };
    for step in Step::ALL.into_iter().filter(|step| *step >= first) {
        for unit in [step.path_unit(), step.unit()] {
            stop_unit(units, unit).await?;
        }
    }
    Ok(())
}

pub(super) async fn stop_unit(units: &impl Units, unit: &str) -> Result<(), Stop> {
    units.stop(unit).await.map_err(|error| {
        Stop::Failed(Event::ServiceNotStopped { error, remedy: format!("stop it: systemctl stop {unit}") })
    })
}

/// Removes the marker of IAM, which has no members to leave.
pub async fn leave_iam<U: Units, C>(context: &Context<'_, U, C>, report: &dyn Report) -> Outcome {
    end(context, "leave", forget_iam(context, report).await, report)
}

/// Forgets that IAM was set up.
pub(super) async fn forget_iam<U: Units, C>(context: &Context<'_, U, C>, report: &dyn Report) -> Result<(), Stop> {
    let lock = take_lock(context, Service::Iam)?;
    stop_steps(context, Step::Iam).await?;
    remove_markers(context, &lock, report)
}

/// The lock, at once or not at all: leaving does not queue behind another agent.
pub(super) fn take_lock<U, C>(context: &Context<'_, U, C>, service: Service) -> Result<Lock, Stop> {
    match context.lock(service)? {
        Attempt::Taken(lock) => Ok(lock),
        Attempt::Held(held) => Err(Stop::Failed(Event::LockHeld {
            holder: held.holder,
            remedy: "wait for it, or end it, and try again".to_owned(),
        })),
    }
}

pub(super) fn remove_markers<U, C>(context: &Context<'_, U, C>, lock: &Lock, report: &dyn Report) -> Result<(), Stop> {
    let removed = context.markers.remove(lock).map_err(|error| locking_failed(&error))?;
    for path in removed {
        report.report(Event::MarkerRemoved { path: path.display().to_string() });
    }
    Ok(())
}

/// Returns when the live member list no longer holds this node.
pub(super) async fn end_membership<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    quorum: Quorum,
    report: &dyn Report,
) -> Result<(), Stop> {
    let policy = &context.config.policies.join;
    let mut leaving = Leaving { context, service, quorum, report, candidates: Candidates::with_own(service) };
    let mut schedule = Schedule::attempts(policy);
    loop {
        let fault = match leaving.attempt().await {
            Ok(()) => return Ok(()),
            Err(Setback::Stop(stop)) => return Err(stop),
            Err(Setback::Fault(fault)) => fault,
        };
        let Some(delay) = schedule.next_delay(fault.retry_after()) else {
            return Err(Stop::Failed(Event::LeaveFailed {
                error: fault.to_string(),
                attempts: policy.attempts,
                remedy: format!("look at the leader: journalctl -u {}", service.unit),
            }));
        };
        context.progress.status(&format!("leaving {}: {fault}, next in {:.1} s", service.service, delay.as_secs_f64()));
        sleep(delay).await;
    }
}

struct Leaving<'a, U, C> {
    context: &'a Context<'a, U, C>,
    service: &'a RaftServiceConfig,
    quorum: Quorum,
    report: &'a dyn Report,
    candidates: Candidates,
}

impl<U, C: Cluster> Leaving<'_, U, C> {
    async fn foresee(&mut self) -> Result<(), Setback> {
        let (at, list) = self.list().await?;
        self.must_go(&list, &at).map(drop)
    }

    async fn attempt(&mut self) -> Result<(), Setback> {
        let (mut at, mut list) = self.list().await?;
        let leader = list.to_ask(self.service, &at);
        // A follower may lag: what ends the matter is the leader's list, where its address can be told from its entry.
        if !self.must_go(&list, &at)?
            && leader != at
            && let Ok(leaders) = self.context.cluster.members(self.service, &leader).await
        {
            (at, list) = (leader, leaders);
        }
        if !self.must_go(&list, &at)? {
            let cluster = self.service.service.to_string();
            self.report.report(Event::NoMember { cluster, endpoint: at.to_string() });
            return Ok(());
        }
        let id = self.context.config.node.id.as_str();
        self.context.progress.status(&format!("leaving {} through {at}", self.service.service));
        let removed = candidates::remove(&self.context.cluster, self.service, &mut self.candidates, id, at).await;
        // Whatever the removal has answered, only the list decides.
        let (at, list) = self.until_gone(removed.err()).await?;
        let members = list.members.len() as u64;
        self.report.report(Event::Left {
            cluster: self.service.service.to_string(),
            endpoint: at.to_string(),
            members,
        });
        Ok(())
    }

    async fn list(&mut self) -> Result<(Endpoint, MemberList), Fault> {
        candidates::list(&self.context.cluster, self.service, &mut self.candidates).await
    }

    /// Whether the list has this node; an entry of its id that is another machine's is not this node's to remove.
    fn must_go(&self, list: &MemberList, at: &Endpoint) -> Result<bool, Setback> {
        let id = &self.context.config.node.id;
        if let MarkerState::Present { identity, .. } = self.context.markers.read(self.service.service.into())
            && is_another(identity.cluster_id.as_deref(), list.cluster_id.as_deref())
        {
            return Err(Setback::Stop(Stop::Blocked(Blocker::in_another_cluster(self.service, at))));
        }
        if list.entry_of(id, self.service).is_none() {
            return match list.members.iter().find(|member| member.id == id.as_str()) {
                Some(other) => {
                    Err(Setback::Stop(Stop::Blocked(Blocker::id_taken(self.context.config, self.service, other, at))))
                }
                None => Ok(false),
            };
        }
        match risk_without(list, id).filter(|_| self.quorum == Quorum::Keep) {
            Some(risk) => {
                Err(Setback::Stop(Stop::Blocked(Blocker::quorum(format!("{}: {risk}", self.service.service)))))
            }
            None => Ok(true),
        }
    }

    async fn until_gone(&mut self, mut refused: Option<Fault>) -> Result<(Endpoint, MemberList), Setback> {
        let id = &self.context.config.node.id;
        let mut schedule = Schedule::polling(&self.context.config.policies.promotion);
        loop {
            match self.list().await {
                Ok((at, list)) if list.entry_of(id, self.service).is_none() => return Ok((at, list)),
                Ok((at, _)) => {
                    if let Some(fault) = refused.take() {
                        return Err(fault.into());
                    }
                    let Some(delay) = schedule.next_delay(None) else {
                        let message = format!("{id} was removed and is listed still");
                        let class = Class::Transient { retry_after: None };
                        return Err(Setback::Fault(Fault { class, endpoint: at, message }));
                    };
                    sleep(delay).await;
                }
                Err(fault) => return Err(refused.unwrap_or(fault).into()),
            }
        }
    }
}
