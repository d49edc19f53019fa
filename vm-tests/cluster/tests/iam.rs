//! IAM's setup happens once, whichever member of flaredb is asked, by whichever client.

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cluster_standin::{IamOptions, IamServer, Service, TrialCluster};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

type Outcome = Result<(), Box<dyn Error>>;

async fn iam_over(cluster: &TrialCluster, urls: Vec<String>) -> Result<IamServer, Box<dyn Error>> {
    let options = IamOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        flaredb_urls: urls,
        identity: cluster.identity("iam")?,
        require_client_certificate: false,
    };
    Ok(IamServer::start(options).await?)
}

#[tokio::test]
async fn the_setup_is_done_once_even_through_two_servers() -> Outcome {
    let cluster = TrialCluster::start(Service::Flaredb, 3).await?;
    let url_of = |server: &cluster_standin::RaftServer| server.api_url().to_owned();
    let leader = cluster.leader().map(url_of).ok_or("no leader")?;
    let follower = cluster.follower().map(url_of).ok_or("no follower")?;
    let first = iam_over(&cluster, vec![leader]).await?;
    let second = iam_over(&cluster, vec!["https://127.0.0.1:9".to_owned(), follower]).await?;

    let setup = |iam: &IamServer| format!("{}/admin/setup", iam.api_url());
    let before = cluster.client.get(setup(&second)).send().await?;
    assert_eq!(before.status(), StatusCode::NOT_FOUND);
    assert_eq!(before.json::<Value>().await?, json!({ "completed": false }));

    let body = json!({ "cluster_name": "prod", "admin_user": "admin", "admin_password": "secret" });
    let post = |iam: &IamServer| cluster.client.post(setup(iam)).json(&body).send();
    assert_eq!(post(&second).await?.status(), StatusCode::CREATED);
    assert_eq!(post(&first).await?.status(), StatusCode::CONFLICT);
    assert_eq!(post(&second).await?.status(), StatusCode::CONFLICT);
    let after = cluster.client.get(setup(&first)).send().await?;
    assert_eq!(after.status(), StatusCode::OK);

    let leader = cluster.leader().ok_or("no leader")?;
    let stored = cluster.client.get(format!("{}/v1/kv/iam/setup", leader.api_url()));
    assert!(!stored.send().await?.text().await?.contains("secret"));
    Ok(())
}

#[tokio::test]
async fn without_flaredb_iam_says_so() -> Outcome {
    let cluster = TrialCluster::start(Service::Flaredb, 1).await?;
    let urls = vec![cluster.servers[0].api_url().to_owned()];
    let iam = iam_over(&cluster, urls).await?;
    let health = || cluster.client.get(format!("{}/health", iam.api_url())).send();
    assert_eq!(health().await?.status(), StatusCode::OK);
    let TrialCluster { mut servers, client, .. } = cluster;
    servers.remove(0).stop().await;
    let unwell = client.get(format!("{}/health", iam.api_url())).send().await?;
    assert_eq!(unwell.status(), StatusCode::SERVICE_UNAVAILABLE);
    iam.stop().await;
    Ok(())
}

/// A host that is switched off gives no answer at all to a connection, not even a refusal.
#[tokio::test]
async fn a_silent_member_of_flaredb_holds_nobody_up() -> Outcome {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let silent = socket.listen(1)?;
    let address = silent.local_addr()?;
    // Once its queue is full, the kernel drops what else wants to connect.
    let mut queue = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
        queue.push(connected?);
    }

    let cluster = TrialCluster::start(Service::Flaredb, 1).await?;
    let urls = vec![format!("https://{address}"), cluster.servers[0].api_url().to_owned()];
    let iam = iam_over(&cluster, urls).await?;
    for (path, expected) in [("/health", StatusCode::OK), ("/admin/setup", StatusCode::NOT_FOUND)] {
        let asked = Instant::now();
        let answer = cluster.client.get(format!("{}{path}", iam.api_url())).send().await?;
        assert_eq!(answer.status(), expected);
        // The client's own limit on connecting is a second.
        assert!(asked.elapsed() < Duration::from_millis(900), "{path} took {:?}", asked.elapsed());
    }
    Ok(())
}
