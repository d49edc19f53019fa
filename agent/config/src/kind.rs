//! What a field of the config can hold: how it is checked, described to people
//! and described to machines, side by side so that the three cannot drift.
//! Must not know which fields there are.

use super::{
    table::Field,
    tree::Tree,
    value::{
        ApiPath, BaseUrl, Cidr, ClusterName, DnsName, HostPort, Label, LinkChoice, NodeId, NodeRole, Protocol,
        ServiceName, UnitName, UserName, ValueError, parse_duration, parse_size, show_duration, show_size,
    },
};
use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

/// The form of a field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Flag,
    Port,
    Count {
        least: u64,
        most: u64,
    },
    Time {
        least: Duration,
        most: Duration,
    },
    Size {
        least: u64,
        most: u64,
    },
    Text(&'static TextKind),
    /// A list of texts.
    List(&'static TextKind),
    /// An object whose keys are free.
    Map(&'static TextKind),
    Object(&'static [Field]),
    /// An object of services by name; which fields one has follows from its protocol.
    Services,
}

/// A text with rules of its own.
#[derive(Debug)]
pub(crate) struct TextKind {
    /// What it is, in words.
    pub(crate) name: &'static str,
    pub(crate) example: &'static str,
    /// Every text that [`TextKind::read`] takes fits this (ECMA 262).
    pub(crate) pattern: &'static str,
    pub(crate) read: fn(&str) -> Result<Value, ValueError>,
}

/// Declares the typed values that checked fields turn into, and the way back.
macro_rules! values {
    ($($variant:ident($type:ty)),+ $(,)?) => {
        /// A checked value.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) enum Value { $($variant($type)),+ }

        $(impl TryFrom<Value> for $type {
            type Error = Value;

            fn try_from(value: Value) -> Result<Self, Value> {
                match value {
                    Value::$variant(inner) => Ok(inner),
                    other => Err(other),
                }
            }
        })+
    };
}

values! {
    Flag(bool), Port(u16), Count(u32), Time(Duration), Size(u64),
    NodeId(NodeId), Role(NodeRole), Cluster(ClusterName), User(UserName), Unit(UnitName), Dns(DnsName), Label(Label),
    Ip(IpAddr), Address(HostPort), Url(BaseUrl), Api(ApiPath), File(PathBuf), Range(Cidr), Link(LinkChoice), Protocol(Protocol), Service(ServiceName), List(Vec<Value>),
    Map(Vec<(Label, Value)>),
}

impl Kind {
    /// What should stand there, in words.
    pub(crate) fn expected(&self) -> String {
        match self {
            Self::Flag => "true or false".to_owned(),
            Self::Port => "a port from 1 to 65535".to_owned(),
            Self::Count { least, most } => format!("a whole number from {least} to {most}"),
            Self::Time { least, most } => {
                format!("a duration from {} to {}, for example \"120s\"", show_duration(*least), show_duration(*most))
            }
            Self::Size { least, most } => {
                format!("a size from {} to {}, for example \"1MiB\"", show_size(*least), show_size(*most))
            }
            Self::Text(text) if text.name.contains(text.example) => text.name.to_owned(),
            Self::Text(text) => format!("{}, for example {}", text.name, text.example),
            Self::List(text) => format!("a list, each item {}, for example [\"{}\"]", text.name, text.example),
            Self::Map(text) => format!("an object, each value {}, for example \"{}\"", text.name, text.example),
            Self::Object(_) => "an object".to_owned(),
            Self::Services => "an object of services by name, each an object".to_owned(),
        }
    }

    /// Reads a single value. `Err(None)` says that even its type is wrong.
    pub(crate) fn read(&self, tree: &Tree) -> Result<Value, Option<ValueError>> {
        match (self, tree) {
            (Self::Flag, Tree::Flag(flag)) => Ok(Value::Flag(*flag)),
            (Self::Port, Tree::Count(count)) => match u16::try_from(*count) {
                Ok(port) if port > 0 => Ok(Value::Port(port)),
                _ => Err(None),
            },
            (Self::Count { least, most }, Tree::Count(count)) if (least..=most).contains(&count) => {
                u32::try_from(*count).map(Value::Count).map_err(|_| None)
            }
            (Self::Time { least, most }, _) => bounded(time(tree)?, least, most, Value::Time),
            (Self::Size { least, most }, _) => bounded(size(tree)?, least, most, Value::Size),
            (Self::Text(kind), Tree::Text(text)) => (kind.read)(text).map_err(Some),
            _ => Err(None),
        }
    }
}

fn time(tree: &Tree) -> Result<Duration, Option<ValueError>> {
    match tree {
        Tree::Count(seconds) => Ok(Duration::from_secs(*seconds)),
        Tree::Text(text) => parse_duration(text).map_err(Some),
        _ => Err(None),
    }
}

fn size(tree: &Tree) -> Result<u64, Option<ValueError>> {
    match tree {
        Tree::Count(bytes) => Ok(*bytes),
        Tree::Text(text) => parse_size(text).map_err(Some),
        _ => Err(None),
    }
}

fn bounded<T: PartialOrd>(value: T, least: &T, most: &T, wrap: fn(T) -> Value) -> Result<Value, Option<ValueError>> {
    if (least..=most).contains(&&value) { Ok(wrap(value)) } else { Err(None) }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(out, "{flag}"),
            Self::Port(port) => write!(out, "{port}"),
            Self::Count(count) => write!(out, "{count}"),
            Self::Time(time) => out.write_str(&show_duration(*time)),
            Self::Size(size) => out.write_str(&show_size(*size)),
            Self::NodeId(id) => write!(out, "{id}"),
            Self::Role(role) => write!(out, "{role}"),
            Self::Cluster(name) => write!(out, "{name}"),
            Self::User(user) => write!(out, "{user}"),
            Self::Unit(unit) => write!(out, "{unit}"),
            Self::Dns(name) => write!(out, "{name}"),
            Self::Label(label) => write!(out, "{label}"),
            Self::Ip(ip) => write!(out, "{ip}"),
            Self::Address(address) => write!(out, "{address}"),
            Self::Url(url) => write!(out, "{url}"),
            Self::Api(path) => write!(out, "{path}"),
            Self::File(path) => write!(out, "{}", path.display()),
            Self::Range(range) => write!(out, "{range}"),
            Self::Link(link) => write!(out, "{link}"),
            Self::Protocol(protocol) => write!(out, "{protocol}"),
            Self::Service(name) => write!(out, "{name}"),
            Self::List(items) if items.is_empty() => out.write_str("(none)"),
            Self::List(items) => out.write_str(&joined(items.iter().map(ToString::to_string))),
            Self::Map(entries) => out.write_str(&joined(entries.iter().map(|(key, value)| format!("{key} {value}")))),
        }
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
