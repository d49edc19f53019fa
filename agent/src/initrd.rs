//! The stage in the initrd: what kind of boot this is, the configuration, the machine; each is reported at once and handed
//! over to the units of the system.
//!
//! ```text
//! kernel command line ─► Parameters ─┐
//! sources (delivery) ────────────────┼─► search ─► the first valid one ─┐
//! systemd: the root file system ─────┘                                  ├─► /run/first-boot-agent/ ─► the join units
//! root file system ─► BootKind ─────── hardware ─► Inventory ───────────┘
//! ```
//!
//! It must never keep a machine from booting: once the root file system is there it waits for nothing but what the kernel's
//! command line asks for, and for that within a bound; what goes wrong is reported, and the boot goes on, unless the
//! configuration or the command line says that it must not.

mod bounded;
mod judge;
#[cfg(test)]
mod partition_tests;
mod partitions;
mod pending;
mod search;
mod stage;
#[cfg(test)]
mod tests;

pub use bounded::is_held;
pub use stage::{Ended, Stage};

/// Where an initrd mounts the root file system (bootup(7)).
pub const SYSROOT: &str = "/sysroot";
