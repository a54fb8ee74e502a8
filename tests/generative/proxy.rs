//! A proxy between a client and a server on a unix socket that delivers bytes in pieces and reads late.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::rng::Rng;

const PORT: u16 = 5432;
/// From so many bytes in one direction on pieces are at least `LATER_PIECE` long, so that large results end some day.
const SMALL_PIECES_UNTIL: usize = 3000;
const LATER_PIECE: usize = 800;
/// A connection older than this is delivered without delay.
const MOST_DELAY: Duration = Duration::from_millis(60);

/// Listens in a directory of its own until dropped.
pub struct Proxy {
    directory: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// The n-th connection goes by the n-th schedule, the last one serves all further ones.
    pub fn start(server: PathBuf, schedules: Vec<u64>) -> Proxy {
        // short: a socket's path has at most 107 bytes
        let directory = std::env::temp_dir().join(format!(
            "pqg-{}-{:x}",
            std::process::id(),
            schedules
                .iter()
                .fold(schedules.len() as u64, |a, b| Rng::new(a ^ b).next())
                >> 32
        ));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).expect("a directory for the proxy");
        let listener = UnixListener::bind(directory.join(format!(".s.PGSQL.{PORT}")))
            .expect("the proxy listens");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            for (number, client) in listener.incoming().enumerate() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let client = client.expect("a client");
                let server = UnixStream::connect(&server).expect("the server is there");
                let schedule = schedules
                    .get(number)
                    .or(schedules.last())
                    .copied()
                    .unwrap_or(0);
                serve(client, server, schedule);
            }
        });
        Proxy {
            directory,
            stop,
            thread: Some(thread),
        }
    }

    /// Where to connect to.
    pub fn address(&self) -> (&Path, u16) {
        (&self.directory, PORT)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = UnixStream::connect(self.directory.join(format!(".s.PGSQL.{PORT}")));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn serve(client: UnixStream, server: UnixStream, schedule: u64) {
    let mut rng = Rng::new(schedule);
    for (from, to) in [(&server, &client), (&client, &server)] {
        let from = from.try_clone().expect("a descriptor");
        let to = to.try_clone().expect("a descriptor");
        let pace = Pace {
            piece: [1, 1, 2, 5, 13, 64, 700, 9000][rng.below(8)],
            delay: Duration::from_micros([0, 0, 20, 200][rng.below(4)]),
            rng: Rng::new(rng.next()),
        };
        // Ends with the connection.
        thread::spawn(move || carry(from, to, pace));
    }
}

struct Pace {
    piece: usize,
    delay: Duration,
    rng: Rng,
}

fn carry(mut from: UnixStream, mut to: UnixStream, mut pace: Pace) {
    let mut buffer = vec![0; 16 * 1024];
    let mut carried = 0;
    let waited = Instant::now();
    loop {
        let most = if carried < SMALL_PIECES_UNTIL {
            pace.piece
        } else {
            pace.piece.max(LATER_PIECE)
        };
        let most = pace.rng.range(1, most);
        let n = match from.read(&mut buffer[..most]) {
            Ok(0) | Err(_) => break,
            Ok(n) => n,
        };
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
        carried += n;
        if pace.delay > Duration::ZERO && waited.elapsed() < MOST_DELAY {
            thread::sleep(pace.delay);
        } else {
            thread::yield_now();
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
