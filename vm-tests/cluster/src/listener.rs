//! Serves routes on one TCP port over TLS, one task per connection.
//!
//! Stopping it drops every connection at once: tests end servers the hard way more often than not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::error::StandinError;
use crate::interception::Interception;

const HANDSHAKE: Duration = Duration::from_secs(5);

/// A port that is held but not served yet.
pub(crate) struct Port {
    listener: TcpListener,
    address: SocketAddr,
}

impl Port {
    /// Takes the port; 0 takes any free one.
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, StandinError> {
        let failed = |source| StandinError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// The address with the port that was really taken.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins to answer.
    pub(crate) fn serve(self, tls: Arc<ServerConfig>, router: Router, interception: Arc<Interception>) -> ServedPort {
        let serving = Serving { acceptor: TlsAcceptor::from(tls), router, interception };
        ServedPort { task: tokio::spawn(serving.accept(self.listener)) }
    }
}

/// A port that answers until this is dropped.
pub(crate) struct ServedPort {
    task: JoinHandle<()>,
}

impl ServedPort {
    /// Stops answering, and returns once the port is free again.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        // The error says only that the task was aborted, which is what was wanted.
        let _aborted = (&mut self.task).await;
    }
}

impl Drop for ServedPort {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Serving {
    acceptor: TlsAcceptor,
    router: Router,
    interception: Arc<Interception>,
}

impl Serving {
    async fn accept(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    connections.spawn(self.clone().serve(stream));
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    /// A failed handshake or a broken connection concerns that client alone.
    async fn serve(self, stream: TcpStream) {
        // Without it, each small answer would wait for a delayed acknowledgement.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let handshake = tokio::time::timeout(HANDSHAKE, self.acceptor.accept(stream));
        let Ok(Ok(stream)) = handshake.await else {
            return;
        };
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let (router, interception) = (self.router.clone(), Arc::clone(&self.interception));
            async move { interception.handle(router, request.map(Body::new)).await }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        let _ended = connection.await;
    }
}
