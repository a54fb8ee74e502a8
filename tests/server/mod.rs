//! Scripted servers in this process; `tests/facts/connect.py` explains the language of their scripts.

#[path = "script.rs"]
mod script;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A silent server gives up after this long.
const PATIENCE: Duration = Duration::from_millis(2500);

/// The servers of one scenario, a directory of their own, and the words that stand for their ports.
pub struct World {
    directory: PathBuf,
    ports: Vec<(String, u16)>,
    /// A bound port nobody listens on.
    _unused: socket2::Socket,
}

impl World {
    /// Starts the servers; returns the connection string with their places filled in.
    pub fn new(servers: &str, conninfo: &str) -> (World, String) {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("pqf{}_{number}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let unused =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        unused
            .bind(
                &"127.0.0.1:0"
                    .parse::<std::net::SocketAddr>()
                    .unwrap()
                    .into(),
            )
            .unwrap();
        let port = unused.local_addr().unwrap().as_socket().unwrap().port();
        let mut world = World {
            directory,
            ports: vec![("{p0}".into(), port)],
            _unused: unused,
        };
        let pass = world.directory.join("pass");
        let entry = format!(
            "{}:5001:*:*:from-file\n127.0.0.1:*:*:*:from-file\n",
            world.directory.display()
        );
        std::fs::write(&pass, entry).unwrap();
        std::fs::set_permissions(&pass, std::fs::Permissions::from_mode(0o600)).unwrap();
        for spec in servers.split(';').map(str::trim).filter(|s| !s.is_empty()) {
            world.start(spec);
        }
        let mut conninfo = conninfo.replace("{dir}", world.directory.to_str().unwrap());
        for (word, port) in &world.ports {
            conninfo = conninfo.replace(word, &port.to_string());
        }
        (world, conninfo)
    }

    fn start(&mut self, spec: &str) {
        let (head, scripts) = spec.split_once(':').unwrap();
        let scripts: Vec<String> = scripts.split('|').map(Into::into).collect();
        if let Some(port) = head.strip_prefix("unix") {
            let listener =
                UnixListener::bind(self.directory.join(format!(".s.PGSQL.{port}"))).unwrap();
            std::thread::spawn(move || {
                for script in scripts {
                    let Ok((peer, _)) = listener.accept() else {
                        return;
                    };
                    converse(peer, &script);
                }
            });
        } else {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let word = format!("{{p{}}}", head.strip_prefix("tcp").unwrap());
            self.ports
                .push((word, listener.local_addr().unwrap().port()));
            std::thread::spawn(move || {
                for script in scripts {
                    let Ok((peer, _)) = listener.accept() else {
                        return;
                    };
                    converse(peer, &script);
                }
            });
        }
    }

    /// Puts the words back for directory and ports.
    pub fn normalise(&self, text: &str) -> String {
        let mut text = text.replace(self.directory.to_str().unwrap(), "{dir}");
        for (word, port) in self.ports.iter().skip(1).chain(self.ports.first()) {
            text = text.replace(&port.to_string(), word);
        }
        text
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What a script talks to.
trait Peer: Read + Write {
    fn be_patient(&self);
    fn reset(&self);
}

impl Peer for UnixStream {
    fn be_patient(&self) {
        self.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    fn reset(&self) {}
}

impl Peer for TcpStream {
    fn be_patient(&self) {
        self.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    fn reset(&self) {
        socket2::SockRef::from(self)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }
}

fn converse(mut peer: impl Peer, script: &str) {
    peer.be_patient();
    for step in script.split_whitespace() {
        let done = match step {
            "S" => read_packet(&mut peer, 0),
            "M" => read_packet(&mut peer, 1),
            "W" => {
                let mut sink = [0; 4096];
                while peer.read(&mut sink).is_ok_and(|n| n > 0) {}
                Some(())
            }
            "C" => None,
            "R" => {
                peer.reset();
                None
            }
            _ => peer.write_all(&script::bytes(step)).ok(),
        };
        if done.is_none() {
            return;
        }
    }
}

fn read_packet(peer: &mut impl Peer, kind_len: usize) -> Option<()> {
    let mut head = vec![0; kind_len + 4];
    peer.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes(head[kind_len..].try_into().ok()?);
    peer.read_exact(&mut vec![0; length as usize - 4]).ok()
}
