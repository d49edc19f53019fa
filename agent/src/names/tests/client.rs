//! Names for a client that connects: real connections to a small HTTP server.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use super::super::client::{ClientNames, SendError};
use super::server::{Reply, Servers, always};
use super::{LONGEST, Machine};
use crate::config::value::Host;

/// An HTTP server that counts its connections; it closes each after an answer unless it is to be kept.
struct Http {
    at: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Http {
    async fn start(keeps: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let mut heard = [0; 4096];
                    while let Ok(1..) = stream.read(&mut heard).await {
                        let close = if keeps { "" } else { "Connection: close\r\n" };
                        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{close}\r\n");
                        if stream.write_all(answer.as_bytes()).await.is_err() || !keeps {
                            break;
                        }
                    }
                });
            }
        });
        Self { at, connections }
    }
}

/// A client that gives a connection little time.
struct Client {
    client: reqwest::Client,
    names: ClientNames,
}

impl Client {
    fn of(machine: &Machine, connect: Duration) -> Self {
        let names = ClientNames { names: machine.names.clone(), ..ClientNames::default() };
        // No request here is over TLS, but no client is built without.
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(LONGEST);
        Self { client: client.dns_resolver(names.clone()).connect_timeout(connect).build().unwrap(), names }
    }

    async fn get(&self, name: &str, port: u16) -> Result<u16, String> {
        let request = self.client.get(format!("http://{name}:{port}/"));
        let host: Host = name.parse().unwrap();
        match timeout(LONGEST, self.names.send(request, &host)).await.unwrap() {
            Ok(response) => Ok(response.status().as_u16()),
            Err(SendError::Name(unresolved)) => Err(unresolved.to_string()),
            Err(SendError::Http(error)) => Err(format!("{error:?}")),
        }
    }
}

#[tokio::test]
async fn f01_what_dns_costs_is_no_part_of_the_time_to_connect() {
    let late = Reply::Late(Duration::from_secs(6), Box::new(Reply::Has(&["127.0.0.1"])));
    let servers = Servers::start(vec![always(1, late, Reply::Has(&[]))]).await;
    let machine = Machine::new("", "nameserver 127.0.0.1\noptions timeout:30\n", servers.port);
    let http = Http::start(true).await;
    let client = Client::of(&machine, Duration::from_secs(5));
    assert_eq!(client.get("leader.example", http.at.port()).await, Ok(200));
}

#[tokio::test]
async fn f01_a_connection_that_is_there_needs_no_name_and_a_new_one_reads_both_files_again() {
    let servers = Servers::start(vec![always(1, Reply::Silence, Reply::Silence)]).await;
    let machine = Machine::new("127.0.0.1 leader.example\n", "nameserver 127.0.0.1\n", servers.port);
    let (kept, closed) = (Http::start(true).await, Http::start(false).await);
    let client = Client::of(&machine, LONGEST);
    assert_eq!(client.get("leader.example", kept.at.port()).await, Ok(200));
    fs::write(machine.path("etc/hosts"), "").unwrap();
    fs::write(machine.path("etc/resolv.conf"), "").unwrap();
    assert_eq!(client.get("leader.example", kept.at.port()).await, Ok(200), "the connection is there");
    assert_eq!(kept.connections.load(Ordering::Relaxed), 1);

    let why = client.get("leader.example", closed.at.port()).await.unwrap_err();
    assert!(why.starts_with("name leader.example does not resolve: it is not in /etc/hosts, and "), "{why}");
    fs::write(machine.path("etc/hosts"), "127.0.0.1 leader.example\n").unwrap();
    assert_eq!(client.get("leader.example", closed.at.port()).await, Ok(200), "a line that was added");
    fs::write(machine.path("etc/hosts"), "").unwrap();
    assert!(client.get("leader.example", closed.at.port()).await.is_err(), "a line that was removed");
    assert_eq!(servers.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn f01_many_requests_at_once_do_not_take_the_addresses_from_each_other() {
    let machine = Machine::new("127.0.0.1 leader.example\n", "", 1);
    let http = Http::start(false).await;
    let client = Client::of(&machine, LONGEST);
    let answers = join_all((0..50).map(|_| client.get("leader.example", http.at.port()))).await;
    assert!(answers.iter().all(|answer| *answer == Ok(200)), "{answers:?}");
    assert!(client.names.with("leader.example", |held| held.addresses.strong_count() == 0));
}

#[tokio::test]
async fn m9_a_dead_address_of_two_costs_its_share_of_the_time_to_connect() {
    let http = Http::start(true).await;
    let _dead = deaf("127.0.0.4", http.at.port()).await;
    let machine = Machine::new("127.0.0.4 leader.example\n127.0.0.1 leader.example\n", "", 1);
    let client = Client::of(&machine, Duration::from_secs(8));
    assert_eq!(client.get("leader.example", http.at.port()).await, Ok(200));
}

/// A socket whose backlog is full: connecting to it gets no answer.
async fn deaf(address: &str, port: u16) -> (tokio::net::TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    let at = SocketAddr::new(address.parse().unwrap(), port);
    socket.bind(at).unwrap();
    let listener = socket.listen(1).unwrap();
    let mut queued = Vec::new();
    while let Ok(connected) = timeout(Duration::from_secs(2), TcpStream::connect(at)).await {
        queued.push(connected.unwrap());
    }
    (listener, queued)
}

#[tokio::test]
async fn f02_half_of_the_answers_that_leads_nowhere_is_not_used_for_ever() {
    // The IPv6 address comes at once and has no server; the IPv4 address comes later than the first lookup waits.
    let servers = Servers::start(vec![always(
        1,
        Reply::Late(Duration::from_millis(600), Box::new(Reply::Has(&["127.0.0.1"]))),
        Reply::Has(&["::1"]),
    )])
    .await;
    let machine = Machine::new("", "nameserver 127.0.0.1\n", servers.port);
    let http = Http::start(true).await;
    let client = Client::of(&machine, LONGEST);
    let mut tries = 0;
    while client.get("leader.example", http.at.port()).await.is_err() {
        tries += 1;
        assert!(tries < 10, "the other half is never waited for");
    }
}
