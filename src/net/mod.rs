//! Floor 1: sockets, readiness, addresses, name lookup. System calls are made here and nowhere else.
//!
//! Owns descriptors and what the operating system says about them. Refuses to know what the bytes mean: that is
//! [`crate::protocol`], and which server to dial: that is [`crate::connect`], the only caller besides `client`.
//! Raw calls stand in `sys.rs`; everything else is safe code.

pub mod address;
pub mod composite;
pub mod error;
pub mod foreign;
pub mod fork;
pub mod keepalive;
pub mod lookup;
pub mod peer;
pub mod poll;
pub mod shared;
pub mod signal_cancel;
pub mod socket;
#[allow(unsafe_code)]
mod sys;
#[cfg(feature = "tls")]
pub mod tls;
pub mod transport;
pub mod waker;

pub use address::Address;
pub use composite::Composite;
pub use error::NetError;
pub use poll::{current_time_us, socket_poll, wait};
pub use sys::English;
pub use transport::Transport;
pub use waker::Waker;

/// Appends the C library's text for an error number: `Connection refused`.
pub fn write_os_error(errno: i32, out: &mut Vec<u8>) {
    sys::strerror(errno, out);
}

/// The error number of an [`std::io::Error`]; 0 where it has none.
pub fn errno_of(error: &std::io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}
