//! `admin-v1`: the admin API of chainfire and flaredb, as the configuration has it.

use super::{
    super::{
        fields::{Fields, Row},
        key::Key,
        kind::{
            Absent::{Default, Inner},
            Field,
            Kind::{Object, Text},
            field, fields,
        },
        text_kinds::API_PATH,
        value::ApiPath,
    },
    Entry, Traits,
};

pub(crate) const OWN: &[Field] = &[field("paths", Object(PATH_FIELDS), Inner, "The paths of its API calls.")];

fields! {
    PATH_FIELDS, PATHS: Paths, any_service "paths."
    health: ApiPath = Text(&API_PATH), Default("\"/health\""), "`GET`: 200 when healthy.";
    members: ApiPath = Text(&API_PATH), Default("\"/admin/cluster/members\""), "`GET`: the member list.";
    add: ApiPath = Text(&API_PATH), Default("\"/admin/member/add\""), "`POST`: adds a member.";
    member: ApiPath = Text(&API_PATH), Default("\"/admin/member\""), "`DELETE`, with `/ID` appended: removes a member.";
    kv: ApiPath = Text(&API_PATH), Default("\"/v1/kv\""),
        "`PUT` and `GET`, with `/KEY` appended: the health check's probe.";
}

/// Where the calls are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiPaths {
    /// `GET`: 200 when healthy.
    pub health: ApiPath,
    /// `GET`: the member list.
    pub members: ApiPath,
    /// `POST`: adds a member.
    pub add: ApiPath,
    /// `DELETE`, with the member's id appended: removes a member.
    pub member: ApiPath,
    /// `PUT` and `GET`, with the key appended: the health check's probe.
    pub kv: ApiPath,
}

pub(super) fn read(fields: &mut Fields, row: Row) -> Option<ApiPaths> {
    let path = |key: Key<ApiPath>| fields.get(key.of(row.name));
    Some(ApiPaths {
        health: path(PATHS.health)?,
        members: path(PATHS.members)?,
        add: path(PATHS.add)?,
        member: path(PATHS.member)?,
        kv: path(PATHS.kv)?,
    })
}

/// The longest id that a command shows in full, in bytes.
const LONGEST_IN_A_COMMAND: usize = 128;

impl Traits for ApiPaths {
    fn health_path(&self) -> &ApiPath {
        &self.health
    }

    fn removal_by_hand(&self, &Entry { service, id, shown, at, tls, .. }: &Entry<'_>) -> String {
        // A URL would leave it out or go up, and the command would delete something else; or the message is cut within it.
        if matches!(id, "" | "." | "..") || id.len() > LONGEST_IN_A_COMMAND {
            return format!("with the tools of {service} on {at}, since no command can name the id {shown:?}");
        }
        let identity = if tls.identity_required {
            format!(" --cert {} --key {}", tls.certificate.display(), tls.key.display())
        } else {
            String::new()
        };
        let url = at.join(&self.member.of(id)).to_string().replace('\'', "%27");
        format!("curl --fail-with-body --cacert {}{identity} -X DELETE '{url}'", tls.ca.display())
    }
}
