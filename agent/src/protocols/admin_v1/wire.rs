//! How a member list is read from JSON: objects are objects, and what need not be there may have any shape.

use serde_json::Value;

use crate::plan::member::{Answered, Leader, Member, MemberAddress, MemberList, Word};

/// The answer of `GET /admin/cluster/members`; `None` where it is none. What the design does not demand (`leader`,
/// `cluster_id`) is used where the service offers it, and passed over where it has another shape.
pub(super) fn list(body: &Value, answered: Answered) -> Option<MemberList> {
    let members = body.get("members")?.as_array()?.iter().map(member).collect::<Option<_>>()?;
    let cluster_id = body.get("cluster_id").and_then(identity);
    Some(MemberList { members, leader: leader(body.get("leader")), cluster_id, answered })
}

fn member(entry: &Value) -> Option<Member> {
    let id = Word::read(entry.get("id")?)?;
    Some(Member {
        key: id.clone(),
        id,
        raft_addr: MemberAddress::new(entry.get("raft_addr")?.as_str()?),
        status: entry.get("status").map_or(Some(Word::default()), Word::read)?,
        // A role that is no word says that this is a member of some kind, and not of which.
        role: entry.get("role").filter(|role| !role.is_null()).map(|role| Word::read(role).unwrap_or("?".into())),
        incarnation: entry.get("incarnation").and_then(identity),
    })
}

/// The identity of a cluster, of a node or of a data directory: every spelling of "none" is none.
pub(super) fn identity(value: &Value) -> Option<Word> {
    Word::read(value).filter(|word| !word.is_nobody())
}

/// `"ID"`, `{"id": "ID"}` or null; any other shape reports nothing.
fn leader(value: Option<&Value>) -> Leader {
    let id = match value {
        Some(Value::Object(leader)) => leader.get("id"),
        other => other,
    };
    match id {
        None | Some(Value::Array(_) | Value::Object(_) | Value::Bool(true)) => Leader::NotReported,
        Some(Value::Null | Value::Bool(false)) => Leader::Unknown,
        // A number with a fraction is no id.
        Some(id) => Word::read(id)
            .map_or(Leader::NotReported, |id| if id.is_nobody() { Leader::Unknown } else { Leader::Known(id) }),
    }
}
