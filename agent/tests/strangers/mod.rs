//! Peers that a node must not trust, or that are no peers at all: each listens on a port of the loopback address and
//! ends with its value.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use cluster_standin::pki::{Authority, IssuedCertificate, Validity};
use cluster_standin::{Identity, RaftServer, TrialCluster};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// A server that is not as it should be.
pub(crate) struct Stranger {
    pub(crate) url: String,
    _alive: Alive,
}

/// What keeps it up.
enum Alive {
    Server { _server: Box<RaftServer> },
    Process { _child: Box<Child> },
    Task(JoinHandle<()>),
}

impl Drop for Alive {
    fn drop(&mut self) {
        if let Self::Task(task) = self {
            task.abort();
        }
    }
}

/// A real service with this certificate; a `mutual` one turns clients away that show none, or one that it does not trust.
pub(crate) async fn service(cluster: &TrialCluster, identity: Identity, mutual: bool) -> Stranger {
    let mut options = cluster.options("stranger").unwrap();
    options.identity = identity;
    options.require_client_certificate = mutual;
    let server = RaftServer::start(options).await.unwrap();
    Stranger { url: server.api_url().to_owned(), _alive: Alive::Server { _server: Box::new(server) } }
}

/// The cluster's CA, and a certificate of `issuer` for these names.
pub(crate) fn identity(cluster: &TrialCluster, issuer: &Authority, name: &str, validity: Validity) -> Identity {
    Identity::new(cluster.authority.certificate_pem(), &issue(issuer, name, validity))
}

pub(crate) fn issue(issuer: &Authority, name: &str, validity: Validity) -> IssuedCertificate {
    issuer.issue("stranger", &[name.to_owned()], validity).unwrap()
}

/// A server of the last century: TLS 1.1 and nothing else.
pub(crate) async fn old_tls(cluster: &TrialCluster) -> Stranger {
    let folder = tempfile::tempdir().unwrap();
    issue(&cluster.authority, "127.0.0.1", Validity::Valid).write(folder.path(), "old").unwrap();
    openssl_server(folder.path(), "old", &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-www"]).await
}

/// openssl's server, for what a rustls server cannot be, with `NAME.crt` and `NAME.key` of a folder, which it has read before it
/// listens.
pub(crate) async fn openssl_server(folder: &Path, name: &str, arguments: &[&str]) -> Stranger {
    let mut child = Command::new("openssl")
        .args(["s_server", "-accept", "127.0.0.1:0"])
        .args(arguments)
        .arg("-cert")
        .arg(folder.join(format!("{name}.crt")))
        .arg("-key")
        .arg(folder.join(format!("{name}.key")))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = said.next_line().await.unwrap() {
        if let Some(address) = line.strip_prefix("ACCEPT ") {
            let url = format!("https://{address}");
            // What it says further has somewhere to go for as long as it runs.
            tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
            return Stranger { url, _alive: Alive::Process { _child: Box::new(child) } };
        }
    }
    panic!("openssl s_server ended before it listened");
}

/// How a program that knows nothing of TLS behaves towards its clients.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Waits for a request and answers that it is none.
    PlainHttp,
    /// Greets first, as SSH does.
    Greeting,
    /// Says nothing, ever.
    Silence,
    /// Hangs up.
    HangUp,
}

/// A program of another kind on the port.
pub(crate) async fn other_program(manner: Manner) -> Stranger {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            match manner {
                Manner::Silence => open.push(stream),
                Manner::HangUp => drop(stream),
                Manner::PlainHttp | Manner::Greeting => drop(tokio::spawn(talk(stream, manner))),
            }
        }
    });
    Stranger { url, _alive: Alive::Task(task) }
}

async fn talk(mut stream: TcpStream, manner: Manner) {
    let mut heard = [0; 1024];
    if matches!(manner, Manner::Greeting) {
        let _gone = stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n").await;
    }
    let _ended = stream.read(&mut heard).await;
    if matches!(manner, Manner::PlainHttp) {
        let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
    }
    // Until the other side has closed: closing with unread bytes would reset the connection.
    while let Ok(1..) = stream.read(&mut heard).await {}
}
