//! Floor 2: from a plan to a session that is up, and cancel requests.
//!
//! [`link::Link`] joins a session and its transport. [`connector::Connector`] is the machine behind connecting: it goes
//! through the candidates, one attempt after the other, and never waits; whoever drives it waits for what it says.
//! Refuses to know C types, hooks and queries of the application.

#![forbid(unsafe_code)]

pub mod cancel;
pub mod candidates;
pub mod chance;
pub mod connector;
mod dial;
mod encryption;
pub mod error;
pub mod link;
pub mod memory;
pub mod ping;
pub mod report;
pub mod request;
pub mod sasl;
pub mod status;
mod target;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;

pub use connector::{Connector, Mode, Purpose};
pub use encryption::TlsFacts;
pub use error::ConnectError;
pub use memory::HostMemory;
pub use ping::Ping;
pub use status::{ConnStatus, PollStatus};
pub use tls::{LIBRARY as TLS_LIBRARY, SharedTls};
