//! Connection options: what they are, where their values come from, and whether one can connect with them.
//!
//! Owns the option table, the two string forms, service files, the password file and the precedence among them
//! (libpq manual, "Database Connection Control Functions" and what follows it). Refuses to touch the network: names are not looked
//! up, ports and keepalive numbers are read only when the dialler asks. The environment, files and the user database
//! are reached through [`Env`] alone.
//!
//! The life of a connection's options: [`Settings::from_conninfo`], [`Settings::from_params`] or
//! [`Settings::from_setdb`] gather the values; [`ConnectPlan::new`] judges them. The rooms that connect read the plan.

mod build;
mod encoding;
mod env;
mod error;
mod extensions;
mod hosts;
mod keyvalue;
mod numbers;
mod options;
mod passfile;
mod plan;
mod policy;
mod require_auth;
mod service;
mod settings;
mod store;
mod sys;
mod text;
mod uri;
mod values;

pub use build::{DEFAULT_PORT, DEFAULT_SOCKET_DIR, HAS_GSSAPI, HAS_TLS, SYSCONFDIR};
pub use encoding::encoding_of_locale;
pub use env::{Env, FileStat, Locale, RealEnv};
pub use error::{ConfigError, ScramSide};
pub use extensions::Extensions;
pub use hosts::{HostKind, HostSpec};
pub use numbers::{PortError, SCRAM_KEY_LEN, parse_int_option, parse_port};
pub use options::{LIBPQ_OPTION_COUNT, OPTION_COUNT, OPTIONS, Opt, OptionDef};
pub use plan::{ConnectPlan, Rejected, ScramKey};
pub use policy::{FilePolicy, Policy, PolicyEnv};
pub use require_auth::{AuthMethod, RequireAuth};
pub use settings::{SetdbArgs, Settings, Source};
pub use values::{
    ChannelBinding, GssEncMode, HostProbe, LoadBalanceHosts, ProtocolVersion, SslCertMode, SslMode,
    SslNegotiation, TargetSessionAttrs, TlsVersion,
};
