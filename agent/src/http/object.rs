//! JSON objects that are objects.

use serde::Deserialize;

/// A JSON object that is read as `T`. Without this, a derived reader takes an array of the right length as well: what is
/// flattened comes from an object alone.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub(crate) struct Object<T> {
    #[serde(flatten)]
    pub(crate) of: T,
}
