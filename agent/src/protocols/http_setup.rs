//! `http-setup`: a service that is set up once, over HTTP, as IAM is (design.md, section 3).
//!
//! Its calls carry a secret, which an answer might quote: no byte of an answer is passed on.

use serde_json::{Value, json};

use crate::config::SetupService;
use crate::http::{Answer, Client, Method};
use crate::run::ports::{Fault, IamSetup, Password};

pub(super) async fn is_set_up(client: &Client, iam: &SetupService) -> Result<bool, Fault> {
    let answer = client.send(Method::GET, &iam.url, iam.setup_path.as_str(), None).await?;
    match answer.status {
        200 => Ok(completed(&answer) == Some(true)),
        // Busy, or not the one to ask.
        408 | 421 | 425 | 429 => Err(answer.fault_without_body()),
        // Not set up, or an IAM that does not report: the POST's 409 then will.
        400..=499 => Ok(false),
        _ => Err(answer.fault_without_body()),
    }
}

pub(super) async fn set_up(
    client: &Client,
    iam: &SetupService,
    cluster_name: &str,
    password: &Password,
) -> Result<IamSetup, Fault> {
    let body = json!({
        "cluster_name": cluster_name,
        "admin_user": iam.admin_user.as_str(),
        "admin_password": password.expose(),
    });
    let body = body.to_string().into_bytes();
    let answer = client.send(Method::POST, &iam.url, iam.setup_path.as_str(), Some(body)).await?;
    let done = match answer.status {
        200 | 201 | 204 if !answer.is_html() => IamSetup::Done,
        409 => IamSetup::DoneAlready,
        _ => return Err(answer.fault_without_body()),
    };
    // The answer may be a proxy's. An IAM that reports its state has the last word.
    let state = client.send(Method::GET, &iam.url, iam.setup_path.as_str(), None).await?;
    match completed(&state) {
        Some(false) => Err(answer
            .transient(&format!("answered HTTP {} to the setup, and now says that it is not set up", answer.status))),
        Some(true) | None => Ok(done),
    }
}

/// What `{"completed": …}` in the answer of the setup's state says; `None` where it does not report.
fn completed(answer: &Answer) -> Option<bool> {
    answer.json().get("completed").and_then(Value::as_bool)
}
