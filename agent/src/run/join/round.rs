//! One round of a join: list, and at most one change. Whatever an answer says, only the live list decides.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::{Endpoint, RaftAddr};
use crate::events::Event;
use crate::plan::Blocker;
use crate::plan::member::{Member, MemberList, Whose};
use crate::plan::membership::{Move, is_another, next_move};
use crate::plan::quorum::QuorumRisk;
use crate::retry::Round;

use super::super::candidates::Candidates;
use super::super::judge::judge;
use super::super::leave::stop_unit;
use super::super::ports::{Added, Class, Cluster, Fault, Health, NewMember, Promoted, Units};
use super::super::service::{look_at_the_leader, look_further, milliseconds};
use super::super::{Setback, Stop, Work};
use super::turn::Turn;

/// Why a round has not ended with this node as a full member.
pub(super) enum Unfinished {
    /// The step ends, or something failed, or is not possible now, or not there.
    Setback(Setback),
    /// A change was asked for, and the list is to show what became of it; what to say where too many were.
    Unseen(Fault),
    /// The quorum would not bear the change.
    Quorum(QuorumRisk),
    /// A removed entry is listed still: what is found, and what to do.
    Removal(String, String),
    /// The entry is on its way.
    Promotion {
        /// What it is now, for example `learner`.
        standing: String,
        /// What to say where that takes too long.
        error: String,
        /// And what to do.
        remedy: String,
    },
}

impl<T: Into<Setback>> From<T> for Unfinished {
    fn from(setback: T) -> Self {
        Self::Setback(setback.into())
    }
}

/// For so long what a service says of itself is believed.
const FRESH: Duration = Duration::from_secs(1);

/// A node on its way in.
pub(super) struct Joining<'a, U, C> {
    work: &'a Work<'a, U, C>,
    raft_addr: &'a RaftAddr,
    candidates: Candidates<'a, U, C>,
    /// What this node's own service says of itself.
    pub(super) health: Health,
    /// When it said so; never, where it is to be asked again before it is believed.
    asked_at: Option<Instant>,
    /// An add that was accepted.
    accepted: bool,
    /// Why an add may have failed, until a list shows what became of it.
    unsure: Option<Fault>,
    /// A leader that cannot be asked from here.
    out_of_reach: Option<Endpoint>,
    turn: Turn<'a>,
}

impl<'a, U: Units, C: Cluster> Joining<'a, U, C> {
    pub(super) fn new(work: &'a Work<'a, U, C>, health: Health) -> Result<Self, Stop> {
        let service = work.service;
        let Some(raft_addr) = service.raft_addr() else {
            let error = format!("{} is to be joined without a Raft address", service.name);
            return Err(Stop::Failed(Event::Internal { error }));
        };
        Ok(Self {
            work,
            raft_addr,
            candidates: Candidates::of(work),
            health,
            asked_at: Some(Instant::now()),
            accepted: false,
            unsure: None,
            out_of_reach: None,
            turn: Turn::of(service),
        })
    }

    /// Whether anybody has answered.
    pub(super) fn has_heard(&self) -> bool {
        self.candidates.has_heard()
    }

    /// List; add where the list has no trace of this node, or remove what blocks the way. The list that shows this node
    /// as a full member ends it.
    pub(super) async fn round(&mut self, mut round: Round) -> Result<MemberList, Unfinished> {
        let asked_at = self.asked_at.take();
        let work = self.work;
        let is_added_first = work.service.api.is_added_first();
        if is_added_first {
            self.health = work.health_before_start().await?;
        }
        let (at, mut list) = match self.candidates.list(&mut round).await {
            Ok(answer) => answer,
            Err(fault) => return Err(self.without_a_list(fault)),
        };
        if !list.has_id(work.id()) {
            work.context.requests.note(work.service.name, |asked| asked.is_removing = false);
        }
        let candidate = self.health.candidate(work.context.config, work.service, &self.candidates.addresses);
        let mut found = judge(&work.context.cluster, &mut list, candidate, &at).await;
        // What was true of the own service before a pause, or before a list that took its time, may no longer be: nothing
        // follows from it before it is asked again.
        if !is_added_first
            && asked_at.is_none_or(|at| at.elapsed() > FRESH)
            && matches!(found, Move::Add | Move::Replace(_) | Move::Confirmed)
        {
            self.health = match work.ask_own().await {
                Err(Setback::Fault(fault)) if found == Move::Confirmed => return Err(self.not_well(&fault)),
                asked => asked?,
            };
            let candidate = self.health.candidate(work.context.config, work.service, &self.candidates.addresses);
            found = next_move(&list, candidate, &at);
        }
        if is_added_first {
            self.attend_own(&found, &list, &at).await?;
            if let Move::Await(member) = &found {
                return Err(self.promote(member, &list, at, round).await);
            }
        }
        match found {
            Move::Confirmed => Ok(list),
            Move::Blocked(blocker) => Err(blocker.into()),
            Move::Await(member) => Err(self.on_its_way(&member, &at)),
            Move::Replace(old) => self.replace(&old, at, round).await,
            Move::AwaitQuorum(risk) if self.accepted || self.unsure.is_some() => {
                Err(self.not_listed(&at, &list, Some(risk)))
            }
            Move::AwaitQuorum(risk) => Err(Unfinished::Quorum(risk)),
            Move::Add if self.accepted || self.unsure.is_some() => Err(self.not_listed(&at, &list, None)),
            Move::Add if let Some(fault) = self.turn.of_another(&list, &at) => Err(fault.into()),
            Move::Add => {
                self.turn.comes(list);
                self.add(at, round).await
            }
        }
    }

    /// A service that is added first runs from when it is listed on, and holds no data before.
    async fn attend_own(&self, found: &Move, list: &MemberList, at: &Endpoint) -> Result<(), Unfinished> {
        match found {
            Move::Await(_) | Move::Confirmed => {
                let was_running = self.work.is_running().await?;
                self.work.bring_up(Some(list)).await?;
                let judged = self.is_of_its_cluster(list, at, *found == Move::Confirmed).await;
                if !was_running && matches!(judged, Err(Unfinished::Setback(Setback::Stop(_)))) {
                    // What was started is of another cluster, whose member may run elsewhere.
                    stop_unit(self.work.systemd()?, self.work.service.unit.as_str()).await?;
                }
                judged?;
                // To start takes its time: the list is an old one then.
                if !was_running && *found == Move::Confirmed { Err(unseen(at.clone())) } else { Ok(()) }
            }
            // A list from before the add: what is there already is of the membership that it does not show yet.
            Move::Add if self.accepted || self.unsure.is_some() => Ok(()),
            Move::Add if self.work.has_data()? => {
                self.is_of_its_cluster(list, at, false).await?;
                Err(Blocker::old_data(self.work.service, at).into())
            }
            Move::Add => Ok(self.work.can_start(list, at).await?),
            _ => Ok(()),
        }
    }

    /// What runs here must not be a member of another cluster than the one that is joined; a learner does not say, a full member
    /// has to.
    async fn is_of_its_cluster(&self, list: &MemberList, at: &Endpoint, is_full: bool) -> Result<(), Unfinished> {
        let own = match self.work.own_cluster().await {
            Ok(own) => own,
            Err(fault) if is_full => return Err(self.not_well(&fault)),
            Err(_) => None,
        };
        if is_another(own.as_ref(), list.cluster_id.as_ref()) {
            return Err(Blocker::in_another_cluster(self.work.service, at).into());
        }
        Ok(())
    }

    /// Has the started learner made a voter; only the list that shows it as one ends the join. The leader is asked, where that is
    /// possible: it knows who is in sync, and a follower of etcd that hands the question on forgets who has asked.
    async fn promote(&mut self, member: &Member, list: &MemberList, at: Endpoint, mut round: Round) -> Unfinished {
        let (cluster, service) = (&self.work.context.cluster, self.work.service);
        let leader = list.to_ask(service, &at);
        let at = if leader == at || self.out_of_reach.as_ref() == Some(&leader) {
            at
        } else if self.candidates.list_of(&leader, &mut round).await.is_ok() {
            leader
        } else {
            self.out_of_reach = Some(leader);
            at
        };
        let key = member.key.as_str();
        match self.candidates.change(&at, round, async |at| cluster.promote(service, at, key).await).await {
            Ok(Promoted::Done) => unseen(at),
            Ok(Promoted::NotYet) => self.on_its_way(member, &at),
            Err(fault) => {
                self.out_of_reach = None;
                fault.into()
            }
        }
    }

    /// A member in the list, whose service is not well (yet): a new member may know no leader before it was heard of.
    fn not_well(&self, fault: &Fault) -> Unfinished {
        Unfinished::Promotion {
            standing: "a full member whose own service is not healthy".to_owned(),
            error: fault.to_string(),
            remedy: look_further(&self.work.service.unit),
        }
    }

    /// An election explains the failure of an add as well, and is over soon; else the add's own fault says more.
    fn without_a_list(&mut self, fault: Fault) -> Unfinished {
        match self.unsure.take() {
            Some(refused) if fault.class != Class::Leaderless || refused.blocker().is_some() => refused.into(),
            _ => fault.into(),
        }
    }

    /// An add was asked for and the list has no trace of it. A refused one failed; an accepted one this list does not show
    /// yet: a second add would be one without an error before it.
    fn not_listed(&mut self, at: &Endpoint, list: &MemberList, risk: Option<QuorumRisk>) -> Unfinished {
        match (self.unsure.take(), risk) {
            (Some(_), Some(risk)) => Unfinished::Quorum(risk),
            (Some(refused), None) => self.turn.judged(refused, list).into(),
            (None, _) => Unfinished::Promotion {
                standing: "not in the list yet".to_owned(),
                error: format!("the add was accepted, and the list of {at} does not show it"),
                remedy: look_at_the_leader(&self.work.service.unit),
            },
        }
    }

    fn on_its_way(&self, member: &Member, at: &Endpoint) -> Unfinished {
        let (name, standing) = (self.work.service.name, member.standing());
        let remedy = if member.has_unknown_role() || standing.starts_with("a member") {
            // Nothing is wrong with the leader: it describes this node in words that the agent does not know.
            format!("have {name} name the role of its members: voter or learner")
        } else {
            format!("check that the leader reaches {}", self.raft_addr)
        };
        Unfinished::Promotion { error: format!("{name} says {standing} ({at})"), standing, remedy }
    }

    async fn add(&mut self, at: Endpoint, round: Round) -> Result<MemberList, Unfinished> {
        let Work { context, service, report } = self.work;
        let (id, raft_addr) = (self.work.id(), self.raft_addr);
        context.progress.status(&format!("joining {} through {at}", service.name));
        report.report(Event::JoinStarted { raft_addr: raft_addr.to_string(), endpoint: at.to_string() });
        let (began, endpoint) = (Instant::now(), at.to_string());
        let member = NewMember { id, raft_addr, incarnation: self.health.incarnation_of(id) };
        context.requests.note(service.name, |asked| asked.has_added = true);
        let cluster = &context.cluster;
        let added = self.candidates.change(&at, round, async |at| cluster.add(service, at, member).await).await;
        match added {
            Ok(Added::Accepted) => {
                self.accepted = true;
                report.report(Event::MemberAdded { endpoint, duration_ms: milliseconds(began.elapsed()) });
            }
            Ok(Added::AlreadyMember) => {
                report.report(Event::AlreadyMember { endpoint });
                let message = format!("answered HTTP 409 to the add, and its list has neither {id} nor {raft_addr}");
                self.unsure = Some(Fault::transient(at.clone(), message));
            }
            // The next round lists before it adds again; until then the busy leader is left alone. Who is not the leader has
            // applied nothing.
            Err(fault @ Fault { class: Class::Busy { .. } | Class::NotLeader(_), .. }) => return Err(fault.into()),
            Err(fault) => self.unsure = Some(fault),
        }
        Err(unseen(at))
    }

    /// Has the old entry of this node's id removed, once. Only a list shows that it is; an id is never added again while
    /// its old entry is there.
    async fn replace(&mut self, old: &Member, at: Endpoint, mut round: Round) -> Result<MemberList, Unfinished> {
        let Work { context, service, report } = self.work;
        let (id, requests, cluster) = (self.work.id(), context.requests, &context.cluster);
        let look = format!("look at the member list of {at}: its members may disagree, or one of them may be cut off");
        let asked = requests.of(service.name);
        if asked.has_added {
            return Err(Unfinished::Removal(format!("{old} is listed again by {at} after this node was added"), look));
        }
        if asked.is_removing {
            let found = format!("{old} was asked to be removed and is listed still by {at}");
            return Err(Unfinished::Removal(found, look));
        }
        if old.whose(id, service) == Whose::Own {
            self.work.must_be_here(&self.health, old, &at).await?;
            // A run before this one may have added the node, and this list may be from before that. The own service is the first
            // to know what it runs on.
            let own = self.health.incarnation_of(id);
            let has_own_data = |list: &MemberList| {
                let listed = list.entry_of(id, service).and_then(|entry| entry.incarnation.as_ref());
                own.zip(listed).is_some_and(|(own, listed)| own.is_identity(listed))
            };
            let mut lists = self.candidates.others(&at, &mut round).await;
            lists.extend(cluster.members(service, &service.url).await.ok().map(|list| (service.url.clone(), list)));
            if let Some((other, _)) = lists.iter().find(|(_, list)| has_own_data(list)) {
                let found = format!("{old} is listed by {at}, and {other} has this node with its data of now");
                return Err(Unfinished::Removal(found, look));
            }
        }
        requests.note(service.name, |asked| {
            asked.is_removing = true;
            asked.has_removed = true;
        });
        match self.candidates.change(&at, round, async |at| cluster.remove(service, at, old.key.as_str()).await).await {
            Ok(()) => {
                report.report(Event::MemberReplaced { member: old.to_string(), endpoint: at.to_string() });
                if !asked.has_removed {
                    return Err(unseen(at));
                }
                let message = format!("{old} is listed again, and was asked to be removed once more");
                Err(Fault::transient(at, message).into())
            }
            Err(fault) => {
                // Who is not the leader, too busy, or refuses, has removed nothing.
                if matches!(fault.class, Class::NotLeader(_) | Class::Busy { .. } | Class::Permanent(_)) {
                    requests.note(service.name, |asked| asked.is_removing = false);
                }
                Err(fault.into())
            }
        }
    }
}

fn unseen(at: Endpoint) -> Unfinished {
    let message = "one change after the other was asked for, and no list shows what becomes of them".to_owned();
    Unfinished::Unseen(Fault::transient(at, message))
}
