//! systemd in the initrd: when the root file system is there, and how a boot is stopped.
//!
//! PID 1 is there, but may be busy: it reads all units again when the root file system appears, and an emulated or a slow
//! machine takes seconds for it. So it is asked again, as nowhere else.

use std::time::Duration;

use super::link::Patience;
use super::notify::Notifier;
use super::{ActiveState, Systemd, SystemdError};
use crate::events::{Event, Report};
use crate::initrd::InitrdManager;

/// Reached when the root file system is mounted, however it is, and with it what the initrd has to mount in it, such as a
/// `/var` of its own with the markers (bootup(7)).
const ROOT_IS_THERE: &str = "initrd-fs.target";
/// How long PID 1 may be too busy to answer.
const BUSY: Duration = Duration::from_secs(30);

/// PID 1 of an initrd, and how it is told of this unit.
#[derive(Debug, Clone, Copy)]
pub struct InitrdSystemd<'a> {
    /// The line to it.
    pub notifier: &'a Notifier,
}

impl InitrdManager for InitrdSystemd<'_> {
    /// The root file system may wait for a passphrase, as long as it takes a person to come.
    ///
    /// Where systemd cannot be reached nothing is waited for, since nobody would tell of its end.
    async fn root_is_there(&self, report: &dyn Report) {
        let active = async {
            let mut watch = patiently().await?.watch(ROOT_IS_THERE).await?;
            while watch.next().await?.active != ActiveState::Active {}
            Ok::<_, SystemdError>(())
        };
        if let Err(error) = self.notifier.extending(active).await {
            report.report(Event::RootNotAwaited { error: error.to_string() });
        }
    }
}

impl InitrdSystemd<'_> {
    /// Stops the boot where an operator can take over: what `systemctl emergency` asks for. Everything else that was about
    /// to be started no longer is; units that run are stopped, the caller's among them.
    ///
    /// # Errors
    /// systemd refuses, or cannot be reached.
    pub async fn stop_the_boot(self) -> Result<(), SystemdError> {
        const EMERGENCY: &str = "emergency.target";
        let session = patiently().await?.link.session().await?;
        session.start_unit(EMERGENCY, "isolate").await.map_err(|error| SystemdError::of(EMERGENCY, "start", error))
    }
}

async fn patiently() -> Result<Systemd, SystemdError> {
    let mut patience = Patience::new(BUSY);
    loop {
        match Systemd::connect().await {
            Err(error) if !patience.wait().await => return Err(error),
            Err(_) => {}
            connected => return connected,
        }
    }
}
