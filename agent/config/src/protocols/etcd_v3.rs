//! `etcd-v3`: etcd, as the configuration has it.

use super::{
    super::{
        fields::Fields,
        group::Group,
        kind::{Kind::Text, Value},
        table::{
            Absent::{Default, Derived, Open},
            Field, field,
        },
        text_kinds::{API_PATH, CLUSTER, FILE, USER},
        value::{ApiPath, ClusterName, UserName},
    },
    Entry, Traits,
};
use std::path::{Path, PathBuf};

pub(super) const OWN: &[Field] = &[
    field("health_path", Text(&API_PATH), Default("\"/health\""), "`GET`: 200 when healthy."),
    field(
        "cluster",
        Text(&CLUSTER),
        Derived("cluster_name and its name"),
        "What etcd calls the token of a cluster that this node bootstraps: another one for each cluster that is begun.",
    ),
    field(
        "environment_file",
        Text(&FILE),
        Derived("its name: /var/lib/first-boot-automation/NAME.env"),
        "Where the unit's environment is written before it is started. One that another program has written is left alone.",
    ),
    field("user", Text(&USER), Open, "The account to log in with, where authentication is on."),
    field(
        "password_file",
        Text(&FILE),
        Open,
        "A file of mode 0600 with its password; else the credential NAME-password.",
    ),
];

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

pub(super) fn read(fields: &mut Fields, group: &Group) -> Option<Etcd> {
    let name = group.row.name;
    let token =
        match (fields.get::<ClusterName>(&group.row.path("cluster")), fields.get::<ClusterName>("$.cluster_name")) {
            (Some(token), _) => token.to_string(),
            (None, Some(cluster)) => format!("{cluster}-{name}"),
            (None, None) => name.to_string(),
        };
    let path = group.row.path("environment_file");
    if !fields.is_given(&path) {
        let file = PathBuf::from(format!("/var/lib/first-boot-automation/{name}.env"));
        fields.derive(&path, Value::File(file), "its name");
    }
    Some(Etcd {
        health_path: fields.get(&group.row.path("health_path"))?,
        token,
        environment_file: fields.get(&path)?,
        user: fields.get(&group.row.path("user")),
        password_file: fields.get(&group.row.path("password_file")),
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

    /// etcdctl takes the id in hexadecimal; what is none is a foreign word.
    fn removal_by_hand(&self, &Entry { key, shown, at, tls, .. }: &Entry<'_>) -> String {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return format!("with etcdctl on {at}, since {shown:?} is no id of a member");
        }
        format!(
            "ETCDCTL_API=3 etcdctl --endpoints={at} --cacert={} --cert={} --key={} member remove {key}",
            tls.ca.display(),
            tls.certificate.display(),
            tls.key.display()
        )
    }
}
