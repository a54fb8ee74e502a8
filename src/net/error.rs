//! What goes wrong on an open connection, and the one place of this room that words it.

use std::io;
use std::time::Duration;

use super::sys;
#[cfg(feature = "tls")]
use super::tls::TlsError;

/// A failure of an open connection.
#[derive(Debug)]
pub enum NetError {
    /// The server closed the connection or its machine reset it.
    Closed,
    /// Receiving failed.
    Receiving(io::Error),
    /// Sending failed.
    Sending(io::Error),
    /// There is no connection to use.
    NotOpen,
    /// The connection is another process's: this one was forked off after it was made.
    Inherited,
    /// The server was silent for as long as it may be.
    Silent(Duration),
    /// Waiting for readiness failed.
    Polling(io::Error),
    /// TLS says why.
    #[cfg(feature = "tls")]
    Tls(TlsError),
}

impl NetError {
    /// What a failed receive means.
    pub fn receiving(error: io::Error) -> NetError {
        Self::closed_or(error, NetError::Receiving)
    }

    /// What a failed send means.
    pub fn sending(error: io::Error) -> NetError {
        Self::closed_or(error, NetError::Sending)
    }

    fn closed_or(error: io::Error, other: fn(io::Error) -> NetError) -> NetError {
        #[cfg(feature = "tls")]
        let error = match error.downcast::<TlsError>() {
            Ok(error) => return NetError::Tls(error),
            Err(error) => error,
        };
        match super::errno_of(&error) {
            libc::EPIPE | libc::ECONNRESET => NetError::Closed,
            _ => other(error),
        }
    }

    /// Whether nothing can come any more after this. The reference takes a receive that failed for other reasons for a
    /// failure of that one call: the connection stays, and who asked gets the error.
    pub fn ends_connection(&self) -> bool {
        match self {
            NetError::Receiving(error) => matches!(
                super::errno_of(error),
                libc::EPIPE
                    | libc::ECONNRESET
                    | libc::ECONNABORTED
                    | libc::EHOSTDOWN
                    | libc::EHOSTUNREACH
                    | libc::ENETDOWN
                    | libc::ENETRESET
                    | libc::ENETUNREACH
                    | libc::ETIMEDOUT
            ),
            _ => true,
        }
    }

    /// Appends libpq's text, without the newline that ends it.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        let (what, error) = match self {
            NetError::Closed => {
                return out.extend_from_slice(
                    b"server closed the connection unexpectedly\n\
                    \tThis probably means the server terminated abnormally\n\
                    \tbefore or while processing the request.",
                );
            }
            // Ours alone, as the option is.
            NetError::Silent(time) => {
                return out.extend_from_slice(
                    format!(
                        "server has said nothing for {} ms\n\tThis is the end of what the option read_timeout_ms allows.",
                        time.as_millis()
                    )
                    .as_bytes(),
                );
            }
            NetError::NotOpen => return out.extend_from_slice(b"connection not open"),
            // Ours alone: the reference uses the connection.
            NetError::Inherited => {
                return out.extend_from_slice(
                    b"connection belongs to the process that opened it\n\
                    \tThis process inherited it through fork() and must open one of its own.",
                );
            }
            NetError::Receiving(error) => ("could not receive data from server: ", error),
            NetError::Sending(error) => ("could not send data to server: ", error),
            NetError::Polling(error) => ("poll() failed: ", error),
            #[cfg(feature = "tls")]
            NetError::Tls(error) => return error.write_text(out),
        };
        out.extend_from_slice(what.as_bytes());
        sys::strerror(super::errno_of(error), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(error: NetError) -> String {
        let mut out = Vec::new();
        error.write_text(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_reset_reads_as_a_closed_connection_and_other_errors_by_name() {
        let reset = io::Error::from_raw_os_error(libc::ECONNRESET);
        assert_eq!(
            text(NetError::receiving(reset)),
            "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\
             \tbefore or while processing the request."
        );
        let timed_out = || io::Error::from_raw_os_error(libc::ETIMEDOUT);
        assert_eq!(
            text(NetError::receiving(timed_out())),
            "could not receive data from server: Connection timed out"
        );
        assert_eq!(
            text(NetError::sending(timed_out())),
            "could not send data to server: Connection timed out"
        );
        let pipe = io::Error::from_raw_os_error(libc::EPIPE);
        assert!(matches!(NetError::sending(pipe), NetError::Closed));
    }
}
