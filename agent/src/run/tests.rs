//! The run through its ports, against a model of a cluster whose faults are chosen. Time is tokio's paused clock: a wait
//! of two minutes costs nothing. The real adapters are tested over real TLS in `agent/tests/`.

mod adversary;
mod crash;
mod departure;
mod disagreement;
mod elsewhere;
#[path = "../../tests/etcd/mod.rs"]
#[allow(dead_code, reason = "the servers of several tests")]
mod etcd;
mod etcd_crash;
#[path = "../../tests/etcd_node/mod.rs"]
#[allow(dead_code, reason = "the node of several tests")]
mod etcd_node;
mod health;
mod membership;
mod model;
mod preflight;
mod service;
mod services;
mod setup;

use std::cell::RefCell;

use crate::config::{self, Config, ServiceName};
use crate::events::{Event, Report};
use crate::markers::{Achievement, Holder, Identity, Markers};
use crate::plan::Step;

use super::{Context, Outcome, Requests, run_step};
use model::{Lines, ModelCluster, ModelMachine, ModelUnits};

/// Collects events.
#[derive(Debug, Default)]
struct Collected(RefCell<Vec<Event>>);

impl Report for Collected {
    fn report(&self, event: Event) {
        self.0.borrow_mut().push(event);
    }
}

impl Collected {
    fn names(&self) -> Vec<&'static str> {
        self.0.borrow().iter().map(|event| event.meaning().name).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.names().contains(&name)
    }

    fn text(&self) -> String {
        self.0.borrow().iter().map(Event::to_string).collect::<Vec<_>>().join("\n")
    }
}

fn holder(words: &str) -> Holder {
    Holder { words: words.to_owned(), unit: None }
}

/// A node under test: its state directory, its configuration, and what it said.
struct TestNode {
    _directory: tempfile::TempDir,
    markers: Markers,
    config: Config,
    machine: ModelMachine,
    requests: Requests,
    looks_again: bool,
    progress: Lines,
    events: Collected,
}

impl TestNode {
    fn new(json: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = config::of(json);
        for service in &mut config.services {
            if let config::Service::Members(service) = service {
                service.data_dir = directory.path().join(service.name.as_str());
            }
        }
        // As systemd's StateDirectory= makes it.
        std::fs::create_dir(directory.path().join("state")).unwrap();
        Self {
            markers: Markers::new(directory.path().join("state")),
            config,
            machine: ModelMachine::default(),
            requests: Requests::default(),
            looks_again: false,
            progress: Lines::default(),
            _directory: directory,
            events: Collected::default(),
        }
    }

    fn joining() -> Self {
        Self::new(
            r#"{"node_id": "node04", "cluster_name": "prod", "leader_url": "https://node01:2379",
                "raft_addr": "10.0.1.13:2380", "initial_peers": ["node01:2380", "node02:2380", "node03:2380"]}"#,
        )
    }

    fn bootstrapping() -> Self {
        Self::new(
            r#"{"node_id": "node01", "bootstrap": true, "cluster_name": "prod", "raft_addr": "10.0.1.10:2380",
                "initial_peers": ["node01:2380", "node02:2380", "node03:2380"]}"#,
        )
    }

    /// A marker of this node, as an earlier run has left it.
    fn write_marker(&self, service: ServiceName) {
        let Ok(lock) = self.markers.try_lock(service, &holder("an earlier run")).unwrap() else {
            panic!("{service} is locked");
        };
        self.markers.write(&lock, Achievement::Joined, &self.this_node()).unwrap();
    }

    fn this_node(&self) -> Identity {
        Identity::of_this_node(&self.config, Some("0123456789abcdef0123456789abcdef"))
    }

    fn context(&self, units: Option<ModelUnits>, cluster: &ModelCluster) -> Context<'_, ModelUnits, ModelCluster> {
        if cluster.0.borrow().health_of.is_empty() {
            cluster.0.borrow_mut().health_of = self.config.node.id.to_string();
        }
        self.context_with(units, cluster.clone())
    }

    fn context_with<C>(&self, units: Option<ModelUnits>, cluster: C) -> Context<'_, ModelUnits, C> {
        Context {
            config: &self.config,
            markers: &self.markers,
            this_node: self.this_node(),
            units,
            cluster,
            who: holder("the test"),
            progress: &self.progress,
            machine: &self.machine,
            find_credential: &|_name| None,
            requests: &self.requests,
            looks_again: self.looks_again,
        }
    }

    /// Runs a step as a process of its own does.
    async fn run(&self, step: Step, units: Option<ModelUnits>, cluster: &ModelCluster) -> Outcome {
        self.requests.0.borrow_mut().clear();
        run_step(&self.context(units, cluster), step, true, &self.events).await
    }
}
