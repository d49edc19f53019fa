//! Having IAM set up: by this node where it has the admin password, else by waiting for the
//! node that has it.

use std::path::Path;

use tokio::time::{Instant, sleep};

use crate::config::ClusterName;
use crate::events::{Event, Report};
use crate::markers::{Achievement, Existing, Lock, write_durably};
use crate::plan::{Blocker, Cause};
use crate::retry::Schedule;
use crate::secret_file::{self, SecretFileError};

use super::ports::{Cluster, IamSetup, Password, Units};
use super::service::{self, Local, milliseconds};
use super::{Context, Setback, Stop};

/// The name of the file, beside the markers, that a generated password goes into.
const GENERATED_FILE: &str = "iam-admin-password";
/// The cluster's name where the configuration gives none.
const UNNAMED_CLUSTER: &str = "default";
/// 32 characters of 6 bits: 192 bits.
const GENERATED_LENGTH: usize = 32;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) async fn set_up<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    lock: &Lock,
    report: &dyn Report,
) -> Result<(), Stop> {
    let began = Instant::now();
    let iam = &context.config.iam;
    let local = Local { unit: &iam.unit, url: &iam.url, health_path: iam.health_path.as_str() };
    service::await_healthy(context, &local, report).await?;
    let event = match until_set_up(context, report).await? {
        IamSetup::Done => Event::IamSetUp { duration_ms: milliseconds(began.elapsed()) },
        IamSetup::DoneAlready => Event::IamAlreadySetUp { endpoint: iam.url.to_string() },
    };
    context.mark(lock, Achievement::Initialized, None, report)?;
    report.report(event);
    Ok(())
}

async fn until_set_up<U, C: Cluster>(context: &Context<'_, U, C>, report: &dyn Report) -> Result<IamSetup, Stop> {
    let policy = &context.config.policies.iam_setup;
    let mut schedule = Schedule::polling(policy);
    let mut told = String::new();
    loop {
        let (event, reason, pause) = match ask(context, report).await {
            Ok(Some(done)) => return Ok(done),
            Ok(None) => {
                let reason = "this node has no admin password".to_owned();
                (Event::IamAwaitingSetup { reason: reason.clone() }, reason, None)
            }
            Err(Setback::Stop(stop)) => return Err(stop),
            Err(Setback::Fault(fault)) => {
                (Event::IamNotReady { error: fault.to_string() }, fault.to_string(), fault.retry_after())
            }
        };
        if reason != told {
            report.report(event);
            context.progress.status(&format!("waiting for IAM to be set up: {reason}"));
            told.clone_from(&reason);
        }
        let Some(delay) = schedule.next_delay(pause) else {
            return Err(Stop::Failed(Event::IamSetupFailed {
                error: format!("not set up after {} s: {reason}", policy.limit.as_secs()),
                remedy: service::look_further(&context.config.iam.unit),
            }));
        };
        sleep(delay).await;
    }
}

/// One round: is it done, and if not, can this node do it? `None`: another node must.
async fn ask<U, C: Cluster>(context: &Context<'_, U, C>, report: &dyn Report) -> Result<Option<IamSetup>, Setback> {
    let iam = &context.config.iam;
    if context.cluster.iam_is_set_up(iam).await? {
        return Ok(Some(IamSetup::DoneAlready));
    }
    let Some(password) = password(context, report).map_err(Setback::Stop)? else {
        return Ok(None);
    };
    let name = context.config.cluster_name.as_ref().map_or(UNNAMED_CLUSTER, ClusterName::as_str);
    Ok(Some(context.cluster.set_up_iam(iam, name, &password).await?))
}

/// The admin password: the credential, the configured file, or, on the first host of
/// `initial_peers`, one that is generated and durable on disk before it is used.
fn password<U, C>(context: &Context<'_, U, C>, report: &dyn Report) -> Result<Option<Password>, Stop> {
    if let Some(path) = &context.admin_password_credential {
        return read(path).map(Some);
    }
    if let Some(path) = &context.config.iam.admin_password_file {
        return read(path).map(Some);
    }
    if !context.config.iam.generates_password {
        return Ok(None);
    }
    let path = context.markers.directory().join(GENERATED_FILE);
    if path.exists() {
        return read(&path).map(Some);
    }
    let password = generate()?;
    let text = format!("{}\n", password.expose());
    let written = write_durably(&path, text.as_bytes(), 0o600, Existing::Keep).map_err(|error| {
        Stop::Failed(Event::IamSetupFailed { error: error.to_string(), remedy: "no password was used".to_owned() })
    })?;
    if !written {
        // Another process was quicker: its password is the one on disk.
        return read(&path).map(Some);
    }
    report.report(Event::IamPasswordGenerated { path: path.display().to_string() });
    Ok(Some(password))
}

fn read(path: &Path) -> Result<Password, Stop> {
    match secret_file::read(path) {
        Ok(text) if text.trim_end().is_empty() => Err(Stop::Blocked(Blocker {
            cause: Cause::Secret,
            reason: format!("the admin password in {} is empty", path.display()),
            remedy: "write the password into it".to_owned(),
        })),
        Ok(text) => Ok(Password::new(text.trim_end_matches(['\r', '\n']).to_owned())),
        Err(error) => Err(Stop::Blocked(blocker(&error))),
    }
}

fn blocker(error: &SecretFileError) -> Blocker {
    Blocker { cause: Cause::Secret, reason: error.to_string(), remedy: error.remedy() }
}

fn generate() -> Result<Password, Stop> {
    let mut bytes = [0_u8; GENERATED_LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| {
        Stop::Failed(Event::IamSetupFailed {
            error: format!("no random numbers for a password: {error}"),
            remedy: "check that /dev/urandom exists".to_owned(),
        })
    })?;
    let text = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 64)])).collect();
    Ok(Password::new(text))
}
