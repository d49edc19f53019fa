//! Finds out how the cluster is, for the verdict. It only reads, but for the optional
//! read-after-write probe of one key.

use std::time::Duration;

use futures_util::future::{join, join_all};
use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, sleep, timeout_at};

use crate::config::{Endpoint, Limits, MemberService, ServiceName, SetupService};
use crate::events::{Event, Report};
use crate::markers::{Identity, MarkerState};
use crate::plan::Blocker;
use crate::plan::health::{EndpointFinding, Findings, GroupFinding, Verdict, way_back};
use crate::plan::member::{Member, MemberList, Whose, Word};
use crate::plan::membership::is_another;
use crate::retry::Schedule;

use super::ports::{Class, Cluster, Fault, Health, Units};
use super::service::refuse_anothers;
use super::{AT_ONCE, Context, Stop};

/// A drift that is still there at this look is reported, though the wait goes on: right after a join, a peer's list may lag.
const LOOKS_BEFORE_DRIFT: u32 = 5;
/// The time that the members of a group have to answer in one look, all together: many that are silent must not stop it.
const LOOK_LIMIT: Duration = Duration::from_mins(1);
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
        let findings = find(context, context.config.health_check_probes).await;
        let table = findings.to_string();
        for (path, reason) in findings.damaged_markers.iter().filter(|_| schedule.attempt() == 1) {
            report.report(Event::MarkerDamaged { path: path.display().to_string(), reason: reason.clone() });
        }
        let reason = match findings.verdict() {
            Verdict::Healthy => {
                report.report(Event::ClusterHealthy { table });
                return Ok(());
            }
            Verdict::Degraded(reasons) => {
                report.report(Event::ClusterDegraded { reason: reasons.join("; "), table });
                return Ok(());
            }
            Verdict::Unhealthy(reasons) => reasons.join("; "),
        };
        context.progress.status(&format!("cluster is not healthy: {reason}"));
        let worth_waiting = wait && findings.foreign_markers.is_empty();
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
        // A marker that is another's does not become this node's by starting again: an operator has to look.
        let Some(blocker) = findings.foreign_markers.first() else {
            return Err(Stop::Failed(unhealthy));
        };
        report.report(unhealthy);
        return Err(blocker.clone().into());
    }
}

/// Finds the markers that are another's or cannot be read.
fn find_markers<U, C>(context: &Context<'_, U, C>, findings: &mut Findings<'_>) {
    for service in &context.config.services {
        match context.markers.read(service.name()) {
            MarkerState::Present { path, identity, .. } => {
                if let Some(mismatch) = identity.mismatch(&context.this_node) {
                    findings.foreign_markers.push(Blocker::foreign_marker(&path, &mismatch));
                    continue;
                }
                let Some(raft) = service.members() else { continue };
                let (marked, reported) = (cluster_of(&identity), cluster_id(&findings.groups, raft.name));
                if is_another(marked.as_ref(), reported) {
                    let blocker = Blocker::marked_in_another(raft, &path, marked.as_ref(), reported);
                    findings.foreign_markers.push(blocker);
                }
            }
            MarkerState::Damaged { path, reason } | MarkerState::NotPermitted { path, reason } => {
                findings.damaged_markers.push((path, reason));
            }
            MarkerState::Absent => {}
        }
    }
}

/// The cluster that a marker is of, where it says so.
fn cluster_of(identity: &Identity) -> Option<Word> {
    identity.cluster_id.as_deref().map(Word::new).filter(|id| !id.is_nobody())
}

fn cluster_id<'f>(groups: &'f [GroupFinding<'_>], service: ServiceName) -> Option<&'f Word> {
    let group = groups.iter().find(|group| group.service.name == service)?;
    group.list.as_ref().ok()?.cluster_id.as_ref()
}

fn report_drift<U, C>(context: &Context<'_, U, C>, findings: &Findings<'_>, report: &dyn Report) {
    for group in findings.drifted() {
        report.report(Event::MembershipDrift {
            reason: format!(
                "{} does not have {} as a full member, but its marker says so",
                group.service.name, context.config.node.id
            ),
            remedy: way_back(group.service),
        });
    }
}

/// Asks everybody at once. Only with `probe` is anything written: one key per service.
pub async fn find<'a, U, C: Cluster>(context: &Context<'a, U, C>, probe: bool) -> Findings<'a> {
    let config = context.config;
    let enabled = config.with_members().filter(|service| service.enable);
    let groups = join_all(enabled.map(|service| find_group(context, service, probe)));
    let set_up = config.set_up_once().filter(|service| service.enable);
    let set_up = join_all(set_up.map(|service| find_set_up(context, service)));
    let (groups, set_up) = join(groups, set_up).await;
    let mut findings = Findings::default();
    for (group, endpoints, is_busy) in groups {
        findings.busy.extend(is_busy.then_some(group.service.name));
        findings.groups.push(group);
        findings.endpoints.extend(endpoints);
    }
    findings.endpoints.extend(set_up);
    find_markers(context, &mut findings);
    findings
}

async fn find_group<'a, U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &'a MemberService,
    with_probe: bool,
) -> (GroupFinding<'a>, Vec<EndpointFinding>, bool) {
    let deadline = Instant::now() + LOOK_LIMIT;
    let (list, two_clusters, is_busy) = live_list(context, service).await;
    let members = list.as_ref().map_or(&[][..], |list| &list.members);
    let own = || (context.config.node.id.to_string(), Ok(service.url.clone()), true);
    let is_own = |member: &Member| member.is(&context.config.node.id, service);
    let mut asked: Vec<_> = members
        .iter()
        .map(|member| {
            // Not by the id alone: an entry of ours at another address is another machine's.
            if is_own(member) {
                return own();
            }
            let url = member.api(service).ok_or_else(|| format!("its address {} cannot be used", member.raft_addr));
            (member.name().to_string(), url, false)
        })
        .collect();
    // Its own service is asked, whether or not the others know this node.
    if !members.iter().any(is_own) {
        asked.insert(0, own());
    }
    let entry = list.as_ref().ok().and_then(|list| list.entry_of(&context.config.node.id, service));
    let path = service.api.health_path().as_str();
    // Who is not listed comes before those that are.
    let unlisted = asked.len() - members.len();
    let answers = stream::iter(asked).map(async |(member, url, own)| {
        let mut remedy = None;
        let answer = match &url {
            Ok(at) => match timeout_at(deadline, context.cluster.health(at, path)).await {
                Ok(Ok(health)) if own => is_this_nodes(context, service, health, entry),
                Ok(answer) => answer.map(drop).map_err(|fault| {
                    remedy = fault.blocker().map(|blocker| blocker.remedy);
                    fault.message
                }),
                Err(_elapsed) => Err(format!("no answer within the {} s of one look", LOOK_LIMIT.as_secs())),
            },
            Err(unusable) => Err(unusable.clone()),
        };
        let url = url.map_or_else(|_| String::new(), |url| url.join(path).to_string());
        EndpointFinding { service: service.name, member, url, own, answer, remedy }
    });
    let endpoints: Vec<EndpointFinding> = answers.buffered(AT_ONCE).collect().await;
    let list =
        list.map(
            |list| if service.api.is_added_first() { with_status(list, endpoints.iter().skip(unlisted)) } else { list },
        );
    let probe = match &list {
        Ok(_) if with_probe => Some(probe(context, service).await),
        _ => None,
    };
    let group = GroupFinding {
        service,
        holds_this_node: list
            .as_ref()
            .is_ok_and(|list| list.entry_of(&context.config.node.id, service).is_some_and(Member::is_full)),
        marker_claims_membership: matches!(context.markers.read(service.name), MarkerState::Present { .. }),
        listed_as: list.as_ref().ok().and_then(|list| listed_as(context, service, list)),
        list,
        two_clusters,
        probe,
    };
    (group, endpoints, is_busy)
}

/// etcd reports no status of its members: it is what they answer themselves.
fn with_status<'e>(mut list: MemberList, endpoints: impl Iterator<Item = &'e EndpointFinding>) -> MemberList {
    if list.members.iter().all(|member| member.status.is_empty()) {
        for (member, endpoint) in list.members.iter_mut().zip(endpoints) {
            member.status = if endpoint.answer.is_ok() { "healthy" } else { "unreachable" }.into();
        }
    }
    list
}

/// The entry that is this node's, or may be, with its standing.
fn listed_as<U, C>(context: &Context<'_, U, C>, service: &MemberService, list: &MemberList) -> Option<String> {
    let (id, addresses) = (&context.config.node.id, context.machine.addresses());
    let is_own = |member: &&Member| {
        member.id.is_one_of(&[id.as_str()])
            || member.whose(id, service) != Whose::Others
            || addresses.iter().any(|address| member.raft_addr.is_at(*address) && !address.is_loopback())
    };
    list.members.iter().find(is_own).map(|member| format!("{member} as {}", member.standing()))
}

/// What answers as this node's own service has to be it, on the data that its entry in the member list is of.
fn is_this_nodes<U, C>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    health: Health,
    entry: Option<&Member>,
) -> Result<(), String> {
    let health = refuse_anothers(context.config, service, health).map_err(|blocker| blocker.reason)?;
    let listed = entry.and_then(|entry| entry.incarnation.as_ref());
    match health.incarnation_of(&context.config.node.id).zip(listed) {
        Some((now, listed)) if now.is_other_data(listed) => {
            Err(format!("it runs on data {now}, and the member list has this node with {listed}"))
        }
        _ => Ok(()),
    }
}

/// The list that deserves most trust: of the cluster that the marker is of, where lists say so; from a peer that knows a leader,
/// since a removed node's own service may still show what was; then the own service's; then any. And whether they are of two
/// clusters, and whether there is none, and a member asks to come later.
async fn live_list<U, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
) -> (Result<MemberList, String>, Option<String>, bool) {
    let own = std::iter::once(service.url.clone());
    let asked: Vec<Endpoint> = service.endpoints_for_change().into_iter().chain(own).collect();
    let answers = stream::iter(&asked).map(|at| context.cluster.members(service, at));
    let answers: Vec<_> = answers.buffered(AT_ONCE).collect().await;
    let mut known = Vec::new();
    let mut error = "nobody to ask".to_owned();
    let mut is_busy = false;
    for (at, answer) in asked.iter().zip(answers) {
        match answer {
            // It says more than the others.
            Err(fault) if matches!(fault.class, Class::Busy { .. }) => {
                error = fault.to_string();
                is_busy = true;
            }
            Err(_) if is_busy => {}
            Ok(list) if !list.members.is_empty() => known.push((at, list)),
            Ok(_) => "in no cluster yet".clone_into(&mut error),
            Err(fault) => error = fault.to_string(),
        }
    }
    let knows_leader = |list: &MemberList| list.leader.id().is_some();
    let mut reported = known.iter().filter_map(|(at, list)| Some((at, list.cluster_id.as_ref()?)));
    let two_clusters = reported.next().and_then(|(at, first)| {
        let (there, other) = reported.find(|(_, other)| !other.is_identity(first))?;
        Some(format!("{at} is in cluster {first}, and {there} in {other}"))
    });
    let marked = match context.markers.read(service.name) {
        MarkerState::Present { identity, .. } => cluster_of(&identity),
        MarkerState::Absent | MarkerState::Damaged { .. } | MarkerState::NotPermitted { .. } => None,
    };
    let is_foreign = |list: &MemberList| is_another(marked.as_ref(), list.cluster_id.as_ref());
    let best = known
        .iter()
        .position(|(_, list)| knows_leader(list) && !is_foreign(list))
        .or_else(|| known.iter().rposition(|(_, list)| !is_foreign(list)))
        .or_else(|| known.iter().position(|(_, list)| knows_leader(list)))
        .or(known.len().checked_sub(1));
    is_busy &= best.is_none();
    (best.map(|index| known.swap_remove(index).1).ok_or(error), two_clusters, is_busy)
}

async fn probe<U, C: Cluster>(context: &Context<'_, U, C>, service: &MemberService) -> Result<(), String> {
    let key = format!("first-boot-agent/probe/{}", context.config.node.id);
    let random = crate::random::bytes().map_err(|error| error.to_string())?;
    // Another value each time: else one written within the same second would pass for a write that never happened.
    let value = format!("{} {:016x}", crate::clock::now(), u64::from_ne_bytes(random));
    context.cluster.read_after_write(service, &service.url, &key, &value).await.map_err(|fault| fault.to_string())
}

async fn find_set_up<U, C: Cluster>(context: &Context<'_, U, C>, service: &SetupService) -> EndpointFinding {
    let path = service.health_path.as_str();
    let answer = context.cluster.health(&service.url, path).await;
    let blocker = answer.as_ref().err().and_then(Fault::blocker);
    EndpointFinding {
        service: service.name,
        member: context.config.node.id.to_string(),
        url: service.url.join(path).to_string(),
        own: true,
        answer: answer.map(drop).map_err(|fault| fault.message),
        remedy: blocker.map(|blocker| blocker.remedy),
    }
}
