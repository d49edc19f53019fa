//! What a field of the config can hold: how it is checked, described to people
//! and described to machines, side by side so that the three cannot drift.
//! Must not know which fields there are.

use super::{
    syntax,
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
    /// From the least to the most, as the next two.
    Count(u64, u64),
    Time(Duration, Duration),
    Size(u64, u64),
    Text(&'static TextKind),
    /// A list of texts.
    List(&'static TextKind),
    /// An object whose keys are free.
    Map(&'static TextKind),
    Object(&'static [Field]),
    /// An object of services by name; which fields one has follows from its protocol.
    Services,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) kind: Kind,
    pub(crate) absent: Absent,
    pub(crate) about: &'static str,
}

/// What holds when a field is not given.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Absent {
    /// This JSON value.
    Default(&'static str),
    /// A value made from others; the words say from which.
    Derived(&'static str),
    /// It must be given in the case that the words name.
    Needed(&'static str),
    /// Nothing: what it would say is left open.
    Open,
    /// The fields in it, each on its own.
    Inner,
}

impl Field {
    /// What is expected there, in words, with an example of this very field.
    pub(crate) fn expected(&self) -> String {
        self.kind.expected(self.example())
    }

    /// A value for this field: its default, where that is a text; else the one of its kind.
    pub(crate) fn example(&self) -> Option<&'static str> {
        let of_kind = match self.kind {
            Kind::Text(text) | Kind::List(text) | Kind::Map(text) => Some(text.example),
            _ => None,
        };
        match (self.absent, self.kind) {
            (Absent::Default(json), Kind::Text(_) | Kind::Time(..) | Kind::Size(..)) => {
                json.strip_prefix('"').and_then(|text| text.strip_suffix('"')).or(of_kind)
            }
            _ => of_kind,
        }
    }
}

pub(crate) const fn field(key: &'static str, kind: Kind, absent: Absent, about: &'static str) -> Field {
    Field { key, kind, absent, about }
}

/// Declares the keys of an object's fields, each with the type of what it holds.
macro_rules! keys {
    ($keys:ident: $type:ident, $within:ident $object:literal { $($key:ident: $holds:ty,)+ }) => {
        pub(crate) struct $type { $(pub(crate) $key: $crate::key::Key<$holds>,)+ }

        pub(crate) const $keys: $type = $type {
            $($key: $crate::key::Key::$within($object, stringify!($key)),)+
        };
    };
}

/// Declares the fields of an object, and the keys of those that hold what is looked up.
macro_rules! fields {
    ($table:ident, $keys:ident: $type:ident, $within:ident $object:literal
     $($key:ident $(: $holds:ty)? = $kind:expr, $absent:expr, $about:literal;)+) => {
        $crate::kind::keys!($keys: $type, $within $object { $($($key: $holds,)?)+ });

        pub(crate) const $table: &[$crate::kind::Field] =
            &[$($crate::kind::field(stringify!($key), $kind, $absent, $about),)+];
    };
}
pub(crate) use {fields, keys};

/// Two tables as one.
macro_rules! joined {
    ($some:expr, $more:expr) => {
        const { &$crate::kind::join::<{ $some.len() + $more.len() }>($some, $more) }
    };
}
pub(crate) use joined;

pub(crate) const fn join<const ALL: usize>(some: &[Field], more: &[Field]) -> [Field; ALL] {
    let (mut all, mut index) = ([some[0]; ALL], 0);
    while index < ALL {
        all[index] = if index < some.len() { some[index] } else { more[index - some.len()] };
        index += 1;
    }
    all
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

/// What checked values are held as. `None` where one is another type's.
pub(crate) trait Held: Sized {
    fn of(value: &Value) -> Option<Self>;
}

impl<T: Held> Held for Vec<T> {
    fn of(value: &Value) -> Option<Self> {
        let Value::List(items) = value else { return None };
        items.iter().map(T::of).collect()
    }
}

impl<T: Held> Held for Vec<(Label, T)> {
    fn of(value: &Value) -> Option<Self> {
        let Value::Map(entries) = value else { return None };
        entries.iter().map(|(key, value)| Some((key.clone(), T::of(value)?))).collect()
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(T::into).collect())
    }
}

/// Declares the typed values that checked fields turn into, the way back, and how each is shown where not as its type is.
macro_rules! values {
    (@shown $value:ident) => { $value.to_string() };
    (@shown $value:ident $shown:expr) => { $shown($value) };
    ($($variant:ident($type:ty) $(as $shown:expr)?),+ $(,)?) => {
        /// A checked value.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) enum Value { $($variant($type),)+ List(Vec<Value>), Map(Vec<(Label, Value)>) }

        impl fmt::Display for Value {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&match self {
                    $(Self::$variant(value) => values!(@shown value $($shown)?),)+
                    Self::List(items) if items.is_empty() => "(none)".to_owned(),
                    Self::List(items) => with_commas(items.iter().map(ToString::to_string)),
                    Self::Map(entries) => with_commas(entries.iter().map(|(key, value)| format!("{key} {value}"))),
                })
            }
        }

        $(impl Held for $type {
            fn of(value: &Value) -> Option<Self> {
                if let Value::$variant(held) = value { Some(held.clone()) } else { None }
            }
        }

        impl From<$type> for Value {
            fn from(held: $type) -> Self {
                Self::$variant(held)
            }
        })+
    };
}

values! {
    Flag(bool), Port(u16), Count(u32), NodeId(NodeId), Role(NodeRole), Cluster(ClusterName), User(UserName), Unit(UnitName),
    Dns(DnsName), Label(Label), Ip(IpAddr), Address(HostPort), Url(BaseUrl), Api(ApiPath), Range(Cidr), Link(LinkChoice),
    Protocol(Protocol), Service(ServiceName),
    Time(Duration) as |time: &Duration| show_duration(*time),
    Size(u64) as |size: &u64| show_size(*size),
    File(PathBuf) as |path: &PathBuf| path.display().to_string(),
}

impl Kind {
    /// What is expected there, in words, with this example, or without one with the kind's own. Of a field, ask the field.
    pub(crate) fn expected(&self, example: Option<&str>) -> String {
        match self {
            Self::Flag => "true or false".to_owned(),
            Self::Port => "a port from 1 to 65535".to_owned(),
            Self::Count(least, most) => format!("a whole number from {least} to {most}"),
            Self::Time(least, most) => {
                format!(
                    "a duration from {} to {}, for example \"{}\"",
                    show_duration(*least),
                    show_duration(*most),
                    example.unwrap_or("120s")
                )
            }
            Self::Size(least, most) => {
                format!(
                    "a size from {} to {}, for example \"{}\"",
                    show_size(*least),
                    show_size(*most),
                    example.unwrap_or("64GiB")
                )
            }
            Self::Text(text) if text.name.contains(text.example) => text.name.to_owned(),
            Self::Text(text) => format!("{}, for example {}", text.name, example.unwrap_or(text.example)),
            Self::List(text) => format!("a list, each item {}, for example [\"{}\"]", text.name, text.example),
            Self::Map(text) => format!("an object, each value {}, for example \"{}\"", text.name, text.example),
            Self::Object(_) => "an object".to_owned(),
            Self::Services => "an object of services by name, each an object".to_owned(),
        }
    }

    /// What to change where a value would be right if it were written as another type.
    pub(crate) fn of_another_type(&self, tree: &Tree) -> Option<&'static str> {
        let is_right = |kind: &Self, tree: Tree| kind.read(&tree).is_ok();
        match (self, tree) {
            (Self::Services, _) => Some("give each service a key, as in {\"etcd\": {\"protocol\": \"etcd-v3\"}}"),
            (Self::List(text), Tree::Text(_)) if is_right(&Self::Text(text), tree.clone()) => {
                Some("put it in brackets")
            }
            (Self::Text(_), Tree::List(items)) if items.len() == 1 && is_right(self, items[0].clone()) => {
                Some("remove the brackets")
            }
            (Self::Text(_), Tree::Count(count)) if is_right(self, Tree::text(count.to_string())) => {
                Some("put it in double quotes")
            }
            (Self::Flag | Self::Port | Self::Count(..), Tree::Text(text)) => {
                let unquoted = syntax::read(text.as_bytes()).ok()?;
                is_right(self, unquoted).then_some("remove the quotes")
            }
            _ => None,
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
            (Self::Count(least, most), Tree::Count(count)) if (least..=most).contains(&count) => {
                u32::try_from(*count).map(Value::Count).map_err(|_| None)
            }
            (Self::Time(least, most), _) => {
                bounded(tree, least, most, Duration::from_secs, parse_duration).map(Value::Time)
            }
            (Self::Size(least, most), _) => bounded(tree, least, most, u64::from, parse_size).map(Value::Size),
            (Self::Text(kind), Tree::Text(text)) => (kind.read)(text).map_err(Some),
            _ => Err(None),
        }
    }
}

/// Reads a bare number, or one with a unit.
fn bounded<T: PartialOrd>(
    tree: &Tree,
    least: &T,
    most: &T,
    bare: fn(u64) -> T,
    with_unit: fn(&str) -> Result<T, ValueError>,
) -> Result<T, Option<ValueError>> {
    let value = match tree {
        Tree::Count(count) => bare(*count),
        Tree::Text(text) => with_unit(text).map_err(Some)?,
        _ => return Err(None),
    };
    if (least..=most).contains(&&value) { Ok(value) } else { Err(None) }
}

fn with_commas(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
