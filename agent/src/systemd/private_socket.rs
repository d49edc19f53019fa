//! PID 1's own socket, for where no message bus runs: connecting, the greeting, and the stream that zbus is handed.
//!
//! It only moves bytes and takes SENDER out of them (see `header`); it must not know what the messages mean. Root only,
//! by systemd's decision.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use zbus::connection::socket::{ReadHalf, Socket, Split, WriteHalf};
use zbus::export::async_trait::async_trait;

use super::header::{FIXED_LENGTH, message_length, without_sender};

/// The longest answer to the greeting that is still taken for one.
const LONGEST_ANSWER: usize = 1024;

/// An authenticated connection to PID 1, ready for zbus.
#[derive(Debug)]
pub(super) struct PrivateSocket {
    stream: UnixStream,
    /// What PID 1 sent behind its answer to the greeting.
    early: Vec<u8>,
    /// The identity of the server, which zbus asks for.
    pub(super) guid: String,
}

impl PrivateSocket {
    /// Connects and greets. It sets no time limit; its caller does.
    pub(super) async fn connect(path: &Path) -> io::Result<Self> {
        let mut stream = UnixStream::connect(path).await?;
        // In one piece: the usual exchange of line for line hangs in most connections, because PID 1 looks for the
        // next line only when new bytes arrive. The empty DATA stands for "the user you see at the other end".
        stream.write_all(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n").await?;
        let mut early = Vec::new();
        loop {
            if let Some((guid, length)) = accepted(&early)? {
                early.drain(..length);
                return Ok(Self { stream, early, guid });
            }
            if early.len() > LONGEST_ANSWER || stream.read_buf(&mut early).await? == 0 {
                return Err(io::Error::other("it closed the connection during authentication"));
            }
        }
    }
}

/// The server's identity and where the messages begin, once the answer has arrived as a whole.
///
/// # Errors
/// When it refuses.
pub fn accepted(answer: &[u8]) -> io::Result<Option<(String, usize)>> {
    let mut start = 0;
    while let Some(length) = answer[start..].windows(2).position(|pair| pair == b"\r\n") {
        let line = String::from_utf8_lossy(&answer[start..start + length]);
        start += length + 2;
        if let Some(guid) = line.strip_prefix("OK ") {
            return Ok(Some((guid.trim().to_owned(), start)));
        }
        if line != "DATA" {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("it refused this user ({})", line.escape_debug()),
            ));
        }
    }
    Ok(None)
}

impl Socket for PrivateSocket {
    type ReadHalf = Reader;
    type WriteHalf = Writer;

    fn split(self) -> Split<Reader, Writer> {
        let (read, write) = self.stream.into_split();
        let reader = Reader { stream: read, arrived: self.early, message: VecDeque::new() };
        Split::new(reader, Writer(write))
    }
}

/// Reads whole messages, and hands them out without their sender.
#[derive(Debug)]
pub(super) struct Reader {
    stream: OwnedReadHalf,
    /// Bytes as they came.
    arrived: Vec<u8>,
    /// What is left of the message that is being handed out.
    message: VecDeque<u8>,
}

impl Reader {
    /// Reads until a whole message is there; nothing is left at the end. Bytes read stay in `arrived` when the read is given up
    /// half-way.
    async fn next_message(&mut self) -> io::Result<Vec<u8>> {
        let mut wanted = FIXED_LENGTH;
        loop {
            if let Some(fixed) = self.arrived.first_chunk::<FIXED_LENGTH>() {
                wanted = message_length(fixed).ok_or_else(|| {
                    io::Error::new(io::ErrorKind::InvalidData, "PID 1 sent something other than D-Bus")
                })?;
            }
            if self.arrived.len() >= wanted {
                let rest = self.arrived.split_off(wanted);
                return Ok(without_sender(std::mem::replace(&mut self.arrived, rest)));
            }
            self.arrived.reserve(wanted - self.arrived.len());
            if self.stream.read_buf(&mut self.arrived).await? == 0 {
                return Ok(Vec::new());
            }
        }
    }
}

#[async_trait]
impl ReadHalf for Reader {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        if self.message.is_empty() {
            self.message = self.next_message().await?.into();
        }
        Ok((self.message.read(buffer)?, Vec::new()))
    }
}

/// Sends what zbus composed, as it is.
#[derive(Debug)]
pub(super) struct Writer(OwnedWriteHalf);

#[async_trait]
impl WriteHalf for Writer {
    async fn sendmsg(&mut self, buffer: &[u8], _descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.0.write(buffer).await
    }

    async fn close(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }
}

#[cfg(test)]
mod tests {
    use super::{AsyncWriteExt, ReadHalf, Reader, UnixStream, VecDeque, accepted};

    #[test]
    fn an_answer_in_pieces_is_waited_for_and_what_follows_is_kept() {
        assert_eq!(accepted(b"").unwrap(), None);
        assert_eq!(accepted(b"DATA\r\nOK 12ab").unwrap(), None);
        assert_eq!(accepted(b"DATA\r\nOK 12ab\r\nl\x04").unwrap(), Some(("12ab".to_owned(), 15)));
    }

    #[test]
    fn a_refusal_is_reported() {
        let error = accepted(b"REJECTED EXTERNAL\r\n").unwrap_err();
        assert!(error.to_string().contains("refused this user (REJECTED EXTERNAL)"), "{error}");
    }

    #[tokio::test]
    async fn messages_are_handed_out_however_they_come_and_are_asked_for() {
        let message = |body| [b'l', 2, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, body];
        let sent = [message(b'a'), message(b'b')].concat();
        let (near, mut far) = UnixStream::pair().unwrap();
        let (stream, _write) = near.into_split();
        let mut reader = Reader { stream, arrived: sent[..5].to_vec(), message: VecDeque::new() };
        let send = async move {
            for piece in sent[5..].chunks(9) {
                far.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            sent
        };
        let receive = async {
            let (mut received, mut buffer) = (Vec::new(), [0; 7]);
            loop {
                match reader.recvmsg(&mut buffer).await.unwrap() {
                    (0, _) => return received,
                    (count, _) => received.extend_from_slice(&buffer[..count]),
                }
            }
        };
        let (sent, received) = tokio::join!(send, receive);
        assert_eq!(received, sent);
    }
}
