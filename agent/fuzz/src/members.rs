//! Member lists: whatever a service answers, a node is never added where its id or its address is listed, nothing is
//! confirmed without its entry, and no command that an operator is advised to run does more than it says.

use first_boot_agent::config::{Config, Endpoint, MemberService};
use first_boot_agent::fuzzing::Heard;
use first_boot_agent::plan::Blocker;
use first_boot_agent::plan::health::{Findings, GroupFinding, Verdict};
use first_boot_agent::plan::member::{Leader, Member, MemberList, Whose, Word};
use first_boot_agent::plan::membership::{Candidate, Move, formed, next_move, refuse_second_cluster};
use first_boot_agent::run::ports::Class;
use serde_json::Value;

use crate::{assert_plain, nodes::NODES};

/// Takes the body of an answer to `GET /admin/cluster/members`.
pub fn members(data: &[u8]) {
    let at = NODES[0].services[0].url();
    let list = match Heard::new(200, at, &[], data).member_list() {
        Ok(list) => list,
        Err(fault) => {
            assert_plain(&fault.to_string());
            assert!(matches!(fault.class, Class::Transient { .. }), "{fault:?}");
            return;
        }
    };
    assert_plain(&list.to_string());
    assert_own_is_own(&list, data);
    for config in NODES.iter() {
        for service in config.with_members() {
            // The client passes on no list that contradicts itself.
            if let Some(contradiction) = list.contradiction(service) {
                assert_plain(&contradiction);
                continue;
            }
            assert_move(&list, config, service, at);
            assert_formed(&list, config, service);
        }
    }
    assert_verdict(&list);
}

/// An entry counts as this node's only where the service said this node's id, to the letter but for blanks around it.
fn assert_own_is_own(list: &MemberList, data: &[u8]) {
    // Whole documents are read more strictly than what the agent passes over.
    let Ok(reported) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let reported: Vec<&Value> = reported["members"].as_array().into_iter().flatten().collect();
    assert_eq!(reported.len(), list.members.len(), "{list}");
    for (reported, member) in reported.into_iter().zip(&list.members) {
        let is_taken_for_own = NODES.iter().any(|config| config.node.id.as_str() == member.id.as_str());
        let is_reported = reported["id"].as_str().is_some_and(|id| id.trim() == member.id.as_str());
        assert!(!is_taken_for_own || is_reported, "{reported} is taken for {}", member.id);
    }
}

/// Whether an entry has this node's address, by the configuration's own word.
fn has_address(member: &Member, service: &MemberService) -> bool {
    service.raft_addr().is_some_and(|own| member.raft_addr.is(own))
}

fn assert_move(list: &MemberList, config: &Config, service: &MemberService, at: &Endpoint) {
    let own = list.entry_of(&config.node.id, service);
    // A service of this node that reports its incarnation, or none.
    for incarnation in [None, Some(&Word::new("now"))] {
        assert_move_of(list, Candidate { config, service, incarnation, cluster_id: None, addresses: &[] }, at, own);
    }
}

fn assert_move_of(list: &MemberList, candidate: Candidate<'_>, at: &Endpoint, own: Option<&Member>) {
    let config = candidate.config;
    let raft = candidate.service;
    let id = config.node.id.as_str();
    let is_listed = list.members.iter().any(|member| member.id.as_str() == id || has_address(member, raft));
    let found = next_move(list, candidate, at);
    match &found {
        Move::Add => assert!(!is_listed, "added although listed: {list}"),
        Move::AwaitQuorum(risk) => {
            assert!(!is_listed || candidate.incarnation.is_some(), "{list}");
            assert_plain(&format!("{}; {}", risk.reason, risk.remedy));
        }
        Move::Replace(member) => {
            let is_old = own.is_some_and(|own| {
                own.incarnation.as_ref().is_some_and(|theirs| !theirs.is_identity(&Word::new("now")))
            });
            assert!(is_old && candidate.incarnation.is_some() || config.replace, "removed although ours: {list}");
            assert_plain(&member.to_string());
        }
        Move::Confirmed => assert!(own.is_some_and(|own| own.id.as_str() == id && own.is_full()), "{list}"),
        Move::Await(member) => {
            assert!(own == Some(member) && member.id.as_str() == id && !member.is_full(), "{list}");
            assert_plain(&member.standing());
        }
        Move::Blocked(blocker) => {
            assert_eq!(own, None, "blocked by others although listed: {list}");
            assert_one_command(blocker, config, raft, list);
        }
    }
    // The order of a list means nothing.
    let members = list.members.iter().rev().cloned().collect();
    let turned = next_move(&MemberList { members, ..list.clone() }, candidate, at);
    assert_eq!(std::mem::discriminant(&found), std::mem::discriminant(&turned), "{list}");
}

/// A remedy is pasted into a shell of root: one argument in quotes, and one member of the list, no other.
fn assert_one_command(blocker: &Blocker, config: &Config, raft: &MemberService, list: &MemberList) {
    assert_plain(&blocker.to_string());
    let Some((_, command)) = blocker.remedy.split_once(" -X DELETE ") else {
        assert!(!blocker.remedy.contains("curl"), "{blocker}");
        return;
    };
    assert!(blocker.remedy.contains(&config.tls.ca.display().to_string()));
    let mut parts = command.split('\'');
    let (before, url, after) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
    assert!(before == Some("") && after.is_some() && parts.next().is_none(), "{command}");
    assert!(url.chars().all(|c| c.is_ascii_graphic() && !"?#\\".contains(c)), "{command}");
    let path = url.strip_prefix("https://").and_then(|rest| rest.split_once('/')).map(|(_, path)| path);
    let member = path.and_then(|path| path.strip_prefix("admin/member/")).unwrap_or_default();
    // curl would make several requests of these.
    assert!(!member.contains(['[', ']', '{', '}']), "{command}");
    let id = decoded(member);
    let removed = list.members.iter().find(|member| member.id.as_str().as_bytes() == id);
    // No remedy removes a member that lives, or an entry that may be this node's own.
    let own = removed.map(|member| (member.whose(&config.node.id, raft), member.is_dead()));
    let is_removable = matches!(own, Some((Whose::OwnIdElsewhere | Whose::OwnAddress, true)));
    assert!(!member.contains('/') && is_removable, "{command}: {own:?}");
}

/// What a server makes of a part of a path.
fn decoded(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes: Vec<u8> = parts.next().unwrap_or_default().into();
    for part in parts {
        bytes.extend(part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()));
        bytes.extend(part.get(2..).unwrap_or_default().bytes());
    }
    bytes
}

fn assert_formed(list: &MemberList, config: &Config, raft: &MemberService) {
    let id = &config.node.id;
    let cluster_id = list.cluster_id.as_ref();
    let refused = refuse_second_cluster(
        list,
        Candidate { config, service: raft, incarnation: None, cluster_id, addresses: &[] },
        &raft.url,
    );
    if let Some(blocker) = &refused {
        assert_one_command(blocker, config, raft, list);
    }
    match formed(list, id, raft) {
        Ok(()) => {
            assert!(list.entry_of(id, raft).is_some_and(Member::is_full), "{list}");
            assert!(list.voters().count() * 2 > raft.peers.len() + 1, "{list}");
            assert_ne!(list.leader, Leader::Unknown);
            assert_eq!(refused, None, "{list}");
        }
        Err(missing) => assert_plain(&missing),
    }
    let has_id = list.members.iter().any(|member| member.id.as_str() == id.as_str());
    assert!(has_id || list.members.is_empty() || refused.is_some(), "{list}");
}

fn assert_verdict(list: &MemberList) {
    let Some(service) = NODES[0].with_members().next() else {
        return;
    };
    let group = GroupFinding {
        service,
        list: Ok(list.clone()),
        holds_this_node: true,
        marker_claims_membership: true,
        two_clusters: None,
        listed_as: None,
        probe: None,
    };
    let findings = Findings { groups: vec![group], ..Findings::default() };
    assert_plain(&findings.to_string());
    let (voters, healthy) = (list.voters().count(), list.voters().filter(|voter| voter.is_healthy()).count());
    let well = match findings.verdict() {
        Verdict::Healthy => healthy == voters && voters > 0,
        Verdict::Degraded { .. } => healthy < voters && healthy * 2 > voters,
        Verdict::Unhealthy { .. } => healthy * 2 <= voters || list.leader == Leader::Unknown,
    };
    assert!(well, "{:?}: {healthy} of {voters}", findings.verdict());
}
