//! The adapter to the initrd stage's port: when the root file system is there, and how a boot is stopped.

use super::{ActiveState, Systemd, SystemdError};
use crate::events::{Event, Report};
use crate::initrd::InitrdManager;

/// Reached when the root file system is mounted, however it is (bootup(7)).
const ROOT_IS_THERE: &str = "initrd-root-fs.target";
/// Where an operator takes over; systemd's own initrd units go there when they fail.
const EMERGENCY: &str = "emergency.target";

/// `None` where systemd cannot be reached: then nothing is waited for, since nobody would tell of its end.
impl InitrdManager for Option<Systemd> {
    async fn root_is_there(&self, report: &dyn Report) {
        let Some(systemd) = self else {
            return;
        };
        if let Err(error) = is_active(systemd, ROOT_IS_THERE).await {
            report.report(Event::SystemdUnreachable { error: error.to_string() });
        }
    }

    async fn halt(&self) -> Result<(), String> {
        match self {
            Some(systemd) => systemd.start_irreversibly(EMERGENCY).await.map_err(|error| error.to_string()),
            None => Err("systemd cannot be reached".to_owned()),
        }
    }
}

/// Returns when a unit is active.
async fn is_active(systemd: &Systemd, unit: &str) -> Result<(), SystemdError> {
    let mut watch = systemd.watch(unit).await?;
    while watch.next().await?.active != ActiveState::Active {}
    Ok(())
}
