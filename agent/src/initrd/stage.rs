//! The stage itself: what is done in which order, and what is left behind.

use std::path::PathBuf;

use crate::boot::{self, Boot, BootKind, ConfigOrigin, Refusal};
use crate::config;
use crate::delivery::{self, Delivery, Parameters};
use crate::disks::{Disk, TableKind};
use crate::events::{Event, Report};
use crate::inventory::Inventory;
use crate::plan::expectations;

use super::bounded::in_time;
use super::search::{Found, Search};

/// Where the stage works, and what it was asked for.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Where a configuration is looked for in the initrd, and how it is checked.
    pub options: config::Options,
    /// Where the root file system is mounted: `/sysroot`.
    pub sysroot: PathBuf,
    /// What the kernel's command line asks for.
    pub parameters: Parameters,
    /// `RUN_ID` of this boot.
    pub run_id: String,
}

/// How the stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// What this kind of boot needs was found and handed over.
    Well,
    /// Something is missing, and was reported; the boot goes on.
    Lacking,
    /// Something is missing that is required, and was reported: the boot has to be stopped.
    Halted,
}

impl Stage {
    /// Does the stage's work, and reports what it finds to `report`. Returns when the boot may go on. `root_is_there` returns when
    /// the root file system is mounted; never, where it will not be.
    pub async fn run(&self, root_is_there: impl Future<Output = ()>, report: &dyn Report) -> Ended {
        let search = Search::new(&self.options, &self.sysroot, &self.parameters, report);
        let found = Box::pin(search.run(root_is_there)).await;
        report.report(Event::BootRecognised { kind: found.kind.to_string() });
        let root = self.options.root.clone();
        let inventory = in_time(report, "the inventory could not be taken", move || Inventory::take(&root)).await;
        let inventory = inventory.map(|inventory| Inventory { boot: Some(found.kind), ..inventory });
        let handed_over = self.hand_over(&found, inventory.as_ref(), report);
        let delivery = found.delivery.as_ref();
        let fits = delivery.zip(inventory.as_ref()).is_none_or(|(found, inventory)| fits(found, inventory, report));
        let lacking = self.lacking(&found, inventory.as_ref(), report) || !handed_over || !fits;
        let required = self.parameters.required || delivery.is_some_and(|it| it.checked.config.initrd_required);
        match (lacking, required) {
            (false, _) => Ended::Well,
            (true, false) => Ended::Lacking,
            (true, true) => {
                report.report(Event::BootHalted {});
                Ended::Halted
            }
        }
    }

    /// Whether something is missing that this kind of boot needs; reports what.
    fn lacking(&self, found: &Found, inventory: Option<&Inventory>, report: &dyn Report) -> bool {
        if found.delivery.is_some() {
            return false;
        }
        let disks = inventory.map_or(&[][..], |inventory| &inventory.disks);
        let tried = format!("{}{}", self.tried(), without_gpt(disks));
        // An installer gets its configuration from the person who installs.
        let url_was_given = self.parameters.url.is_some() || self.parameters.url_problem.is_some();
        if found.kind == BootKind::Netboot && !self.parameters.required && !url_was_given {
            report.report(Event::ConfigurationNotNeeded { tried });
            return false;
        }
        report.report(Event::ConfigurationMissing { kind: found.kind.to_string(), tried });
        true
    }

    /// The sources that were tried, for people.
    fn tried(&self) -> String {
        let url = self.parameters.url.as_ref().map(|url| format!(", {url}")).unwrap_or_default();
        let (file, secrets) = (config::FILE, config::SECRETS);
        format!(
            "the credential {}, /{secrets}/{file} in the initrd, /{file} on GPT partitions of type or label {}, \
             /{}/{file} on EFI system partitions{url}, and /{secrets}/{file} on the root file system",
            config::CREDENTIAL,
            delivery::NAME,
            delivery::DIRECTORY_ON_ESP,
        )
    }

    /// Leaves everything for the units of the system. Reports what could not be left, and whether all could.
    fn hand_over(&self, found: &Found, inventory: Option<&Inventory>, report: &dyn Report) -> bool {
        let delivery = found.delivery.as_ref();
        // What is installed stays where it is: who fixes it there should not have to fix a copy.
        let moved = delivery.filter(|found| !found.source.path().is_some_and(|path| path.starts_with(&self.sysroot)));
        let put = |name: &str, bytes: &[u8]| match boot::put(&self.options.root, name, bytes) {
            Ok(()) => true,
            Err(error) => {
                let path = format!("/{}/{name}", boot::DIRECTORY);
                report.report(Event::HandOverFailed { path, error: error.to_string() });
                false
            }
        };
        let is_left = match moved {
            Some(found) => put(config::FILE, &found.bytes),
            None => boot::take_back(&self.options.root, config::FILE).is_ok(),
        };
        let origin =
            |found: &Delivery| ConfigOrigin { source: found.source.to_string(), digest: found.digest.to_string() };
        // To the units it is as good as broken: it ranks before what they can read.
        let lost = delivery.filter(|_| !is_left).map(|found| Refusal {
            source: found.source.to_string(),
            digest: Some(found.digest.to_string()),
            error: "it is valid, and could not be handed over".to_owned(),
        });
        let boot = Boot {
            schema_version: Boot::SCHEMA_VERSION,
            run_id: self.run_id.clone(),
            kind: found.kind,
            config: delivery.filter(|_| is_left).map(origin),
            refused: found.refused.iter().cloned().chain(lost).collect(),
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        is_left
            & inventory.is_none_or(|inventory| put("inventory.json", &json(inventory)))
            & put("boot.json", &json(&boot))
    }
}

/// Removable drives that may be meant for the agent but have no GPT.
fn without_gpt(disks: &[Disk]) -> String {
    let is_meant = |disk: &&Disk| disk.removable && disk.size > 0;
    let of_kind = |disk: &Disk| match disk.table.kind {
        TableKind::Mbr => Some(format!("; {} has an MBR, and only GPT partitions are read", disk.path.display())),
        TableKind::None => Some(format!("; {} has no partitions", disk.path.display())),
        TableKind::Gpt | TableKind::Unknown => None,
    };
    disks.iter().filter(is_meant).filter_map(of_kind).take(MOST_NAMED).collect()
}

/// How many drives are named.
const MOST_NAMED: usize = 4;

/// Whether the machine is what its configuration expects; reports what it lacks. A link or a clock may still come: that is for
/// the units of the system to wait for. Before an installation the disks are empty, and a member stays one.
fn fits(found: &Delivery, inventory: &Inventory, report: &dyn Report) -> bool {
    if inventory.boot != Some(BootKind::FirstBoot) {
        return true;
    }
    let unmet = expectations::unmet(&found.checked.config.expect, inventory, None);
    let blocker = expectations::blocker(&unmet);
    if let Some(blocker) = &blocker {
        report.report(blocker.event());
    }
    blocker.is_none()
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    // Text and numbers always serialise.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
