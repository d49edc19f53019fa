//! Ways in which a node's own TLS files do not fit.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cluster_standin::TrialCluster;
use cluster_standin::pki::{Authority, Validity};

use super::Node;

type Spoil = fn(&Node, &TrialCluster);

/// Ways in which a node's TLS files do not fit: a name, the event that reports it, and how to bring it about.
pub(crate) const SPOILT_FILES: &[(&str, &str, Spoil)] = &[
    ("another CA", "BlockedTrust", |node, _| {
        fs::write(node.path("ca.crt"), Authority::create().unwrap().certificate_pem()).unwrap();
    }),
    ("no CA", "BlockedTrust", |node, _| fs::remove_file(node.path("ca.crt")).unwrap()),
    ("a CA file that is not a certificate", "BlockedTrust", |node, _| {
        fs::write(node.path("ca.crt"), "nothing").unwrap();
    }),
    ("an expired certificate", "BlockedTrust", |node, cluster| issue(node, &cluster.authority, Validity::Expired)),
    ("the key of another certificate", "BlockedTrust", |node, cluster| {
        let certificate = fs::read(node.path("node.crt")).unwrap();
        issue(node, &cluster.authority, Validity::Valid);
        fs::write(node.path("node.crt"), certificate).unwrap();
    }),
    ("a missing key", "BlockedSecret", |node, _| fs::remove_file(node.path("node.key")).unwrap()),
    ("a key that others can read", "BlockedSecret", |node, _| {
        fs::set_permissions(node.path("node.key"), fs::Permissions::from_mode(0o644)).unwrap();
    }),
    ("a key that is none", "BlockedTrust", |node, _| fs::write(node.path("node.key"), "nothing").unwrap()),
];

fn issue(node: &Node, authority: &Authority, validity: Validity) {
    let certificate = authority.issue("node", &["127.0.0.1".to_owned()], validity).unwrap();
    certificate.write(node.directory.path(), "node").unwrap();
}
