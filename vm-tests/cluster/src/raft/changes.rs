//! What a member can be asked to do: add and remove members, write and read keys, call an election.
//!
//! Each returns once the cluster has committed it, or says why not. A refusal for want of a quorum
//! leaves open whether the change happens later, as it is with any replicated store.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use openraft::ChangeMembers;
use openraft::error::{ChangeMembershipError, CheckIsLeaderError, ClientWriteError, Fatal, RaftError};
use tokio::sync::MutexGuard;
use tokio::time::{Instant, timeout};

use super::member::Member;
use super::refusal::{Refusal, SOON};
use super::types::{Command, MemberNode, Outcome, raft_id};

const COMMIT: Duration = Duration::from_secs(5);
const ELECTION: Duration = Duration::from_secs(5);
const ELECTION_STEP: Duration = Duration::from_millis(100);

type WriteError = RaftError<u64, ClientWriteError<u64, MemberNode>>;
type ReadError = RaftError<u64, CheckIsLeaderError<u64, MemberNode>>;

/// What an add found to do.
pub(crate) enum Addition {
    /// The node was added.
    Made,
    /// It is a member: this very incarnation, under this id and address.
    MadeBefore,
}

impl Member {
    /// Adds a learner. It becomes a voter by itself later: see `steward`. A request that names its
    /// incarnation can be repeated: the same one counts as the same request.
    pub(crate) async fn add(&self, node: MemberNode) -> Result<Addition, Refusal> {
        if !self.is_leader() {
            return Err(self.elsewhere());
        }
        let waiting = match &self.admission {
            Some(admission) => Some(admission.ask(&node.id).await.map_err(Refusal::Busy)?),
            None => None,
        };
        let _turn = self.take_turn().await?;
        if !self.is_leader() {
            return Err(self.elsewhere());
        }
        if let Some(member) = self.find(|member| member.id == node.id || member.raft_addr == node.raft_addr) {
            return if node.incarnation.is_some() && member == node {
                Ok(Addition::MadeBefore)
            } else {
                Err(Refusal::AlreadyMember(member))
            };
        }
        let added = self.raft.add_learner(raft_id(&node.id), node, false);
        self.committed(added).await?;
        if let Some(waiting) = waiting {
            waiting.done();
        }
        Ok(Addition::Made)
    }

    /// Removes a voter or a learner.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), Refusal> {
        let _turn = self.take_turn().await?;
        if !self.is_leader() {
            return Err(self.elsewhere());
        }
        if self.find(|member| member.id == id).is_none() {
            return Err(Refusal::NotAMember(id.to_owned()));
        }
        let raft_id = raft_id(id);
        let voters: BTreeSet<u64> = {
            let metrics = self.raft.metrics();
            let metrics = metrics.borrow();
            metrics.membership_config.voter_ids().collect()
        };
        if voters.len() == 1 && voters.contains(&raft_id) {
            return Err(Refusal::LastVoter(id.to_owned()));
        }
        let leaving = BTreeSet::from([raft_id]);
        let change = if voters.contains(&raft_id) {
            ChangeMembers::RemoveVoters(leaving)
        } else {
            ChangeMembers::RemoveNodes(leaving)
        };
        let removed = self.raft.change_membership(change, false);
        self.committed(removed).await.map(drop)
    }

    /// Makes a learner a voter.
    pub(crate) async fn promote(&self, learner: u64) -> Result<(), Refusal> {
        let _turn = self.take_turn().await?;
        let change = ChangeMembers::AddVoterIds(BTreeSet::from([learner]));
        let promoted = self.raft.change_membership(change, true);
        self.committed(promoted).await.map(drop)
    }

    /// Completes a change of voters that an earlier leader left half done.
    pub(crate) async fn finish_change(&self) -> Result<(), Refusal> {
        let _turn = self.take_turn().await?;
        if !self.is_between_voter_sets() {
            return Ok(());
        }
        let nobody_more = ChangeMembers::AddVoterIds(BTreeSet::new());
        let finished = self.raft.change_membership(nobody_more, false);
        self.committed(finished).await.map(drop)
    }

    /// Whether two sets of voters decide together, which is so for a moment during each change.
    pub(crate) fn is_between_voter_sets(&self) -> bool {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        let membership = metrics.membership_config.membership();
        membership.get_joint_config().len() > 1
    }

    /// Carries out a command on the replicated state.
    pub(crate) async fn write(&self, command: Command) -> Result<Outcome, Refusal> {
        let written = self.raft.client_write(command);
        Ok(self.committed(written).await?.data)
    }

    /// Reads a key as of now: only a leader that still hears a quorum can.
    pub(crate) async fn read(&self, key: &str) -> Result<Vec<u8>, Refusal> {
        match timeout(COMMIT, self.raft.ensure_linearizable()).await {
            Err(_) => Err(Refusal::NoQuorum),
            Ok(Err(error)) => Err(self.cannot_read(&error)),
            Ok(Ok(_)) => self.read_local(key),
        }
    }

    /// Reads a key as this member knows it, which may be old.
    pub(crate) fn read_local(&self, key: &str) -> Result<Vec<u8>, Refusal> {
        match self.store.value(key) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(Refusal::NoSuchKey),
            Err(error) => Err(Refusal::Broken(error.to_string())),
        }
    }

    /// Makes this member the leader. The first call for an election makes the old leader step down,
    /// a later one wins; the other members still wait out the old leader's lease by then.
    pub(crate) async fn call_election(&self) -> Result<(), Refusal> {
        let metrics = self.raft.metrics();
        let is_voter = metrics.borrow().membership_config.voter_ids().any(|id| id == self.raft_id);
        if !is_voter {
            return Err(Refusal::NotAVoter);
        }
        let deadline = Instant::now() + ELECTION;
        while !self.is_leader() {
            if Instant::now() > deadline {
                return Err(Refusal::NoQuorum);
            }
            let called = self.raft.trigger().elect().await;
            called.map_err(|error| broken(&error))?;
            let mut metrics = self.raft.metrics();
            let won = metrics.wait_for(|metrics| metrics.state == openraft::ServerState::Leader);
            let _not_yet = timeout(ELECTION_STEP, won).await;
        }
        Ok(())
    }

    fn find(&self, wanted: impl Fn(&MemberNode) -> bool) -> Option<MemberNode> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        let mut nodes = metrics.membership_config.nodes();
        nodes.find(|(_, node)| wanted(node)).map(|(_, node)| node.clone())
    }

    async fn take_turn(&self) -> Result<MutexGuard<'_, ()>, Refusal> {
        let turn = timeout(self.change_wait, self.turn.lock()).await;
        turn.map_err(|_| Refusal::Busy(SOON))
    }

    async fn committed<T>(&self, change: impl Future<Output = Result<T, WriteError>>) -> Result<T, Refusal> {
        match timeout(COMMIT, change).await {
            Err(_) => Err(Refusal::NoQuorum),
            Ok(result) => result.map_err(|error| self.cannot_write(&error)),
        }
    }

    fn cannot_write(&self, error: &WriteError) -> Refusal {
        match error {
            RaftError::APIError(ClientWriteError::ForwardToLeader(_)) => self.elsewhere(),
            RaftError::APIError(ClientWriteError::ChangeMembershipError(change)) => match change {
                ChangeMembershipError::InProgress(_) => Refusal::Busy(SOON),
                ChangeMembershipError::EmptyMembership(_) | ChangeMembershipError::LearnerNotFound(_) => {
                    Refusal::Invalid(change.to_string())
                }
            },
            RaftError::Fatal(error) => broken(error),
        }
    }

    fn cannot_read(&self, error: &ReadError) -> Refusal {
        match error {
            RaftError::APIError(CheckIsLeaderError::ForwardToLeader(_)) => self.elsewhere(),
            RaftError::APIError(CheckIsLeaderError::QuorumNotEnough(_)) => Refusal::NoQuorum,
            RaftError::Fatal(error) => broken(error),
        }
    }
}

fn broken(error: &Fatal<u64>) -> Refusal {
    Refusal::Broken(error.to_string())
}
