//! The IAM server: health, and a setup that can be done exactly once.
//!
//! The admin's password is kept as a salted digest. A real service would use a slow one; here it
//! only matters that the password itself is nowhere.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::flaredb::{Flaredb, Unavailable};
use crate::error::StandinError;
use crate::faults::Faults;
use crate::identity::Identity;
use crate::interception::Interception;
use crate::listener::{Port, ServedPort};
use crate::requests::Requests;
use crate::tokens::{random_token, sha256_hex};

const SETUP: &str = "iam/setup";

/// How to start IAM.
#[derive(Clone, Debug)]
pub struct IamOptions {
    /// Where it listens; port 0 takes any.
    pub listen: SocketAddr,
    /// The API URLs of flaredb's members; one is enough, more help while one is down.
    pub flaredb_urls: Vec<String>,
    /// Certificate, key and CA, towards clients and flaredb alike.
    pub identity: Identity,
    /// Whether clients must present a certificate.
    pub require_client_certificate: bool,
}

/// A running IAM. Dropping it stops it.
pub struct IamServer {
    url: String,
    interception: Arc<Interception>,
    port: ServedPort,
}

#[derive(Deserialize)]
struct SetupRequest {
    cluster_name: String,
    admin_user: String,
    admin_password: String,
}

#[derive(Serialize)]
struct Setup {
    cluster_name: String,
    admin_user: String,
    salt: String,
    password_sha256: String,
}

impl IamServer {
    /// Starts IAM and returns once it answers, whether flaredb does or not.
    ///
    /// # Errors
    /// A port that is taken, certificates that cannot be used.
    pub async fn start(options: IamOptions) -> Result<Self, StandinError> {
        let port = Port::bind(options.listen).await?;
        let url = format!("https://{}", port.address());
        let tls = options.identity.server_config(options.require_client_certificate)?;
        let flaredb = Arc::new(Flaredb::new(options.identity.client()?, options.flaredb_urls));
        let interception = Interception::new();
        let routes = Router::new()
            .route("/health", get(health))
            .route("/admin/setup", get(show_setup).post(set_up))
            .with_state(flaredb)
            .merge(interception.routes());
        let port = port.serve(tls, routes, Arc::clone(&interception));
        Ok(Self { url, interception, port })
    }

    /// The API's URL, without a slash at the end.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.url
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.interception.faults
    }

    /// What it was asked.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.interception.requests
    }

    /// Ends it.
    pub async fn stop(self) {
        self.port.stop().await;
    }
}

async fn health(State(flaredb): State<Arc<Flaredb>>) -> Response {
    if flaredb.is_healthy().await {
        return Json(json!({ "status": "healthy" })).into_response();
    }
    let body = json!({ "status": "unhealthy", "reason": "no member of flaredb is healthy" });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

async fn show_setup(State(flaredb): State<Arc<Flaredb>>) -> Result<Response, Unavailable> {
    let completed = flaredb.get(SETUP).await?.is_some();
    let status = if completed { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok((status, Json(json!({ "completed": completed }))).into_response())
}

async fn set_up(State(flaredb): State<Arc<Flaredb>>, body: Bytes) -> Result<Response, Unavailable> {
    let Some(setup) = parse(&body) else {
        let error = "the body must hold cluster_name, admin_user and admin_password, none empty";
        let body = Json(json!({ "error": error }));
        return Ok((StatusCode::BAD_REQUEST, body).into_response());
    };
    let Some(record) = digest(setup) else {
        let body = Json(json!({ "error": "no random numbers are to be had" }));
        return Ok((StatusCode::INTERNAL_SERVER_ERROR, body).into_response());
    };
    if flaredb.create(SETUP, &record).await? {
        let body = Json(json!({ "completed": true }));
        Ok((StatusCode::CREATED, body).into_response())
    } else {
        let body = Json(json!({ "error": "the setup was done already" }));
        Ok((StatusCode::CONFLICT, body).into_response())
    }
}

fn parse(body: &[u8]) -> Option<SetupRequest> {
    let setup: SetupRequest = serde_json::from_slice(body).ok()?;
    let fields = [&setup.cluster_name, &setup.admin_user, &setup.admin_password];
    fields.iter().all(|field| !field.is_empty()).then_some(setup)
}

fn digest(setup: SetupRequest) -> Option<Vec<u8>> {
    let salt = random_token()?;
    let salted = format!("{salt}{}", setup.admin_password);
    let record = Setup {
        cluster_name: setup.cluster_name,
        admin_user: setup.admin_user,
        salt,
        password_sha256: sha256_hex(salted.as_bytes()),
    };
    serde_json::to_vec(&record).ok()
}

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.to_string() }));
        let status = StatusCode::SERVICE_UNAVAILABLE;
        (status, [(RETRY_AFTER, "1")], body).into_response()
    }
}
