//! Join: attempts at becoming a member until one ends with this node as a full member in the live list; then the marker,
//! never the other way round.

mod attempt;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::config::RaftServiceConfig;
use crate::events::{Event, Report};
use crate::markers::{Achievement, Lock};
use crate::plan::membership::MemberList;
use crate::retry::{Schedule, Turns};

use super::ports::{Class, Cluster, Health, Units};
use super::service::{self, milliseconds};
use super::{Context, Setback, Stop};

use attempt::Joining;

/// Most elections are over by then, and the cluster can be asked again.
const ELECTION: Duration = Duration::from_secs(1);

/// Has this node added to the service's cluster and waits until it is a full member.
pub(super) async fn join<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    lock: &Lock,
    report: &dyn Report,
) -> Result<(), Stop> {
    let began = Instant::now();
    let health = service::await_raft(context, service, report).await?;
    let list = become_member(context, service, &health, report).await?;
    context.mark(lock, Achievement::Joined, list.cluster_id.as_deref(), report)?;
    report.report(Event::Joined { members: list.members.len() as u64, duration_ms: milliseconds(began.elapsed()) });
    Ok(())
}

async fn become_member<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    health: &Health,
    report: &dyn Report,
) -> Result<MemberList, Stop> {
    let Some(raft_addr) = &service.raft_addr else {
        return Err(Stop::Failed(Event::Internal {
            error: format!("{} is to be joined without a Raft address", service.service),
        }));
    };
    let policy = &context.config.policies.join;
    let mut joining = Joining::new(context, service, raft_addr, health, report);
    let mut schedule = Schedule::attempts(policy);
    let (mut turns, mut elections) = (Turns::new(policy), Turns::new(policy));
    loop {
        let began = Instant::now();
        let fault = match joining.attempt().await {
            Ok(list) => return Ok(list),
            Err(Setback::Stop(stop)) => return Err(stop),
            Err(Setback::Fault(fault)) => fault,
        };
        if let Class::Busy { retry_after } = fault.class {
            let delay = turns.next_delay(retry_after, began.elapsed());
            report.report(Event::ClusterBusy { error: fault.to_string(), next_retry_ms: milliseconds(delay) });
            context.progress.status(&format!(
                "joining {}: asked to come later ({fault}), next in {:.1} s",
                service.service,
                delay.as_secs_f64()
            ));
            sleep(delay).await;
            continue;
        }
        let attempt = schedule.attempt();
        let Some(delay) = schedule.next_delay(fault.retry_after()) else {
            return Err(Stop::Failed(Event::AttemptsExhausted {
                error: fault.to_string(),
                attempts: policy.attempts,
                remedy: format!("look at the leader: journalctl -u {}", service.unit),
            }));
        };
        let delay = match fault.class {
            Class::Leaderless => elections.next_delay(Some(ELECTION), Duration::ZERO),
            _ => delay,
        };
        report.report(Event::RequestFailed {
            error: fault.to_string(),
            attempt,
            attempts: policy.attempts,
            next_retry_ms: milliseconds(delay),
        });
        context.progress.status(&format!(
            "joining {}: attempt {attempt} of {} failed ({fault}), next in {:.1} s",
            service.service,
            policy.attempts,
            delay.as_secs_f64()
        ));
        sleep(delay).await;
    }
}
