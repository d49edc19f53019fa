//! What holds of any bytes in the place of keys, certificates and algorithms, peers' own included.

use std::path::Path;

use proptest::prelude::*;

use super::algorithm::{kind_of_key, name_of};
use super::der::{elements, object_identifier};
use super::instead::{self, Wanted};

#[test]
fn identifiers_are_written_as_people_write_them() {
    for (bytes, expected) in [
        (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01][..], "1.2.840.113549.1.1.1"),
        (&[0x2b, 0x65, 0x70], "1.3.101.112"),
        (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11], "2.16.840.1.101.3.4.3.17"),
        (&[0x88, 0x37], "2.999"),
        (&[], ""),
    ] {
        assert_eq!(object_identifier(bytes), expected);
    }
}

/// Bytes that look like DER at first.
fn nearly_der() -> impl Strategy<Value = Vec<u8>> {
    let tag = prop::sample::select(vec![0x30_u8, 0x02, 0x03, 0x04, 0x06, 0xa0]);
    (prop::collection::vec((tag, 0_u8..0x90), 0..12), prop::collection::vec(any::<u8>(), 0..80))
        .prop_map(|(heads, tail)| heads.into_iter().flat_map(|(tag, length)| [tag, length]).chain(tail).collect())
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in nearly_der()) {
        let _ = (kind_of_key(&bytes), elements(&bytes).count());
        prop_assert!(name_of(&bytes).len() < 2000);
        for wanted in [Wanted::Certificate, Wanted::Key] {
            let said = instead::of(Path::new("/secrets/node.key"), &bytes, wanted, None);
            prop_assert!(said.reason.starts_with("/secrets/node.key cannot be used: ") && !said.remedy.is_empty());
        }
    }

    #[test]
    fn x2_no_content_of_a_file_is_shown(before in ".{0,40}", label in "[A-Z ]{0,30}", after in ".{0,40}") {
        let text = format!("{before}\n-----BEGIN {label} c4nary-----\nc4nary{after}\n-----END c4nary-----\nc4nary");
        for wanted in [Wanted::Certificate, Wanted::Key] {
            let said = instead::of(Path::new("/secrets/node.key"), text.as_bytes(), wanted, None);
            prop_assert!(!format!("{said}").contains("c4nary"), "{said}");
        }
    }
}
