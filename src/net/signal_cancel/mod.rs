//! The cancel request that may be sent from a signal handler (manual, `PQgetCancel` and `PQcancel`).
//!
//! To a server that is spoken to in plain text the handler sends it itself. One that must be encrypted is sent by another
//! thread ([`helper`]).

#[cfg(feature = "tls")]
mod helper;
#[cfg(feature = "tls")]
#[allow(unsafe_code)]
mod sys;

use super::Address;
use super::keepalive::TcpOption;
use super::sys::{ErrnoKept, send_cancel};

#[cfg(feature = "tls")]
pub use helper::{Course, Errand};

/// What every text begins with.
const PREFIX: &[u8] = b"PQcancel() -- ";

/// Everything a cancel request needs, prepared beforehand: sending it allocates nothing, takes no lock and looks nothing
/// up.
#[derive(Clone)]
pub struct SignalCancel(Way);

#[derive(Clone)]
enum Way {
    /// There is no key.
    Impossible,
    Plain(Plain),
    #[cfg(feature = "tls")]
    ByHelper(helper::ByHelper),
}

/// A request in plain text.
#[derive(Clone)]
struct Plain {
    address: Address,
    options: Vec<(i32, i32, &'static [u8], i32)>,
    packet: zeroize::Zeroizing<Vec<u8>>,
}

impl SignalCancel {
    /// A request that cannot be sent, for the server has given no key.
    pub fn impossible() -> SignalCancel {
        SignalCancel(Way::Impossible)
    }

    /// A request in plain text to the server at `address`, over a socket with these TCP options; `packet` is the whole
    /// CancelRequest.
    pub fn plain(
        address: Address,
        options: &[(TcpOption, i32)],
        packet: zeroize::Zeroizing<Vec<u8>>,
    ) -> SignalCancel {
        let entry = |&(option, value): &(TcpOption, i32)| {
            let (level, number) = option.numbers()?;
            Some((level, number, failure_text(option), value.max(0)))
        };
        let options = match address.is_unix() {
            true => Vec::new(),
            false => options.iter().filter_map(entry).collect(),
        };
        SignalCancel(Way::Plain(Plain {
            address,
            options,
            packet,
        }))
    }

    /// A request that another thread sends, and has `patience` for.
    #[cfg(feature = "tls")]
    pub fn by_helper(errand: Box<dyn Errand>, patience: std::time::Duration) -> SignalCancel {
        SignalCancel(Way::ByHelper(helper::ByHelper::new(errand, patience)))
    }

    /// Sends the request and waits until the server has taken it. Async-signal-safe, but for an encrypted one in a child of
    /// fork() that has inherited it; `errno` is kept.
    ///
    /// # Errors
    /// `false`, with a NUL-terminated text in `error`, cut to its size.
    pub fn send(&self, error: &mut [u8]) -> bool {
        let _kept = ErrnoKept::begin();
        match &self.0 {
            Way::Impossible => {
                write_text(error, &[PREFIX, b"no cancellation key received"]);
                false
            }
            Way::Plain(plain) => plain.send(error),
            #[cfg(feature = "tls")]
            Way::ByHelper(request) => request.call(error),
        }
    }
}

impl Plain {
    fn send(&self, error: &mut [u8]) -> bool {
        match send_cancel(self.address.raw(), &self.options, &self.packet) {
            Ok(()) => true,
            Err((step, errno)) => {
                let mut digits = [0; 10];
                let number = decimal(errno, &mut digits);
                write_text(error, &[PREFIX, step, b"error ", number, b"\n"]);
                false
            }
        }
    }
}

/// The text for an application that calls with no object.
pub fn no_object(error: &mut [u8]) {
    write_text(error, &[PREFIX, b"no cancel object supplied"]);
}

fn failure_text(option: TcpOption) -> &'static [u8] {
    match option {
        TcpOption::Keepalive => b"setsockopt(SO_KEEPALIVE) failed: ",
        TcpOption::Idle => b"setsockopt(TCP_KEEPIDLE) failed: ",
        TcpOption::Interval => b"setsockopt(TCP_KEEPINTVL) failed: ",
        TcpOption::Count => b"setsockopt(TCP_KEEPCNT) failed: ",
        TcpOption::UserTimeout => b"setsockopt(TCP_USER_TIMEOUT) failed: ",
    }
}

/// Writes the pieces and a NUL, cut to the size of `out`, without allocating.
fn write_text(out: &mut [u8], pieces: &[&[u8]]) {
    let Some(room) = out.len().checked_sub(1) else {
        return;
    };
    let mut len = 0;
    for &byte in pieces.iter().copied().flatten().take(room) {
        if let Some(slot) = out.get_mut(len) {
            *slot = byte;
            len += 1;
        }
    }
    if let Some(slot) = out.get_mut(len) {
        *slot = 0;
    }
}

/// The decimal digits of an error number, without allocating.
fn decimal(number: i32, digits: &mut [u8; 10]) -> &[u8] {
    let mut rest = number.unsigned_abs();
    let mut start = digits.len();
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + (rest % 10) as u8;
        rest /= 10;
        start -= 1;
        if rest == 0 {
            break;
        }
    }
    digits.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::net::UnixListener;

    fn socket_path(name: &str) -> Vec<u8> {
        format!(
            "{}/{}-{name}",
            std::env::temp_dir().display(),
            std::process::id()
        )
        .into_bytes()
    }

    #[test]
    fn behaviour_277_the_request_arrives_and_the_close_is_waited_for() {
        let path = socket_path("cancel");
        let text = String::from_utf8(path.clone()).unwrap();
        let listener = UnixListener::bind(&text).unwrap();
        let server = std::thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            let mut packet = [0; 16];
            peer.read_exact(&mut packet).unwrap();
            packet
        });
        let packet = (0..16).collect::<Vec<u8>>();
        let address = Address::unix(&path).unwrap();
        let cancel = SignalCancel::plain(address, &[], packet.clone().into());
        assert!(cancel.send(&mut [0; 256]));
        assert_eq!(server.join().unwrap().to_vec(), packet);
        std::fs::remove_file(text).unwrap();
    }

    #[test]
    fn behaviour_277_failures_name_step_and_number_cut_to_the_buffer() {
        let address = Address::unix(b"/nonexistent/socket").unwrap();
        let cancel = SignalCancel::plain(address, &[], vec![0; 16].into());
        let mut error = [b'#'; 256];
        assert!(!cancel.send(&mut error));
        assert!(error.starts_with(b"PQcancel() -- connect() failed: error 2\n\0"));
        let mut short = [b'#'; 9];
        assert!(!cancel.send(&mut short));
        assert_eq!(&short, b"PQcancel\0");
        assert!(!cancel.send(&mut []));
    }

    #[test]
    fn behaviour_277_a_failed_cancel_leaves_errno_as_it_was() {
        let address = Address::unix(b"/nonexistent/socket").unwrap();
        let cancel = SignalCancel::plain(address, &[], vec![0; 16].into());
        let directory = std::fs::File::create("/").unwrap_err();
        let before = std::io::Error::last_os_error();
        assert!(!cancel.send(&mut [0; 256]));
        let after = std::io::Error::last_os_error();
        assert_eq!(directory.raw_os_error(), Some(libc::EISDIR));
        assert_eq!(before.raw_os_error(), after.raw_os_error());
    }

    #[test]
    fn behaviour_276_without_a_key_nothing_is_dialled() {
        let cancel = SignalCancel::impossible();
        let mut error = [b'#'; 256];
        assert!(!cancel.send(&mut error));
        assert!(error.starts_with(b"PQcancel() -- no cancellation key received\0"));
    }

    #[test]
    fn numbers_are_written_in_full() {
        let mut digits = [0; 10];
        assert_eq!(decimal(0, &mut digits), b"0");
        assert_eq!(decimal(i32::MAX, &mut digits), b"2147483647");
    }
}
