//! What is filler, and what is real though it may not look so.

use super::{is_address, is_drive_serial, is_serial, is_uuid, is_words, is_wwid};

#[test]
fn f09_words_and_digits_of_nobody_are_no_serial_numbers() {
    for filler in [
        "0",
        "00000000",
        "0000-0000-0000",
        "1",
        "1111111",
        "123",
        "12345",
        "123456789",
        "0123456789",
        "1234567890",
        "12345678901234567",
        "123456789000",
        "9876543210",
        "0123456789ABCDEF",
        "1234567890ABCDEF",
        "1234567812345678",
        "123412341234",
        "00112233445566778899",
        "FFFFFFFFFFFF",
        "xxx",
        "xxxxxxxxxxx",
        "NNNNNNN",
        "abcdefgh",
        ".",
        "-",
        "*",
        "",
        "Default string",
        "Default_string",
        "DEFAULT STRING ",
        "To be filled by O.E.M.",
        "To Be Filled By O.E.M. by More String",
        "ToBeFilledByO.E.M.",
        "System Serial Number",
        "SystemSerialNumb",
        "Chassis Serial Number",
        "Base Board Serial Number",
        "Type2 - Board Serial Number",
        "Not Specified",
        "NotSpecified",
        "Not Available",
        "Not Applicable",
        "None",
        "N/A",
        "n.a.",
        "(null string)",
        "INVALID",
        "Unknown",
        "OEM_Serial",
        "No Asset Tag",
        "SYS-1234567890",
        "SYS-9876543210",
        "MB-1234567890",
        "SN-12345",
        "SSN12345678901234567",
        "Asset-1234567890",
        "Serial number xxxxxx",
        "EVAL",
        "DELL",
        "Invalid Serial Number",
        "Default Serial Number",
        "$(DEFAULT_STRING)",
        "Not Defined",
    ] {
        assert!(is_serial(filler), "{filler:?}");
    }
}

#[test]
fn f09_a_real_serial_number_stays_one() {
    for real in [
        // Dell, HPE, Lenovo, Supermicro, IBM, Fujitsu.
        "5XK2Q13",
        "CZ12345678",
        "CZJ1110000",
        "J100ABC0",
        "S15337015200123",
        "A2LNV00",
        "YLNS000123",
        "06ABCDE",
        // Of drives.
        "WD-WCC4E1234567",
        "S3Z9NB0K123456X",
        "50026B7783000001",
        "QM00001",
        "drive-scsi0",
        "root",
        "1000",
        "100000",
        "00001234",
        "0000012345",
        "42",
        "321",
        "12346",
        "A",
        "AA",
        "A1",
        "SN-1",
        "MISSINGNO1",
        "MB1",
        "2112",
        "Nummer 7ß",
        "ÄÄÄ",
        "VMware-56 4d 11 22 33 44 55 66-77 88 99 aa bb cc dd ee",
        "none-of-your-business-17",
    ] {
        assert!(!is_serial(real), "{real:?}");
    }
}

#[test]
fn f09_a_virtual_disk_has_the_name_that_somebody_gave_it() {
    for label in ["empty", "default", "blank", "serial"] {
        assert!(!is_drive_serial(label) && is_serial(label), "{label}");
    }
    for filler in ["EMPTY", "Default string", "0", "xxxxxxxx", "", "none specified"] {
        assert!(is_drive_serial(filler), "{filler}");
    }
}

#[test]
fn f09_uuids_that_many_machines_have() {
    for filler in [
        "03000200-0400-0500-0006-000700080009",
        "{03000200-0400-0500-0006-000700080009}",
        "00020003-0004-0005-0006-000700080009",
        "00000000-0000-0000-0000-000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "01010101-0101-0101-0101-010101010101",
        "fefefefe-fefe-fefe-fefe-fefefefefefe",
        "deadbeef-dead-beef-dead-beefdeadbeef",
        "56f49712-ffff-ffff-ffff-ffffffffffff",
        "4c4c4544-0000-2010-8020-80c04f202020",
        "12345678-1234-1234-1234-123456789abc",
        "00010203-0405-0607-0809-0A0B0C0D0E0F",
        "03020100-0504-0706-0809-0a0b0c0d0e0f",
        "01020304-0506-0708-090a-0b0c0d0e0f10",
        "12345678-1234-5678-1234-567812345678",
        "01234567-89ab-cdef-0123-456789abcdef",
        "Not Settable",
        "2",
    ] {
        assert!(is_uuid(filler), "{filler}");
    }
    for real in [
        "4c4c4544-0042-3010-8052-c8c04f503432",
        // AMI's template with a network address in it.
        "03aa02fc-0414-05eb-d406-dc0700080009",
        // HPE's is made of product and serial number, in ASCII.
        "31393138-3538-5a43-3135-353130323750",
        "00000000-0000-0000-0000-ac1f6b000001",
        "6f0e5b2c-8d41-4c7a-9b63-2f1d8e7a4c05",
        "4C4C4544-0042",
    ] {
        assert!(!is_uuid(real), "{real}");
    }
}

#[test]
fn f09_identifiers_that_several_drives_have() {
    for filler in [
        "naa.0000000000000000",
        "0x0000000000000000",
        "naa.5000000000000001",
        "naa.5000000000000000",
        "naa.60000000000000000000000000000001",
        "naa.ffffffffffffffff",
        "eui.0000000000000000",
        "eui.0000000000000001",
        "eui.00000000000000000000000000000000",
        "eui.0123456789abcdef",
        "uuid.00000000-0000-0000-0000-000000000000",
        "t10.ATA     Some Model                              00000000000000000000",
        "nvme.126f-31323334353637383930-4d6f64656c-00000001",
        "",
    ] {
        assert!(is_wwid(filler), "{filler}");
    }
    for real in [
        "naa.5000c500a1b2c3d4",
        "naa.600a098038303053453f463045727a00",
        "naa.5002538000000001",
        "0x5000c500a1b2c3d4",
        "eui.0025385b71b00001",
        "eui.00000000000000018ce38e0300000001",
        "uuid.6f0e5b2c-8d41-4c7a-9b63-2f1d8e7a4c05",
        "t10.ATA     QEMU HARDDISK                           QM00001",
        "nvme.1b36-726f6f74-51454d55204e564d65204374726c-00000001",
    ] {
        assert!(!is_wwid(real), "{real}");
    }
}

#[test]
fn f09_addresses_that_no_interface_has_alone() {
    let is_filler = |text: &str| is_address(text.parse().unwrap());
    for filler in [
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "01:00:5e:00:00:01",
        "44:44:44:44:44:44",
        "00:11:22:33:44:55",
        "12:34:56:78:9a:bc",
        "00:a0:c6:00:00:00",
    ] {
        assert!(is_filler(filler), "{filler}");
    }
    for real in
        ["52:54:00:00:00:01", "00:25:90:00:00:01", "02:00:00:00:00:01", "00:00:00:00:00:01", "00:0c:29:11:11:11"]
    {
        assert!(!is_filler(real), "{real}");
    }
}

#[test]
fn a_name_in_words_is_no_filler_for_its_digits() {
    assert!(is_words("System manufacturer") && is_words("To be filled by O.E.M.") && is_words("Default string"));
    assert!(!is_words("Standard PC (Q35 + ICH9, 2009)") && !is_words("1111") && !is_words("X99"));
}
