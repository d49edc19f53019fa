//! The nodes of a cluster, in order and by name. A cluster may have thousands, so a loop over all nodes for each
//! node is too slow: the tests count every node that is handed out. Must not judge them.

use std::collections::HashMap;

use super::node::Node;

/// The nodes of one cluster.
#[derive(Debug)]
pub(super) struct Nodes<'a> {
    list: Vec<Node<'a>>,
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Nodes<'a> {
    /// Each in its place.
    pub(super) fn of(list: Vec<Node<'a>>) -> Self {
        let by_name = list.iter().enumerate().map(|(index, node)| (node.name, index)).collect();
        Self { list, by_name }
    }

    /// All, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Node<'a>> {
        self.list.iter().inspect(|_| handed_out())
    }

    /// The one of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Node<'a>> {
        handed_out();
        self.by_name.get(name).and_then(|index| self.list.get(*index))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

#[cfg(test)]
thread_local! {
    /// How many nodes this thread has been handed out.
    pub(super) static HANDED_OUT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
fn handed_out() {
    HANDED_OUT.set(HANDED_OUT.get() + 1);
}

#[cfg(not(test))]
const fn handed_out() {}
