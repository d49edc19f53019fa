//! Answers that come in an odd way: in pieces, or only half of them before the connection breaks.
//!
//! The headers stay those of the whole answer, so a client can see that it has not got all of it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::interception::ClosedOnPurpose;

/// More than any answer of these servers has.
const WHOLE: usize = 1 << 20;
/// A dripping answer comes in so many.
const PIECES: usize = 4;

/// The answer, in pieces with a pause before each.
pub(crate) async fn dripping(answer: Response, pause: Duration) -> Result<Response, ClosedOnPurpose> {
    reshaped(answer, |bytes| Pace::Drip { pause, due: Box::pin(sleep(pause)), left: bytes }).await
}

/// The first half of the answer, then the end of the connection.
pub(crate) async fn truncated(answer: Response) -> Result<Response, ClosedOnPurpose> {
    reshaped(answer, |bytes| Pace::Break { half: Some(bytes.slice(..bytes.len() / 2)) }).await
}

async fn reshaped(answer: Response, pace: impl FnOnce(Bytes) -> Pace) -> Result<Response, ClosedOnPurpose> {
    let (head, body) = answer.into_parts();
    let bytes = to_bytes(body, WHOLE).await.map_err(|_| ClosedOnPurpose)?;
    let announced = bytes.len() as u64;
    Ok(Response::from_parts(head, Body::new(OddBody { announced, pace: pace(bytes) })))
}

enum Pace {
    Drip { pause: Duration, due: Pin<Box<Sleep>>, left: Bytes },
    Break { half: Option<Bytes> },
}

struct OddBody {
    announced: u64,
    pace: Pace,
}

impl HttpBody for OddBody {
    type Data = Bytes;
    type Error = ClosedOnPurpose;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ClosedOnPurpose>>> {
        let piece = usize::try_from(self.announced).unwrap_or(WHOLE).div_ceil(PIECES);
        match &mut self.pace {
            Pace::Break { half } => Poll::Ready(Some(half.take().map(Frame::data).ok_or(ClosedOnPurpose))),
            Pace::Drip { left, .. } if left.is_empty() => Poll::Ready(None),
            Pace::Drip { pause, due, left } => due.as_mut().poll(context).map(|()| {
                *due = Box::pin(sleep(*pause));
                Some(Ok(Frame::data(left.split_to(piece.min(left.len())))))
            }),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
