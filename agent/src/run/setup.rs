//! Having a service set up that is set up once, as IAM: by this node where it has the admin password, else by waiting for the
//! node that has it.

use std::fs;
use std::path::{Path, PathBuf};

use tokio::time::{Instant, sleep};

use crate::config::{ClusterName, SetupService};
use crate::durable::{Existing, write_durably};
use crate::events::{Event, Report};
use crate::markers::{Achievement, Lock};
use crate::plan::{Blocker, Cause, Step};
use crate::random::{self, NoRandomNumbers};
use crate::regular_file::Links;
use crate::retry::Schedule;
use crate::secret_file;

use super::ports::{Cluster, IamSetup, Password, Units};
use super::service::{self, Local, milliseconds};
use super::{Context, Credential, Setback, Stop};

/// The cluster's name where the configuration gives none.
const UNNAMED_CLUSTER: &str = "default";
/// 32 characters of 6 bits: 192 bits.
const GENERATED_LENGTH: usize = 32;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) async fn set_up<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    iam: &SetupService,
    lock: &Lock,
    report: &dyn Report,
) -> Result<(), Stop> {
    let began = Instant::now();
    let local = Local { unit: &iam.unit, url: &iam.url, health_path: iam.health_path.as_str() };
    service::await_healthy(context, &local, None, report).await?;
    let mut setting_up = SettingUp { context, iam, report, is_new: false, is_sent: false, may_be_taken: false };
    let done = setting_up.until_done().await?;
    context.mark(lock, Achievement::Initialized, None, report)?;
    setting_up.report_password(done);
    report.report(match done {
        IamSetup::Done => Event::IamSetUp { duration_ms: milliseconds(began.elapsed()) },
        IamSetup::DoneAlready => Event::IamAlreadySetUp { endpoint: iam.url.to_string() },
    });
    Ok(())
}

/// The name of the credential with the admin password (design.md, section 3), and of the file, beside the markers, that a
/// generated one goes into.
fn password_name(iam: &SetupService) -> String {
    format!("{}-admin-password", iam.name)
}

struct SettingUp<'a, U, C> {
    context: &'a Context<'a, U, C>,
    iam: &'a SetupService,
    report: &'a dyn Report,
    /// A password of this node's own making was written down in this run.
    is_new: bool,
    /// Such a one was sent.
    is_sent: bool,
    /// One was sent, and the answer to that is not known.
    may_be_taken: bool,
}

impl<U, C: Cluster> SettingUp<'_, U, C> {
    fn generated_file(&self) -> PathBuf {
        self.context.markers.directory().join(password_name(self.iam))
    }

    async fn until_done(&mut self) -> Result<IamSetup, Stop> {
        let (context, iam, report) = (self.context, self.iam, self.report);
        let policy = &context.config.policies.iam_setup;
        let mut schedule = Schedule::polling(policy);
        let mut reported = String::new();
        loop {
            let (event, reason, pause) = match self.ask().await {
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
            if reason != reported {
                report.report(event);
                context.progress.status(&format!("waiting for IAM to be set up: {reason}"));
                reported.clone_from(&reason);
            }
            let Some(delay) = schedule.next_delay(pause) else {
                return Err(Stop::Failed(Event::IamSetupFailed {
                    error: format!("not set up after {} s: {reason}", policy.limit.as_secs()),
                    remedy: service::look_further(&iam.unit),
                }));
            };
            sleep(delay).await;
        }
    }

    /// One round: is it done, and if not, can this node do it? `None`: another node must.
    async fn ask(&mut self) -> Result<Option<IamSetup>, Setback> {
        let (context, iam) = (self.context, self.iam);
        if context.cluster.is_set_up(iam).await? {
            return Ok(Some(IamSetup::DoneAlready));
        }
        let Some(password) = self.password()? else {
            return Ok(None);
        };
        let name = context.config.cluster_name.as_ref().map_or(UNNAMED_CLUSTER, ClusterName::as_str);
        let answer = context.cluster.set_up(iam, name, &password).await;
        self.may_be_taken |= answer.is_err();
        Ok(Some(answer?))
    }

    /// The admin password: the credential, the configured file, or, on the first host of
    /// `initial_peers`, one that is generated and durable on disk before it is used.
    fn password(&mut self) -> Result<Option<Password>, Stop> {
        let iam = self.iam;
        match (self.context.find_credential)(&password_name(iam)) {
            Some(Credential::Readable(path)) => return read(&path, Links::Follow).map(Some),
            Some(Credential::Encrypted(path)) => return Err(not_decrypted(iam, &path).into()),
            None => {}
        }
        if let Some(path) = &iam.admin_password_file {
            return read(path, Links::Follow).map(Some);
        }
        if !iam.generates_password {
            return Ok(None);
        }
        let path = self.generated_file();
        self.is_sent = true;
        // Also a link, which is no password that this node has made up.
        if path.symlink_metadata().is_ok() {
            return read(&path, Links::Refuse).map(Some);
        }
        let password = generate()?;
        let text = format!("{}\n", password.expose());
        let written = write_durably(&path, text.as_bytes(), 0o600, Existing::Keep).map_err(|error| {
            Stop::Failed(Event::IamSetupFailed { error: error.to_string(), remedy: "no password was used".to_owned() })
        })?;
        if !written {
            // Another process was quicker: its password is the one on disk.
            return read(&path, Links::Refuse).map(Some);
        }
        self.is_new = true;
        Ok(Some(password))
    }

    /// A password is announced as the valid one when it was accepted, not when it was written down.
    fn report_password(&self, done: IamSetup) {
        let Self { iam, report, .. } = self;
        let file = self.generated_file();
        if !iam.generates_password || !file.exists() {
            return;
        }
        let path = file.display().to_string();
        match done {
            IamSetup::Done if self.is_sent => report.report(Event::IamPasswordGenerated { path }),
            IamSetup::Done => {}
            // An answer was lost, now or in an earlier run: it may be the one that counts.
            IamSetup::DoneAlready if self.may_be_taken || !self.is_new => {
                report.report(Event::IamPasswordUncertain { path });
            }
            // Another node was quicker, and this one was never used. Where it cannot be removed, it stays unannounced.
            IamSetup::DoneAlready => drop(fs::remove_file(file)),
        }
    }
}

fn read(path: &Path, links: Links) -> Result<Password, Stop> {
    match secret_file::read(path, links) {
        Ok(text) if text.trim_end().is_empty() => {
            let reason = format!("the admin password in {} is empty", path.display());
            Err(secret(reason, "write the password into it".to_owned()).into())
        }
        Ok(text) => Ok(Password::new(text.trim_end_matches(['\r', '\n']).to_owned())),
        Err(error) => Err(secret(error.to_string(), error.remedy()).into()),
    }
}

fn secret(reason: String, remedy: String) -> Blocker {
    Blocker { cause: Cause::Secret, reason, remedy }
}

/// What comes next would be another password than the one that was meant.
fn not_decrypted(iam: &SetupService, path: &Path) -> Blocker {
    let (name, path, unit) = (password_name(iam), path.display(), Step::from(iam.name).unit());
    secret(
        format!("the credential {name} is encrypted in {path}, and systemd has not decrypted it for this process"),
        format!(
            "`systemd-creds decrypt --name={name} {path} /dev/null` says why: encrypt it for this machine; before systemd 254, \
             name it in LoadCredentialEncrypted= of {unit}; by hand, start that unit instead"
        ),
    )
}

fn generate() -> Result<Password, Stop> {
    let bytes = random::bytes::<GENERATED_LENGTH>().map_err(|error| {
        Stop::Failed(Event::IamSetupFailed {
            error: format!("no password can be made: {error}"),
            remedy: NoRandomNumbers::REMEDY.to_owned(),
        })
    })?;
    let text = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 64)])).collect();
    Ok(Password::new(text))
}
