//! This boot: what kind it is, and what its initrd has left for the installed system.
//!
//! Facts alone. Who finds them out is `initrd`, who uses them `inventory` and the steps.

mod hand_over;
mod kind;
mod within;

pub use hand_over::{Boot, ConfigOrigin, DIRECTORY, Refusal, put, take_back};
pub use kind::BootKind;
pub use within::within;
