//! `etcd-v3`: etcd, as the configuration has it.

use super::{
    super::{
        fields::{Fields, Row},
        kind::{
            Absent::{Default, Derived, Open},
            Kind::Text,
            fields,
        },
        table::WHOLE,
        text_kinds::{API_PATH, CLUSTER, ENVIRONMENT_FILE, PASSWORD_FILE, USER},
        value::{ApiPath, ClusterName, UserName},
    },
    Entry, Traits,
};
use std::path::{Path, PathBuf};

fields! {
    OWN, ETCD: EtcdKeys, any_service ""
    health_path: ApiPath = Text(&API_PATH), Default("\"/health\""), "`GET`: 200 when healthy.";
    cluster: ClusterName = Text(&CLUSTER), Derived("cluster_name and its name"),
        "The initial-cluster-token of a cluster that this node bootstraps; use a new one for each new cluster.";
    environment_file: PathBuf = Text(&ENVIRONMENT_FILE), Derived("its name: /var/lib/first-boot-automation/NAME.env"),
        "Where the agent writes the unit's environment before it starts the unit. It never changes a file of another program.";
    user: UserName = Text(&USER), Open, "The account to log in with, if authentication is on.";
    password_file: PathBuf = Text(&PASSWORD_FILE), Open,
        "A file of mode 0600 with its password; otherwise the credential NAME-password.";
}

/// What only an etcd has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etcd {
    /// `GET`: 200 when healthy.
    pub health_path: ApiPath,
    /// The token of a cluster that this node bootstraps.
    pub token: String,
    /// The environment of its unit, which the agent writes.
    pub environment_file: PathBuf,
    /// The account to log in with, where authentication is on.
    pub user: Option<UserName>,
    /// The file with its password.
    pub password_file: Option<PathBuf>,
}

pub(super) fn read(fields: &mut Fields, row: Row) -> Option<Etcd> {
    let name = row.name;
    let token = match (fields.get(ETCD.cluster.of(row.name)), fields.get(WHOLE.cluster_name)) {
        (Some(token), _) => token.to_string(),
        (None, Some(cluster)) => format!("{cluster}-{name}"),
        (None, None) => name.to_string(),
    };
    let environment_file = ETCD.environment_file.of(row.name);
    if !fields.is_given(&environment_file) {
        let file = PathBuf::from(format!("/var/lib/first-boot-automation/{name}.env"));
        fields.derive(environment_file, file, "its name");
    }
    Some(Etcd {
        health_path: fields.get(ETCD.health_path.of(row.name))?,
        token,
        environment_file: fields.get(environment_file)?,
        user: fields.get(ETCD.user.of(row.name)),
        password_file: fields.get(ETCD.password_file.of(row.name)),
    })
}

impl Traits for Etcd {
    fn health_path(&self) -> &ApiPath {
        &self.health_path
    }

    fn is_added_first(&self) -> bool {
        true
    }

    fn environment_file(&self) -> Option<&Path> {
        Some(&self.environment_file)
    }

    fn password_file(&self) -> Option<&Path> {
        self.password_file.as_deref()
    }

    /// etcdctl takes the id in hexadecimal; what is none is a foreign word.
    fn removal_by_hand(&self, &Entry { key, shown, at, tls, .. }: &Entry<'_>) -> String {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return format!("with etcdctl on {at}, since {shown:?} is not a member id");
        }
        format!(
            "ETCDCTL_API=3 etcdctl --endpoints={at} --cacert={} --cert={} --key={} member remove {key}",
            tls.ca.display(),
            tls.certificate.display(),
            tls.key.display()
        )
    }
}
