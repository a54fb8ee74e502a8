//! What polling says, step by step, with a server that this test plays itself: nothing happens between two polls but what
//! is written here. The expected sequences were recorded from the reference.

#[path = "server/script.rs"]
mod script;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use pq::config::{ConnectPlan, RealEnv, Settings};
use pq::connect::link::Link;
use pq::connect::{ConnStatus, Connector, Mode, PollStatus, Purpose};
use pq::net;

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

enum Listener {
    Unix(UnixListener, PathBuf),
    Tcp(TcpListener),
}

impl Listener {
    fn unix(name: &str) -> (Listener, String) {
        let directory = std::env::temp_dir().join(format!("pqs{}{name}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let listener = UnixListener::bind(directory.join(".s.PGSQL.5001")).unwrap();
        let conninfo = format!("host={} port=5001", directory.display());
        (Listener::Unix(listener, directory), conninfo)
    }

    fn tcp() -> (Listener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (
            Listener::Tcp(listener),
            format!("host=127.0.0.1 port={port}"),
        )
    }

    fn accept(&self) -> Box<dyn Stream> {
        match self {
            Listener::Unix(listener, _) => Box::new(listener.accept().unwrap().0),
            Listener::Tcp(listener) => Box::new(listener.accept().unwrap().0),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Listener::Unix(_, directory) = self {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

fn connector(conninfo: &str) -> Connector {
    let text = format!(
        "user=a dbname=b sslmode=disable gssencmode=disable passfile=/dev/null/x {conninfo}"
    );
    let settings = Settings::from_conninfo(text.as_bytes(), &RealEnv).unwrap();
    let plan = ConnectPlan::new(settings, &RealEnv)
        .map_err(|r| r.error)
        .unwrap();
    Connector::new(plan, Purpose::Session)
}

/// A connection under way and the server it goes to.
struct Play {
    listener: Listener,
    peer: Option<Box<dyn Stream>>,
    connector: Connector,
    link: Link,
    seen: Vec<(i32, i32)>,
}

impl Play {
    fn start((listener, conninfo): (Listener, String), options: &str) -> Play {
        let connector = connector(&format!("{conninfo} {options}"));
        let mut play = Play {
            listener,
            peer: None,
            connector,
            link: Link::default(),
            seen: Vec::new(),
        };
        play.connector.start(&mut play.link, Mode::Blocking);
        play.note(PollStatus::Writing);
        play
    }

    fn note(&mut self, status: PollStatus) {
        self.seen.push((status as i32, self.link.status as i32));
    }

    fn poll(&mut self) -> PollStatus {
        let status = self.connector.poll(&mut self.link);
        self.note(status);
        status
    }

    fn steps(mut self, steps: &str) -> Play {
        for step in steps.split_whitespace() {
            match step {
                "poll" => {
                    self.poll();
                }
                "accept" => self.peer = Some(self.listener.accept()),
                "close" => self.peer = None,
                "S" => drop(self.read(0)),
                "M" => drop(self.read(1)),
                _ => self
                    .peer
                    .as_mut()
                    .unwrap()
                    .write_all(&script::bytes(step))
                    .unwrap(),
            }
        }
        self
    }

    fn read(&mut self, kind_len: usize) -> Vec<u8> {
        let peer = self.peer.as_mut().unwrap();
        let mut head = vec![0; kind_len + 4];
        peer.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes(head[kind_len..].try_into().unwrap());
        let mut body = vec![0; length as usize - 4];
        peer.read_exact(&mut body).unwrap();
        body
    }
}

#[test]
fn behaviour_79_every_state_is_seen_over_a_unix_socket() {
    let play = Play::start(Listener::unix("a"), "password=x");
    let play = play.steps("accept poll S poll auth:3 poll M poll auth:0 poll key poll z poll poll");
    assert_eq!(
        play.seen,
        [
            (2, 3),
            (1, 4),
            (1, 4),
            (1, 4),
            (1, 4),
            (1, 5),
            (1, 5),
            (3, 0),
            (3, 0)
        ]
    );
    assert!(play.link.session.errors.is_empty(), "behaviour 94");
    assert!(play.link.raw_fd() >= 0);
}

#[test]
fn behaviour_78_tcp_begins_as_started() {
    let play = Play::start(Listener::tcp(), "").steps("accept poll poll S poll auth:0 key z");
    assert_eq!(play.seen, [(2, 2), (2, 3), (1, 4), (1, 4)]);
    let mut play = play;
    net::wait(play.link.raw_fd(), true, false, None).unwrap();
    while play.poll() == PollStatus::Reading {
        net::wait(play.link.raw_fd(), true, false, None).unwrap();
    }
    assert_eq!(play.seen.last(), Some(&(3, 0)));
}

#[test]
fn the_servers_kind_is_asked_for_and_the_rest_of_the_answer_consumed() {
    let play = Play::start(Listener::unix("c"), "target_session_attrs=read-write");
    let play =
        play.steps("accept poll S auth:0 ps:server_version:13.0 z poll M poll row:off poll z poll");
    assert_eq!(play.seen, [(2, 3), (1, 4), (1, 9), (1, 9), (1, 10), (3, 0)]);
    let play = Play::start(Listener::unix("d"), "target_session_attrs=primary");
    let play = play.steps("accept poll S auth:0 ps:server_version:13.0 z poll M row:f poll z poll");
    assert_eq!(play.seen, [(2, 3), (1, 4), (1, 13), (1, 10), (3, 0)]);
}

#[test]
fn a_server_that_closes_is_noticed_at_the_next_poll_and_stays_failed() {
    let play = Play::start(Listener::unix("e"), "").steps("accept poll close poll poll");
    assert_eq!(play.seen, [(2, 3), (1, 4), (0, 1), (0, 1)]);
    assert_eq!(play.link.raw_fd(), -1);
}

#[test]
fn a_poll_before_the_socket_is_writable_does_no_harm() {
    // A listener whose queue is full leaves the connection half open.
    let listener =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener
        .bind(
            &"127.0.0.1:0"
                .parse::<std::net::SocketAddr>()
                .unwrap()
                .into(),
        )
        .unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let _first = std::net::TcpStream::connect(address).unwrap();
    let mut fillers = Vec::new();
    for _ in 0..4 {
        let filler =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        filler.set_nonblocking(true).unwrap();
        let _ = filler.connect(&address.into());
        fillers.push(filler);
    }
    let mut link = Link::default();
    let mut connector = connector(&format!("host=127.0.0.1 port={}", address.port()));
    connector.start(&mut link, Mode::Blocking);
    for _ in 0..5 {
        assert_eq!(connector.poll(&mut link), PollStatus::Writing);
        assert_eq!(link.status, ConnStatus::Started);
    }
    // Behaviour 86: giving up goes on to the next address, of which there is none.
    connector.time_out(&mut link);
    assert_eq!(link.raw_fd(), -1);
    assert_eq!(connector.poll(&mut link), PollStatus::Failed);
    let text = String::from_utf8(link.session.errors.text().to_vec()).unwrap();
    assert_eq!(
        text,
        format!(
            "connection to server at \"127.0.0.1\", port {} failed: timeout expired\n",
            address.port()
        )
    );
}

#[test]
fn a_connection_that_is_up_has_a_blocking_socket() {
    let play = Play::start(Listener::unix("f"), "").steps("accept poll S auth:0 key z poll");
    assert_eq!(play.link.status, ConnStatus::Ok);
    let flags =
        std::fs::read_to_string(format!("/proc/self/fdinfo/{}", play.link.raw_fd())).unwrap();
    let flags = flags
        .lines()
        .find_map(|line| line.strip_prefix("flags:"))
        .unwrap();
    let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
    assert_eq!(flags & 0o4000, 0, "O_NONBLOCK");
    assert_ne!(flags & 0o2000000, 0, "O_CLOEXEC");
}

#[test]
fn behaviour_114_a_restart_begins_with_the_first_host() {
    let (listener, conninfo) = Listener::unix("g");
    let directory = conninfo
        .split(' ')
        .next()
        .unwrap()
        .strip_prefix("host=")
        .unwrap()
        .to_owned();
    let play = Play::start(
        (listener, format!("host=/nonexistent,{directory} port=5001")),
        "",
    );
    let mut play = play.steps("accept poll S auth:0 key z poll");
    assert_eq!(play.connector.host().host, directory.as_bytes());
    play.link.disconnect();
    play.connector.restart();
    play.connector.start(&mut play.link, Mode::Blocking);
    assert_eq!(play.link.status, ConnStatus::Made);
    assert!(
        play.link
            .session
            .errors
            .text()
            .starts_with(b"connection to server on socket \"/nonexistent/")
    );
}

/// A connection that is up, and a cancel request for it that has been started.
fn cancelling(name: &str) -> Play {
    let mut play = Play::start(Listener::unix(name), "").steps("accept poll S auth:0 key z poll");
    let facts = &play.link.session.facts;
    let key = facts.cancel_key.clone().unwrap();
    let mut cancel = play.connector.for_cancel(facts.process_id, key).unwrap();
    let mut link = Link::default();
    cancel.start(&mut link, Mode::Blocking);
    play.connector = cancel;
    play.link = link;
    play.seen.clear();
    play.note(PollStatus::Writing);
    play
}

#[test]
fn behaviour_274_a_cancel_request_succeeds_when_the_server_closes() {
    let mut play = cancelling("h").steps("accept poll");
    let body = play.read(0);
    assert_eq!(body, b"\x04\xd2\x16.\0\0\x12g\0\0\x03/");
    let play = play.steps("poll close poll poll");
    assert_eq!(play.seen, [(2, 3), (1, 4), (1, 4), (3, 0), (3, 0)]);
    assert_eq!(play.link.raw_fd(), -1);
}

#[test]
fn a_cancel_request_that_is_answered_has_failed() {
    let play = cancelling("i").steps("accept poll S raw:x poll poll");
    assert_eq!(play.seen, [(2, 3), (1, 4), (0, 1), (0, 1)]);
    assert!(
        play.link
            .session
            .errors
            .text()
            .ends_with(b" failed: unexpected response from server\n")
    );
    assert!(play.link.raw_fd() >= 0);
}

#[test]
fn behaviour_277_the_signal_safe_request_reaches_the_same_server() {
    let mut play = Play::start(Listener::unix("j"), "").steps("accept poll S auth:0 key z poll");
    let facts = &play.link.session.facts;
    let cancel = play.connector.signal_cancel(
        facts.process_id,
        facts.cancel_key.as_deref().map(Vec::as_slice),
    );
    let sender = std::thread::spawn(move || cancel.unwrap().send(&mut [0; 256]));
    play.peer = Some(play.listener.accept());
    assert_eq!(play.read(0), b"\x04\xd2\x16.\0\0\x12g\0\0\x03/");
    play.peer = None;
    assert!(sender.join().unwrap());
}
