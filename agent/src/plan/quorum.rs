//! Whether a change of membership would cost the cluster its quorum: pure counting over a member list.
//!
//! A service that reports no status is believed to be well: counting needs something to count.

use crate::config::{Config, Endpoint, MemberService, NodeId};

use super::blocker::removal;
use super::member::{Member, MemberList, NAMED};

/// Why a voter more is not safe now, and what would make it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumRisk {
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// How many of so many voters decide.
#[must_use]
pub fn majority(voters: usize) -> usize {
    voters / 2 + 1
}

/// The rule of etcd's strict reconfiguration check: with one voter more, those that are well now must still be able to
/// decide, since the new one may never come up. Where all are well there is no risk: a cluster of one could never grow else.
#[must_use]
pub fn risk_of_one_more(
    list: &MemberList,
    config: &Config,
    service: &MemberService,
    at: &Endpoint,
) -> Option<QuorumRisk> {
    let voters: Vec<&Member> = may_vote(list).collect();
    let (well, dead): (Vec<&Member>, Vec<&Member>) = voters.iter().partition(|voter| is_well(voter));
    let needed = majority(voters.len() + 1);
    if dead.is_empty() || well.len() >= needed {
        return None;
    }
    let names: Vec<String> = dead.iter().take(NAMED).map(|voter| voter.id.to_string()).collect();
    let further = dead.len().checked_sub(NAMED + 1).map_or_else(String::new, |more| format!(" and {} more", more + 1));
    // Only an entry that does not answer may be offered for removal.
    let removal = dead.iter().find(|voter| voter.is_dead()).map_or_else(String::new, |gone| {
        let command = removal(config, service, gone, &list.to_ask(service, at));
        format!("; or, if a machine is lost for good, remove its entry: {command}")
    });
    Some(QuorumRisk {
        reason: format!(
            "{} of {} voters of {} are healthy, and adding this node needs {needed}: not added yet",
            well.len(),
            voters.len(),
            service.name,
        ),
        remedy: format!("start {}{further}{removal}", names.join(", ")),
    })
}

/// Why the cluster could not decide without this node, if it could not: after its removal, or with its data gone.
#[must_use]
pub fn risk_without(list: &MemberList, id: &NodeId) -> Option<String> {
    let own = may_vote(list).find(|voter| voter.id.as_str() == id.as_str())?;
    let others: Vec<&Member> = may_vote(list).filter(|voter| voter.id != own.id).collect();
    if others.is_empty() {
        return Some(format!("{} is the only voter: without it there is no cluster", own.id));
    }
    // For a removal the cluster has to call them well, unless it reports no status at all.
    let tells_nothing = list.members.iter().all(|member| member.status.is_empty());
    let is_well = |voter: &Member| tells_nothing || voter.is_healthy();
    let well = others.iter().filter(|voter| is_well(voter)).count();
    // The removal itself is decided by all who are voters now, this node among them.
    let now = well + usize::from(is_well(own));
    if now < majority(others.len() + 1) {
        return Some(format!("the cluster has no quorum now: {now} of {} voters are healthy", others.len() + 1));
    }
    (well < majority(others.len())).then(|| {
        format!("without {} there would be no quorum: {well} of the {} other voters are healthy", own.id, others.len())
    })
}

/// Who has to be counted for a voter: one of an unknown role may be.
fn may_vote(list: &MemberList) -> impl Iterator<Item = &Member> {
    list.members.iter().filter(|member| member.may_vote())
}

/// Only what certainly says otherwise is taken for ill: the API gives `status` no fixed words.
fn is_well(member: &Member) -> bool {
    !(member.is_dead() || member.status.is_one_of(&["unknown", "unhealthy"]))
}

#[cfg(test)]
mod tests {
    use super::super::member::{MemberAddress, Word};
    use super::*;
    use crate::config::DefaultServices as _;

    fn list(statuses: &[&str]) -> MemberList {
        let members = statuses
            .iter()
            .enumerate()
            .map(|(index, status)| Member {
                key: Word::new(&format!("node{index}")),
                id: Word::new(&format!("node{index}")),
                raft_addr: MemberAddress::new(&format!("10.0.1.1{index}:2380")),
                status: (*status).into(),
                role: Some("voter".into()),
                incarnation: None,
            })
            .collect();
        MemberList { members, ..MemberList::default() }
    }

    #[test]
    fn m8_a_voter_more_waits_until_the_quorum_it_needs_is_there() {
        let config = crate::config::of(
            r#"{"node_id": "node9", "leader_url": "https://node0:2379", "raft_addr": "10.0.1.19:2380"}"#,
        );
        let at = config.chainfire().url.clone();
        let well = "healthy";
        for (statuses, is_safe) in [
            (vec![well], true),
            (vec!["unreachable"], false),
            (vec![well, well], true),
            (vec![well, "unreachable"], false),
            (vec![well, well, well], true),
            (vec![well, well, "unreachable"], false),
            (vec![well, well, well, "unreachable"], true),
            (vec![well, well, well, "unknown", "unknown"], false),
            (vec!["", "", ""], true),
            (vec!["active", "active", "active"], true),
        ] {
            let risk = risk_of_one_more(&list(&statuses), &config, config.chainfire(), &at);
            assert_eq!(risk.is_none(), is_safe, "{statuses:?}: {risk:?}");
            if let Some(risk) = risk {
                let is_gone = statuses.contains(&"unreachable");
                assert_eq!(risk.remedy.contains("-X DELETE 'https://"), is_gone, "{risk:?}");
            }
        }
    }

    #[test]
    fn who_leaves_takes_no_quorum_along() {
        let well = "healthy";
        for (statuses, is_safe) in [
            (vec![well], false),
            (vec![well, well], true),
            (vec![well, "unreachable"], false),
            (vec![well, well, well], true),
            (vec![well, well, "unreachable"], false),
            (vec!["unreachable", well, well], true),
            (vec![well, well, well, "unreachable"], true),
            (vec!["", ""], true),
        ] {
            let risk = risk_without(&list(&statuses), &"node0".parse().unwrap());
            assert_eq!(risk.is_none(), is_safe, "{statuses:?}: {risk:?}");
        }
        assert_eq!(risk_without(&list(&[well]), &"node7".parse().unwrap()), None, "who is no voter is not missed");
    }
}
