//! The stage on a tree that stands in for an initrd, with a service manager that does as the test says.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::sync::Notify;

use crate::boot::{Boot, BootKind, Refusal};
use crate::config::{self, InitrdFindings, Permissions, Source};
use crate::delivery::{Delivery, Digest, Parameters};
use crate::events::{Event, Report};

use super::judge::{Judge, Rank};
use super::{Ended, Stage};

pub(super) fn config_of(node: &str) -> String {
    format!(r#"{{"node_id":"{node}","leader_url":"https://node01:2379","raft_addr":"10.0.1.13:2380"}}"#)
}

/// An initrd below a folder, and the root file system that it mounts.
pub(super) struct Initrd {
    folder: TempDir,
    pub(super) parameters: Parameters,
}

impl Initrd {
    pub(super) fn with_root(file_system: &str) -> Self {
        let initrd = Self { folder: tempfile::tempdir().unwrap(), parameters: Parameters::default() };
        let sysroot = initrd.path("sysroot");
        fs::create_dir_all(&sysroot).unwrap();
        let mounts = format!("30 1 8:1 / {} rw - {file_system} /dev/vda rw\n", sysroot.display());
        initrd.write("proc/self/mountinfo", &mounts);
        initrd
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub(super) fn stage(&self) -> Stage {
        Stage {
            options: config::Options {
                explicit: None,
                root: self.folder.path().to_owned(),
                credentials_directory: Some(self.path("credentials")),
                host_name: Some("this-node".to_owned()),
                permissions: Permissions::Refuse,
                strict: false,
                initrd: InitrdFindings::default(),
                is_member: false,
                quotes_nothing: false,
            },
            sysroot: self.path("sysroot"),
            parameters: self.parameters.clone(),
            run_id: "0123".to_owned(),
        }
    }

    async fn run(&self, manager: &Manager) -> Ending {
        let reported = Reported::default();
        let ended = self.stage().run(manager.root_is_there(), &reported).await;
        let boot = Boot::of_this_run(self.folder.path(), "0123").expect("boot.json is left by every ending");
        Ending { ended, reported: reported.0.into_inner(), boot }
    }

    fn handed_over(&self) -> Option<String> {
        fs::read_to_string(self.path("run/first-boot-agent/cluster-config.json")).ok()
    }
}

struct Ending {
    ended: Ended,
    reported: Vec<Event>,
    boot: Boot,
}

impl Ending {
    fn source(&self) -> Option<&str> {
        self.boot.config.as_ref().map(|config| config.source.as_str())
    }

    fn says(&self, name: &str) -> Option<String> {
        self.reported.iter().find(|event| event.meaning().name == name).map(ToString::to_string)
    }
}

#[derive(Default)]
pub(super) struct Reported(pub(super) RefCell<Vec<Event>>);

impl Report for Reported {
    fn report(&self, event: Event) {
        self.0.borrow_mut().push(event);
    }
}

/// A service manager whose root file system is there at once, or when the test says so.
#[derive(Default)]
pub(super) struct Manager {
    root: Option<Notify>,
}

impl Manager {
    async fn root_is_there(&self) {
        if let Some(root) = &self.root {
            root.notified().await;
        }
    }
}

pub(super) const BOOTSTRAP: &str = r#"{"node_id":"node01","bootstrap":true,"initial_peers":["node01:2380"]}"#;
const USUAL: &str = "etc/nixos/secrets/cluster-config.json";
pub(super) const INSTALLED: &str = "sysroot/etc/nixos/secrets/cluster-config.json";
const CREDENTIAL: &str = "credentials/cluster-config";

#[tokio::test]
async fn the_first_valid_source_wins_in_the_documented_order() {
    let initrd = Initrd::with_root("ext4");
    let manager = Manager::default();
    for (place, node) in [(INSTALLED, "installed"), (USUAL, "image"), (CREDENTIAL, "credential")] {
        let path = initrd.write(place, &config_of(node));
        let ending = initrd.run(&manager).await;
        assert_eq!(ending.ended, Ended::Well, "{:?}", ending.reported);
        assert!(ending.source().unwrap().contains(path.to_str().unwrap()), "{:?}", ending.boot);
        assert_eq!(ending.boot.config.as_ref().unwrap().digest, Digest::of(config_of(node).as_bytes()).to_string());
        assert!(ending.says("ConfigurationDelivered").unwrap().contains("sha256:"), "{:?}", ending.reported);
    }
}

#[tokio::test]
async fn m11_an_encrypted_credential_that_did_not_arrive_is_a_broken_source_of_the_highest_priority() {
    for store in config::ENCRYPTED_STORES {
        let initrd = Initrd::with_root("ext4");
        let manager = Manager::default();
        let path = initrd.write(&format!("{store}/cluster-config"), "ciphertext");
        // What joins is taken, and the credential named; so the units pass it over as well.
        initrd.write(INSTALLED, &config_of("installed"));
        let ending = initrd.run(&manager).await;
        assert!(ending.says("ConfigurationRefused").unwrap().contains(path.to_str().unwrap()), "{:?}", ending.reported);
        assert!(ending.boot.config.is_some(), "{:?}", ending.reported);
        // What bootstraps is not, wherever it is.
        for place in [INSTALLED, USUAL] {
            initrd.write(place, BOOTSTRAP);
            let ending = initrd.run(&manager).await;
            assert_eq!(ending.ended, Ended::Lacking, "{:?}", ending.reported);
            assert_eq!(ending.boot.config, None, "{:?}", ending.reported);
            assert!(ending.boot.refused[0].source.contains(store), "{:?}", ending.boot.refused);
        }
        // What arrived is what counts.
        initrd.write(CREDENTIAL, &config_of("credential"));
        let ending = initrd.run(&manager).await;
        assert_eq!(ending.ended, Ended::Well, "{:?}", ending.reported);
        assert_eq!(ending.boot.refused, []);
    }
}

#[tokio::test]
async fn a_broken_source_is_reported_with_its_digest_and_passed_over() {
    let initrd = Initrd::with_root("ext4");
    initrd.write(CREDENTIAL, "{");
    let image = initrd.write(USUAL, &config_of("image"));
    fs::set_permissions(&image, fs::Permissions::from_mode(0o644)).unwrap();
    initrd.write(INSTALLED, &config_of("installed"));
    let ending = initrd.run(&Manager::default()).await;
    assert_eq!(ending.ended, Ended::Well);
    assert!(ending.source().unwrap().contains("sysroot"), "{:?}", ending.boot);
    let refused: Vec<String> = ending
        .reported
        .iter()
        .filter(|event| event.meaning().name == "ConfigurationRefused")
        .map(ToString::to_string)
        .collect();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].contains("credential") && refused[0].contains(&Digest::of(b"{").to_string()), "{refused:?}");
    assert!(refused[1].contains("chmod 600"), "{refused:?}");
}

/// Contents of a file that is no configuration, each with the canary somewhere.
fn canaries() -> Vec<String> {
    const CANARY: &str = "hunter2";
    let of = |text: &str| text.replace("CANARY", CANARY);
    vec![
        of("CANARY"),
        of(r#""CANARY""#),
        of(r#"["CANARY"]"#),
        of(r#"{"CANARY": 1}"#),
        of(r#"{"CANARY": {"x": "y"}, "CANARYs": "CANARY"}"#),
        of(r#"{"tls": "CANARY", "expect": "CANARY", "services": "CANARY", "policies": "CANARY"}"#),
        of(r#"{"node_id": "CANARY of nobody", "raft_addr": "CANARY", "leader_url": "CANARY"}"#),
        of(r#"{"node_id": "node04", "raft_addr": "10.0.1.13:2380:CANARY", "leader_url": "https://a:CANARY@b"}"#),
        of(r#"{"services": {"chainfire": {"unit": "CANARY it is", "CANARY": {}}}, "network": {"CANARY": "CANARY"}}"#),
        of(r#"{"bootstrap": "CANARY", "initial_peers": "CANARY", "datacenter": ["CANARY"], "node_ip": "CANARY"}"#),
        of(r#"{"node_id=CANARY": 1, "cluster_name CANARY": 2, "rack": {"CANARY": "CANARY"}}"#),
        of(r#"{"iam": {"password": "CANARY"}, "admin_password": "CANARY", "ca_key": "-----BEGIN CANARY"}"#),
        of("<!DOCTYPE html><html><pre>{\"admin_password\": \"CANARY\"}</pre></html>"),
        of("admin_password: CANARY\nnode_id: node04\n"),
        of(r#"{"admin_password": "CANARY", "node_id"#),
        of(r#"{"admin_password": "CANARY" "node_id": 1}"#),
        of("{\"admin_password\": \"CANARY\u{1}\"}"),
    ]
}

#[tokio::test]
async fn f03_x2_nothing_that_a_source_holds_is_shown_whatever_it_holds() {
    for content in canaries() {
        let initrd = Initrd::with_root("ext4");
        initrd.write(CREDENTIAL, &content);
        initrd.write(USUAL, &content);
        initrd.write(INSTALLED, &content);
        let ending = initrd.run(&Manager::default()).await;
        let refused = ending.reported.iter().filter(|event| event.meaning().name == "ConfigurationRefused").count();
        assert_eq!((ending.ended, refused), (Ended::Lacking, 3), "{content}: {:?}", ending.reported);
        // A partition or a URL.
        let (reported, stage) = (Reported::default(), initrd.stage());
        let source = Source::Delivered("a partition".to_owned());
        let delivered = Delivery::of(content.clone().into_bytes(), source, &stage.options).map(Some);
        assert!(Judge::new(&stage.options, &reported).valid(Rank::Partition, delivered).is_none(), "{content}");
        for event in ending.reported.iter().chain(reported.0.borrow().iter()) {
            let fields: Vec<String> = event.fields().iter().map(|field| format!("{field:?}")).collect();
            let text = format!("{event} {}", fields.join(" "));
            assert!(!text.contains("hunter2"), "{content}: {text}");
        }
        let boot = serde_json::to_string(&ending.boot).unwrap();
        assert!(boot.contains("refused") && !boot.contains("hunter2"), "{content}: {boot}");
    }
}

#[tokio::test]
async fn f03_a_valid_configuration_is_reported_by_its_node_and_digest_alone() {
    let initrd = Initrd::with_root("ext4");
    let odd = r#", "hunter2": 1, "password": "hunter2", "network": {"lan": "10.0.0.0/8"}, "nodeid": "hunter2"}"#;
    initrd.write(CREDENTIAL, &config_of("node04").replace('}', odd));
    let ending = initrd.run(&Manager::default()).await;
    assert_eq!(ending.ended, Ended::Well);
    let reported: Vec<String> = ending.reported.iter().map(ToString::to_string).collect();
    assert!(reported.iter().all(|event| !event.contains("hunter2")), "{reported:?}");
    assert!(
        reported.iter().any(|event| event.contains("[key 4]"))
            && reported.iter().any(|event| event.contains("$.nodeid")),
        "{reported:?}"
    );
}

#[tokio::test]
async fn m11_what_would_bootstrap_is_refused_while_a_source_of_higher_priority_is_broken() {
    let initrd = Initrd::with_root("ext4");
    initrd.write(INSTALLED, BOOTSTRAP);
    let ending = initrd.run(&Manager::default()).await;
    assert_eq!((ending.ended, ending.boot.refused), (Ended::Well, Vec::new()));
    initrd.write(CREDENTIAL, "{");
    let ending = initrd.run(&Manager::default()).await;
    assert_eq!((ending.ended, ending.source()), (Ended::Lacking, None));
    assert!(
        ending.reported.iter().any(|event| event.to_string().contains("would bootstrap a cluster")),
        "{:?}",
        ending.reported
    );
    // For the units: the credential, and not the installed file, which they read themselves.
    assert_eq!(ending.boot.refused.len(), 1, "{:?}", ending.boot.refused);
    assert!(ending.boot.refused[0].source.contains("credential"), "{:?}", ending.boot.refused);
    assert_eq!(ending.boot.refused[0].digest, Some(Digest::of(b"{").to_string()));
}

#[tokio::test]
async fn m11_a_url_that_cannot_be_used_may_have_said_to_join() {
    for line in
        ["first_boot.config_url=http://boot/c.json", "first_boot.config_url=https://boot/c first_boot.config_sha256=1"]
    {
        let mut initrd = Initrd::with_root("ext4");
        initrd.parameters = Parameters::read(line).0;
        initrd.write(INSTALLED, BOOTSTRAP);
        let ending = initrd.run(&Manager::default()).await;
        assert_eq!((ending.ended, ending.source()), (Ended::Lacking, None), "{line}: {:?}", ending.reported);
        assert!(ending.boot.refused[0].source.contains("command line"), "{:?}", ending.boot.refused);
    }
}

#[tokio::test]
async fn links_on_the_root_file_system_lead_where_they_will_when_it_is_the_root() {
    let initrd = Initrd::with_root("ext4");
    initrd.write("sysroot/persist/secrets/cluster-config.json", &config_of("installed"));
    fs::create_dir_all(initrd.path("sysroot/etc/nixos")).unwrap();
    std::os::unix::fs::symlink("/persist/secrets", initrd.path("sysroot/etc/nixos/secrets")).unwrap();
    initrd.write("sysroot/persist/markers/.chainfire-joined", "");
    fs::create_dir_all(initrd.path("sysroot/var/lib")).unwrap();
    let markers = initrd.path("sysroot/var/lib/first-boot-automation");
    std::os::unix::fs::symlink("/persist/markers", markers).unwrap();
    let ending = initrd.run(&Manager::default()).await;
    assert_eq!((ending.ended, ending.boot.kind), (Ended::Well, BootKind::LaterBoot), "{:?}", ending.reported);
    assert!(ending.source().unwrap().ends_with("sysroot/persist/secrets/cluster-config.json"), "{:?}", ending.boot);
}

#[tokio::test]
async fn a_hostname_that_the_system_has_still_to_make_leaves_the_node_open() {
    let nameless = r#"{"leader_url":"https://node01:2379","raft_addr":"10.0.1.13:2380"}"#;
    for (hostname, accepted) in [
        ("node04\n", true),
        ("# who this is\n\nnode04\n", true),
        // Patterns of hostname(5).
        ("node-????\n", true),
        ("$-$-????\n", true),
        ("node-*\n", true),
        ("", true),
        ("no name\n", false),
    ] {
        let initrd = Initrd::with_root("ext4");
        initrd.write(INSTALLED, nameless);
        initrd.write("sysroot/etc/hostname", hostname);
        let ending = initrd.run(&Manager::default()).await;
        assert_eq!(ending.ended == Ended::Well, accepted, "{hostname:?}: {:?}", ending.reported);
    }
}

#[tokio::test]
async fn a_member_keeps_its_bootstrap_configuration_whatever_else_is_broken() {
    let initrd = Initrd::with_root("ext4");
    initrd.write(INSTALLED, BOOTSTRAP);
    initrd.write(CREDENTIAL, "{");
    initrd.write("sysroot/var/lib/first-boot-automation/.chainfire-initialized", "");
    let ending = initrd.run(&Manager::default()).await;
    assert_eq!((ending.ended, ending.boot.kind), (Ended::Well, BootKind::LaterBoot), "{:?}", ending.reported);
    assert!(ending.source().unwrap().contains("sysroot"), "{:?}", ending.boot);
}

#[test]
fn m11_a_bootstrap_configuration_is_refused_for_what_ranks_before_it_alone() {
    let (initrd, reported) = (Initrd::with_root("ext4"), Reported::default());
    let stage = initrd.stage();
    let bootstrap = |rank| {
        let source = Source::Delivered("a source".to_owned());
        (rank, Delivery::of(BOOTSTRAP.as_bytes().to_vec(), source, &stage.options).unwrap())
    };
    // A URL that answers early is no reason against a partition, which comes before it.
    let judge = Judge::new(&stage.options, &reported);
    judge.refuse(Rank::Url, "https://boot:443/c.json".to_owned(), None, "403".to_owned());
    assert!(judge.taken(BootKind::FirstBoot, bootstrap(Rank::Partition)).is_some());
    assert!(judge.taken(BootKind::LaterBoot, bootstrap(Rank::Installed)).is_some());
    assert!(judge.taken(BootKind::FirstBoot, bootstrap(Rank::Installed)).is_none());
    let said = reported.0.borrow().last().unwrap().to_string();
    assert!(said.contains("a source") && said.contains("https://boot:443/c.json: 403"), "{said}");
}

#[tokio::test]
async fn what_an_earlier_run_has_handed_over_does_not_outlive_its_source() {
    let initrd = Initrd::with_root("ext4");
    initrd.write(INSTALLED, &config_of("installed"));
    let credential = initrd.write(CREDENTIAL, &config_of("credential"));
    initrd.run(&Manager::default()).await;
    assert_eq!(initrd.handed_over(), Some(config_of("credential")));
    fs::remove_file(credential).unwrap();
    assert_eq!(initrd.run(&Manager::default()).await.ended, Ended::Well);
    assert_eq!(initrd.handed_over(), None);
}

#[tokio::test]
async fn a_url_that_was_given_and_cannot_be_used_is_missing_in_an_installer_too() {
    let mut initrd = Initrd::with_root("overlay");
    initrd.parameters = Parameters::read("first_boot.config_url=http://boot/c.json").0;
    assert_eq!(initrd.run(&Manager::default()).await.ended, Ended::Lacking);
}

#[tokio::test]
async fn a_file_that_never_ends_holds_nobody() {
    let initrd = Initrd::with_root("ext4");
    fs::create_dir_all(initrd.path("sysroot/etc")).unwrap();
    nix::unistd::mkfifo(&initrd.path("sysroot/etc/hostname"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    initrd.write(INSTALLED, &config_of("installed"));
    let ending = initrd.run(&Manager::default()).await;
    assert_eq!(ending.ended, Ended::Lacking);
    assert!(ending.says("HardwareSilent").unwrap().contains("configuration on the root"), "{:?}", ending.reported);
    assert!(super::is_held(), "its reader still waits");
}

#[tokio::test]
async fn what_was_delivered_is_handed_over_and_what_is_installed_stays_where_it_is() {
    let initrd = Initrd::with_root("ext4");
    initrd.write(INSTALLED, &config_of("installed"));
    initrd.run(&Manager::default()).await;
    assert_eq!(initrd.handed_over(), None, "who fixes the installed file should not have to fix a copy");

    initrd.write(CREDENTIAL, &config_of("credential"));
    initrd.run(&Manager::default()).await;
    assert_eq!(initrd.handed_over(), Some(config_of("credential")));
    let mode = |name: &str| fs::metadata(initrd.path(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("run/first-boot-agent"), 0o700);
    for name in ["cluster-config.json", "inventory.json", "boot.json"] {
        assert_eq!(mode(&format!("run/first-boot-agent/{name}")), 0o600, "{name}");
    }
    let files = fs::read_dir(initrd.path("run/first-boot-agent")).unwrap().flatten();
    assert!(files.into_iter().all(|file| !file.file_name().to_string_lossy().ends_with(".new")));
}

#[tokio::test]
async fn nothing_found_is_an_error_on_a_disk_and_none_in_an_installer() {
    for (file_system, kind, ended) in
        [("ext4", BootKind::FirstBoot, Ended::Lacking), ("overlay", BootKind::Netboot, Ended::Well)]
    {
        let initrd = Initrd::with_root(file_system);
        let ending = initrd.run(&Manager::default()).await;
        assert_eq!((ending.ended, ending.boot.kind), (ended, kind));
        let reported = ending.says("ConfigurationMissing").or_else(|| ending.says("ConfigurationNotNeeded")).unwrap();
        assert!(
            reported.contains("credential") && reported.contains("GPT") && reported.contains("root file system"),
            "{reported}"
        );
        assert_eq!(ending.says("BootHalted"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn required_by_the_command_line_waits_for_its_time_and_halts() {
    let mut initrd = Initrd::with_root("overlay");
    initrd.parameters.required = true;
    let manager = Manager::default();
    let began = tokio::time::Instant::now();
    let ending = initrd.run(&manager).await;
    assert_eq!(ending.ended, Ended::Halted);
    assert!(ending.says("BootHalted").is_some());
    assert!(began.elapsed() >= std::time::Duration::from_mins(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_url_that_is_refused_is_asked_again_while_the_boot_is_held_and_reported_once() {
    let mut initrd = Initrd::with_root("ext4");
    // There is no CA certificate, which an operator at the machine may still provide.
    initrd.parameters = Parameters::read("first_boot.config_url=https://boot/c.json first_boot.required").0;
    let began = tokio::time::Instant::now();
    let ending = initrd.run(&Manager::default()).await;
    assert_eq!(ending.ended, Ended::Halted);
    assert!(began.elapsed() >= std::time::Duration::from_mins(1), "{:?}", began.elapsed());
    let refused = ending.reported.iter().filter(|event| event.meaning().name == "ConfigurationRefused").count();
    assert_eq!((refused, ending.boot.refused.len()), (1, 1), "{:?}", ending.reported);
}

#[tokio::test]
async fn what_cannot_be_handed_over_is_missing_and_halts_where_the_configuration_says_so() {
    let initrd = Initrd::with_root("ext4");
    // A file where the directory should be.
    initrd.write("run/first-boot-agent/boot.json", "");
    fs::remove_file(initrd.path("run/first-boot-agent/boot.json")).unwrap();
    fs::create_dir_all(initrd.path("run/first-boot-agent/cluster-config.json.first-boot-agent.new/in the way"))
        .unwrap();
    for (required, ended) in [(false, Ended::Lacking), (true, Ended::Halted)] {
        let text = config_of("node04").replace('}', &format!(r#","initrd":{{"required":{required}}}}}"#));
        initrd.write(CREDENTIAL, &text);
        let ending = initrd.run(&Manager::default()).await;
        assert_eq!((ending.ended, ending.says("BootHalted").is_some()), (ended, required));
        assert!(ending.says("HandOverFailed").unwrap().contains("cluster-config.json"), "{:?}", ending.reported);
        // To the units it must not look as if nothing had been found.
        assert_eq!(ending.source(), None);
        assert!(ending.boot.refused[0].error.contains("could not be handed over"), "{:?}", ending.boot.refused);
    }
}

#[tokio::test]
async fn a_machine_that_is_not_what_is_expected_is_reported_on_a_disk_and_not_in_an_installer() {
    let text = config_of("node04").replace('}', r#","expect":{"cpus":9999}}"#);
    for (file_system, ended) in [("ext4", Ended::Lacking), ("overlay", Ended::Well)] {
        let initrd = Initrd::with_root(file_system);
        initrd.write(CREDENTIAL, &text);
        let ending = initrd.run(&Manager::default()).await;
        assert_eq!(ending.ended, ended, "{:?}", ending.reported);
        let reported = ending.says("BlockedHardware").unwrap_or_default();
        assert_eq!(reported.contains("9999 CPUs"), ended == Ended::Lacking, "{reported}");
    }
}

#[tokio::test]
async fn a_root_that_comes_late_is_waited_for_without_a_limit() {
    let initrd = Initrd::with_root("ext4");
    initrd.write(INSTALLED, &config_of("installed"));
    let manager = Manager { root: Some(Notify::new()) };
    let mut running = std::pin::pin!(initrd.run(&manager));
    tokio::select! {
        biased;
        _ = &mut running => panic!("it did not wait for the root file system"),
        () = tokio::task::yield_now() => {}
    }
    manager.root.as_ref().unwrap().notify_one();
    assert_eq!(running.await.ended, Ended::Well);
}

#[test]
fn a_hand_over_of_another_boot_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let boot = Boot {
        schema_version: Boot::SCHEMA_VERSION,
        run_id: "of another boot".to_owned(),
        kind: BootKind::FirstBoot,
        config: None,
        refused: vec![Refusal { source: "a partition".to_owned(), digest: None, error: "half of it".to_owned() }],
        agent_version: "0".to_owned(),
    };
    let path = folder.path().join("run/first-boot-agent/boot.json");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, serde_json::to_vec(&boot).unwrap()).unwrap();
    assert_eq!(Boot::of_this_run(folder.path(), "of another boot"), Some(boot.clone()));
    assert_eq!(Boot::of_this_run(folder.path(), "0123"), None);
    fs::write(&path, serde_json::to_vec(&Boot { schema_version: 2, ..boot }).unwrap()).unwrap();
    assert_eq!(Boot::of_this_run(folder.path(), "of another boot"), None, "what it means is not known");
    assert_eq!(Boot::of_this_run(Path::new("/nowhere"), "0123"), None);
}
