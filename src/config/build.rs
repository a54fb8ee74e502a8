//! What the build decides: directories, the port, and which encryption this library can do.
//!
//! The one place that knows what a libpq without TLS or GSS answers; the features `tls` and `gssapi` turn the
//! answers into those of a library that has them.

/// Whether this build can speak TLS.
pub const HAS_TLS: bool = cfg!(feature = "tls");
/// Whether this build can speak GSSAPI.
pub const HAS_GSSAPI: bool = cfg!(feature = "gssapi");

/// The port where none is given.
pub const DEFAULT_PORT: &str = "5432";

/// The directory of the server's Unix socket where no host is given: `PQ_DEFAULT_SOCKET_DIR` at build time.
pub const DEFAULT_SOCKET_DIR: &str = match option_env!("PQ_DEFAULT_SOCKET_DIR") {
    Some(dir) => dir,
    None => "/tmp",
};

/// The directory of the system-wide `pg_service.conf`, unless `PGSYSCONFDIR` is set: `PQ_SYSCONFDIR` at build time.
pub const SYSCONFDIR: &str = match option_env!("PQ_SYSCONFDIR") {
    Some(dir) => dir,
    None => "/etc/postgresql-common",
};

pub(super) const CHANNEL_BINDING_DEFAULT: &str = if HAS_TLS { "prefer" } else { "disable" };
pub(super) const SSLMODE_DEFAULT: &str = if HAS_TLS { "prefer" } else { "disable" };
pub(super) const SSLCERTMODE_DEFAULT: &str = if HAS_TLS { "allow" } else { "disable" };
pub(super) const GSSENCMODE_DEFAULT: &str = if HAS_GSSAPI { "prefer" } else { "disable" };
