//! What resolv.conf, the hosts file and name servers say: nothing that DNS can have no name for is searched, a lookup has its
//! bound, and an answer holds addresses of the family that was asked for.

use std::time::Duration;

use first_boot_agent::fuzzing::{dns_answer, hosts_line, resolv_conf};

use crate::assert_plain;

/// The name that is looked up.
const NAME: &str = "node01.example";

/// Takes any bytes as each of the three; a message has its id in front.
pub fn names(data: &[u8]) {
    let (servers, search, bound) = resolv_conf(data);
    assert!(servers.len() <= 3 && search.len() <= 32);
    assert!((Duration::from_secs(5)..=Duration::from_secs(30)).contains(&bound), "{bound:?}");
    for text in servers.iter().chain(&search) {
        assert_plain(text);
    }
    for domain in search.iter().filter(|domain| !domain.is_empty()) {
        // An answer to nothing: whether the question can be asked is all that counts.
        let code = [0, 0, 0x80, 5, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(dns_answer(&code, 0, domain, false).is_some(), "{domain:?} is searched");
    }
    for line in data.split(|byte| *byte == b'\n') {
        if hosts_line(line, NAME).is_some() {
            assert!(line.to_ascii_lowercase().windows(NAME.len()).any(|part| part == NAME.as_bytes()));
        }
    }
    let Some((id, _)) = data.split_first_chunk() else { return };
    for is_v6 in [false, true] {
        match dns_answer(data, u16::from_be_bytes(*id), NAME, is_v6) {
            Some(Ok(addresses)) => {
                // An IPv4 address in the form of IPv6 is the IPv4 address.
                assert!(is_v6 || addresses.iter().all(std::net::IpAddr::is_ipv4), "{addresses:?}");
            }
            Some(Err(why)) => assert_plain(&why),
            None => {}
        }
        assert!(dns_answer(data, !u16::from_be_bytes(*id), NAME, is_v6).is_none(), "another id");
    }
}
