//! An event as the sinks get it: with its time and what its step carries along.

use std::sync::Arc;

use crate::foreign_text;

use super::field::{Field, Value};
use super::list::Event;

/// What every event of a step carries along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The name of a service, or `cluster`.
    pub service: String,
    /// `cluster-join`, `initial-setup` or `health-check`.
    pub operation: &'static str,
    /// This node, once the configuration is read.
    pub node_id: Option<String>,
    /// Its cluster, where the configuration names one.
    pub cluster_name: Option<String>,
}

/// An event with its time and its scope.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) timestamp: String,
    pub(super) scope: Arc<Scope>,
    pub(super) run_id: Arc<str>,
    pub(super) event: Event,
}

impl Record {
    /// The event's message, as bounded as its fields.
    pub(super) fn message(&self) -> String {
        foreign_text::shown_lines(&self.event.to_string(), foreign_text::LONGEST_MESSAGE)
    }

    /// A sink's own fields, then those of the scope, then those of the event.
    pub(super) fn fields(&self, own: &[(&'static str, &str)]) -> Vec<Field> {
        let scope = [
            ("NODE_ID", self.scope.node_id.as_deref()),
            ("CLUSTER_NAME", self.scope.cluster_name.as_deref()),
            ("RUN_ID", Some(&*self.run_id)),
        ];
        let texts = own.iter().copied().chain(scope.into_iter().filter_map(|(name, text)| Some((name, text?))));
        texts.map(|(name, text)| (name, Value::Text(text.to_owned()))).chain(self.event.fields()).collect()
    }
}
