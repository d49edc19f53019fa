//! The fields under `expect`: what the machine must have before it joins anything.

use super::{
    super::text_kinds::{LINK, SIZE},
    Absent::{Default, Open},
    Field, Kind,
    Kind::{Flag, List, Map},
    field,
};

/// More of a part than there is in any machine is a slip of the pen.
const NUMBER: Kind = Kind::Count(1, 1 << 16);

pub(super) static EXPECT: &[Field] = &[
    field("memory", Kind::Size(1 << 20, 1 << 50), Open, "The least memory, as built in."),
    field("cpus", NUMBER, Open, "The least number of CPUs; a core with two threads counts as two."),
    field("disks", NUMBER, Open, "The least number of disks, not counting removable ones."),
    field(
        "partitions",
        Map(&SIZE),
        Open,
        "GPT partitions that must be there, and their least sizes. A key is a label, or the name or GUID of a type: `esp`, \
         `root` (of whatever architecture), `first-boot-config`.",
    ),
    field("links", List(&LINK), Open, "Network links that must be up; they are waited for."),
    field("clock", Flag, Default("false"), "Whether the clock must have been set; it is waited for."),
];
