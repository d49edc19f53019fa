//! Certificates of the test CA are accepted, and each kind of wrong one is turned away.

use std::error::Error;

use cluster_standin::pki::{Authority, Validity};
use cluster_standin::{Identity, RaftServer, StandinError, cluster_of};

type Outcome = Result<(), Box<dyn Error>>;

/// The whole chain of causes of a failed call, as text.
async fn failure(client: &reqwest::Client, url: &str) -> String {
    match client.get(url).send().await {
        Ok(answer) => format!("no failure: {}", answer.status()),
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            text
        }
    }
}

fn identity(authority: &Authority, name: &str, validity: Validity) -> Result<Identity, StandinError> {
    let issued = authority.issue("node09", &[name.to_owned()], validity)?;
    Ok(Identity::new(authority.certificate_pem(), &issued))
}

#[tokio::test]
async fn every_kind_of_wrong_certificate_is_turned_away() -> Outcome {
    let cluster = cluster_of(1).await?;
    let wrong = [
        ("127.0.0.1", Validity::Expired, "Expired"),
        ("127.0.0.1", Validity::NotYetValid, "NotValidYet"),
        ("elsewhere.example.com", Validity::Valid, "not valid for name"),
    ];
    for (name, validity, expected) in wrong {
        let mut options = cluster.options("node09")?;
        options.identity = identity(&cluster.authority, name, validity)?;
        let server = RaftServer::start(options).await?;
        let cause = failure(&cluster.client, &format!("{}/health", server.api_url())).await;
        let cause = cause.to_lowercase().replace(' ', "");
        let expected = expected.to_lowercase().replace(' ', "");
        assert!(cause.contains(&expected), "{cause} should hold {expected}");
        server.stop().await;
    }
    let stranger = identity(&Authority::create()?, "127.0.0.1", Validity::Valid)?.client()?;
    let url = format!("{}/health", cluster.servers[0].api_url());
    let cause = failure(&stranger, &url).await;
    assert!(cause.contains("UnknownIssuer"), "{cause}");
    Ok(())
}

#[tokio::test]
async fn a_client_certificate_can_be_demanded() -> Outcome {
    let cluster = cluster_of(1).await?;
    let mut options = cluster.options("node09")?;
    options.require_client_certificate = true;
    let server = RaftServer::start(options).await?;
    let url = format!("{}/health", server.api_url());
    assert!(cluster.client.get(&url).send().await?.status().is_success());

    // Trusts the server's CA, but shows a certificate of another one.
    let own = Authority::create()?.issue("client", &["client".to_owned()], Validity::Valid)?;
    let foreign = Identity::new(cluster.authority.certificate_pem(), &own).client()?;
    assert!(foreign.get(&url).send().await.is_err());
    Ok(())
}

#[test]
fn a_ca_is_used_again_and_keys_are_private() -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir()?;
    let first = Authority::open_or_create(folder.path())?;
    let second = Authority::open_or_create(folder.path())?;
    assert_eq!(first.certificate_pem(), second.certificate_pem());
    let issued = second.issue("node01", &["node01".to_owned()], Validity::Valid)?;
    issued.write(folder.path(), "node01")?;
    for key in ["ca.key", "node01.key"] {
        let mode = std::fs::metadata(folder.path().join(key))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    Ok(())
}
