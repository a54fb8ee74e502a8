//! Stands in for `tls.rs` in a build without TLS, where no plan comes to it.

use crate::config::{ConnectPlan, HostSpec, PolicyEnv};
use crate::net::NetError;
use crate::protocol::startup::Channel;

use super::encryption::{Begun, PassPhrase, Shake, TlsFacts};
use super::error::ConnectError;
use super::link::Link;

/// Never made.
#[derive(Clone)]
pub(super) enum Config {}

/// What connections have in common: nothing.
#[derive(Debug, Default)]
pub struct SharedConfig;

/// As in `tls.rs`.
pub type SharedTls = Option<std::sync::Arc<SharedConfig>>;

/// Refuses.
pub(super) fn begin(
    _: &mut Link,
    _: &ConnectPlan,
    _: &HostSpec,
    _: &PolicyEnv,
    _: PassPhrase,
    _: &SharedTls,
) -> Result<Begun, ConnectError> {
    Err(ConnectError::SslRefused)
}

/// Never called.
pub(super) fn start(_: &mut Link, _: &HostSpec, config: Config) -> Result<Begun, ConnectError> {
    match config {}
}

/// Refuses.
pub(super) fn handshake(_: &mut Link, _: &ConnectPlan) -> Result<Shake, ConnectError> {
    Err(ConnectError::SslRefused)
}

/// A plain channel.
pub(super) fn channel(_: &Link, _: &ConnectPlan) -> Channel {
    Channel::default()
}

/// The name of the TLS implementation: none.
pub const LIBRARY: Option<&str> = None;

/// Nothing.
pub(super) fn facts(_: &Link) -> Option<TlsFacts> {
    None
}

/// There is no TLS to end.
pub(super) fn is_end(_: &NetError) -> bool {
    false
}
