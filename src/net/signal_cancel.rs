//! The cancel request that may be sent from a signal handler (manual, `PQgetCancel` and `PQcancel`).

use super::keepalive::TcpOption;
use super::{Address, sys};

/// Room for a CancelRequest: twelve bytes and the longest key.
pub const PACKET_MAX: usize = 12 + 256;

/// Everything a cancel request needs, prepared beforehand: sending it allocates nothing, takes no lock and looks nothing
/// up.
#[derive(Clone)]
pub struct SignalCancel {
    address: Address,
    options: Vec<(i32, i32, &'static [u8], i32)>,
    packet: Option<zeroize::Zeroizing<Vec<u8>>>,
}

impl SignalCancel {
    /// A request to the server at `address`, over a socket with these TCP options; `packet` is the whole CancelRequest,
    /// `None` where the server gave no key.
    pub fn new(
        address: Address,
        options: &[(TcpOption, i32)],
        packet: Option<zeroize::Zeroizing<Vec<u8>>>,
    ) -> Self {
        let entry = |&(option, value): &(TcpOption, i32)| {
            let (level, number) = option.numbers()?;
            Some((level, number, failure_text(option), value.max(0)))
        };
        let options = match address.is_unix() {
            true => Vec::new(),
            false => options.iter().filter_map(entry).collect(),
        };
        SignalCancel {
            address,
            options,
            packet,
        }
    }

    /// Sends the request, in plain text, and waits until the server has taken it. Async-signal-safe; `errno` is kept.
    ///
    /// # Errors
    /// `false`, with a NUL-terminated text in `error`, cut to its size.
    pub fn send(&self, error: &mut [u8]) -> bool {
        let Some(packet) = &self.packet else {
            write_text(error, &[b"PQcancel() -- no cancellation key received"]);
            return false;
        };
        match sys::send_cancel(self.address.raw(), &self.options, packet) {
            Ok(()) => true,
            Err((step, errno)) => {
                let mut digits = [0; 10];
                write_text(
                    error,
                    &[step, b"error ", decimal(errno, &mut digits), b"\n"],
                );
                false
            }
        }
    }
}

/// The text for an application that calls with no object.
pub fn no_object(error: &mut [u8]) {
    write_text(error, &[b"PQcancel() -- no cancel object supplied"]);
}

fn failure_text(option: TcpOption) -> &'static [u8] {
    match option {
        TcpOption::Keepalive => b"PQcancel() -- setsockopt(SO_KEEPALIVE) failed: ",
        TcpOption::Idle => b"PQcancel() -- setsockopt(TCP_KEEPIDLE) failed: ",
        TcpOption::Interval => b"PQcancel() -- setsockopt(TCP_KEEPINTVL) failed: ",
        TcpOption::Count => b"PQcancel() -- setsockopt(TCP_KEEPCNT) failed: ",
        TcpOption::UserTimeout => b"PQcancel() -- setsockopt(TCP_USER_TIMEOUT) failed: ",
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
        let cancel = SignalCancel::new(
            Address::unix(&path).unwrap(),
            &[],
            Some(packet.clone().into()),
        );
        assert!(cancel.send(&mut [0; 256]));
        assert_eq!(server.join().unwrap().to_vec(), packet);
        std::fs::remove_file(text).unwrap();
    }

    #[test]
    fn behaviour_277_failures_name_step_and_number_cut_to_the_buffer() {
        let cancel = SignalCancel::new(
            Address::unix(b"/nonexistent/socket").unwrap(),
            &[],
            Some(vec![0; 16].into()),
        );
        let mut error = [b'#'; 256];
        assert!(!cancel.send(&mut error));
        assert!(error.starts_with(b"PQcancel() -- connect() failed: error 2\n\0"));
        let mut short = [b'#'; 9];
        assert!(!cancel.send(&mut short));
        assert_eq!(&short, b"PQcancel\0");
        assert!(!cancel.send(&mut []));
    }

    #[test]
    fn behaviour_276_without_a_key_nothing_is_dialled() {
        let cancel = SignalCancel::new(Address::unix(b"/nonexistent/socket").unwrap(), &[], None);
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
