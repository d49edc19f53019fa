//! Whose turn it is, where a cluster takes in one member at a time. Only the member lists show it.

use std::time::Duration;

use crate::config::{Endpoint, MemberService};
use crate::plan::member::{Member, MemberList};

use super::super::ports::{Class, Fault};

/// The pause while another node is on its way in.
const PAUSE: Duration = Duration::from_secs(1);
/// So many of them in a row before an add is asked for all the same: a cluster may take several, or have one that is to stay
/// what it is.
const MOST_PAUSES: u32 = 12;

/// The turn of one node.
pub(super) struct Turn<'a> {
    service: &'a MemberService,
    pauses: u32,
    /// The members that were listed when an add was asked for.
    before: Vec<Member>,
}

impl<'a> Turn<'a> {
    pub(super) fn of(service: &'a MemberService) -> Self {
        Self { service, pauses: 0, before: Vec::new() }
    }

    /// Why it is not this node's. An add that etcd refuses is a change of its own first, and a promotion that is asked for
    /// meanwhile gets lost behind it: so nothing is asked for while the list shows a node on the way.
    pub(super) fn of_another(&mut self, list: &MemberList, at: &Endpoint) -> Option<Fault> {
        let other = list.members.iter().find(|member| self.service.api.is_added_first() && !member.is_full());
        let Some(other) = other.filter(|_| self.pauses < MOST_PAUSES) else {
            self.pauses = 0;
            return None;
        };
        self.pauses += 1;
        let message = format!("{} takes in one member at a time; waits for {other}", self.service.name);
        Some(Fault { class: Class::Busy { retry_after: Some(PAUSE) }, endpoint: at.clone(), message })
    }

    /// An add is asked for, to these members.
    pub(super) fn comes(&mut self, list: MemberList) {
        self.before = list.members;
    }

    /// What came of an add that no list shows. Raft takes one change at a time, and etcd never answers another one that came
    /// meanwhile: where another node is in the list, nothing failed.
    pub(super) fn judged(&self, fault: Fault, list: &MemberList) -> Fault {
        let was_anothers = self.service.api.is_added_first() && list.members != self.before;
        if !was_anothers || !matches!(fault.class, Class::Transient { .. } | Class::Unreachable) {
            return fault;
        }
        let message = format!("{}; another change was first", fault.message);
        Fault { class: Class::Busy { retry_after: Some(PAUSE) }, message, ..fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Config, Origin};
    use crate::plan::member::{MemberAddress, Word};

    fn config() -> Config {
        let text = br#"{"node_id": "node04", "cluster_name": "prod", "leader_url": "https://10.0.1.10:2379",
            "raft_addr": "10.0.1.13:2380", "services": {"etcd": {"protocol": "etcd-v3"}}}"#;
        let context = config::Context { given: Origin::Default, host_name: None, secrets: "/".into(), strict: false };
        config::check(&config::parse(text).unwrap(), &context).unwrap_or_else(|report| panic!("{report}")).config
    }

    fn list(roles: &[&str]) -> MemberList {
        let member = |(number, role): (usize, &&str)| Member {
            key: Word::new(&number.to_string()),
            id: Word::default(),
            raft_addr: MemberAddress::new(&format!("10.0.1.{number}:2380")),
            status: Word::default(),
            role: Some(Word::new(role)),
            incarnation: None,
        };
        MemberList { members: roles.iter().enumerate().map(member).collect(), ..MemberList::default() }
    }

    #[test]
    fn e2_a_learner_is_waited_for_and_one_that_stays_is_no_reason_for_ever() {
        let config = config();
        let service = config.member_service("etcd".parse().unwrap()).unwrap();
        let mut turn = Turn::of(service);
        assert!(turn.of_another(&list(&["voter"]), &service.url).is_none());
        for _ in 0..2 {
            for _ in 0..MOST_PAUSES {
                let fault = turn.of_another(&list(&["voter", "learner"]), &service.url).unwrap();
                assert_eq!(fault.class, Class::Busy { retry_after: Some(PAUSE) });
                assert!(fault.message.contains("waits for 1 at 10.0.1.1:2380"), "{fault}");
            }
            assert!(turn.of_another(&list(&["voter", "learner"]), &service.url).is_none(), "asked for all the same");
        }
    }

    #[test]
    fn e2_an_add_without_an_answer_has_not_failed_where_somebody_else_was_first() {
        let config = config();
        let service = config.member_service("etcd".parse().unwrap()).unwrap();
        let mut turn = Turn::of(service);
        turn.comes(list(&["voter"]));
        let fault = |class| Fault { class, endpoint: service.url.clone(), message: "no answer".to_owned() };
        let silence = fault(Class::Transient { retry_after: None });
        assert_eq!(turn.judged(silence.clone(), &list(&["voter"])), silence);
        let judged = turn.judged(silence, &list(&["voter", "learner"]));
        assert_eq!(judged.class, Class::Busy { retry_after: Some(PAUSE) });
        // A refusal counts, whichever node was first.
        let refusal = fault(Class::Permanent(crate::plan::Cause::Refused));
        assert_eq!(turn.judged(refusal.clone(), &list(&["voter", "learner"])), refusal);
    }
}
