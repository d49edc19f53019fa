//! A configuration by URL: a real server over real TLS, an image that trusts it or does not, a digest that fits or does
//! not, and a server that comes late.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cluster_standin::pki::{Authority, Validity};
use cluster_standin::{TrialCluster, cluster_of};
use first_boot_agent::delivery::{Digest, Fetch};
use first_boot_agent::events::{Event, Report};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::time::timeout;

const CONFIG: &str = r#"{"node_id":"node04","leader_url":"https://node01:2379","raft_addr":"10.0.1.13:2380"}"#;
/// Far more than any of it takes.
const LIMIT: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Reported(RefCell<Vec<String>>);

impl Report for Reported {
    fn report(&self, event: Event) {
        self.0.borrow_mut().push(event.to_string());
    }
}

/// A machine with a network interface, and the CA of its image.
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
    let reported = Reported::default();
    let (bytes, source) = timeout(LIMIT, image.fetch(&url, Some(digest)).run(&reported)).await.unwrap().unwrap();
    assert_eq!(bytes, CONFIG.as_bytes());
    assert!(source.to_string().ends_with("/v1/kv/52-54-00-00-00-0a"), "{source}");
    assert_eq!(reported.0.into_inner(), Vec::<String>::new());
}

#[tokio::test]
async fn another_digest_is_refused_at_once_with_both() {
    let (cluster, url) = served().await;
    let image = Image::trusting(&cluster.authority);
    let expected = Digest::of(b"what was meant");
    let refused =
        timeout(LIMIT, image.fetch(&url, Some(expected)).run(&Reported::default())).await.unwrap().unwrap_err();
    let text = refused.to_string();
    assert_eq!(refused.digest, Some(Digest::of(CONFIG.as_bytes())), "{text}");
    assert!(
        text.contains(&expected.to_string()) && text.contains(&Digest::of(CONFIG.as_bytes()).to_string()),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_the_image_does_not_trust_is_refused_at_once() {
    let (_cluster, url) = served().await;
    let image = Image::trusting(&Authority::create().unwrap());
    let refused = timeout(LIMIT, image.fetch(&url, None).run(&Reported::default())).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("signed by a CA that is not in"), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("ca.crt") && !text.contains("tls.ca") && text.contains("openssl s_client"), "{text}");
}

#[tokio::test]
async fn a_file_that_is_not_there_yet_is_reported_once_and_waited_for() {
    let (cluster, url) = served().await;
    let image = Image::trusting(&cluster.authority);
    let (reported, late) = (Reported::default(), url.replace("${mac:hexhyp}", "late"));
    let fetch = image.fetch(&late, None);
    let mut fetching = std::pin::pin!(fetch.run(&reported));
    let reported_once = async {
        while reported.0.borrow().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = &mut fetching => panic!("nothing was there"),
        () = reported_once => {}
    }
    put(&cluster, "late").await;
    let (bytes, _) = timeout(LIMIT, fetching).await.unwrap().unwrap();
    assert_eq!(bytes, CONFIG.as_bytes());
    assert!(reported.0.borrow()[0].contains("404"), "{:?}", reported.0);
    assert_eq!(reported.0.borrow().len(), 1, "the same failure is reported once: {:?}", reported.0);
}

#[tokio::test]
async fn an_image_without_its_ca_says_so() {
    let (cluster, url) = served().await;
    let image = Image::trusting(&cluster.authority);
    std::fs::remove_file(&image.ca).unwrap();
    let refused = timeout(LIMIT, image.fetch(&url, None).run(&Reported::default())).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("ca.crt"), "{refused}");
}

/// A server that gives every request these bytes, and hangs up; its URL.
fn saying(authority: &Authority, answer: String) -> String {
    let issued = authority.issue("boot", &["127.0.0.1".to_owned()], Validity::Valid).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let (tls, listener) = (Arc::new(tls), TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("https://{}/configs/node04.json", listener.local_addr().unwrap());
    // It ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&tls)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let _heard = stream.read(&mut [0; 4096]);
            let _gone = stream.write_all(answer.as_bytes());
            stream.conn.send_close_notify();
            let _gone = stream.flush();
        }
    });
    url
}

/// What is said of an answer: the first trouble that is reported, or the reason why there is no point in trying again.
async fn said_of(answer: String) -> String {
    let authority = Authority::create().unwrap();
    let image = Image::trusting(&authority);
    let fetch = image.fetch(&saying(&authority, answer), None);
    let reported = Reported::default();
    let mut fetching = std::pin::pin!(fetch.run(&reported));
    let reported_once = async {
        while reported.0.borrow().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let refused = tokio::select! {
        came = timeout(LIMIT, &mut fetching) => Some(came.unwrap().unwrap_err().to_string()),
        () = reported_once => None,
    };
    refused.unwrap_or_else(|| reported.0.borrow()[0].clone())
}

#[tokio::test]
async fn f03_no_byte_of_what_a_server_sends_is_said() {
    const SECRET: &str = "hunter2";
    let config = CONFIG.replace("node04", &format!("node04\",\"admin_password\":\"{SECRET}"));
    let whole = |head: &str, body: &str| format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    for answer in [
        whole("200 OK\r\nContent-Type: text/html", &config),
        whole("200 OK\r\nContent-Type: text/html", &format!("<html>{config}")),
        whole("206 Partial Content\r\nContent-Type: application/json", &config),
        whole("201 Created", &config),
        whole("403 Forbidden", &config),
        whole("404 Not Found", &config),
        whole("500 Internal Server Error", &config),
        whole(&format!("302 Found\r\nLocation: https://user:{SECRET}@files.example.com/c?{SECRET}"), &config),
        whole("200 OK", &config.repeat(20_000)),
        whole("200 OK", &config.repeat(100_000)),
        // Less than was promised, and chunks that are none.
        format!("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{config}"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{config}\r\n"),
        format!("HTTP/1.1 200 OK\r\n{config}\r\n\r\n"),
        format!("HTTP/1.1 200 {SECRET}\u{1}\r\n\r\n{config}"),
        config.clone(),
    ] {
        let said = said_of(answer.clone()).await;
        let head = answer.get(..60).unwrap_or_default();
        assert!(
            !said.contains(SECRET) && !said.contains("admin_password") && !said.contains("leader_url"),
            "{head}: {said}"
        );
        assert!(said.len() < 1000, "{said}");
    }
}

#[tokio::test]
async fn f35_what_a_server_answers_instead_is_said_with_the_next_step() {
    for (head, words) in [
        (
            "301 Moved Permanently\r\nLocation: /other.json",
            "/other.json, and redirects are not followed: name that URL",
        ),
        ("302 Found\r\nLocation: http://boot/c.json", "redirects to http://boot/c.json"),
        ("307 Temporary Redirect", "does not say where to"),
        ("401 Unauthorized", "wants a login"),
        ("403 Forbidden", "refuses this machine"),
        ("404 Not Found", "put it there"),
        ("407 Proxy Authentication Required", "a proxy"),
        ("410 Gone", "removed for good"),
        ("503 Service Unavailable", "in trouble"),
    ] {
        let said = said_of(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n")).await;
        assert!(said.contains(words) && said.contains(&format!("HTTP {}", &head[..3])), "{said}");
        assert!(!said.contains("this node's configuration") && !said.contains("config show"), "{said}");
    }
}
