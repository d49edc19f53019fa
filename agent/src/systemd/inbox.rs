//! Listens on a connection for what concerns one unit.
//!
//! It must take in everything that arrives, all the time: zbus stops reading, answers included, while a listener's queue
//! is full, and a private connection carries the signals of every unit on the host.

use std::collections::VecDeque;
use std::pin::pin;

use futures_util::StreamExt;
use zbus::message::{Message, Type};
use zbus::names::OwnedUniqueName;
use zbus::{MessageStream, OwnedObjectPath};

use super::session::{BUS, MANAGER, PROPERTIES, Session};

/// Something that concerns the unit.
#[derive(Debug)]
pub(super) enum News {
    /// Properties of the unit have changed; the message says which.
    Changed(Message),
    /// systemd has the unit in memory from now on; it reports its state only when asked.
    Appeared,
    /// systemd has read all units again; what it says once about a unit may be another thing now.
    Reloaded,
    /// The connection has ended, or systemd has left it.
    Ended,
}

/// The news about one unit on one connection, in order.
pub(super) struct Inbox {
    stream: MessageStream,
    kept: VecDeque<News>,
    sender: Option<OwnedUniqueName>,
    id: String,
    path: OwnedObjectPath,
}

impl Inbox {
    /// Begins to listen.
    pub(super) fn open(session: &Session, id: &str, path: OwnedObjectPath) -> Self {
        Self {
            stream: MessageStream::from(&session.connection),
            kept: VecDeque::new(),
            sender: session.owner.clone(),
            id: id.to_owned(),
            path,
        }
    }

    /// Does something on the connection, and keeps the news that arrive meanwhile.
    pub(super) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                news = self.receive() => {
                    let over = matches!(news, News::Ended);
                    self.kept.push_back(news);
                    if over {
                        return work.await;
                    }
                }
            }
        }
    }

    /// The next news. May be given up at any time without losing any.
    pub(super) async fn next(&mut self) -> News {
        match self.kept.pop_front() {
            Some(news) => news,
            None => self.receive().await,
        }
    }

    /// Passes over what does not concern the unit.
    async fn receive(&mut self) -> News {
        loop {
            let Some(Ok(message)) = self.stream.next().await else {
                return News::Ended;
            };
            if let Some(news) = self.concerning(message) {
                return news;
            }
        }
    }

    /// What a message means for the unit. On the bus anybody may send a signal, so the sender must be systemd or the bus.
    fn concerning(&self, message: Message) -> Option<News> {
        if message.message_type() != Type::Signal {
            return None;
        }
        let header = message.header();
        let sender = header.sender().map(zbus::names::UniqueName::as_str);
        let interface = header.interface()?.as_str();
        let member = header.member()?.as_str();
        if interface == BUS && member == "NameOwnerChanged" {
            // Only systemd's name was asked for. A private connection has no bus to say such a thing.
            return (self.sender.is_some() && sender == Some(BUS)).then_some(News::Ended);
        }
        if sender != self.sender.as_ref().map(|name| name.as_str()) {
            return None;
        }
        match (interface, member) {
            (PROPERTIES, "PropertiesChanged") if header.path()?.as_str() == self.path.as_str() => {
                drop(header);
                Some(News::Changed(message))
            }
            (MANAGER, "UnitNew") => {
                let body = message.body();
                let (name, _): (&str, zbus::ObjectPath<'_>) = body.deserialize().ok()?;
                (name == self.id).then_some(News::Appeared)
            }
            (MANAGER, "Reloading") => {
                let (active,): (bool,) = message.body().deserialize().ok()?;
                (!active).then_some(News::Reloaded)
            }
            _ => None,
        }
    }
}
