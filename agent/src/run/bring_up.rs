//! A service that is started as a member of its cluster, and not before: its unit gets its environment, is started, and is
//! waited for. One that runs already is left as it is, and so is a file that the agent has not written.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use first_boot_output::plain_error;

use crate::config::{Endpoint, MemberService};
use crate::durable::{Existing, can_change_names, remove_if_there, sync, try_to_write, write_durably};
use crate::events::Event;
use crate::plan::member::{Member, MemberList, Word};
use crate::plan::{Blocker, Cause, Step};
use crate::regular_file::{self, Links};

use super::ports::{Class, Cluster, Environment, Health, UnitPhase, UnitWatch, Units};
use super::service::look_further;
use super::{Stop, Work};

/// More than any environment of a unit has.
const LONGEST: u64 = 1 << 20;

/// The incarnation of a service that has no data: another one than that of every member which was ever started.
const NO_DATA: &str = "0000000000000000";

impl<'a, U: Units, C: Cluster> Work<'a, U, C> {
    /// Returns when the service runs and is healthy, started with what it needs to know of this list, or of its initial peers.
    pub(super) async fn bring_up(&self, list: Option<&MemberList>) -> Result<Health, Stop> {
        if !self.is_running().await? {
            self.start(list).await?;
        } else if list.is_none() {
            self.was_started_here().await?;
        }
        self.await_healthy().await
    }

    /// Whether a unit that runs can become the member that it is waited for. Its package may have started it first: then it runs
    /// without what the agent writes, and answers elsewhere. A member whose state directory was lost runs so as well, and lists its
    /// members here, also where they know no leader.
    async fn was_started_here(&self) -> Result<(), Stop> {
        let Some(path) = self.service.api.environment_file() else { return Ok(()) };
        if self.written(path)?.is_some() {
            return Ok(());
        }
        match self.own_cluster().await {
            Err(fault) if matches!(fault.class, Class::Transient { .. } | Class::Unreachable) => {
                let (unit, name, path) = (&self.service.unit, self.service.name, path.display());
                let error = format!("{unit} runs and was not started by this agent ({path} is missing): {fault}");
                let remedy = format!(
                    "look at it: journalctl -b -u {unit}; if its package started it before this node had a cluster, \
                     first-boot-agent reset {name} stops it and moves its data aside"
                );
                Err(Stop::Failed(Event::ServiceNotStarted { error, remedy }))
            }
            _ => Ok(()),
        }
    }

    /// Whether the unit runs.
    pub(super) async fn is_running(&self) -> Result<bool, Stop> {
        let service = self.service;
        let mut watch = self.systemd()?.watch(&service.unit).await.map_err(|error| self.not_started(&error))?;
        match watch.next().await.map_err(|error| self.not_started(&error))? {
            UnitPhase::Active => Ok(true),
            UnitPhase::NotYet(_) | UnitPhase::Failed(_) => Ok(false),
            UnitPhase::Unknown(state) => Err(self.own_file(
                format!("{} is {state}, and is to be started as a member of {}", service.unit, service.name),
                &format!("install it, or set services.{}.unit to the unit that it has", service.name),
            )),
        }
    }

    async fn start(&self, list: Option<&MemberList>) -> Result<(), Stop> {
        let unit = &self.service.unit;
        if let Some(environment) = self.environment(list).await? {
            self.write(&environment)?;
        }
        crash_point!("environment written");
        self.report.report(Event::ServiceStarted { awaited_unit: unit.to_string() });
        self.systemd()?.start(unit.as_str()).await.map_err(|error| self.not_started(&error))?;
        crash_point!("service started");
        Ok(())
    }

    /// Whether the service can be started once this list, which `at` has answered, has this node: one that is added and cannot
    /// would keep others out.
    pub(super) async fn can_start(&self, list: &MemberList, at: &Endpoint) -> Result<(), Stop> {
        let service = self.service;
        if self.is_running().await? {
            let directory = service.data_dir.display();
            return Err(self.own_file(
                format!("{} runs with data that is not in {directory}, and {at} does not list this node", service.unit),
                &format!("set services.{}.data_dir to where its data is, or stop it", service.name),
            ));
        }
        let own = service.raft_addr().map(|own| Member::of_this_node(self.id(), own));
        if let Some(own) = own.as_ref().filter(|own| self.is_elsewhere(own)) {
            let (unit, at) = (&service.unit, &own.raft_addr);
            // It may still come: not all links are up when the network is online.
            return Err(Stop::Failed(Event::ServiceNotStarted {
                error: format!("{unit} is to listen at {at}, which is not an address of this machine"),
                remedy: "set raft_addr to one that it has (ip address), or look at the link that should have it".into(),
            }));
        }
        let mut listed = list.clone();
        listed.members.extend(own);
        let environment = self.environment(Some(&listed)).await?;
        environment.map_or(Ok(()), |environment| {
            try_to_write(&environment.path).map_err(|error| self.not_started(&error.to_string()))
        })
    }

    /// What the unit is to be started with. Nothing of it is written yet.
    async fn environment(&self, list: Option<&MemberList>) -> Result<Option<Environment>, Stop> {
        let environment = self.context.cluster.environment(self.service, self.id(), list)?;
        if let Some(Environment { path, .. }) = &environment {
            self.is_read(self.systemd()?, path).await?;
            if let Some(blocker) = self.written(path)?.and_then(|bytes| foreign_environment(self.service, path, &bytes))
            {
                return Err(blocker.into());
            }
        }
        Ok(environment)
    }

    /// Started without it, the service would begin a cluster of its own.
    async fn is_read(&self, units: &U, path: &Path) -> Result<(), Stop> {
        let unit = &self.service.unit;
        let files = units.needed_environment(unit).await.map_err(|error| self.not_started(&error))?;
        if files.iter().any(|file| Path::new(file) == path) {
            return Ok(());
        }
        let path = path.display();
        Err(self.own_file(
            format!("{unit} does not read {path}, or starts without it: it would start a cluster of its own"),
            &format!(
                "add it: systemctl edit {unit}, with the four lines [Unit], ConditionPathExists={path}, [Service] and \
                 EnvironmentFile={path}, and below them those of its TLS files"
            ),
        ))
    }

    fn write(&self, Environment { path, text }: &Environment) -> Result<(), Stop> {
        let text = format!("{}{text}", first_line(self.service));
        if self.written(path)?.is_some_and(|bytes| bytes == text.as_bytes()) {
            return Ok(());
        }
        write_durably(path, text.as_bytes(), 0o644, Existing::Replace)
            .map(drop)
            .map_err(|error| self.not_started(&error.to_string()))
    }

    /// What the unit is started with from its marker on: of this member alone, as this list has it. With its data it passes over
    /// that; a wiped one finds no cluster so, where with all members it would vote again under an id that has voted.
    pub(super) fn settle(&self, list: &MemberList) -> Result<(), Stop> {
        if self.own_environment()?.is_none() {
            return Ok(());
        }
        let own = list.entry_of(self.id(), self.service).cloned();
        let alone = MemberList { members: own.into_iter().collect(), ..list.clone() };
        let environment = self.context.cluster.environment(self.service, self.id(), Some(&alone))?;
        environment.map_or(Ok(()), |environment| self.write(&environment))
    }

    /// Takes away what the unit was started with: with it and without data the service would begin again by itself.
    pub(super) fn forget_environment(&self) -> Result<(), Stop> {
        let Some(path) = self.own_environment()? else { return Ok(()) };
        remove_if_there(path)
            .and_then(|_| path.parent().map_or(Ok(()), sync))
            .map_err(|error| self.not_removed(path, &error))?;
        crash_point!("environment removed");
        Ok(())
    }

    /// Looks whether it could be taken away.
    pub(super) fn can_forget_environment(&self) -> Result<(), Stop> {
        let Some(path) = self.own_environment()? else { return Ok(()) };
        path.parent().map_or(Ok(()), can_change_names).map_err(|error| self.not_removed(path, &error))
    }

    /// The file with what the unit was started with, where this agent has written it.
    fn own_environment(&self) -> Result<Option<&'a Path>, Stop> {
        let Some(path) = self.service.api.environment_file() else { return Ok(None) };
        let is_own = |bytes: Vec<u8>| foreign_environment(self.service, path, &bytes).is_none();
        Ok(self.written(path)?.is_some_and(is_own).then_some(path))
    }

    fn not_removed(&self, path: &Path, error: &io::Error) -> Stop {
        self.not_started(&format!("cannot remove {}: {}", path.display(), plain_error(error)))
    }

    fn written(&self, path: &Path) -> Result<Option<Vec<u8>>, Stop> {
        match regular_file::read(path, Links::Follow, LONGEST) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => {
                Err(self.not_started(&format!("cannot read {}: {error}; {}", path.display(), error.remedy(path))))
            }
        }
    }

    /// What is known of a service that is added first, before it is asked: whether it has data. Where it has none and its
    /// cluster lists it as started, it is wiped: as the member of before it might vote twice.
    pub(super) async fn health_before_start(&self) -> Result<Health, Stop> {
        let is_bare = !self.is_running().await? && !self.has_data()?;
        let incarnation = is_bare.then(|| Word::new(NO_DATA));
        Ok(Health { node_id: Some(Word::new(self.id().as_str())), cluster_id: None, incarnation })
    }

    /// Whether there is anything in the service's data directory. With data of a membership that is in no list, etcd would be
    /// refused for ever, or go on in another cluster.
    pub(super) fn has_data(&self) -> Result<bool, Stop> {
        let directory = self.service.data_dir.display();
        // What a broken disk does not show is not gone: else a living member would be taken for a wiped one.
        has_data(self.service)
            .map_err(|error| self.not_started(&format!("cannot look into {directory}: {}", plain_error(&error))))
    }

    pub(super) fn systemd(&self) -> Result<&'a U, Stop> {
        self.context.units.as_ref().ok_or_else(|| self.not_started("systemd cannot be reached"))
    }

    fn not_started(&self, error: &str) -> Stop {
        let unit = &self.service.unit;
        let error = format!("{unit} is to be started as a member: {error}");
        Stop::Failed(Event::ServiceNotStarted { error, remedy: look_further(unit) })
    }

    /// A fix in units and their files wakes no unit.
    fn own_file(&self, reason: String, fix: &str) -> Stop {
        own_file(self.service, reason, fix).into()
    }
}

/// What is here already of a service that would be added to the cluster that `at` is in, and was not made by this agent: it is left
/// alone, and nothing is started with it. What cannot be looked at is left to the join.
#[must_use]
pub fn left_alone(service: &MemberService, at: &Endpoint) -> Option<Blocker> {
    if !service.api.is_added_first() {
        return None;
    }
    if has_data(service).unwrap_or(false) {
        return Some(Blocker::old_data(service, at));
    }
    let path = service.api.environment_file()?;
    foreign_environment(service, path, &regular_file::read(path, Links::Follow, LONGEST).ok()?)
}

/// The first line of a file that is this agent's to write, and to remove.
fn first_line(service: &MemberService) -> String {
    format!("# Written by first-boot-agent for {}; a file without this line is left alone.\n", service.name)
}

fn has_data(service: &MemberService) -> io::Result<bool> {
    match fs::read_dir(&service.data_dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Err(_) if is_hidden(&service.data_dir) => {
            Err(io::Error::other("hidden by ProtectHome= of this unit, or by a link that leads nowhere"))
        }
        Err(_) => Ok(false),
        Ok(entries) => {
            for entry in entries {
                // A file system of its own has this one from the beginning.
                if entry?.file_name() != "lost+found" {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// Whether a path that is not found may be there all the same: behind a link to what is missing, as a disk, or an empty directory
/// of mode 0, as `ProtectHome=` shows (systemd.exec(5)).
fn is_hidden(path: &Path) -> bool {
    let first = path.ancestors().find(|place| fs::symlink_metadata(place).is_ok());
    first.is_some_and(|place| fs::metadata(place).map_or(true, |found| found.mode() & 0o777 == 0))
}

/// Why nothing is written, or started with it, if another program has written this file: the service might begin a cluster of its own.
fn foreign_environment(service: &MemberService, path: &Path, bytes: &[u8]) -> Option<Blocker> {
    let (name, unit) = (service.name, &service.unit);
    let reason = format!("{} was not written by this agent for {name}", path.display());
    let fix = format!("move it aside, or set services.{name}.environment_file to another file that {unit} reads");
    (!bytes.starts_with(first_line(service).as_bytes())).then(|| own_file(service, reason, &fix))
}

fn own_file(service: &MemberService, reason: String, fix: &str) -> Blocker {
    let step = Step::from(service.name).unit();
    Blocker { cause: Cause::OwnFile, reason, remedy: format!("{fix}; then: systemctl restart --no-block {step}") }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::is_hidden;

    #[test]
    fn what_a_sandbox_or_a_lost_disk_hides_is_not_gone() {
        let keep = tempfile::tempdir().unwrap();
        let place = |name: &str| keep.path().join(name);
        for name in ["home", "data"] {
            fs::create_dir(place(name)).unwrap();
        }
        fs::set_permissions(place("home"), Permissions::from_mode(0o000)).unwrap();
        symlink("/no/such/disk", place("lost")).unwrap();
        for (path, expected) in [
            ("home/data/etcd", true),
            ("lost", true),
            ("lost/data/etcd", true),
            ("data/etcd", false),
            ("nowhere/data/etcd", false),
        ] {
            assert_eq!(is_hidden(&place(path)), expected, "{path}");
        }
    }
}
