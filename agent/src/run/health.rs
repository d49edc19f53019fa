//! Finds out how the cluster is, for the verdict. It only reads, but for the optional
//! read-after-write probe of one key.

use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::time::sleep;

use crate::config::{Endpoint, Limits, RaftServiceConfig, Service};
use crate::events::{Event, Report};
use crate::markers::MarkerState;
use crate::plan::Blocker;
use crate::plan::health::{EndpointFinding, Findings, GroupFinding, MarkerFinding, Verdict};
use crate::plan::membership::{Member, MemberList};
use crate::retry::Schedule;

use super::ports::{Cluster, Units};
use super::{Context, Stop, observe};

/// A drift that is still there at this look is told, though the wait goes on: right after a join, a peer's list may lag.
const LOOKS_BEFORE_DRIFT: u32 = 5;
/// A look asks every member; a cluster that is not healthy is not helped by being asked every few milliseconds.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Judges the cluster; with `wait`, looks again until the verdict is good enough or the
/// policy's time is over.
pub(super) async fn check<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    wait: bool,
    report: &dyn Report,
) -> Result<(), Stop> {
    let policy = context.config.policies.health;
    let mut schedule = Schedule::polling(&Limits { first_delay: policy.first_delay.max(FIRST_PAUSE), ..policy });
    loop {
        let findings = find(context, context.config.health_check.probe).await;
        let table = findings.to_string();
        if schedule.attempt() == 1 {
            report_markers(&findings, report);
        }
        let reason = match findings.verdict() {
            Verdict::Healthy => {
                report.report(Event::ClusterHealthy { table });
                return Ok(());
            }
            Verdict::Degraded { reasons } => {
                report.report(Event::ClusterDegraded { reason: reasons.join("; "), table });
                return Ok(());
            }
            Verdict::Unhealthy { reasons } => reasons.join("; "),
        };
        context.progress.status(&format!("cluster is not healthy: {reason}"));
        let worth_waiting = wait && findings.foreign_marker().is_none();
        let look = schedule.attempt();
        let delay = schedule.next_delay(None).filter(|_| worth_waiting);
        if look == LOOKS_BEFORE_DRIFT || (delay.is_none() && look < LOOKS_BEFORE_DRIFT) {
            report_drift(context, &findings, report);
        }
        if let Some(delay) = delay {
            sleep(delay).await;
            continue;
        }
        let unhealthy = Event::ClusterUnhealthy { reason, table };
        // A marker that is another's does not become this node's by starting again: somebody has to look.
        let Some(blocker) = findings.foreign_marker() else {
            return Err(Stop::Failed(unhealthy));
        };
        report.report(unhealthy);
        return Err(Stop::Blocked(blocker.clone()));
    }
}

fn report_markers(findings: &Findings, report: &dyn Report) {
    for marker in &findings.markers {
        if let MarkerFinding::Damaged { path, reason } = marker {
            report.report(Event::MarkerDamaged { path: path.display().to_string(), reason: reason.clone() });
        }
    }
}

/// The markers that are another's or cannot be read. A service that tells which cluster it is in is taken at its word.
fn find_markers<U, C>(context: &Context<'_, U, C>, groups: &[GroupFinding]) -> Vec<MarkerFinding> {
    let observed = observe(context.markers, &context.this_node);
    Service::ALL
        .into_iter()
        .filter_map(|service| match observed.marker(service) {
            MarkerState::Present { path, identity, .. } => identity
                .mismatch(&context.this_node.in_cluster(cluster_id(groups, service)))
                .map(|mismatch| MarkerFinding::Foreign(Blocker::foreign_marker(path, &mismatch))),
            MarkerState::Damaged { path, reason } => {
                Some(MarkerFinding::Damaged { path: path.clone(), reason: reason.clone() })
            }
            MarkerState::Absent => None,
        })
        .collect()
}

fn cluster_id(groups: &[GroupFinding], service: Service) -> Option<&str> {
    let group = groups.iter().find(|group| Some(group.service) == service.raft())?;
    group.list.as_ref().ok()?.cluster_id.as_deref()
}

fn report_drift<U, C>(context: &Context<'_, U, C>, findings: &Findings, report: &dyn Report) {
    for group in findings.drifted() {
        report.report(Event::MembershipDrift {
            reason: format!(
                "{} does not hold {} as a full member, its marker says it does",
                group.service, context.config.node.id
            ),
            remedy: format!("if it should be one, join anew: {}", group.way_back(context.config)),
        });
    }
}

/// Asks everybody at once. Only with `probe` is anything written: one key per service.
pub async fn find<U, C: Cluster>(context: &Context<'_, U, C>, probe: bool) -> Findings {
    let config = context.config;
    let enabled = [&config.chainfire, &config.flaredb].into_iter().filter(|service| service.enable);
    let groups = join_all(enabled.map(|service| find_group(context, service, probe)));
    let ((groups, endpoints), iam) = join(
        async {
            let (groups, endpoints): (Vec<_>, Vec<_>) = groups.await.into_iter().unzip();
            (groups, endpoints.into_iter().flatten().collect::<Vec<_>>())
        },
        find_iam(context),
    )
    .await;
    Findings { markers: find_markers(context, &groups), groups, endpoints: endpoints.into_iter().chain(iam).collect() }
}

async fn find_group<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    with_probe: bool,
) -> (GroupFinding, Vec<EndpointFinding>) {
    let list = live_list(context, service).await;
    let endpoints = match &list {
        Ok(list) => join_all(list.members.iter().map(|member| find_endpoint(context, service, member))).await,
        Err(_) => Vec::new(),
    };
    let probe = match &list {
        Ok(_) if with_probe => Some(probe(context, service).await),
        _ => None,
    };
    let group = GroupFinding {
        service: service.service,
        holds_this_node: list
            .as_ref()
            .is_ok_and(|list| list.entry_of(&context.config.node.id, service).is_some_and(Member::is_full)),
        marker_claims_membership: matches!(
            context.markers.read(Service::from(service.service)),
            MarkerState::Present { .. }
        ),
        list,
        probe,
    };
    (group, endpoints)
}

/// The list that deserves most trust: one from a peer that knows a leader, since a removed
/// node's own service may still show what was; then the own service's; then any.
async fn live_list<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
) -> Result<MemberList, String> {
    let own = std::iter::once(service.url.clone());
    let asked: Vec<Endpoint> = service.endpoints_for_change().into_iter().chain(own).collect();
    let answers = join_all(asked.iter().map(|at| context.cluster.members(service, at))).await;
    let mut known = Vec::new();
    let mut error = "nobody to ask".to_owned();
    for answer in answers {
        match answer {
            Ok(list) if !list.members.is_empty() => known.push(list),
            Ok(_) => "in no cluster yet".clone_into(&mut error),
            Err(fault) => error = fault.to_string(),
        }
    }
    let best = known.iter().position(|list| list.leader.id().is_some()).or(known.len().checked_sub(1));
    best.map(|index| known.swap_remove(index)).ok_or(error)
}

async fn find_endpoint<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &RaftServiceConfig,
    member: &Member,
) -> EndpointFinding {
    // Not by the id alone: an entry of ours at another address is another machine's.
    let own = member.is(&context.config.node.id, service);
    let url = if own { Some(service.url.clone()) } else { member.api(service) };
    let answer = match &url {
        Some(url) => {
            context.cluster.health(url, service.paths.health.as_str()).await.map(drop).map_err(|fault| fault.message)
        }
        None => Err(format!("its address {} cannot be used", member.raft_addr)),
    };
    EndpointFinding {
        service: service.service.into(),
        member: member.id.clone(),
        url: url.map_or_else(String::new, |url| url.join(service.paths.health.as_str()).to_string()),
        own,
        answer,
    }
}

async fn probe<U, C: Cluster>(context: &Context<'_, U, C>, service: &RaftServiceConfig) -> Result<(), String> {
    let key = format!("first-boot-agent/probe/{}", context.config.node.id);
    // Another value each time: else one written within the same second would pass for a write that never happened.
    let value = format!("{} {:016x}", crate::clock::now(), getrandom::u64().unwrap_or_default());
    context.cluster.read_after_write(service, &service.url, &key, &value).await.map_err(|fault| fault.to_string())
}

async fn find_iam<U, C: Cluster>(context: &Context<'_, U, C>) -> Option<EndpointFinding> {
    let iam = &context.config.iam;
    if !iam.enable {
        return None;
    }
    let path = iam.health_path.as_str();
    let answer = context.cluster.health(&iam.url, path).await;
    Some(EndpointFinding {
        service: Service::Iam,
        member: context.config.node.id.to_string(),
        url: iam.url.join(path).to_string(),
        own: true,
        answer: answer.map(drop).map_err(|fault| fault.message),
    })
}
