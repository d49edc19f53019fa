//! Stands between a client and a real server, over TLS to both, and makes faults happen on the way.
//!
//! What it hands on it does not understand: any API over HTTP will do.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};

use crate::error::StandinError;
use crate::faults::Faults;
use crate::identity::Identity;
use crate::interception::Interception;
use crate::listener::{Port, ServedPort};
use crate::requests::Requests;

/// More than any request has.
const WHOLE: usize = 1 << 20;
/// What is handed on besides the body.
const HEADERS: [HeaderName; 2] = [CONTENT_TYPE, AUTHORIZATION];

/// A relay, until it is dropped.
pub struct Relay {
    url: String,
    interception: Arc<Interception>,
    _port: ServedPort,
}

#[derive(Clone)]
struct Upstream {
    client: reqwest::Client,
    url: String,
}

impl Relay {
    /// Begins to hand requests on to `upstream`, an origin as `https://127.0.0.1:2379`, presenting `identity` to both sides.
    ///
    /// # Errors
    /// The port is taken, or the identity is none.
    pub async fn start(identity: &Identity, listen: SocketAddr, upstream: &str) -> Result<Self, StandinError> {
        let port = Port::bind(listen).await?;
        let url = format!("https://{}", port.address());
        let interception = Interception::new();
        let upstream = Upstream { client: identity.client()?, url: upstream.to_owned() };
        let router = Router::new().fallback(hand_on).with_state(upstream);
        let port = port.serve(identity.server_config(true)?, router, Arc::clone(&interception));
        Ok(Self { url, interception, _port: port })
    }

    /// Its own origin.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What goes wrong on the way.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.interception.faults
    }

    /// Whether all that was to be carried out late has been.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        Arc::strong_count(&self.interception.late) == 1
    }

    /// What was asked.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.interception.requests
    }
}

/// A server that is not there is a gateway's error, as behind any proxy.
async fn hand_on(State(upstream): State<Upstream>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut further = upstream.client.request(head.method, format!("{}{path}", upstream.url));
    for name in HEADERS {
        if let Some(value) = head.headers.get(&name) {
            further = further.header(name, value);
        }
    }
    let Ok(body) = to_bytes(body, WHOLE).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let answer = async {
        let answer = further.body(body).send().await?;
        let (status, content_type) = (answer.status(), answer.headers().get(CONTENT_TYPE).cloned());
        Ok::<_, reqwest::Error>((status, content_type, answer.bytes().await?))
    };
    let Ok((status, content_type, body)) = answer.await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}
