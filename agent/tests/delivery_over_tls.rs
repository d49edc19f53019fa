//! A configuration by URL: a real server over real TLS, an image that trusts it or does not, a digest that fits or does
//! not, and a server that comes late.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use cluster_standin::pki::Authority;
use cluster_standin::{TrialCluster, cluster_of};
use first_boot_agent::delivery::{Digest, Fetch, FetchError};
use first_boot_agent::events::{Event, Report};
use tempfile::TempDir;
use tokio::time::timeout;

const CONFIG: &str = r#"{"node_id":"node04","leader_url":"https://node01:2379","raft_addr":"10.0.1.13:2380"}"#;
/// Far more than any of it takes.
const LIMIT: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Told(RefCell<Vec<String>>);

impl Report for Told {
    fn report(&self, event: Event) {
        self.0.borrow_mut().push(event.to_string());
    }
}

/// A machine with a card, and the image's authority.
struct Image {
    folder: TempDir,
    ca: PathBuf,
}

impl Image {
    fn trusting(authority: &Authority) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.crt");
        std::fs::write(&ca, authority.certificate_pem()).unwrap();
        let dmi = folder.path().join("sys/class/dmi/id");
        std::fs::create_dir_all(&dmi).unwrap();
        std::fs::write(dmi.join("product_uuid"), "4C4C4544-0042\n").unwrap();
        Self { folder, ca }
    }

    fn fetch(&self, url: &str, sha256: Option<Digest>) -> Fetch {
        let root = self.folder.path().to_owned();
        Fetch {
            url: url.parse().unwrap(),
            sha256,
            ca: self.ca.clone(),
            root,
            boot_card: Some("52:54:00:00:00:0a".to_owned()),
        }
    }
}

/// The cluster's store is a server of files as good as any.
async fn served() -> (TrialCluster, String) {
    let cluster = cluster_of(1).await.unwrap();
    put(&cluster, "52-54-00-00-00-0a").await;
    let url = format!("{}/v1/kv/${{mac:hexhyp}}", cluster.servers[0].api_url());
    (cluster, url)
}

async fn put(cluster: &TrialCluster, key: &str) {
    let url = format!("{}/v1/kv/{key}", cluster.servers[0].api_url());
    let answer = cluster.client.put(url).body(CONFIG).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

#[tokio::test]
async fn it_is_fetched_for_this_machine_and_has_the_digest() {
    let (cluster, url) = served().await;
    let image = Image::trusting(&cluster.authority);
    let digest = Digest::of(CONFIG.as_bytes());
    let told = Told::default();
    let (bytes, source) = timeout(LIMIT, image.fetch(&url, Some(digest)).run(&told)).await.unwrap().unwrap();
    assert_eq!(bytes, CONFIG.as_bytes());
    assert!(source.to_string().ends_with("/v1/kv/52-54-00-00-00-0a"), "{source}");
    assert_eq!(told.0.into_inner(), Vec::<String>::new());
}

#[tokio::test]
async fn another_digest_is_refused_at_once_with_both() {
    let (cluster, url) = served().await;
    let image = Image::trusting(&cluster.authority);
    let expected = Digest::of(b"what was meant");
    let refused = timeout(LIMIT, image.fetch(&url, Some(expected)).run(&Told::default())).await.unwrap().unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, FetchError::OtherDigest { .. }), "{text}");
    assert!(
        text.contains(&expected.to_string()) && text.contains(&Digest::of(CONFIG.as_bytes()).to_string()),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_the_image_does_not_trust_is_refused_at_once() {
    let (_cluster, url) = served().await;
    let image = Image::trusting(&Authority::create().unwrap());
    let refused = timeout(LIMIT, image.fetch(&url, None).run(&Told::default())).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("signed by an authority that is not in"), "{refused}");
}

#[tokio::test]
async fn a_file_that_is_not_there_yet_is_told_once_and_waited_for() {
    let (cluster, url) = served().await;
    let image = Image::trusting(&cluster.authority);
    let (told, late) = (Told::default(), url.replace("${mac:hexhyp}", "late"));
    let fetch = image.fetch(&late, None);
    let mut fetching = std::pin::pin!(fetch.run(&told));
    let told_once = async {
        while told.0.borrow().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = &mut fetching => panic!("nothing was there"),
        () = told_once => {}
    }
    put(&cluster, "late").await;
    let (bytes, _) = timeout(LIMIT, fetching).await.unwrap().unwrap();
    assert_eq!(bytes, CONFIG.as_bytes());
    assert!(told.0.borrow()[0].contains("404"), "{:?}", told.0);
    assert_eq!(told.0.borrow().len(), 1, "the same trouble is told once: {:?}", told.0);
}

#[tokio::test]
async fn an_image_without_its_authority_says_so() {
    let (cluster, url) = served().await;
    let image = Image::trusting(&cluster.authority);
    std::fs::remove_file(&image.ca).unwrap();
    let refused = timeout(LIMIT, image.fetch(&url, None).run(&Told::default())).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("ca.crt"), "{refused}");
}
