//! A service that is started as a member of its cluster, and not before: its unit gets its environment, is started, and is
//! waited for. One that runs already is left as it is, and so is a file that somebody else has written.

use std::fs;
use std::io;
use std::path::Path;

use crate::config::MemberService;
use crate::durable::{Existing, remove_if_there, sync, write_durably};
use crate::events::{Event, Report};
use crate::plan::member::{MemberList, Word};
use crate::plan::{Blocker, Cause, Step};
use crate::regular_file::{self, Links};

use super::ports::{Cluster, Environment, Health, UnitPhase, UnitWatch, Units};
use super::{Context, Stop, service};

/// The first line of a file that is this agent's to write, and to remove.
fn written_by(service: &MemberService) -> String {
    format!("# Written by first-boot-agent for {}; a file without this line is left alone.\n", service.name)
}

/// More than any environment of a unit has.
const LONGEST: u64 = 1 << 20;

/// Returns when the service runs and is healthy, started with what it needs to know of this list, or of its initial peers.
pub(super) async fn bring_up<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    list: Option<&MemberList>,
    report: &dyn Report,
) -> Result<Health, Stop> {
    if !is_running(context, service).await? {
        start(context, service, list, report).await?;
    }
    service::await_raft(context, service, report).await
}

/// Whether the unit runs.
pub(super) async fn is_running<U: Units, C>(
    context: &Context<'_, U, C>,
    service: &MemberService,
) -> Result<bool, Stop> {
    let mut watch =
        systemd(context, service)?.watch(&service.unit).await.map_err(|error| not_started(service, &error))?;
    let phase = watch.next().await.map_err(|error| not_started(service, &error))?;
    match phase {
        UnitPhase::Active => Ok(true),
        UnitPhase::NotYet(_) | UnitPhase::Failed(_) => Ok(false),
        UnitPhase::Unknown(state) => Err(Stop::Blocked(Blocker {
            cause: Cause::OwnFile,
            reason: format!("{} is {state}, and is to be started as a member of {}", service.unit, service.name),
            remedy: format!(
                "install it, or set services.{}.unit to the unit that it has; {}",
                service.name,
                and_then(service)
            ),
        })),
    }
}

async fn start<U: Units, C: Cluster>(
    context: &Context<'_, U, C>,
    service: &MemberService,
    list: Option<&MemberList>,
    report: &dyn Report,
) -> Result<(), Stop> {
    let units = systemd(context, service)?;
    let environment = context.cluster.environment(service, &context.config.node.id, list).map_err(Stop::Blocked)?;
    if let Some(environment) = environment {
        is_read(units, service, &environment.path).await?;
        write(service, &environment)?;
    }
    crash_point!("environment written");
    report.report(Event::ServiceStarted { awaited_unit: service.unit.to_string() });
    units.start(service.unit.as_str()).await.map_err(|error| not_started(service, &error))?;
    crash_point!("service started");
    Ok(())
}

/// Started without it, the service would begin a cluster of its own.
async fn is_read(units: &impl Units, service: &MemberService, path: &Path) -> Result<(), Stop> {
    let files = units.environment_files(&service.unit).await.map_err(|error| not_started(service, &error))?;
    if files.iter().any(|file| Path::new(file) == path) {
        return Ok(());
    }
    Err(Stop::Blocked(Blocker {
        cause: Cause::OwnFile,
        reason: format!(
            "{} does not read {}, without which it would begin a cluster of its own",
            service.unit,
            path.display()
        ),
        remedy: format!(
            "add it: systemctl edit {}, with the two lines [Service] and EnvironmentFile=-{}; {}",
            service.unit,
            path.display(),
            and_then(service)
        ),
    }))
}

/// Started with somebody else's, the service might begin a cluster of its own: nothing is, and nothing of it is lost.
fn write(service: &MemberService, environment: &Environment) -> Result<(), Stop> {
    let Environment { path, text } = environment;
    let first = written_by(service);
    let text = format!("{first}{text}");
    match written(service, path)? {
        Some(bytes) if bytes == text.as_bytes() => return Ok(()),
        Some(bytes) if !bytes.starts_with(first.as_bytes()) => {
            return Err(Stop::Blocked(Blocker {
                cause: Cause::OwnFile,
                reason: format!("{} was not written by this agent for {}", path.display(), service.name),
                remedy: format!(
                    "move it aside, or set services.{}.environment_file to another file that {} reads; {}",
                    service.name,
                    service.unit,
                    and_then(service)
                ),
            }));
        }
        Some(_) | None => {}
    }
    write_durably(path, text.as_bytes(), 0o644, Existing::Replace)
        .map(drop)
        .map_err(|error| not_started(service, &error.to_string()))
}

/// What is fixed in units and their files wakes nobody.
fn and_then(service: &MemberService) -> String {
    format!("then: systemctl restart --no-block {}", Step::from(service.name).unit())
}

/// Takes away what the unit was started with: with it and without data the service would begin anew by itself.
pub(super) fn forget(service: &MemberService) -> Result<(), Stop> {
    let Some(path) = service.api.environment_file() else {
        return Ok(());
    };
    if written(service, path)?.is_some_and(|bytes| bytes.starts_with(written_by(service).as_bytes())) {
        remove_if_there(path)
            .and_then(|_| path.parent().map_or(Ok(()), sync))
            .map_err(|error| not_started(service, &format!("cannot remove {}: {error}", path.display())))?;
    }
    Ok(())
}

fn written(service: &MemberService, path: &Path) -> Result<Option<Vec<u8>>, Stop> {
    match regular_file::read(path, Links::Follow, LONGEST) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => {
            let error = format!("cannot read {}: {error}; {}", path.display(), error.remedy(path));
            Err(not_started(service, &error))
        }
    }
}

/// The incarnation of a service that has no data: another one than that of every member which was ever started.
const NO_DATA: &str = "0000000000000000";

/// What is known of a service that is added first, before it is asked: whether it has data. Where it has none and its cluster
/// lists it as started, it is wiped: as the member of before it might vote twice.
pub(super) async fn of_own<U: Units, C>(context: &Context<'_, U, C>, service: &MemberService) -> Result<Health, Stop> {
    let is_bare = !is_running(context, service).await? && !has_data(service)?;
    Ok(Health {
        node_id: Some(Word::new(context.config.node.id.as_str())),
        cluster_id: None,
        incarnation: is_bare.then(|| Word::new(NO_DATA)),
    })
}

/// Whether there is anything in the service's data directory. With data of a membership that is in no list, etcd would be
/// refused for ever, or go on in another cluster.
pub(super) fn has_data(service: &MemberService) -> Result<bool, Stop> {
    let look = || -> io::Result<bool> {
        for entry in fs::read_dir(&service.data_dir)? {
            // A file system of its own has this one from the beginning.
            if entry?.file_name() != "lost+found" {
                return Ok(true);
            }
        }
        Ok(false)
    };
    match look() {
        Ok(has_data) => Ok(has_data),
        // What a broken disk does not show is not gone: else a living member would be taken for a wiped one.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => {
            let error = format!("cannot look into {}: {error}", service.data_dir.display());
            Err(not_started(service, &error))
        }
    }
}

fn systemd<'a, U, C>(context: &'a Context<'_, U, C>, service: &MemberService) -> Result<&'a U, Stop> {
    context.units.as_ref().ok_or_else(|| not_started(service, "systemd cannot be reached"))
}

fn not_started(service: &MemberService, error: &str) -> Stop {
    Stop::Failed(Event::ServiceNotStarted {
        error: format!("{} is to be started as a member: {error}", service.unit),
        remedy: service::look_further(&service.unit),
    })
}
