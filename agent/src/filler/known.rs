//! Filler that no rule finds, with where it was reported. Letters and digits alone, in lower case, unless said otherwise.
//! A line is added when a value is seen on machines that are not one. Must not hold a value that a rule finds.

/// Words in the place of a name. Sources: GLPI's `Blacklist::getDefaults`, the kernel's and dmidecode's hardware dumps,
/// fusioninventory/fusioninventory-for-glpi#689.
pub(super) const WORDS: &[&str] = &[
    "allseries",
    "blank",
    "default",
    "dell",
    "empty",
    "eval",
    "filledbyoem",
    "fillbyoem",
    "iatpass",
    "invalid",
    "manufacturer",
    "missing",
    "na",
    "nil",
    "noassetinformation",
    "none",
    "nonespecified",
    "notapplicable",
    "notassigned",
    "notavailable",
    "notdefined",
    "notpopulated",
    "notpresent",
    "notprovided",
    "notset",
    "notsettable",
    "notspecified",
    "null",
    "oem",
    "productname",
    "systemmanufacturer",
    "systemname",
    "systemproductname",
    "systemserialnumb",
    "systemsku",
    "systemversion",
    "tbd",
    "tobeassigned",
    "tobedefined",
    "tobedetermined",
    "tulipcomputers",
    "unassigned",
    "undefined",
    "unknow",
    "unknown",
    "unspecified",
];

/// How AMI's texts begin (`To Be Filled By O.E.M. by More String`).
pub(super) const WORDS_BEGIN: &str = "tobefilled";

/// Whose name it would be, where the text says no more than what belongs there: `Chassis Serial Number`, `No Asset Tag`.
pub(super) const OWNERS: &[&str] = &["", "no", "baseboard", "board", "chassis", "motherboard", "system", "type2board"];

/// What may be behind one of the words, or of the owners.
pub(super) const WORDS_END: &[&str] = &["serialnumber", "serial", "number", "string", "value", "uuid", "assettag"];

/// What may be before digits that count up: `SYS-1234567890`, `Asset-1234567890`, `Serial number xxxxxx`.
pub(super) const LABELS: &[&str] =
    &["asset", "chassis", "mb", "serial", "serialnumber", "sn", "ssn", "sys", "systemserialnumber"];

/// UUIDs, as SMBIOS has them, with dashes.
pub(super) const UUIDS: &[&str] = &[
    // AMI's template in both byte orders: FOGProject/fogproject#196, oshi/oshi#2417, FreeBSD's rc.d/hostid. Some vendors
    // write the bytes of a network address between its own (03aa02fc-0414-…); such a one is unique.
    "03000200-0400-0500-0006-000700080009",
    "00020003-0004-0005-0006-000700080009",
    // FreeBSD's rc.d/hostid.
    "07090201-0103-0301-0807-060504030201",
    "11111111-2222-3333-4444-555555555555",
    "890e2d14-cacd-45d1-ae66-bc80e8bfeb0f",
    "8e275844-178f-44a8-aceb-a7d7e5178c63",
    "dc698397-fa54-4cf2-82c8-b1b5307a6a7f",
    // Dell, whose UUID is made of the service tag, without one; in both byte orders.
    "4c4c4544-0000-2010-8020-80c04f202020",
    "44454c4c-0000-1020-8020-80c04f202020",
    // Digits that count up in each group: examples of manuals.
    "12345678-1234-1234-1234-123456789abc",
    "12345678-1234-5678-90ab-cddeefaabbcc",
    "12345678-1234-5678-9abc-def012345678",
    // Rockstor's list (rockstor/rockstor-core#1964, #2143).
    "5c4606fa-192f-453a-b299-7b088c63bb9b",
    "00000000-0000-0000-0807-060504030201",
    // GLPI's list: found on two HP computers.
    "6ab5b300-538d-1014-9fb5-b0684d007b53",
    // Constants in the source of firmware: MinnowBoard (tianocore/edk2-platforms#276), SolidRun LX2160A
    // (SolidRun/lx2160a_uefi#4).
    "a5000288-6462-4524-986a-9b7737e315cf",
    "8a95d198-7f46-11e5-bf8b-08002704d48e",
];

/// Addresses of network interfaces, as they are shown. Sources: GLPI's `Blacklist::getDefaults`.
pub(super) const ADDRESSES: &[&str] = &["00:a0:c6:00:00:00", "00:0b:ca:fe:00:00", "20:41:53:59:4e:ff"];
