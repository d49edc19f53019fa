//! The admin and key-value routes of chainfire and flaredb: HTTP in, HTTP out, no decisions.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{IF_NONE_MATCH, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::changes::Addition;
use super::member::Member;
use super::refusal::{LeaderHint, Refusal};
use super::types::{Command, MemberNode, Outcome};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The routes of the API port.
pub(crate) fn routes(member: Arc<Member>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/admin/cluster/members", get(list))
        .route("/admin/member/add", post(add))
        .route("/admin/member/{id}", delete(remove))
        .route("/v1/kv/{*key}", get(get_key).put(put_key))
        .route("/test/elect", post(elect))
        .layer(from_fn(point_to_leader))
        .layer(from_fn_with_state(Arc::clone(&member), only_what_is_offered))
        .with_state(member)
}

async fn health(State(member): State<Arc<Member>>) -> Response {
    let health = member.health();
    let status = match health.reason {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(health)).into_response()
}

async fn list(State(member): State<Arc<Member>>) -> Response {
    Json(member.roster().await).into_response()
}

async fn add(State(member): State<Arc<Member>>, body: Bytes) -> Result<Response, Refusal> {
    let mut node = parse_node(&body)?;
    if !member.offers_extensions() {
        node.incarnation = None;
    }
    let answer = json!({ "member": node });
    let started = Instant::now();
    let status = match member.add(node).await? {
        Addition::Made => StatusCode::CREATED,
        Addition::MadeBefore => StatusCode::OK,
    };
    Ok(changed(started, status, answer))
}

async fn remove(State(member): State<Arc<Member>>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let started = Instant::now();
    member.remove(&id).await?;
    Ok(changed(started, StatusCode::OK, json!({ "removed": id })))
}

async fn put_key(
    State(member): State<Arc<Member>>,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let only_if_absent = headers.get(IF_NONE_MATCH).is_some_and(|wanted| wanted == "*");
    let answer = json!({ "key": key });
    let started = Instant::now();
    let written = member.write(Command::Put { key, value: body.to_vec(), only_if_absent });
    match written.await? {
        Outcome::Applied => Ok(changed(started, StatusCode::OK, answer)),
        Outcome::KeyExists => Err(Refusal::KeyExists),
    }
}

#[derive(Deserialize)]
struct Freshness {
    #[serde(default)]
    stale: bool,
}

async fn get_key(
    State(member): State<Arc<Member>>,
    Path(key): Path<String>,
    Query(freshness): Query<Freshness>,
) -> Result<Vec<u8>, Refusal> {
    if freshness.stale { member.read_local(&key) } else { member.read(&key).await }
}

async fn elect(State(member): State<Arc<Member>>) -> Result<Response, Refusal> {
    member.call_election().await?;
    Ok(Json(json!({ "leader": member.name() })).into_response())
}

/// Completes the hint of a refusal by the path that was asked for.
async fn point_to_leader(request: Request, next: Next) -> Response {
    let path = request.uri().clone();
    let path = path.path_and_query().map_or("/", |path| path.as_str());
    let mut response = next.run(request).await;
    let hint = response.extensions().get::<LeaderHint>();
    let location = hint.map(|leader| HeaderValue::try_from(format!("{}{path}", leader.api_url)));
    if let Some(Ok(location)) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Without extensions, a client that is refused for the moment gets no `Retry-After`.
async fn only_what_is_offered(State(member): State<Arc<Member>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if !member.offers_extensions() {
        response.headers_mut().remove(RETRY_AFTER);
    }
    response
}

fn parse_node(body: &[u8]) -> Result<MemberNode, Refusal> {
    let node: MemberNode = serde_json::from_slice(body)
        .map_err(|error| Refusal::Invalid(format!("the body must be id and raft_addr: {error}")))?;
    let port = node.raft_addr.rsplit_once(':').map(|(_, port)| port.parse());
    match port {
        Some(Ok(1_u16..)) if !node.id.is_empty() => Ok(node),
        _ => Err(Refusal::Invalid(format!(
            "id must not be empty and raft_addr must be HOST:PORT, found {:?} and {:?}",
            node.id, node.raft_addr
        ))),
    }
}

/// The answer to a change, with the time that Raft took for it.
fn changed(started: Instant, status: StatusCode, body: serde_json::Value) -> Response {
    let took = format!("raft;dur={:.3}", started.elapsed().as_secs_f64() * 1000.0);
    let mut response = (status, Json(body)).into_response();
    if let Ok(took) = HeaderValue::try_from(took) {
        response.headers_mut().insert(SERVER_TIMING, took);
    }
    response
}
