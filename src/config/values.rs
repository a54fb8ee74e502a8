//! The values of enumerated options as types.

use super::error::ConfigError;
use super::options::Opt;
use super::text::error_with;

/// An option whose values are a fixed set of words.
pub(super) trait Enumerated: Copy + Sized + 'static {
    /// The words, exact and case-sensitive, with their meaning.
    const WORDS: &'static [(&'static str, Self)];

    /// The meaning of `value` for `option`.
    fn read(option: Opt, value: &[u8]) -> Result<Self, ConfigError> {
        Self::WORDS
            .iter()
            .find(|(word, _)| word.as_bytes() == value)
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| error_with(value, |value| ConfigError::InvalidValue { option, value }))
    }
}

/// `sslmode`: how much TLS is wanted. The order is that of strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS only where plain text is refused.
    Allow,
    /// TLS if the server has it.
    Prefer,
    /// TLS, whoever the server is.
    Require,
    /// TLS with a trusted certificate.
    VerifyCa,
    /// TLS with a trusted certificate for the host's name.
    VerifyFull,
}

impl Enumerated for SslMode {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];
}

/// `sslnegotiation`: how TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslNegotiation {
    /// The server is asked with an SSLRequest.
    Postgres,
    /// The TLS handshake comes first.
    Direct,
}

impl Enumerated for SslNegotiation {
    const WORDS: &'static [(&'static str, Self)] =
        &[("postgres", Self::Postgres), ("direct", Self::Direct)];
}

/// `sslcertmode`: whether a client certificate is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslCertMode {
    /// Never.
    Disable,
    /// If the server asks and there is one.
    Allow,
    /// The server must ask for it and get it.
    Require,
}

impl Enumerated for SslCertMode {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("require", Self::Require),
    ];
}

/// `gssencmode`: how much GSS encryption is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GssEncMode {
    /// None.
    Disable,
    /// If there are credentials and the server has it.
    Prefer,
    /// Nothing else.
    Require,
}

impl Enumerated for GssEncMode {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("disable", Self::Disable),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
    ];
}

/// `channel_binding`: whether SCRAM binds to the TLS channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// If the server can.
    Prefer,
    /// The server must prove itself that way.
    Require,
}

impl Enumerated for ChannelBinding {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("disable", Self::Disable),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
    ];
}

/// `target_session_attrs`: what kind of server is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetSessionAttrs {
    /// Any.
    Any,
    /// One whose sessions can write.
    ReadWrite,
    /// One whose sessions cannot write.
    ReadOnly,
    /// One that is not in recovery.
    Primary,
    /// One that is in recovery.
    Standby,
    /// One that is in recovery if there is one, else any.
    PreferStandby,
}

impl Enumerated for TargetSessionAttrs {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("any", Self::Any),
        ("read-write", Self::ReadWrite),
        ("read-only", Self::ReadOnly),
        ("primary", Self::Primary),
        ("standby", Self::Standby),
        ("prefer-standby", Self::PreferStandby),
    ];
}

/// `load_balance_hosts`: the order hosts and addresses are tried in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadBalanceHosts {
    /// As given.
    Disable,
    /// Shuffled.
    Random,
}

impl Enumerated for LoadBalanceHosts {
    const WORDS: &'static [(&'static str, Self)] =
        &[("disable", Self::Disable), ("random", Self::Random)];
}

/// `host_probe`: how the hosts are gone through. An extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostProbe {
    /// One after the other.
    #[default]
    Sequential,
    /// All at once; the first that is of the wanted kind is taken.
    Parallel,
}

impl Enumerated for HostProbe {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("sequential", Self::Sequential),
        ("parallel", Self::Parallel),
    ];
}

/// A version of the wire protocol. `latest` is 3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProtocolVersion {
    /// 3.0, of PostgreSQL 7.4 and later.
    V3_0,
    /// 3.2, of PostgreSQL 18 and later.
    V3_2,
}

impl ProtocolVersion {
    /// The version as startup packets carry it: major in the upper, minor in the lower 16 bits.
    pub const fn code(self) -> u32 {
        match self {
            ProtocolVersion::V3_0 => 0x0003_0000,
            ProtocolVersion::V3_2 => 0x0003_0002,
        }
    }
}

impl Enumerated for ProtocolVersion {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("3.0", Self::V3_0),
        ("3.2", Self::V3_2),
        ("latest", Self::V3_2),
    ];
}

/// A TLS version of `ssl_min_protocol_version` and `ssl_max_protocol_version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.0.
    V1_0,
    /// TLS 1.1.
    V1_1,
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

impl TlsVersion {
    /// The version a value names, in any case; `None` for an empty value, which is no limit.
    pub(super) fn read(option: Opt, value: &[u8]) -> Result<Option<Self>, ConfigError> {
        const WORDS: [(&str, TlsVersion); 4] = [
            ("TLSv1", TlsVersion::V1_0),
            ("TLSv1.1", TlsVersion::V1_1),
            ("TLSv1.2", TlsVersion::V1_2),
            ("TLSv1.3", TlsVersion::V1_3),
        ];
        if value.is_empty() {
            return Ok(None);
        }
        WORDS
            .iter()
            .find(|(word, _)| word.as_bytes().eq_ignore_ascii_case(value))
            .map(|(_, version)| Some(*version))
            .ok_or_else(|| {
                error_with(value, |value| ConfigError::InvalidTlsVersion {
                    option,
                    value,
                })
            })
    }
}
