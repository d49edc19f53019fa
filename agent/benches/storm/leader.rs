//! The cluster of the storm: three endpoints, of which one leads and makes one change of membership at a time.
//!
//! It answers as chainfire would, in memory and on tokio's clock; nothing here decides what a node does. Every change
//! takes its time, a term that ends takes what was not committed with it, and all the new leader
//! knows is the member list.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use cluster_standin::{Admission, Waiting};
use first_boot_agent::plan::member::{Leader, Member, MemberAddress, MemberList};
use tokio::sync::{Mutex, MutexGuard, oneshot, watch};
use tokio::time::{sleep, timeout};

/// From the start of a change until the node is a voter.
pub(crate) const CHANGE: Duration = Duration::from_millis(50);
/// Of it, until the node is a learner: then the add is answered.
const COMMIT: Duration = Duration::from_millis(20);
/// How long a request may wait for its turn.
const CHANGE_WAIT: Duration = Duration::from_secs(5);
/// What a leader without admission answers to everybody.
const SOON: Duration = Duration::from_secs(1);
/// How long there is no leader after the leader is lost.
const ELECTION: Duration = Duration::from_millis(1500);

/// The hosts of the endpoints; the first leads at the beginning.
pub(crate) const HOSTS: [&str; 3] = ["cp1", "cp2", "cp3"];

/// What an add is refused with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refusal {
    /// 421, with the host that leads.
    NotLeader(&'static str),
    /// 503 without `Retry-After`.
    NoLeader,
    /// 503 with `Retry-After`.
    Busy(Duration),
    /// 409.
    AlreadyMember,
}

/// What a leader keeps to itself, and takes with it.
struct Leading {
    admission: Option<Admission>,
    turn: Mutex<()>,
}

/// See the head of this file; shared by all nodes of a storm.
pub(crate) struct Cluster {
    admits: bool,
    members: RefCell<Vec<Member>>,
    leader: Cell<Option<&'static str>>,
    leading: RefCell<Rc<Leading>>,
    /// Counts up when a leader is lost.
    term: watch::Sender<u32>,
}

impl Cluster {
    /// Three voters under the first host; with `admits`, a leader that gives each node a time of its own.
    pub(crate) fn new(admits: bool) -> Rc<Self> {
        let members = HOSTS.iter().map(|host| entry(host, &format!("{host}:2380"), "voter")).collect();
        Rc::new(Self {
            admits,
            members: RefCell::new(members),
            leader: Cell::new(Some(HOSTS[0])),
            leading: RefCell::new(Leading::new(admits)),
            term: watch::Sender::new(0),
        })
    }

    /// The committed members, as every endpoint knows them.
    pub(crate) fn list(&self) -> MemberList {
        let leader = self.leader.get().map_or(Leader::Unknown, |host| Leader::Known(host.into()));
        MemberList { members: self.members.borrow().clone(), leader, ..MemberList::default() }
    }

    /// How often an id is in the list as a voter.
    pub(crate) fn voters(&self, id: &str) -> usize {
        let members = self.members.borrow();
        members.iter().filter(|member| member.id.as_str() == id && member.is_full()).count()
    }

    /// How many entries the list has.
    pub(crate) fn size(&self) -> usize {
        self.members.borrow().len()
    }

    /// Loses the leader, its queue and the times it has given; another one leads after the election.
    pub(crate) async fn lose_leader(self: &Rc<Self>) {
        self.leader.set(None);
        self.term.send_modify(|term| *term += 1);
        sleep(ELECTION).await;
        self.leader.set(Some(HOSTS[1]));
        *self.leading.borrow_mut() = Leading::new(self.admits);
        self.finish_what_was_begun().await;
    }

    /// An add, asked of `host`.
    pub(crate) async fn add(self: &Rc<Self>, host: &str, id: &str, raft_addr: &str) -> Result<(), Refusal> {
        match self.leader.get() {
            None => return Err(Refusal::NoLeader),
            Some(leader) if leader != host => return Err(Refusal::NotLeader(leader)),
            Some(_) => {}
        }
        let mut term = self.term.subscribe();
        let (answer, answered) = oneshot::channel();
        let change = Change {
            cluster: Rc::clone(self),
            leading: Rc::clone(&self.leading.borrow()),
            term: *term.borrow_and_update(),
            member: entry(id, raft_addr, "learner"),
        };
        tokio::task::spawn_local(change.run(answer));
        tokio::select! {
            biased;
            _ended = term.changed() => Err(Refusal::NoLeader),
            answer = answered => answer.unwrap_or(Err(Refusal::NoLeader)),
        }
    }

    fn promote(&self) {
        for member in self.members.borrow_mut().iter_mut().filter(|member| !member.is_full()) {
            member.role = Some("voter".into());
        }
    }

    async fn finish_what_was_begun(&self) {
        let leading = Rc::clone(&self.leading.borrow());
        let _turn = leading.turn.lock().await;
        sleep(CHANGE.saturating_sub(COMMIT)).await;
        self.promote();
    }
}

impl Leading {
    fn new(admits: bool) -> Rc<Self> {
        Rc::new(Self { admission: admits.then(|| Admission::new(CHANGE_WAIT)), turn: Mutex::new(()) })
    }

    async fn take_turn(&self, id: &str) -> Result<(Option<Waiting<'_>>, MutexGuard<'_, ()>), Refusal> {
        let waiting = match &self.admission {
            Some(admission) => Some(admission.ask(id).await.map_err(Refusal::Busy)?),
            None => None,
        };
        let turn = timeout(CHANGE_WAIT, self.turn.lock()).await.map_err(|_elapsed| Refusal::Busy(SOON))?;
        Ok((waiting, turn))
    }
}

/// One change, which goes on when the node that asked for it no longer listens.
struct Change {
    cluster: Rc<Cluster>,
    leading: Rc<Leading>,
    term: u32,
    member: Member,
}

impl Change {
    async fn run(self, mut answer: oneshot::Sender<Result<(), Refusal>>) {
        let turn = tokio::select! {
            // A connection that is closed takes its request out of the queue.
            () = answer.closed() => return,
            turn = self.leading.take_turn(self.member.id.as_str()) => turn,
        };
        let (waiting, _turn) = match turn {
            Ok(turn) => turn,
            Err(refusal) => {
                let _nobody_listens = answer.send(Err(refusal));
                return;
            }
        };
        if self.cluster.members.borrow().iter().any(|member| member.id == self.member.id) {
            let _nobody_listens = answer.send(Err(Refusal::AlreadyMember));
            return;
        }
        sleep(COMMIT).await;
        if self.is_over() {
            return;
        }
        self.cluster.members.borrow_mut().push(self.member.clone());
        let _nobody_listens = answer.send(Ok(()));
        sleep(CHANGE.saturating_sub(COMMIT)).await;
        if !self.is_over() {
            self.cluster.promote();
            if let Some(waiting) = waiting {
                waiting.done();
            }
        }
    }

    /// Whether the leader was lost meanwhile.
    fn is_over(&self) -> bool {
        *self.cluster.term.borrow() != self.term
    }
}

fn entry(id: &str, raft_addr: &str, role: &str) -> Member {
    Member {
        key: id.into(),
        id: id.into(),
        raft_addr: MemberAddress::new(raft_addr),
        status: "healthy".into(),
        role: Some(role.into()),
        incarnation: None,
    }
}
