//! For unit tests: a connection to a scripted server inside the process.

use std::ffi::{CStr, c_char};
use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use super::status::{PQerrorMessage, PQfinish};
pub(super) use super::testing::{message, ready};
use super::types::PGconn;
use crate::client::Connection;
use crate::connect::status::ConnStatus;
use crate::net::socket::Socket;
use crate::net::{Address, Transport};

/// A connection that is up, and the server's side of it.
pub(super) struct Scripted {
    /// The connection.
    pub conn: *mut PGconn,
    server: JoinHandle<Vec<Vec<u8>>>,
}

impl Scripted {
    /// A connection whose server answers the first message with the first reply, and so on; an empty reply answers
    /// nothing. At a message that no reply is left for it hangs up.
    pub fn new(replies: &[Vec<u8>]) -> Scripted {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pq-unit-{}-{count}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        let address = Address::unix(format!("@{name}").as_bytes()).unwrap();
        let socket = Socket::new(&address).unwrap();
        socket.connect(&address).unwrap();
        socket.set_blocking().unwrap();
        let (stream, _) = listener.accept().unwrap();
        let replies = replies.to_vec();
        let server = std::thread::spawn(move || serve(stream, replies));
        let mut connection = Connection::default();
        connection.link.transport = Some(Transport::Plain(socket));
        connection.link.status = ConnStatus::Ok;
        connection.link.session.facts.client_encoding = 6;
        Scripted {
            conn: Box::into_raw(Box::new(PGconn::new(connection))),
            server,
        }
    }

    /// What `PQerrorMessage` says.
    pub fn error(&self) -> String {
        // SAFETY: the connection lives, and its text ends with a NUL.
        unsafe { CStr::from_ptr(PQerrorMessage(self.conn)) }
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// Ends the connection; the messages that the server got, the last one being Terminate unless the connection had
    /// failed.
    pub fn finish(self) -> Vec<Vec<u8>> {
        // SAFETY: the connection came from `new` and is not used afterwards.
        unsafe { PQfinish(self.conn) };
        self.server.join().unwrap()
    }
}

fn serve(mut stream: UnixStream, replies: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    let mut replies = replies.into_iter();
    while let Some(message) = read_message(&mut stream) {
        messages.push(message);
        let Some(reply) = replies.next() else {
            // Nothing is left to say: hang up, so that a client that waits does not wait for ever.
            break;
        };
        // The client may be gone before it has read everything.
        let _ = stream.write_all(&reply);
    }
    messages
}

fn read_message(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut message = vec![0; 5];
    stream.read_exact(&mut message).ok()?;
    let len = u32::from_be_bytes(message[1..].try_into().unwrap()) as usize;
    message.resize(1 + len, 0);
    stream.read_exact(&mut message[5..]).ok()?;
    Some(message)
}

/// CommandComplete and ReadyForQuery.
pub(super) fn complete(tag: &str) -> Vec<u8> {
    [message(b'C', format!("{tag}\0").as_bytes()), ready()].concat()
}

/// ErrorResponse and ReadyForQuery.
pub(super) fn error(text: &str) -> Vec<u8> {
    let body = format!("SERROR\0VERROR\0CXX000\0M{text}\0\0");
    [message(b'E', body.as_bytes()), ready()].concat()
}

/// A whole answer with rows of text.
pub(super) fn rows(columns: usize, rows: &[&[&str]]) -> Vec<u8> {
    let count = u16::try_from(columns).unwrap().to_be_bytes();
    let mut description = count.to_vec();
    for _ in 0..columns {
        description.extend_from_slice(b"c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0");
    }
    let mut answer = message(b'T', &description);
    for row in rows {
        let mut body = count.to_vec();
        for value in *row {
            body.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
            body.extend_from_slice(value.as_bytes());
        }
        answer.extend(message(b'D', &body));
    }
    answer.extend(complete("SELECT"));
    answer
}

/// FunctionCallResponse and ReadyForQuery.
pub(super) fn value(value: Option<&[u8]>) -> Vec<u8> {
    let body = match value {
        Some(bytes) => {
            let len = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            [&len[..], bytes].concat()
        }
        None => vec![0xff; 4],
    };
    [message(b'V', &body), ready()].concat()
}

/// The text of a C string.
pub(super) fn text(text: *const c_char) -> Option<String> {
    // SAFETY: tests hand in NULL or texts that live.
    unsafe { super::ptr::text(text) }.map(|t| String::from_utf8(t.to_vec()).unwrap())
}
