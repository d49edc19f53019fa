//! The answering end of the talk between members, on the Raft port.
//!
//! Only holders of a certificate of the cluster's CA get this far (the listener sees to
//! that), and only calls that are meant for this very member and come from its own cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Json, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use openraft::error::{InstallSnapshotError, RaftError};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse, VoteRequest,
    VoteResponse,
};

use super::member::Member;
use super::network::{CALLER_API, CLUSTER, RECIPIENT};
use super::peers::Status;
use super::types::TypeConfig;

/// Snapshots come in pieces of 3 MiB, which JSON makes several times longer.
const LARGEST_CALL: usize = 32 * 1024 * 1024;

/// The routes of the Raft port.
pub(crate) fn routes(member: Arc<Member>) -> Router {
    Router::new()
        .route("/raft/append", post(append))
        .route("/raft/vote", post(vote))
        .route("/raft/snapshot", post(snapshot))
        .route("/raft/statuses", get(statuses))
        .layer(from_fn_with_state(Arc::clone(&member), meant_for_us))
        .layer(DefaultBodyLimit::max(LARGEST_CALL))
        .with_state(member)
}

async fn meant_for_us(State(member): State<Arc<Member>>, request: Request, next: Next) -> Response {
    let recipient = header(request.headers(), RECIPIENT);
    if recipient != Some(member.name()) {
        let reason = format!("this is {}, not {recipient:?}", member.name());
        return (StatusCode::MISDIRECTED_REQUEST, reason).into_response();
    }
    let (theirs, ours) = (header(request.headers(), CLUSTER), member.cluster_id());
    if let (Some(theirs), Some(ours)) = (theirs, ours)
        && theirs != ours
    {
        let reason = format!("this member belongs to cluster {ours}, not {theirs}");
        return (StatusCode::MISDIRECTED_REQUEST, reason).into_response();
    }
    next.run(request).await
}

async fn append(
    State(member): State<Arc<Member>>,
    headers: HeaderMap,
    Json(request): Json<AppendEntriesRequest<TypeConfig>>,
) -> Json<Result<AppendEntriesResponse<u64>, RaftError<u64>>> {
    let leader = request.vote.leader_id.node_id;
    let answer = member.raft().append_entries(request).await;
    let accepted = matches!(&answer, Ok(answer) if !matches!(answer, AppendEntriesResponse::HigherVote(_)));
    if let (true, Some(api_url)) = (accepted, header(&headers, CALLER_API)) {
        member.peers().heard_leader(leader, api_url);
    }
    Json(answer)
}

async fn vote(
    State(member): State<Arc<Member>>,
    Json(request): Json<VoteRequest<u64>>,
) -> Json<Result<VoteResponse<u64>, RaftError<u64>>> {
    Json(member.raft().vote(request).await)
}

async fn snapshot(
    State(member): State<Arc<Member>>,
    headers: HeaderMap,
    Json(request): Json<InstallSnapshotRequest<TypeConfig>>,
) -> Json<Result<InstallSnapshotResponse<u64>, RaftError<u64, InstallSnapshotError>>> {
    let leader = request.vote.leader_id.node_id;
    let answer = member.raft().install_snapshot(request).await;
    if let (Ok(_), Some(api_url)) = (&answer, header(&headers, CALLER_API)) {
        member.peers().heard_leader(leader, api_url);
    }
    Json(answer)
}

/// How the members look to this one; of use only while it leads.
async fn statuses(State(member): State<Arc<Member>>) -> Json<BTreeMap<String, Status>> {
    Json(member.statuses_as_leader())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
