//! How a member list is read from JSON: objects are objects, what need not be there may have any shape, and a list that
//! contradicts itself is refused as a whole.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::config::RaftServiceConfig;

use super::{Leader, Member, MemberList, Word};

/// A JSON object that is read as `T`. Without this, a derived reader takes an array of the right length as well.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = T;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Reader(PhantomData)).map(Object)
    }
}

pub(super) fn members<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Member>, D::Error> {
    Vec::<Object<Member>>::deserialize(deserializer)
        .map(|members| members.into_iter().map(|Object(member)| member).collect())
}

pub(super) fn optional_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Word>, D::Error> {
    Value::deserialize(deserializer).map(|value| Word::deserialize(value).ok())
}

/// The identity of a cluster or of a data directory: every spelling of nobody tells none.
pub(super) fn identity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Word>, D::Error> {
    optional_word(deserializer).map(|word| word.filter(|word| !word.is_nobody()))
}

/// `"ID"`, `{"id": "ID"}` or null; any other shape tells nothing. Every spelling of nobody is nobody.
pub(super) fn leader<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Leader, D::Error> {
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

/// Two entries of a list of which at most one can be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// What they share: `id` or `address`.
    pub shared: &'static str,
    /// The one.
    pub one: Member,
    /// The other.
    pub other: Member,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shared, one, other } = self;
        write!(formatter, "the member list contradicts itself, two entries have one {shared}: {one}, and {other}")
    }
}

impl MemberList {
    /// Two entries with one id, or with one address in whatever spelling, two names of this node among them: such a list can
    /// be believed in nothing, for a node that is listed twice makes a majority that is none.
    #[must_use]
    pub fn contradiction(&self, service: &RaftServiceConfig) -> Option<Contradiction> {
        let found =
            |shared, one: &Member, other: &Member| Contradiction { shared, one: one.clone(), other: other.clone() };
        let (mut ids, mut addresses, mut own) = (HashMap::new(), HashMap::new(), None);
        for member in &self.members {
            if let Some(one) = ids.insert(&member.id, member) {
                return Some(found("id", one, member));
            }
            if member.raft_addr.is_own(service)
                && let Some(one) = own.replace(member)
            {
                return Some(found("address", one, member));
            }
            for key in member.raft_addr.meanings(service.raft_port) {
                if let Some(one) = addresses.insert(key, member)
                    && !std::ptr::eq(one, member)
                {
                    return Some(found("address", one, member));
                }
            }
        }
        None
    }
}
