//! The health verdict: pure judgement of what the probes have found.

mod table;

use std::path::PathBuf;

use crate::config::{MemberService, ServiceName};

use super::member::{Leader, MemberList, NAMED};
use super::{Blocker, Step};

pub use table::Table;

/// What was found out about one Raft group.
#[derive(Debug, Clone)]
pub struct GroupFinding<'a> {
    /// Which one.
    pub service: &'a MemberService,
    /// The live member list, or why there is none.
    pub list: Result<MemberList, String>,
    /// Whether the list holds this node as a full member.
    pub holds_this_node: bool,
    /// What the list has in its place, where it does not and has an entry that is, or may be, this node's.
    pub listed_as: Option<String>,
    /// Whether a marker claims that it does.
    pub marker_claims_membership: bool,
    /// Who is in another cluster than others, by the identities that they report.
    pub two_clusters: Option<String>,
    /// The read-after-write probe, where asked for.
    pub probe: Option<Result<(), String>>,
}

/// What one health endpoint answered.
#[derive(Debug, Clone)]
pub struct EndpointFinding {
    /// Whose endpoint it is.
    pub service: ServiceName,
    /// The member behind it.
    pub member: String,
    /// The URL asked.
    pub url: String,
    /// Whether it is this node's own.
    pub own: bool,
    /// 200, or what else.
    pub answer: Result<(), String>,
    /// What to do, where waiting does not change the answer.
    pub remedy: Option<String>,
}

impl EndpointFinding {
    /// Whether the service is there and says that it cannot serve: it knows no leader.
    #[must_use]
    pub fn is_unready(&self) -> bool {
        self.answer.as_ref().is_err_and(|error| error.starts_with("answered HTTP 503"))
    }

    fn reason(&self) -> String {
        let error = self.answer.as_ref().err().map_or("", String::as_str);
        format!("{} on {}: {error}", self.service, self.member)
    }
}

/// Everything that the health check has found.
#[derive(Debug, Clone, Default)]
pub struct Findings<'a> {
    /// Markers that belong to another node, cluster or machine: an alarm.
    pub foreign_markers: Vec<Blocker>,
    /// Markers that cannot be read, and why; their units are skipped on their word all the same.
    pub damaged_markers: Vec<(PathBuf, String)>,
    /// The Raft groups that are turned on.
    pub groups: Vec<GroupFinding<'a>>,
    /// Every health endpoint.
    pub endpoints: Vec<EndpointFinding>,
    /// The groups without a list of which a member asks to come later.
    pub busy: Vec<ServiceName>,
}

/// The verdict, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Healthy,
    /// The cluster works and this node is a member; this is missing.
    Degraded(Vec<String>),
    /// The cluster does not work, or this node is not a healthy member of it: this is wrong.
    Unhealthy(Vec<String>),
}

impl<'a> Findings<'a> {
    /// Judges: no quorum, not a member, an own endpoint that fails or a foreign marker is unhealthy; a voter or an
    /// endpoint elsewhere that fails, or a damaged marker, is degraded.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let mut wrong: Vec<String> = self.foreign_markers.iter().map(|blocker| blocker.reason.clone()).collect();
        let damaged = self.damaged_markers.iter();
        let mut missing: Vec<String> =
            damaged.map(|(path, reason)| format!("marker {} is damaged ({reason})", path.display())).collect();
        let failing =
            |own: bool| self.endpoints.iter().filter(move |endpoint| endpoint.own == own && endpoint.answer.is_err());
        // An own service that fails explains what comes after it.
        wrong.extend(failing(true).map(EndpointFinding::reason));
        for group in &self.groups {
            group.judge(&mut wrong, &mut missing);
        }
        missing.extend(failing(false).take(NAMED).map(EndpointFinding::reason));
        let more = failing(false).skip(NAMED).count();
        missing.extend((more > 0).then(|| format!("{more} more endpoints do not answer")));
        if !wrong.is_empty() {
            Verdict::Unhealthy(wrong)
        } else if !missing.is_empty() {
            Verdict::Degraded(missing)
        } else {
            Verdict::Healthy
        }
    }

    /// Who asks to come later, where nothing else is wrong: that passes by itself.
    #[must_use]
    pub fn only_busy(&self) -> &[ServiceName] {
        let groups = self.groups.iter().filter(|group| !self.busy.contains(&group.service.name)).cloned().collect();
        let others = Findings { groups, ..self.clone() };
        if matches!(others.verdict(), Verdict::Unhealthy(_)) { &[] } else { &self.busy }
    }

    /// The health endpoint of the first service on this node, in their order, that fails.
    #[must_use]
    pub fn own_failing(&self) -> Option<&EndpointFinding> {
        self.endpoints.iter().find(|endpoint| endpoint.own && endpoint.answer.is_err())
    }

    /// Members whose marker and list disagree: the marker's word against the truth.
    pub fn drifted(&self) -> impl Iterator<Item = &GroupFinding<'a>> {
        self.groups
            .iter()
            .filter(|group| group.list.is_ok() && group.marker_claims_membership && !group.holds_this_node)
            // Listed in another way, it is not out: a reset would cost the cluster a member.
            .filter(|group| group.listed_as.is_none())
    }
}

/// What makes a node a member again whose membership has ended: one that was removed while it was off must not come back
/// with its old log. One way back, in the same words wherever it is needed.
#[must_use]
pub fn way_back(service: &MemberService) -> String {
    // Started as it is, it would begin a cluster of its own.
    let then = if service.mode.is_bootstrap() { ", and do what it says" } else { "" };
    format!("if this node should be a member: {}{then}", reset_command(service))
}

/// The command alone, whole where nothing has to be changed between a reset and the start.
#[must_use]
pub fn reset_command(service: &MemberService) -> String {
    let reset = format!("first-boot-agent reset {}", service.name);
    if service.mode.is_bootstrap() { reset } else { format!("{reset} && {}", start_again(&[service])) }
}

/// What starts services that are stopped, and their joins: after a reset, and where `status` sees them stopped. A node that
/// is to bootstrap may have peers whose cluster it was in, or is to be in: started as it is, it would begin another.
#[must_use]
pub fn to_join_again(services: &[&MemberService]) -> String {
    let start = start_again(services);
    let bootstrapping: Vec<&str> =
        services.iter().filter(|service| service.mode.is_bootstrap()).map(|service| service.unit.as_str()).collect();
    if bootstrapping.is_empty() {
        return start;
    }
    format!(
        "this node is configured to bootstrap: to join the cluster of its peers, first set bootstrap to false and leader_url to \
         one of them, and make sure that {} begins no cluster of its own; then: {start}",
        bootstrapping.join(" and ")
    )
}

/// The commands, in their order. A join may wait for long, so they do not wait for it; the target pulls in the steps behind
/// it, which were stopped.
#[must_use]
pub fn start_again(services: &[&MemberService]) -> String {
    let joins: Vec<String> = services.iter().map(|service| Step::from(service.name).unit()).collect();
    let join = format!("systemctl restart --no-block {} && systemctl start multi-user.target", joins.join(" "));
    // What is added first is started by its join, when its cluster knows of it.
    let units: Vec<&str> =
        services.iter().filter(|service| !service.api.is_added_first()).map(|service| service.unit.as_str()).collect();
    if units.is_empty() { join } else { format!("systemctl start {} && {join}", units.join(" ")) }
}

impl GroupFinding<'_> {
    fn judge(&self, wrong: &mut Vec<String>, missing: &mut Vec<String>) {
        let service = self.service.name;
        let list = match &self.list {
            Ok(list) => list,
            Err(error) => return wrong.push(format!("{service} has no member list: {error}")),
        };
        if let Some(two) = &self.two_clusters {
            // Where this node is in the one, the other is a peer's problem, or one of the configuration.
            let kind = if self.holds_this_node { &mut *missing } else { &mut *wrong };
            kind.push(format!(
                "{service} is two clusters: {two}; correct leader_url and initial_peers, or that peer's configuration"
            ));
        }
        if !self.holds_this_node {
            wrong.push(match &self.listed_as {
                Some(found) => format!("{service} has {found}, and not this node as a full member"),
                None => format!("{service} does not have this node as a full member"),
            });
        }
        if list.leader == Leader::Unknown {
            wrong.push(format!("{service} has no leader"));
        }
        let voters = list.voters().count();
        let healthy = list.voters().filter(|voter| voter.is_healthy()).count();
        if healthy < list.quorum() {
            wrong.push(format!("{service} has no quorum: {healthy} of {voters} voters healthy"));
        } else if healthy < voters {
            missing.push(format!("{service}: {healthy} of {voters} voters healthy"));
        }
        if let Some(Err(error)) = &self.probe {
            wrong.push(format!("{service} read-after-write probe: {error}"));
        }
    }

    /// `quorum 3 of 4 voters, leader node01`, or what is missing.
    #[must_use]
    pub fn summary(&self) -> String {
        match &self.list {
            Err(error) => error.clone(),
            Ok(list) => {
                let healthy = list.voters().filter(|voter| voter.is_healthy()).count();
                let quorum = if healthy >= list.quorum() { "quorum" } else { "no quorum" };
                let leader = list.leader.id().map_or_else(String::new, |id| format!(", leader {id}"));
                let probe = match &self.probe {
                    None => "",
                    Some(Ok(())) => ", read after write ok",
                    Some(Err(_)) => ", read after write failed",
                };
                format!("{quorum}, {healthy} of {} voters healthy{leader}{probe}", list.voters().count())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::super::member::{Member, MemberAddress, Word};
    use super::*;
    use crate::config::{self, Config, DefaultServices as _};

    /// chainfire of a node that has all three services.
    static SERVICES: LazyLock<Config> = LazyLock::new(|| {
        config::of(r#"{"node_id": "node00", "leader_url": "https://node01:2379", "raft_addr": "10.0.1.10:2380"}"#)
    });

    fn group(statuses: &[&str]) -> GroupFinding<'static> {
        let members = statuses
            .iter()
            .enumerate()
            .map(|(index, status)| Member {
                key: Word::new(&format!("node0{index}")),
                id: Word::new(&format!("node0{index}")),
                raft_addr: MemberAddress::new(&format!("10.0.1.1{index}:2380")),
                status: (*status).into(),
                role: Some("voter".into()),
                incarnation: None,
            })
            .collect();
        GroupFinding {
            service: SERVICES.chainfire(),
            list: Ok(MemberList { members, leader: Leader::Known("node00".into()), ..MemberList::default() }),
            holds_this_node: true,
            marker_claims_membership: true,
            two_clusters: None,
            listed_as: None,
            probe: None,
        }
    }

    fn verdict(groups: Vec<GroupFinding<'static>>) -> Verdict {
        Findings { groups, ..Findings::default() }.verdict()
    }

    #[test]
    fn quorum_decides_between_degraded_and_unhealthy() {
        assert_eq!(verdict(vec![group(&["healthy"; 3])]), Verdict::Healthy);
        assert!(matches!(verdict(vec![group(&["healthy", "healthy", "unreachable"])]), Verdict::Degraded { .. }));
        assert!(matches!(verdict(vec![group(&["healthy", "unreachable", "unreachable"])]), Verdict::Unhealthy { .. }));
        // Two of four is no quorum.
        assert!(matches!(
            verdict(vec![group(&["healthy", "healthy", "unknown", "unknown"])]),
            Verdict::Unhealthy { .. }
        ));
    }

    #[test]
    fn a_node_that_the_list_does_not_hold_is_unhealthy_and_drifted() {
        let mut removed = group(&["healthy"; 3]);
        removed.holds_this_node = false;
        let findings = Findings { groups: vec![removed], ..Findings::default() };
        assert!(matches!(findings.verdict(), Verdict::Unhealthy { .. }));
        assert_eq!(findings.drifted().count(), 1);
    }

    #[test]
    fn an_own_endpoint_weighs_more_than_anothers() {
        let endpoint = |own| EndpointFinding {
            service: ServiceName::IAM,
            member: "node01".to_owned(),
            url: "https://node01:8080/health".to_owned(),
            own,
            answer: Err("connection refused".to_owned()),
            remedy: None,
        };
        for (own, unhealthy) in [(true, true), (false, false)] {
            let findings =
                Findings { groups: vec![group(&["healthy"])], endpoints: vec![endpoint(own)], ..Findings::default() };
            assert_eq!(matches!(findings.verdict(), Verdict::Unhealthy { .. }), unhealthy);
            assert!(findings.to_string().contains("connection refused"));
        }
    }

    #[test]
    fn the_first_own_service_that_fails_is_named_in_order_and_a_large_cluster_is_summed_up() {
        let endpoint = |service, number: usize, own| EndpointFinding {
            service,
            member: format!("node{number}"),
            url: format!("https://node{number}:2379/health"),
            own,
            answer: Err("connection refused".to_owned()),
            remedy: None,
        };
        let refused = |service| GroupFinding { list: Err("connection refused".to_owned()), service, ..group(&[]) };
        let mut findings = Findings {
            groups: SERVICES.with_members().map(refused).collect(),
            endpoints: ServiceName::DEFAULT.map(|service| endpoint(service, 0, true)).into(),
            ..Findings::default()
        };
        assert_eq!(
            findings.own_failing().map(|endpoint| endpoint.service),
            Some(ServiceName::CHAINFIRE),
            "not IAM, though it alone needs no member list"
        );
        let Verdict::Unhealthy(reasons) = findings.verdict() else { panic!("nothing answers") };
        assert!(reasons[0].starts_with("chainfire on node0: "), "{reasons:?}");

        findings.endpoints.extend((1..3000).map(|number| endpoint(ServiceName::CHAINFIRE, number, false)));
        let table = findings.to_string();
        assert!(table.chars().count() < 2000, "{}", table.chars().count());
        assert!(table.ends_with("3002 endpoints in all, 3002 of them do not answer"), "{table}");
        findings.endpoints.iter_mut().for_each(|endpoint| endpoint.answer = Ok(()));
        findings.endpoints[1000].answer = Err("connection refused".to_owned());
        assert!(findings.to_string().contains("node998 "), "who does not answer is shown");
    }
}
