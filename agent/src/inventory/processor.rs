//! Processors and memory, with the crate `sysinfo`. It looks at the running machine alone, so a fixture cannot stand in
//! for that part. Must not ask for anything that changes while the machine does not: loads, frequencies, free memory.

use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::sysfs::{Tree, plain};

/// The processors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processor {
    /// The model of the first.
    pub model: Option<String>,
    /// As `uname -m` has it.
    pub architecture: String,
    /// How many the kernel schedules on; a core with two threads counts twice.
    pub cpus: Option<u64>,
    /// How many cores there are.
    pub cores: Option<u64>,
}

/// The memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// What is built in, in bytes: the blocks that the kernel has online. `None` where it does not report.
    pub installed: Option<u64>,
    /// What the kernel has to give, in bytes: without what firmware and kernel keep for themselves.
    pub usable: Option<u64>,
}

impl Processor {
    pub(super) fn of_this_machine() -> Self {
        let system = System::new_with_specifics(RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing())).ok();
        let cpus = system.as_ref().map(System::cpus).unwrap_or_default();
        let model = cpus.first().map(|cpu| plain(cpu.brand().trim()));
        Self {
            model: model.filter(|model| !model.is_empty()),
            architecture: System::cpu_arch(),
            cpus: u64::try_from(cpus.len()).ok().filter(|count| *count > 0),
            cores: System::physical_core_count().ok().and_then(|count| u64::try_from(count).ok()),
        }
    }
}

const BLOCKS: &str = "sys/devices/system/memory";

impl Memory {
    pub(super) fn of(tree: Tree<'_>) -> Self {
        let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
        let usable =
            System::new_with_specifics(memory).ok().map(|system| system.total_memory()).filter(|bytes| *bytes > 0);
        Self { installed: installed(tree), usable }
    }
}

/// As lsmem(1) counts.
fn installed(tree: Tree<'_>) -> Option<u64> {
    let block = u64::from_str_radix(&tree.line(format!("{BLOCKS}/block_size_bytes"))?, 16).ok()?;
    let online = tree.names(BLOCKS).into_iter().filter(|name| tree.flag(format!("{BLOCKS}/{name}/online"))).count();
    block.checked_mul(u64::try_from(online).ok()?).filter(|bytes| *bytes > 0)
}
