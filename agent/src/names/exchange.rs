//! One question to one name server: over UDP, and over TCP where the answer does not fit (RFC 7766). Must not know other
//! servers, nor a time limit: the caller drops the exchange.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::random;

use super::message::{self, Answer, Question};
use super::order::any;
use super::unresolved::Failure;

/// The longest message over UDP; without EDNS servers send no more than 512 bytes.
const LONGEST: usize = 4096;

/// Asks, and waits for the answer without an end.
pub(super) async fn exchange(at: SocketAddr, over_tcp: bool, question: &Question) -> Result<Answer, Failure> {
    // Not to be guessed, as the port that the kernel chooses (RFC 5452).
    let id = random::bytes().map(u16::from_ne_bytes).map_err(|error| Failure::Other(error.to_string()))?;
    let query = question.to_bytes(id).ok_or(Failure::Garbled)?;
    let answered = if over_tcp { Err(Failure::CutOff) } else { by_udp(at, id, &query, question).await };
    match answered {
        Err(Failure::CutOff) => by_tcp(at, id, &query, question).await.unwrap_or_else(|error| {
            let why = Failure::from(error);
            Err(Failure::Other(format!("its answer is too long for UDP, and over TCP: {why}")))
        }),
        answered => answered,
    }
}

async fn by_udp(at: SocketAddr, id: u16, query: &[u8], question: &Question) -> Result<Answer, Failure> {
    // Connected, so that only this server can answer and a closed port is noticed.
    let socket = UdpSocket::bind(any(at.ip())).await?;
    socket.connect(at).await?;
    socket.send(query).await?;
    let mut bytes = [0; LONGEST];
    loop {
        let length = socket.recv(&mut bytes).await?;
        if let Some(read) = message::read(bytes.get(..length).unwrap_or_default(), id, question) {
            return read;
        }
    }
}

async fn by_tcp(at: SocketAddr, id: u16, query: &[u8], question: &Question) -> io::Result<Result<Answer, Failure>> {
    let mut stream = TcpStream::connect(at).await?;
    // In one piece: some servers want it so (RFC 7766, section 8).
    let length = u16::try_from(query.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), query].concat()).await?;
    let length = stream.read_u16().await?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await?;
    Ok(message::read(&bytes, id, question).unwrap_or(Err(Failure::Garbled)))
}
