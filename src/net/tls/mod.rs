//! TLS with rustls.
//!
//! Owns the handshake, verification, certificates and keys, and the records on the wire. Refuses to know which
//! encryption is tried when, and where files are looked for by default: that is `connect`, its only caller.
//!
//! A [`Config`] is made from [`TlsOptions`], and kept by a [`SharedConfig`]; [`TlsStream::start`] puts it on a connected socket; when
//! [`TlsStream::handshake`] is [`Progress::Done`], the stream receives and sends like a socket.
//!
//! The cryptography is aws-lc-rs's, or ring's; only `provider` names either, and says why.

mod certificate;
mod chain;
mod config;
mod crl;
mod der;
mod digest;
mod error;
mod identity;
mod key;
mod key_log;
mod names;
mod options;
mod outgoing;
mod pem;
mod provider;
mod shared;
mod stream;
mod verifier;

pub use config::Config;
pub use error::{Reason, TlsError};
pub use options::{ClientCertificate, PasswordHook, Roots, Source, TlsOptions, TlsVersion, Verify};
pub use provider::NAME as PROVIDER;
pub use shared::SharedConfig;
pub use stream::{Progress, TlsFacts, TlsStream};
