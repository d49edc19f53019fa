//! The health verdict: pure judgement of what the probes have found, and its table.

use std::fmt::{self, Write};
use std::path::PathBuf;

use crate::config::{Config, RaftService, Service};

use super::Blocker;
use super::membership::{Leader, MemberList};

/// What was found out about one Raft group.
#[derive(Debug, Clone)]
pub struct GroupFinding {
    /// Which one.
    pub service: RaftService,
    /// The live member list, or why there is none.
    pub list: Result<MemberList, String>,
    /// Whether the list holds this node as a full member.
    pub holds_this_node: bool,
    /// Whether a marker claims that it does.
    pub marker_claims_membership: bool,
    /// The read-after-write probe, where asked for.
    pub probe: Option<Result<(), String>>,
}

/// What one health endpoint answered.
#[derive(Debug, Clone)]
pub struct EndpointFinding {
    /// Whose endpoint it is.
    pub service: Service,
    /// The member behind it.
    pub member: String,
    /// The URL asked.
    pub url: String,
    /// Whether it is this node's own.
    pub own: bool,
    /// 200, or what else.
    pub answer: Result<(), String>,
}

/// A marker that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkerFinding {
    /// It belongs to another node, cluster or machine: an alarm.
    Foreign(Blocker),
    /// It cannot be read; its unit is skipped on its word all the same.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Everything that the health check has found.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Markers that are not as they should be.
    pub markers: Vec<MarkerFinding>,
    /// The Raft groups that are turned on.
    pub groups: Vec<GroupFinding>,
    /// Every health endpoint.
    pub endpoints: Vec<EndpointFinding>,
}

/// The verdict, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Healthy,
    /// The cluster works and this node is a member; something else is missing.
    Degraded {
        /// What is missing.
        reasons: Vec<String>,
    },
    /// The cluster does not work, or this node is not a healthy member of it.
    Unhealthy {
        /// What is wrong.
        reasons: Vec<String>,
    },
}

impl Findings {
    /// Judges: no quorum, not a member, an own endpoint that fails or a foreign marker is unhealthy; a voter or an
    /// endpoint elsewhere that fails, or a damaged marker, is degraded.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let (mut wrong, mut missing) = (Vec::new(), Vec::new());
        for marker in &self.markers {
            match marker {
                MarkerFinding::Foreign(blocker) => wrong.push(blocker.reason.clone()),
                MarkerFinding::Damaged { path, reason } => {
                    missing.push(format!("marker {} is damaged ({reason})", path.display()));
                }
            }
        }
        for group in &self.groups {
            group.judge(&mut wrong, &mut missing);
        }
        for endpoint in &self.endpoints {
            if let Err(error) = &endpoint.answer {
                let reason = format!("{} on {}: {error}", endpoint.service, endpoint.member);
                if endpoint.own { &mut wrong } else { &mut missing }.push(reason);
            }
        }
        if !wrong.is_empty() {
            Verdict::Unhealthy { reasons: wrong }
        } else if !missing.is_empty() {
            Verdict::Degraded { reasons: missing }
        } else {
            Verdict::Healthy
        }
    }

    /// What blocks, where a marker is another node's, cluster's or machine's.
    #[must_use]
    pub fn foreign_marker(&self) -> Option<&Blocker> {
        self.markers.iter().find_map(|marker| match marker {
            MarkerFinding::Foreign(blocker) => Some(blocker),
            MarkerFinding::Damaged { .. } => None,
        })
    }

    /// The service on this node whose health endpoint fails, where one does.
    #[must_use]
    pub fn own_failing(&self) -> Option<Service> {
        self.endpoints.iter().find(|endpoint| endpoint.own && endpoint.answer.is_err()).map(|endpoint| endpoint.service)
    }

    /// Members whose marker and list disagree: the marker's word against the truth.
    pub fn drifted(&self) -> impl Iterator<Item = &GroupFinding> {
        self.groups
            .iter()
            .filter(|group| group.list.is_ok() && group.marker_claims_membership && !group.holds_this_node)
    }
}

impl GroupFinding {
    fn judge(&self, wrong: &mut Vec<String>, missing: &mut Vec<String>) {
        let service = self.service;
        let list = match &self.list {
            Ok(list) => list,
            Err(error) => return wrong.push(format!("{service} has no member list: {error}")),
        };
        if !self.holds_this_node {
            wrong.push(format!("{service} does not hold this node as a full member"));
        }
        if list.leader == Leader::Unknown {
            wrong.push(format!("{service} knows no leader"));
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

    /// The commands that make a node a member again that has the data of one: a member that was removed while it was off
    /// must not come back with its old log.
    #[must_use]
    pub fn way_back(&self, config: &Config) -> String {
        let (service, unit) = (self.service, &config.raft(self.service).unit);
        format!(
            "first-boot-agent reset {service} && systemctl start {unit} && systemctl restart {service}-cluster-join.service"
        )
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

/// The table: a line per group, then a line per endpoint.
impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = String::new();
        for group in &self.groups {
            writeln!(table, "{:<10} {}", group.service, group.summary())?;
        }
        let member_width = self.endpoints.iter().map(|row| row.member.len()).max().unwrap_or(0);
        let url_width = self.endpoints.iter().map(|row| row.url.len()).max().unwrap_or(0);
        for row in &self.endpoints {
            let answer = match &row.answer {
                Ok(()) => "ok",
                Err(error) => error,
            };
            writeln!(table, "{:<10} {:<member_width$}  {:<url_width$}  {answer}", row.service, row.member, row.url)?;
        }
        formatter.write_str(table.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::super::membership::Member;
    use super::*;

    fn group(statuses: &[&str]) -> GroupFinding {
        let members = statuses
            .iter()
            .enumerate()
            .map(|(index, status)| Member {
                id: format!("node0{index}"),
                raft_addr: format!("10.0.1.1{index}:2380"),
                status: (*status).to_owned(),
                role: Some("voter".to_owned()),
                incarnation: None,
            })
            .collect();
        GroupFinding {
            service: RaftService::Chainfire,
            list: Ok(MemberList { members, leader: Leader::Known("node00".to_owned()), cluster_id: None }),
            holds_this_node: true,
            marker_claims_membership: true,
            probe: None,
        }
    }

    fn verdict(groups: Vec<GroupFinding>) -> Verdict {
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
            service: Service::Iam,
            member: "node01".to_owned(),
            url: "https://node01:8080/health".to_owned(),
            own,
            answer: Err("connection refused".to_owned()),
        };
        for (own, unhealthy) in [(true, true), (false, false)] {
            let findings =
                Findings { groups: vec![group(&["healthy"])], endpoints: vec![endpoint(own)], markers: Vec::new() };
            assert_eq!(matches!(findings.verdict(), Verdict::Unhealthy { .. }), unhealthy);
            assert!(findings.to_string().contains("connection refused"));
        }
    }
}
