//! From a file to a JSON value, in which no key is given twice: of two nodes of one name, the usual reader would drop
//! the first without a word. Must not know what the keys mean.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use first_boot_config::{SyntaxError, text};
use first_boot_output::plain_error;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

/// The largest topology that is read: tens of thousands of nodes.
const SIZE_LIMIT: u64 = 16 << 20;

/// Why there is no topology.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be read.
    #[error("{}; give the path of a JSON file, or `-` for standard input", plain_error(.0))]
    Unreadable(#[from] io::Error),
    /// Too much.
    #[error("it has more than {SIZE_LIMIT} bytes; give the topology and nothing else")]
    TooLarge,
    /// Nothing.
    #[error("it is empty; write the topology to it, as {{\"clusters\": {{NAME: …}}}}")]
    Empty,
    /// No UTF-8.
    #[error(transparent)]
    Text(#[from] SyntaxError),
    /// No JSON, or a key twice.
    #[error("it is not JSON: {0}; correct it there")]
    Syntax(#[from] serde_json::Error),
}

/// Reads a topology from a file, or from standard input where the path is `-`.
///
/// # Errors
/// When there is none that can be read.
pub fn read(path: &Path) -> Result<Value, SourceError> {
    let mut bytes = Vec::new();
    let limit = SIZE_LIMIT + 1;
    if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    parse(&bytes)
}

/// Reads a topology.
///
/// # Errors
/// When the bytes are too many, no UTF-8, no JSON, or hold a key twice; the error says where.
pub fn parse(bytes: &[u8]) -> Result<Value, SourceError> {
    if u64::try_from(bytes.len()).is_ok_and(|size| size > SIZE_LIMIT) {
        return Err(SourceError::TooLarge);
    }
    let text = text(bytes)?;
    if text.trim().is_empty() {
        return Err(SourceError::Empty);
    }
    Ok(serde_json::from_str::<EachOnce>(text)?.0)
}

/// A value in which each key is given once.
struct EachOnce(Value);

impl<'de> Deserialize<'de> for EachOnce {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(EachOnce(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, EachOnce(value))) = entries.next_entry::<String, _>()? {
            match object.entry(key) {
                Entry::Vacant(entry) => _ = entry.insert(value),
                Entry::Occupied(entry) => {
                    return Err(A::Error::custom(format_args!("the key {:?} a second time", entry.key())));
                }
            }
        }
        Ok(object.into())
    }
}
