//! A node whose etcd the agent brings up: the agent's real run with its real protocol, and a unit that is a process of this
//! test instead of systemd's.

use std::cell::RefCell;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use first_boot_agent::config::{self, Config, Origin, ServiceName, UnitName};
use first_boot_agent::data_directory::Owner;
use first_boot_agent::events::{Event, Report};
use first_boot_agent::inventory::{Inventory, Link};
use first_boot_agent::markers::{Holder, Identity, MarkerState, Markers, Trouble};
use first_boot_agent::plan::Step;
use first_boot_agent::protocols::HttpCluster;
use first_boot_agent::run::ports::{Machine, Members, Progress, UnitPhase, UnitWatch, Units};
use first_boot_agent::run::{self, Context, Outcome, Quorum, Requests};
use serde_json::{Value, json};

use super::etcd::EtcdCluster;

/// The servers of a test, shared by the nodes that bring them up.
pub(crate) type Shared = Rc<RefCell<EtcdCluster>>;

pub(crate) fn etcd() -> ServiceName {
    "etcd".parse().unwrap()
}

/// One node: its configuration and its markers.
pub(crate) struct Node {
    pub(crate) config: Config,
    json: Value,
    pub(crate) markers: Markers,
    pub(crate) cluster: Shared,
    pub(crate) number: usize,
    folder: PathBuf,
    events: Heard,
}

fn checked(json: &Value) -> Config {
    let document = config::parse(json.to_string().as_bytes()).unwrap();
    let context = config::Context { given: Origin::Default, host_name: None, secrets: "/".into(), strict: false };
    config::check(&document, &context).unwrap_or_else(|report| panic!("{report}")).config
}

#[derive(Default)]
struct Heard(RefCell<Vec<Event>>);

impl Report for Heard {
    fn report(&self, event: Event) {
        self.0.borrow_mut().push(event);
    }
}

impl Node {
    /// The node of a prepared server, configured to join through the first one.
    pub(crate) fn joining(cluster: &Shared, number: usize) -> Self {
        let leader = cluster.borrow().member(0).client_url();
        Self::new(cluster, number, json!({"leader_url": leader}))
    }

    /// The same, configured to bootstrap with these peers.
    pub(crate) fn bootstrapping(cluster: &Shared, number: usize, peers: &[String]) -> Self {
        Self::new(cluster, number, json!({"bootstrap": true, "initial_peers": peers}))
    }

    /// With `etcd` for what its own service has beyond the usual.
    pub(crate) fn new(cluster: &Shared, number: usize, mut config: Value) -> Self {
        let (name, url, peer_url, folder, data) = {
            let cluster = cluster.borrow();
            let member = cluster.member(number);
            let (folder, data) = (member.process.folder().to_owned(), member.process.data());
            (member.name.clone(), member.client_url(), member.peer_url(), folder, data)
        };
        if config.get("node_id").is_none() {
            config["node_id"] = name.into();
        }
        config["cluster_name"] = "trial".into();
        config["raft_addr"] = peer_url.trim_start_matches("https://").into();
        config["tls"] =
            json!({"ca": folder.join("ca.crt"), "cert": folder.join("own.crt"), "key": folder.join("own.key")});
        let mut etcd = config["etcd"].take();
        etcd["protocol"] = "etcd-v3".into();
        etcd["url"] = url.into();
        etcd["data_dir"] = data.display().to_string().into();
        etcd["environment_file"] = folder.join("etcd.env").display().to_string().into();
        config["services"] = json!({"etcd": etcd});
        // Short pauses, save where it is the pauses that are measured.
        if config.get("policies").is_none() {
            config["policies"] = json!({
                "health": {"limit": "60s"},
                "promotion": {"limit": "120s", "max_delay": "100ms"},
                "join": {"attempts": 100, "scale": "50ms", "max_delay": "500ms"},
                "request": {"connect": "2s", "total": "5s"},
            });
        }
        let json = config;
        let config = checked(&json);
        let markers = Markers::new(folder.join("state"));
        std::fs::create_dir_all(markers.directory()).unwrap();
        Self { config, json, markers, cluster: Rc::clone(cluster), number, folder, events: Heard::default() }
    }

    /// Changes the configuration.
    pub(crate) fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        change(&mut self.json);
        self.config = checked(&self.json);
    }

    /// A client of its own, as each process of the agent has one.
    pub(crate) fn client(&self) -> HttpCluster {
        HttpCluster::new(&self.config.tls, self.config.policies.request, |_| None).unwrap()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a step as a process of its own does.
    pub(crate) async fn run(&self, step: Step) -> Outcome {
        let requests = Requests::default();
        let context = self.context(&requests);
        Box::pin(run::run_step(&context, step, true, &self.events)).await
    }

    pub(crate) async fn join(&self) -> Outcome {
        self.run(Step::from(etcd())).await
    }

    pub(crate) async fn leave(&self) -> Outcome {
        let requests = Requests::default();
        let context = self.context(&requests);
        let service = self.config.member_service(etcd()).unwrap();
        Box::pin(run::leave(&context, service, Quorum::Keep, &self.events)).await
    }

    pub(crate) async fn reset(&self) -> Outcome {
        let requests = Requests::default();
        let context = self.context(&requests);
        let service = self.config.member_service(etcd()).unwrap();
        Box::pin(run::reset(&context, service, Quorum::Keep, &self.events)).await
    }

    fn context<'a>(&'a self, requests: &'a Requests) -> Context<'a, Unit, HttpCluster> {
        Context {
            config: &self.config,
            markers: &self.markers,
            this_node: Identity::of_this_node(&self.config, Some("0123456789abcdef0123456789abcdef")),
            units: Some(Unit {
                cluster: Rc::clone(&self.cluster),
                number: self.number,
                environment: self.folder.join("etcd.env"),
                found_at: self.config.member_service(etcd()).unwrap().url.to_string(),
            }),
            cluster: self.client(),
            who: Holder::default(),
            progress: &Quiet,
            machine: &Bare,
            find_credential: &|_name| None,
            requests,
            looks_again: false,
        }
    }

    /// What the unit is started with.
    pub(crate) fn environment(&self) -> String {
        std::fs::read_to_string(self.folder.join("etcd.env")).unwrap()
    }

    /// Makes it a link to what is not there.
    pub(crate) fn mislead_environment(&self) {
        std::os::unix::fs::symlink("/nowhere", self.folder.join("etcd.env")).unwrap();
    }

    pub(crate) fn remove_environment(&self) {
        std::fs::remove_file(self.folder.join("etcd.env")).unwrap();
    }

    pub(crate) fn has_environment(&self) -> bool {
        self.folder.join("etcd.env").exists()
    }

    /// What the unit of one of the first nodes would be started with, or why it would not be.
    pub(crate) fn environment_of_a_first_node(&self) -> Result<String, String> {
        let (cluster, service) = (self.client(), self.config.member_service(etcd()).unwrap());
        let environment = cluster.environment(service, &self.config.node.id, None);
        environment.map(|environment| environment.unwrap().text).map_err(|blocker| blocker.to_string())
    }

    /// An operator's environment for it.
    pub(crate) fn own_environment(&self, initial_cluster: &str) -> String {
        let cluster = self.cluster.borrow();
        let member = cluster.member(self.number);
        let (name, client, peer) = (&member.name, member.client_url(), member.peer_url());
        let text = format!(
            "ETCD_NAME={name}\nETCD_DATA_DIR={}\nETCD_LISTEN_CLIENT_URLS={client}\nETCD_ADVERTISE_CLIENT_URLS={client}\n\
             ETCD_LISTEN_PEER_URLS={peer}\nETCD_INITIAL_ADVERTISE_PEER_URLS={peer}\nETCD_INITIAL_CLUSTER={initial_cluster}\n\
             ETCD_INITIAL_CLUSTER_STATE=existing\n",
            member.process.data().display()
        );
        std::fs::write(self.folder.join("etcd.env"), &text).unwrap();
        text
    }

    /// As on a machine whose state was lost.
    pub(crate) fn forget(&self) {
        std::fs::remove_dir_all(self.markers.directory()).unwrap();
        std::fs::create_dir(self.markers.directory()).unwrap();
    }

    /// The same, with whatever this agent has written for its etcd or moved aside.
    pub(crate) fn forget_all(&self) {
        self.forget();
        self.events.0.borrow_mut().clear();
        for path in self.beside_the_data() {
            std::fs::remove_dir_all(path).unwrap();
        }
        let _ = std::fs::remove_file(self.folder.join("etcd.env"));
    }

    /// Where its etcd's data is: at its place, and aside.
    pub(crate) fn data(&self) -> Vec<PathBuf> {
        let own = self.folder.join("etcd");
        self.beside_the_data().into_iter().chain([own]).filter(|path| path.join("member/snap/db").exists()).collect()
    }

    fn beside_the_data(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let is_aside =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_str().unwrap().starts_with("etcd.backup"));
        entries.filter(is_aside).collect()
    }

    pub(crate) fn is_marked(&self) -> bool {
        matches!(self.markers.read(etcd()), MarkerState::Present { .. })
    }

    /// All that was said.
    pub(crate) fn said(&self) -> String {
        self.events.0.borrow().iter().map(Event::to_string).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.reported(name).is_empty()
    }

    /// Each time that it was said.
    pub(crate) fn reported(&self, name: &str) -> Vec<String> {
        let events = self.events.0.borrow();
        events.iter().filter(|event| event.meaning().name == name).map(Event::to_string).collect()
    }
}

/// The unit of a node's etcd.
pub(crate) struct Unit {
    cluster: Shared,
    number: usize,
    environment: PathBuf,
    /// Where its clients find it, which may be a relay.
    found_at: String,
}

impl Unit {
    fn is_running(&self) -> bool {
        self.cluster.borrow_mut().member_mut(self.number).process.is_running()
    }
}

impl Units for Unit {
    type Watch = Watch;

    async fn watch(&self, _unit: &UnitName) -> Result<Watch, String> {
        Ok(Watch { cluster: Rc::clone(&self.cluster), number: self.number, last: None })
    }

    async fn last_lines(&self, _unit: &UnitName) -> Vec<String> {
        let said = self.cluster.borrow().member(self.number).process.said();
        said.lines().rev().take(5).map(str::to_owned).collect()
    }

    async fn stop(&self, _unit: &str) -> Result<(), String> {
        if self.is_running() {
            self.cluster.borrow_mut().kill(self.number);
        }
        Ok(())
    }

    async fn start(&self, _unit: &str) -> Result<(), String> {
        let text = std::fs::read_to_string(&self.environment).map_err(|error| error.to_string())?;
        let url = self.cluster.borrow().member(self.number).client_url();
        self.cluster.borrow_mut().restart_as_it_was(self.number, &text.replace(&self.found_at, &url));
        Ok(())
    }

    async fn needed_environment(&self, _unit: &UnitName) -> Result<Vec<String>, String> {
        Ok(vec![self.environment.display().to_string()])
    }

    async fn owner(&self, _unit: &UnitName) -> Result<Owner, String> {
        // The servers run as the user who runs the tests.
        let owner = std::fs::metadata("/proc/self").map_err(|error| error.to_string())?.uid();
        Ok(Owner { user: owner.to_string(), ..Owner::default() })
    }
}

pub(crate) struct Watch {
    cluster: Shared,
    number: usize,
    last: Option<bool>,
}

impl UnitWatch for Watch {
    async fn next(&mut self) -> Result<UnitPhase, String> {
        loop {
            let is_running = self.cluster.borrow_mut().member_mut(self.number).process.is_running();
            if self.last != Some(is_running) {
                self.last = Some(is_running);
                return Ok(if is_running { UnitPhase::Active } else { UnitPhase::NotYet("inactive".to_owned()) });
            }
            // Polled: nothing reports the end of a process.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

struct Quiet;

impl Progress for Quiet {
    fn status(&self, _line: &str) {}

    fn trouble(&self, _trouble: Trouble) {}
}

struct Bare;

impl Machine for Bare {
    fn inventory(&self) -> Inventory {
        Inventory::take(Path::new("/"))
    }

    fn links(&self) -> Vec<Link> {
        Vec::new()
    }

    fn addresses(&self) -> Vec<IpAddr> {
        Vec::new()
    }

    fn clock_before_build(&self) -> Option<(String, String)> {
        None
    }
}
