//! Stands between a connection and its routes: remembers each request, and makes the faults happen.
//!
//! It knows nothing of what the routes do. The routes under `/test/` are its own, and are never
//! recorded nor disturbed, or a test could lock itself out.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Json, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;

use crate::endless::EndlessBody;
use crate::faults::{Fault, Faults, Rule};
use crate::piecemeal::{dripping, truncated};
use crate::requests::{ReceivedRequest, Requests};

/// More than any request to these servers has.
const WHOLE: usize = 1 << 20;

/// The faults and the memory of one server.
#[derive(Debug)]
pub(crate) struct Interception {
    pub(crate) faults: Faults,
    pub(crate) requests: Requests,
    /// Held by each request that is still to be carried out although its client has given up.
    pub(crate) late: Arc<()>,
}

/// The connection is to be closed where it stands.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on purpose, as a fault rule asks")]
pub(crate) struct ClosedOnPurpose;

impl Interception {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { faults: Faults::default(), requests: Requests::new(), late: Arc::default() })
    }

    /// The routes by which a test controls this server.
    pub(crate) fn routes(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/test/faults", put(set_faults).delete(clear_faults))
            .route("/test/requests", get(list_requests))
            .with_state(Arc::clone(self))
    }

    /// Answers one request, or closes its connection.
    pub(crate) async fn handle(&self, router: Router, request: Request) -> Result<Response, ClosedOnPurpose> {
        let (method, path) = (request.method().as_str(), request.uri().path());
        if path.starts_with("/test/") {
            return Ok(route(router, request).await);
        }
        self.requests.record(method, path);
        match self.faults.take(method, path) {
            None => Ok(route(router, request).await),
            Some(fault) => misbehave(fault, router, request, &self.late).await,
        }
    }
}

async fn misbehave(
    fault: Fault,
    router: Router,
    request: Request,
    late: &Arc<()>,
) -> Result<Response, ClosedOnPurpose> {
    match fault {
        Fault::LoseAnswer => {
            route(router, request).await;
            Err(ClosedOnPurpose)
        }
        Fault::Double => {
            let (first, second) = twice(request).await?;
            route(router.clone(), first).await;
            Ok(route(router, second).await)
        }
        Fault::Truncate => truncated(route(router, request).await).await,
        Fault::Drip { ms } => dripping(route(router, request).await, Duration::from_millis(ms)).await,
        Fault::Relabel { content_type } => Ok(relabelled(route(router, request).await, &content_type)),
        Fault::Late { ms } => {
            // Read to its end now, and handled by a task of its own: neither goes with the connection.
            let (request, _) = twice(request).await?;
            let late = Arc::clone(late);
            let handled = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                let answer = route(router, request).await;
                drop(late);
                answer
            });
            handled.await.map_err(|_| ClosedOnPurpose)
        }
        Fault::Delay { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(route(router, request).await)
        }
        Fault::Status { status, headers, body } => {
            let mut response = answer(status, body);
            for (name, value) in &headers {
                if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
                    response.headers_mut().insert(name, value);
                }
            }
            Ok(response)
        }
        Fault::Garbage { body, content_type, status } => Ok(relabelled(answer(status, body), &content_type)),
        Fault::Endless => Ok(Response::new(Body::new(EndlessBody))),
        Fault::Stall => std::future::pending().await,
        Fault::Reset => Err(ClosedOnPurpose),
    }
}

fn answer(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, body).into_response()
}

fn relabelled(mut response: Response, content_type: &str) -> Response {
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}

async fn twice(request: Request) -> Result<(Request, Request), ClosedOnPurpose> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, WHOLE).await.map_err(|_| ClosedOnPurpose)?;
    let again = Request::from_parts(head.clone(), Body::from(body.clone()));
    Ok((Request::from_parts(head, Body::from(body)), again))
}

async fn route(router: Router, request: Request) -> Response {
    let service = TowerToHyperService::new(router);
    match hyper::service::Service::call(&service, request).await {
        Ok(response) => response,
        Err(impossible) => {
            let impossible: Infallible = impossible;
            match impossible {}
        }
    }
}

#[derive(Deserialize)]
struct Rules {
    rules: Vec<Rule>,
}

async fn set_faults(State(server): State<Arc<Interception>>, Json(body): Json<Rules>) -> StatusCode {
    server.faults.set(body.rules);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(server): State<Arc<Interception>>) -> StatusCode {
    server.faults.clear();
    StatusCode::NO_CONTENT
}

async fn list_requests(State(server): State<Arc<Interception>>) -> Json<Vec<ReceivedRequest>> {
    Json(server.requests.all())
}
