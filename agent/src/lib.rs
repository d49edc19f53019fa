//! first-boot-agent makes a freshly installed machine a member of its cluster, unattended.
//!
//! The flow goes one way:
//!
//! ```text
//! config file ─ parse ─ validate ─► Config ─┐
//! markers, machine ─ observe ─► Observed ───┼─► plan (pure) ─► Decision per step ─► run ─► events, exit code
//! command line ─► Step ─────────────────────┘                                      │
//!                                                              systemd · cluster · markers
//! ```
//!
//! - [`config`] finds, reads and watches the cluster configuration; the crate `first-boot-config` checks it and hands out
//!   validated types.
//! - [`plan`] decides, as data: steps, member lists, the health verdict. It is pure.
//! - [`boot`] knows the kind of this boot and what its initrd left behind.
//! - [`initrd`] is the stage before the root file system is mounted; [`delivery`] gets a configuration there.
//! - [`run`] executes decisions through the ports that it owns.
//! - [`systemd`] watches units, over the system bus or PID 1's private socket.
//! - [`protocols`] speak the services' APIs, a module each, over [`http`]: verified TLS, deadlines, and failures in classes.
//! - `names` resolves names, from the hosts file and name servers.
//! - [`markers`] is the only writer of state, [`durable`] makes it survive a power cut. [`secret_file`] reads secrets.
//! - [`regular_file`] opens regular files and nothing else; `obstacle` knows the remedy when that fails.
//! - `directory_watch` and `mount_watch` report that something has changed, as something to await.
//! - [`inventory`] lists the machine's hardware; [`disks`] finds block devices and reads their partition tables; `sysfs` reads
//!   what the kernel and udev report about hardware; [`hardware_address`], of the configuration's crate, is the address of a
//!   network interface; [`filler`] knows the placeholder names that identify no machine.
//! - [`data_directory`] moves a service's data aside, for `reset`.
//! - [`retry`] knows how long to wait; `clock` what time it is; `random` asks the kernel for numbers.
//! - [`events`] is everything that the agent reports, each with a MESSAGE_ID; `foreign_text` makes foreign text safe to show,
//!   `shell_word` a path safe to paste.
//! - [`cli`] is the command line: it connects the modules and prints.
//! - For tests alone: `crash` has the places at which a test build can be killed, `fuzzing` the readers of foreign bytes.

// Tests of the run share their etcd servers with those that use this crate from outside.
#[cfg(test)]
extern crate self as first_boot_agent;

#[macro_use]
mod crash;

pub mod boot;
pub mod cli;
mod clock;
pub mod config;
pub mod data_directory;
pub mod delivery;
mod directory_watch;
pub mod disks;
pub mod durable;
pub mod events;
pub mod filler;
mod foreign_text;
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod initrd;
pub mod inventory;
pub mod markers;
mod mount_watch;
mod names;
mod obstacle;
pub mod plan;
pub mod protocols;
mod random;
pub mod regular_file;
pub mod retry;
pub mod run;
pub mod secret_file;
mod shell_word;
mod sysfs;
pub mod systemd;

pub use first_boot_config::hardware_address;
