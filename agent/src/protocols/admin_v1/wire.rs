//! How a member list is read from JSON: objects are objects, and what need not be there may have any shape.

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Value;

use crate::http::Object;
use crate::plan::member::{Answered, Leader, Member, MemberAddress, MemberList, Word};

/// The answer of `GET /admin/cluster/members`. What the design does not demand (`leader`, `cluster_id`, `role`) is used
/// where the service offers it, and passed over where it has another shape.
#[derive(Deserialize)]
pub(super) struct List {
    members: Vec<Object<Entry>>,
    #[serde(default, deserialize_with = "leader")]
    leader: Leader,
    #[serde(default, deserialize_with = "identity")]
    cluster_id: Option<Word>,
}

#[derive(Deserialize)]
struct Entry {
    id: Word,
    raft_addr: String,
    #[serde(default)]
    status: Word,
    #[serde(default, deserialize_with = "optional_word")]
    role: Option<Word>,
    #[serde(default, deserialize_with = "identity")]
    incarnation: Option<Word>,
}

impl List {
    /// As the plan sees it.
    pub(super) fn answered(self, answered: Answered) -> MemberList {
        let member = |Object { of: Entry { id, raft_addr, status, role, incarnation } }| {
            let raft_addr = MemberAddress::new(&raft_addr);
            Member { key: id.clone(), id, raft_addr, status, role, incarnation }
        };
        let members = self.members.into_iter().map(member).collect();
        MemberList { members, leader: self.leader, cluster_id: self.cluster_id, answered }
    }
}

fn optional_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Word>, D::Error> {
    Value::deserialize(deserializer).map(|value| Word::deserialize(value).ok())
}

/// The identity of a cluster or of a data directory: every spelling of nobody tells none.
fn identity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Word>, D::Error> {
    optional_word(deserializer).map(|word| word.filter(|word| !word.is_nobody()))
}

/// `"ID"`, `{"id": "ID"}` or null; any other shape tells nothing. Every spelling of nobody is nobody.
fn leader<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Leader, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let id = match &value {
        Value::Object(leader) => leader.get("id"),
        other => Some(other),
    };
    Ok(match id {
        None | Some(Value::Array(_) | Value::Object(_) | Value::Bool(true)) => Leader::NotTold,
        Some(Value::Null | Value::Bool(false)) => Leader::Unknown,
        Some(id) => match Word::deserialize(id) {
            Ok(id) if id.is_nobody() => Leader::Unknown,
            Ok(id) => Leader::Known(id),
            // A number with a fraction is nobody's id.
            Err(_) => Leader::NotTold,
        },
    })
}
