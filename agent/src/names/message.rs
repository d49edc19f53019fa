//! A question to a name server and the answer to it, as bytes (RFC 1035, section 4). The library does the forms; whether
//! an answer belongs to the question, and what it says, is judged here. Must not send anything.

use std::iter::successors;
use std::net::IpAddr;

use hickory_proto::op::{Header, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, DecodeError};

use super::unresolved::Failure;

/// Aliases that are followed within one answer.
const MOST_ALIASES: usize = 16;

/// What is asked: the addresses of one family that a name has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    name: Name,
    kind: RecordType,
}

/// What a name server says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has these addresses; never none.
    Addresses(Vec<IpAddr>),
    /// It exists, and has no address of this family.
    NoAddress,
    /// It does not exist.
    NoSuchName,
}

impl Question {
    /// The question for the IPv4 (`A`) or IPv6 addresses (`AAAA`) of a name; `None` where DNS can have no such name.
    pub(crate) fn new(name: &str, is_v6: bool) -> Option<Self> {
        let name = Name::from_labels(name.split('.').map(str::as_bytes)).ok()?;
        Some(Self { name, kind: if is_v6 { RecordType::AAAA } else { RecordType::A } })
    }

    /// The message that asks it. `None` does not happen: a name that exists can be written.
    pub(super) fn to_bytes(&self, id: u16) -> Option<Vec<u8>> {
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(self.name.clone(), self.kind));
        message.to_vec().ok()
    }
}

/// Reads what came from the name server that was asked `question` under this id. `None` is not the answer to this question: it
/// is late, or from another server, and the right one may still arrive.
pub(crate) fn read(bytes: &[u8], id: u16, question: &Question) -> Option<Result<Answer, Failure>> {
    let mut decoder = BinDecoder::new(bytes);
    let header = Header::read(&mut decoder).ok()?;
    let meta = header.metadata;
    if meta.id != id || meta.message_type != MessageType::Response || meta.op_code != OpCode::Query {
        return None;
    }
    let asked: Result<Vec<Query>, DecodeError> =
        (0..header.counts.queries).map(|_| Query::read(&mut decoder)).collect();
    match (asked.as_deref(), meta.response_code) {
        (Ok([asked]), _) if *asked.name() == question.name && asked.query_type() == question.kind => {}
        // Who refuses, or understands nothing, need not repeat the question.
        (Ok([]), code) if !is_definite(code) => {}
        _ => return None,
    }
    if meta.truncation {
        return Some(Err(Failure::CutOff));
    }
    if !is_definite(meta.response_code) {
        return Some(Err(Failure::Code(meta.response_code)));
    }
    // What else is in a message is of no use here, and need not be in order.
    let records: Result<Vec<Record>, DecodeError> =
        (0..header.counts.answers).map(|_| Record::read(&mut decoder)).collect();
    let Ok(records) = records else { return Some(Err(Failure::Garbled)) };
    let addresses = addresses(&records, question);
    let knows = meta.recursion_available || meta.authoritative;
    Some(match meta.response_code {
        _ if !addresses.is_empty() => Ok(Answer::Addresses(addresses)),
        ResponseCode::NXDomain => Ok(Answer::NoSuchName),
        // It neither knows the name nor asks other servers: another one may (RFC 1912, 2.8: lame delegation).
        _ if records.is_empty() && !knows => Err(Failure::Lame),
        _ => Ok(Answer::NoAddress),
    })
}

/// Whether the code says something about the name, and not about the server.
fn is_definite(code: ResponseCode) -> bool {
    matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}

/// The addresses of the name that was asked for, or of what it is an alias of.
fn addresses(records: &[Record], question: &Question) -> Vec<IpAddr> {
    let alias_of = |name: &&Name| {
        records.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == **name => Some(&target.0),
            _ => None,
        })
    };
    let aliases = successors(Some(&question.name), alias_of).take(1 + MOST_ALIASES);
    let name = aliases.last().unwrap_or(&question.name);
    let of_name = records.iter().filter(|record| record.name == *name);
    let found = of_name.filter_map(|record| match (&record.data, question.kind) {
        (RData::A(address), RecordType::A) => Some(IpAddr::from(address.0)),
        (RData::AAAA(address), RecordType::AAAA) => Some(IpAddr::from(address.0).to_canonical()),
        _ => None,
    });
    found.collect()
}
