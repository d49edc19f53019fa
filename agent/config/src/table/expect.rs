//! The fields under `expect`: what the machine must have before it joins anything.

use super::super::{
    kind::{
        Absent::{Default, Open},
        Kind::{self, Flag, List, Map},
        fields,
    },
    text_kinds::{LINK, SIZE},
    value::{Label, LinkChoice},
};

/// More of a part than there is in any machine is a slip of the pen.
const NUMBER: Kind = Kind::Count(1, 1 << 16);

fields! {
    EXPECT_FIELDS, EXPECT: Expect, whole "expect."
    memory: u64 = Kind::Size(1 << 20, 1 << 50), Open, "The minimum of installed memory.";
    cpus: u32 = NUMBER, Open, "The minimum number of CPUs; a core with two threads counts as two.";
    disks: u32 = NUMBER, Open, "The minimum number of disks, without removable ones.";
    partitions: Vec<(Label, u64)> = Map(&SIZE), Open,
        "GPT partitions that must exist, and their minimum sizes. A key is a label, or the name or GUID of a type: `esp`, \
         `root` (of any architecture), `first-boot-config`.";
    links: Vec<LinkChoice> = List(&LINK), Open, "Network links that must be up; the agent waits for them.";
    clock: bool = Flag, Default("false"), "Whether the clock must be set; the agent waits for it.";
}
