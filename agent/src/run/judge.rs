//! What a member list means for this node, where the list alone does not say it. Must not change anything.

use crate::config::Endpoint;
use crate::plan::Cause;
use crate::plan::member::MemberList;
use crate::plan::membership::{Candidate, Move, next_move};

use super::ports::{Members, Probe};

/// The next move. Where a member of this node's id is in the way, and would give way if it were dead, its cluster is asked, and
/// then its address.
pub async fn judge<C: Members + Probe>(
    cluster: &C,
    list: &mut MemberList,
    candidate: Candidate<'_>,
    at: &Endpoint,
) -> Move {
    let found = next_move(list, candidate, at);
    let (config, service) = (candidate.config, candidate.service);
    let is_taken = matches!(&found, Move::Blocked(blocker) if blocker.cause == Cause::IdTaken);
    let of_its_id = list.members.iter().position(|member| member.id.as_str() == config.node.id.as_str());
    let Some(place) = of_its_id.filter(|_| is_taken && config.replace) else { return found };
    let other = &list.members[place];
    let Some(url) = other.api(service) else { return found };
    let is_lost = cluster.has_lost(service, at, list, &other.key).await;
    if !is_lost || cluster.answers(&url, service.api.health_path().as_str()).await {
        return found;
    }
    list.members[place].status = "unreachable".into();
    next_move(list, candidate, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, MemberService, NodeId, Origin};
    use crate::plan::Blocker;
    use crate::plan::member::{Answered, Leader, Member, MemberAddress, Word};
    use crate::run::ports::{Added, Environment, Fault, Health, NewMember, Promoted};

    /// A cluster whose leader has lost a member that answers, or does not.
    struct HasLost {
        answers: bool,
    }

    impl Probe for HasLost {
        async fn health(&self, at: &Endpoint, _path: &str) -> Result<Health, Fault> {
            Err(Fault::transient(at.clone(), "HTTP 503".to_owned()))
        }

        async fn answers(&self, _at: &Endpoint, _path: &str) -> bool {
            self.answers
        }
    }

    impl Members for HasLost {
        async fn members(&self, _service: &MemberService, at: &Endpoint) -> Result<MemberList, Fault> {
            Err(Fault::transient(at.clone(), String::new()))
        }

        async fn has_lost(&self, _service: &MemberService, _at: &Endpoint, _list: &MemberList, key: &Word) -> bool {
            key.as_str() == "a1"
        }

        async fn add(&self, _service: &MemberService, _at: &Endpoint, _member: NewMember<'_>) -> Result<Added, Fault> {
            Ok(Added::Accepted)
        }

        async fn promote(&self, _service: &MemberService, _at: &Endpoint, _key: &str) -> Result<Promoted, Fault> {
            Ok(Promoted::Done)
        }

        async fn remove(&self, _service: &MemberService, _at: &Endpoint, _key: &str) -> Result<(), Fault> {
            Ok(())
        }

        fn environment(
            &self,
            _service: &MemberService,
            _id: &NodeId,
            _list: Option<&MemberList>,
        ) -> Result<Option<Environment>, Blocker> {
            Ok(None)
        }
    }

    async fn judged(replace: bool, answers: bool) -> Move {
        let text = format!(
            r#"{{"node_id": "node04", "replace": {replace}, "leader_url": "https://10.0.1.10:2379",
            "raft_addr": "10.0.1.16:2380", "services": {{"etcd": {{"protocol": "etcd-v3"}}}}}}"#
        );
        let context = config::Context { given: Origin::Default, host_name: None, secrets: "/".into(), strict: false };
        let config = config::check(&config::parse(text.as_bytes()).unwrap(), &context).unwrap().config;
        let service = config.member_service("etcd".parse().unwrap()).unwrap();
        let voter = |key: &str, id: &str, address: &str| Member {
            key: Word::new(key),
            id: Word::new(id),
            raft_addr: MemberAddress::new(address),
            status: Word::default(),
            role: Some("voter".into()),
            incarnation: None,
        };
        let members = vec![
            voter("b1", "node01", "https://10.0.1.10:2380"),
            voter("b2", "node02", "https://10.0.1.11:2380"),
            voter("a1", "node04", "https://10.0.1.13:2380"),
        ];
        let leader = Leader::Known(Word::new("node01"));
        let mut list = MemberList { members, leader, cluster_id: None, answered: Answered::Elsewhere };
        let candidate = Candidate { config: &config, service, incarnation: None, cluster_id: None, addresses: &[] };
        judge(&HasLost { answers }, &mut list, candidate, &service.url).await
    }

    #[tokio::test]
    async fn m4_only_a_member_that_is_lost_and_silent_gives_way_and_only_where_that_is_said() {
        assert!(matches!(judged(true, false).await, Move::Replace(old) if old.key.as_str() == "a1"));
        assert!(matches!(judged(true, true).await, Move::Blocked(_)), "it lives");
        assert!(matches!(judged(false, false).await, Move::Blocked(_)), "nobody has said so");
    }
}
