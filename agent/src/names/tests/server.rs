//! Name servers that behave as a test wants it, over UDP and TCP, on addresses of 127.0.0.0/8 that share one port.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What becomes of a question.
#[derive(Clone)]
pub(super) enum Reply {
    /// These addresses, of the family that was asked for.
    Has(&'static [&'static str]),
    /// An alias of a name, with that name's address.
    Alias(&'static str, &'static str),
    Code(ResponseCode),
    /// No answer, nor a hint of where one is.
    Lame,
    Silence,
    Late(Duration, Box<Reply>),
    /// Over UDP only that it does not fit.
    TooLong(Box<Reply>),
    /// First what others might send: another id, another question, no message at all.
    Forged(Box<Reply>),
    /// An answer that ends before its records.
    Garbled,
}

type Manners = dyn Fn(&str, bool) -> Reply + Send + Sync;

/// Some name servers.
pub(super) struct Servers {
    pub(super) port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

/// A server at `127.0.0.N`, and what it does with a name, and whether its IPv6 addresses are asked for.
pub(super) type One = (u8, Box<Manners>);

pub(super) fn at(last: u8, manners: impl Fn(&str, bool) -> Reply + Send + Sync + 'static) -> One {
    (last, Box::new(manners))
}

/// The same for all names: what it does with a question for IPv4 and for IPv6 addresses.
pub(super) fn always(last: u8, v4: Reply, v6: Reply) -> One {
    at(last, move |_, is_v6| if is_v6 { v6.clone() } else { v4.clone() })
}

impl Servers {
    pub(super) async fn start(all: Vec<One>) -> Self {
        let addresses: Vec<IpAddr> = all.iter().map(|(last, _)| Ipv4Addr::new(127, 0, 0, *last).into()).collect();
        let (port, sockets) = loop {
            if let Some(found) = bind(&addresses).await {
                break found;
            }
        };
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        for ((last, manners), (udp, tcp)) in all.into_iter().zip(sockets) {
            let manners: Arc<Manners> = Arc::from(manners);
            let one = Server { last, manners, asked: Arc::clone(&asked) };
            tasks.spawn(one.clone().by_udp(udp));
            tasks.spawn(one.by_tcp(tcp));
        }
        Self { port, asked, _tasks: tasks }
    }

    /// What was asked for, as `2 A node01`, with `tcp` where it was over TCP; each once, since who is slow is asked again.
    pub(super) fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked.dedup();
        asked
    }
}

async fn bind(addresses: &[IpAddr]) -> Option<(u16, Vec<(UdpSocket, TcpListener)>)> {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let mut sockets = Vec::new();
    for address in addresses {
        let at = SocketAddr::new(*address, port);
        sockets.push((UdpSocket::bind(at).await.ok()?, TcpListener::bind(at).await.ok()?));
    }
    Some((port, sockets))
}

#[derive(Clone)]
struct Server {
    last: u8,
    manners: Arc<Manners>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn by_udp(self, socket: UdpSocket) {
        let socket = Arc::new(socket);
        let mut bytes = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
            let (server, socket, query) = (self.clone(), Arc::clone(&socket), bytes[..length].to_vec());
            tokio::spawn(async move {
                for message in server.messages(&query, false).await {
                    socket.send_to(&message, from).await.unwrap();
                }
            });
        }
    }

    async fn by_tcp(self, listener: TcpListener) {
        while let Ok((mut stream, _)) = listener.accept().await {
            let server = self.clone();
            tokio::spawn(async move {
                let mut query = vec![0; usize::from(stream.read_u16().await.unwrap())];
                stream.read_exact(&mut query).await.unwrap();
                for message in server.messages(&query, true).await {
                    stream.write_u16(u16::try_from(message.len()).unwrap()).await.unwrap();
                    stream.write_all(&message).await.unwrap();
                }
            });
        }
    }

    async fn messages(&self, query: &[u8], tcp: bool) -> Vec<Vec<u8>> {
        let query = Message::from_vec(query).unwrap();
        assert!(query.metadata.recursion_desired && query.metadata.op_code == OpCode::Query);
        let asked = &query.queries[0];
        let name = asked.name().to_ascii().trim_end_matches('.').to_owned();
        let over = if tcp { " tcp" } else { "" };
        self.asked.lock().unwrap().push(format!("{} {} {name}{over}", self.last, asked.query_type()));
        let mut reply = (self.manners)(&name, asked.query_type() == RecordType::AAAA);
        while let Reply::Late(delay, later) = reply {
            sleep(delay).await;
            reply = *later;
        }
        messages(&query, &reply, tcp)
    }
}

fn messages(query: &Message, reply: &Reply, tcp: bool) -> Vec<Vec<u8>> {
    let asked = &query.queries[0];
    let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    answer.metadata.recursion_available = true;
    answer.add_query(asked.clone());
    let mut add = |name: &Name, data: RData| {
        answer.add_answer(Record::from_rdata(name.clone(), 60, data));
    };
    let data = |address: &str| match address.parse().unwrap() {
        IpAddr::V4(ip) => RData::A(A(ip)),
        IpAddr::V6(ip) => RData::AAAA(AAAA(ip)),
    };
    match reply {
        Reply::Silence | Reply::Late(..) => return Vec::new(),
        Reply::Has(addresses) => {
            addresses.iter().map(|address| data(address)).for_each(|data| add(asked.name(), data));
        }
        Reply::Alias(target, address) => {
            let target = Name::from_ascii(format!("{target}.")).unwrap();
            // What belongs to another name comes first, and the chain in no order.
            add(&Name::from_ascii("other.example.").unwrap(), data("127.9.9.9"));
            add(&target, data(address));
            add(asked.name(), RData::CNAME(CNAME(target.clone())));
        }
        Reply::Code(code) => answer.metadata.response_code = *code,
        Reply::Lame => answer.metadata.recursion_available = false,
        Reply::TooLong(inner) if tcp => return messages(query, inner, tcp),
        Reply::TooLong(_) => answer.metadata.truncation = true,
        Reply::Garbled => {
            let mut bytes = answer.to_vec().unwrap();
            bytes[7] = 9;
            return vec![bytes];
        }
        Reply::Forged(inner) => {
            let mut other_id = answer.clone();
            other_id.metadata.id ^= 1;
            other_id.metadata.response_code = ResponseCode::NXDomain;
            let mut other_name = answer.clone();
            other_name.queries[0].set_name(Name::from_ascii("elsewhere.example.").unwrap());
            let mut back = query.clone();
            back.metadata.message_type = MessageType::Query;
            let mut all = [other_id, other_name, back].map(|message| message.to_vec().unwrap()).to_vec();
            all.push(b"?".to_vec());
            all.extend(messages(query, inner, tcp));
            return all;
        }
    }
    vec![answer.to_vec().unwrap()]
}
