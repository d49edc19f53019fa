//! A response body without an end, for clients that must bound what they read.
//!
//! It is produced as fast as the client takes it, never faster: the socket holds it back.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use hyper::body::Frame;

const PIECE: &[u8] = &[b'x'; 4096];

/// See the head of this file.
pub(crate) struct EndlessBody;

impl HttpBody for EndlessBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(PIECE)))))
    }
}
