//! One question to all name servers, in their order: each is given a moment before the next is asked beside it, an answer
//! that comes late still counts, and who cannot answer is not asked again. Must not wait longer than until its deadline.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until};

use super::exchange::exchange;
use super::message::{Answer, Question};
use super::resolv_conf::ResolvConf;
use super::unresolved::{Failure, Failures};

/// The moment that a server is given before the next is asked; it doubles with each round.
const MOMENT: Duration = Duration::from_secs(1);

/// The first answer to a question, and which of the servers gave it.
pub(super) async fn ask(
    conf: &ResolvConf,
    port: u16,
    question: &Question,
    deadline: Instant,
) -> Result<(usize, Answer), Failures> {
    let mut turns = Turns::new(conf.servers.len());
    let mut pending = FuturesUnordered::new();
    let mut failures: Vec<Option<Failure>> = vec![None; conf.servers.len()];
    loop {
        tokio::select! {
            biased;
            Some((turn, outcome)) = pending.next(), if !pending.is_empty() => match outcome {
                Ok(answer) => return Ok((turn, answer)),
                Err(failure) => {
                    failures[turn] = Some(failure);
                    if turns.is_over_without(turn) {
                        break;
                    }
                }
            },
            () = sleep_until(deadline) => break,
            () = sleep_until(turns.due) => {
                if let Some(turn) = turns.take() {
                    pending.push(async move {
                        let outcome = match conf.servers[turn].at(port) {
                            Ok(at) => exchange(at, conf.use_vc, question).await,
                            Err(failure) => Err(failure),
                        };
                        (turn, outcome)
                    });
                }
            }
        }
    }
    Err(Failures::new(&conf.servers, failures, conf.bound))
}

/// Whose turn it is, and when.
struct Turns {
    /// The servers that may still answer, the next first.
    queue: VecDeque<usize>,
    /// How many there are that were not asked yet.
    unasked: usize,
    due: Instant,
    moment: Duration,
    /// How many of this round are left.
    left: usize,
}

impl Turns {
    fn new(servers: usize) -> Self {
        Self { queue: (0..servers).collect(), unasked: servers, due: Instant::now(), moment: MOMENT, left: servers }
    }

    /// The server to ask now.
    fn take(&mut self) -> Option<usize> {
        self.queue.rotate_left(usize::from(!self.queue.is_empty()));
        self.unasked = self.unasked.saturating_sub(1);
        self.due = Instant::now() + self.moment;
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.moment *= 2;
            self.left = self.queue.len();
        }
        self.queue.back().copied()
    }

    /// Removes a server that cannot answer; returns whether none is left.
    fn is_over_without(&mut self, turn: usize) -> bool {
        self.queue.retain(|other| *other != turn);
        if self.unasked > 0 {
            // Nothing is gained by waiting.
            self.due = Instant::now();
        }
        self.queue.is_empty()
    }
}
