//! The table of connection options: names, environment variables, compiled-in defaults, dialog hints.
//!
//! Owns what the C call `PQconndefaults` publishes about every option (libpq manual, "Database Connection Control
//! Functions"), and nothing about where values come from. Everybody who names an option does it by [`Opt`].
//!
//! Behind the options of libpq 18 stand the *extensions*, which it does not know: `servicefile` of libpq 19, and ours. They are
//! accepted wherever an option is, have no default, and are not taken from the environment. To add one: a variant of
//! [`Opt`], its place in [`Opt::ALL`], its row in [`OPTIONS`], and its judgement in [`super::ConnectPlan`].
//!
//! Deliberate difference from libpq 18: there an extension is an invalid option. A program that shows all options sees
//! an extension only where somebody has set it, and `PQconndefaults` lists libpq's options alone, for programs take
//! that list to tell options from other words.

use super::build::{
    CHANNEL_BINDING_DEFAULT, GSSENCMODE_DEFAULT, SSLCERTMODE_DEFAULT, SSLMODE_DEFAULT,
};

/// What is known about an option before anybody has set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionDef {
    /// The keyword in connection strings.
    pub keyword: &'static str,
    /// The environment variable consulted for it.
    pub envvar: Option<&'static str>,
    /// The default compiled into this build.
    pub compiled: Option<&'static str>,
    /// The label for a connection dialog.
    pub label: &'static str,
    /// How a dialog shows it: empty for plain, `*` for a password, `D` for a debugging option.
    pub dispchar: &'static str,
    /// Field width for a dialog, in characters.
    pub dispsize: i32,
}

/// Number of connection options that libpq 18 has; they come first in the table.
pub const LIBPQ_OPTION_COUNT: usize = 50;

/// Number of all connection options.
pub const OPTION_COUNT: usize = 56;

/// A connection option; the discriminant is its place in [`OPTIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opt {
    /// Section of a service file to take further settings from.
    Service,
    /// User name on the server; the operating system account when empty.
    User,
    /// Password for methods that ask for one. Secret.
    Password,
    /// Path of the password file.
    Passfile,
    /// Whether SCRAM binds to the TLS channel.
    ChannelBinding,
    /// Seconds allowed for each address; 0 or less is no limit.
    ConnectTimeout,
    /// Database; the user name when empty.
    Dbname,
    /// Comma list of names, socket directories or `@abstract` sockets.
    Host,
    /// Comma list of numeric addresses.
    Hostaddr,
    /// Comma list of ports.
    Port,
    /// Client encoding, or `auto`.
    ClientEncoding,
    /// Command-line options for the server's session.
    Options,
    /// Name the session reports itself by.
    ApplicationName,
    /// Used where `application_name` has no value.
    FallbackApplicationName,
    /// 0 switches TCP keepalives off.
    Keepalives,
    /// Seconds of silence before the first keepalive.
    KeepalivesIdle,
    /// Seconds between unanswered keepalives.
    KeepalivesInterval,
    /// Keepalives lost before the connection is given up.
    KeepalivesCount,
    /// Milliseconds data may stay unacknowledged.
    TcpUserTimeout,
    /// How much TLS is wanted.
    Sslmode,
    /// Whether TLS is asked for or started at once.
    Sslnegotiation,
    /// TLS compression.
    Sslcompression,
    /// Client certificate file.
    Sslcert,
    /// Client key file.
    Sslkey,
    /// Whether a client certificate is sent.
    Sslcertmode,
    /// Password of the client key. Secret.
    Sslpassword,
    /// Trusted root certificates, or `system`.
    Sslrootcert,
    /// Certificate revocation list file.
    Sslcrl,
    /// Certificate revocation list directory.
    Sslcrldir,
    /// Whether the host name is sent in the TLS hello.
    Sslsni,
    /// Operating system user the server must run as (Unix sockets).
    Requirepeer,
    /// Authentication methods the server may use.
    RequireAuth,
    /// Lowest wire protocol version.
    MinProtocolVersion,
    /// Highest wire protocol version.
    MaxProtocolVersion,
    /// Lowest TLS version.
    SslMinProtocolVersion,
    /// Highest TLS version.
    SslMaxProtocolVersion,
    /// How much GSS encryption is wanted.
    Gssencmode,
    /// Kerberos service name.
    Krbsrvname,
    /// GSS library (Windows only).
    Gsslib,
    /// Whether GSS credentials are delegated.
    Gssdelegation,
    /// Replication session kind.
    Replication,
    /// What kind of server is wanted.
    TargetSessionAttrs,
    /// Order the hosts are tried in.
    LoadBalanceHosts,
    /// SCRAM client key in base64. Secret.
    ScramClientKey,
    /// SCRAM server key in base64. Secret.
    ScramServerKey,
    /// OAuth issuer or discovery URL.
    OauthIssuer,
    /// OAuth client identifier.
    OauthClientId,
    /// OAuth client secret. Secret.
    OauthClientSecret,
    /// OAuth scopes.
    OauthScope,
    /// File TLS session keys are logged to.
    Sslkeylogfile,
    /// Extension, of libpq 19: the per-user service file, in place of the one in the home directory.
    Servicefile,
    /// Extension: milliseconds allowed for all attempts together.
    ConnectDeadlineMs,
    /// Extension: milliseconds after which the next address is tried beside one that has not answered.
    ConnectRaceDelayMs,
    /// Extension: whether hosts are asked one after the other or all at once.
    HostProbe,
    /// Extension: seconds that what was learnt about a host is remembered.
    HostRecheckS,
    /// Extension: milliseconds a blocking call waits for a silent server.
    ReadTimeoutMs,
}

const fn def(
    keyword: &'static str,
    envvar: Option<&'static str>,
    compiled: Option<&'static str>,
    label: &'static str,
    dispchar: &'static str,
    dispsize: i32,
) -> OptionDef {
    OptionDef {
        keyword,
        envvar,
        compiled,
        label,
        dispchar,
        dispsize,
    }
}

/// Every option, in the order applications see them.
pub static OPTIONS: [OptionDef; OPTION_COUNT] = [
    def(
        "service",
        Some("PGSERVICE"),
        None,
        "Database-Service",
        "",
        20,
    ),
    def("user", Some("PGUSER"), None, "Database-User", "", 20),
    def(
        "password",
        Some("PGPASSWORD"),
        None,
        "Database-Password",
        "*",
        20,
    ),
    def(
        "passfile",
        Some("PGPASSFILE"),
        None,
        "Database-Password-File",
        "",
        64,
    ),
    def(
        "channel_binding",
        Some("PGCHANNELBINDING"),
        Some(CHANNEL_BINDING_DEFAULT),
        "Channel-Binding",
        "",
        8,
    ),
    def(
        "connect_timeout",
        Some("PGCONNECT_TIMEOUT"),
        None,
        "Connect-timeout",
        "",
        10,
    ),
    def("dbname", Some("PGDATABASE"), None, "Database-Name", "", 20),
    def("host", Some("PGHOST"), None, "Database-Host", "", 40),
    def(
        "hostaddr",
        Some("PGHOSTADDR"),
        None,
        "Database-Host-IP-Address",
        "",
        45,
    ),
    def("port", Some("PGPORT"), Some("5432"), "Database-Port", "", 6),
    def(
        "client_encoding",
        Some("PGCLIENTENCODING"),
        None,
        "Client-Encoding",
        "",
        10,
    ),
    def(
        "options",
        Some("PGOPTIONS"),
        Some(""),
        "Backend-Options",
        "",
        40,
    ),
    def(
        "application_name",
        Some("PGAPPNAME"),
        None,
        "Application-Name",
        "",
        64,
    ),
    def(
        "fallback_application_name",
        None,
        None,
        "Fallback-Application-Name",
        "",
        64,
    ),
    def("keepalives", None, None, "TCP-Keepalives", "", 1),
    def("keepalives_idle", None, None, "TCP-Keepalives-Idle", "", 10),
    def(
        "keepalives_interval",
        None,
        None,
        "TCP-Keepalives-Interval",
        "",
        10,
    ),
    def(
        "keepalives_count",
        None,
        None,
        "TCP-Keepalives-Count",
        "",
        10,
    ),
    def("tcp_user_timeout", None, None, "TCP-User-Timeout", "", 10),
    def(
        "sslmode",
        Some("PGSSLMODE"),
        Some(SSLMODE_DEFAULT),
        "SSL-Mode",
        "",
        12,
    ),
    def(
        "sslnegotiation",
        Some("PGSSLNEGOTIATION"),
        Some("postgres"),
        "SSL-Negotiation",
        "",
        9,
    ),
    def(
        "sslcompression",
        Some("PGSSLCOMPRESSION"),
        Some("0"),
        "SSL-Compression",
        "",
        1,
    ),
    def(
        "sslcert",
        Some("PGSSLCERT"),
        None,
        "SSL-Client-Cert",
        "",
        64,
    ),
    def("sslkey", Some("PGSSLKEY"), None, "SSL-Client-Key", "", 64),
    def(
        "sslcertmode",
        Some("PGSSLCERTMODE"),
        None,
        "SSL-Client-Cert-Mode",
        "",
        8,
    ),
    def(
        "sslpassword",
        None,
        None,
        "SSL-Client-Key-Password",
        "*",
        20,
    ),
    def(
        "sslrootcert",
        Some("PGSSLROOTCERT"),
        None,
        "SSL-Root-Certificate",
        "",
        64,
    ),
    def(
        "sslcrl",
        Some("PGSSLCRL"),
        None,
        "SSL-Revocation-List",
        "",
        64,
    ),
    def(
        "sslcrldir",
        Some("PGSSLCRLDIR"),
        None,
        "SSL-Revocation-List-Dir",
        "",
        64,
    ),
    def("sslsni", Some("PGSSLSNI"), Some("1"), "SSL-SNI", "", 1),
    def(
        "requirepeer",
        Some("PGREQUIREPEER"),
        None,
        "Require-Peer",
        "",
        10,
    ),
    def(
        "require_auth",
        Some("PGREQUIREAUTH"),
        None,
        "Require-Auth",
        "",
        14,
    ),
    def(
        "min_protocol_version",
        Some("PGMINPROTOCOLVERSION"),
        None,
        "Min-Protocol-Version",
        "",
        6,
    ),
    def(
        "max_protocol_version",
        Some("PGMAXPROTOCOLVERSION"),
        None,
        "Max-Protocol-Version",
        "",
        6,
    ),
    def(
        "ssl_min_protocol_version",
        Some("PGSSLMINPROTOCOLVERSION"),
        Some("TLSv1.2"),
        "SSL-Minimum-Protocol-Version",
        "",
        8,
    ),
    def(
        "ssl_max_protocol_version",
        Some("PGSSLMAXPROTOCOLVERSION"),
        None,
        "SSL-Maximum-Protocol-Version",
        "",
        8,
    ),
    def(
        "gssencmode",
        Some("PGGSSENCMODE"),
        Some(GSSENCMODE_DEFAULT),
        "GSSENC-Mode",
        "",
        8,
    ),
    def(
        "krbsrvname",
        Some("PGKRBSRVNAME"),
        Some("postgres"),
        "Kerberos-service-name",
        "",
        20,
    ),
    def("gsslib", Some("PGGSSLIB"), None, "GSS-library", "", 7),
    def(
        "gssdelegation",
        Some("PGGSSDELEGATION"),
        Some("0"),
        "GSS-delegation",
        "",
        1,
    ),
    def("replication", None, None, "Replication", "D", 5),
    def(
        "target_session_attrs",
        Some("PGTARGETSESSIONATTRS"),
        Some("any"),
        "Target-Session-Attrs",
        "",
        15,
    ),
    def(
        "load_balance_hosts",
        Some("PGLOADBALANCEHOSTS"),
        Some("disable"),
        "Load-Balance-Hosts",
        "",
        8,
    ),
    def("scram_client_key", None, None, "SCRAM-Client-Key", "D", 64),
    def("scram_server_key", None, None, "SCRAM-Server-Key", "D", 64),
    def("oauth_issuer", None, None, "OAuth-Issuer", "", 40),
    def("oauth_client_id", None, None, "OAuth-Client-ID", "", 40),
    def(
        "oauth_client_secret",
        None,
        None,
        "OAuth-Client-Secret",
        "*",
        40,
    ),
    def("oauth_scope", None, None, "OAuth-Scope", "", 15),
    def("sslkeylogfile", None, None, "SSL-Key-Log-File", "D", 64),
    // The service file's reader asks for the variable itself: its value does not show, as it does not in libpq 18.
    def(
        "servicefile",
        Some("PGSERVICEFILE"),
        None,
        "Database-Service-File",
        "",
        64,
    ),
    def(
        "connect_deadline_ms",
        None,
        None,
        "Connect-Deadline",
        "",
        10,
    ),
    def(
        "connect_race_delay_ms",
        None,
        None,
        "Connect-Race-Delay",
        "",
        10,
    ),
    def("host_probe", None, None, "Host-Probe", "", 10),
    def("host_recheck_s", None, None, "Host-Recheck", "", 10),
    def("read_timeout_ms", None, None, "Read-Timeout", "", 10),
];

/// Slots of [`BY_KEYWORD`]: more than twice as many as there are keywords, so that most have one of their own.
const SLOTS: usize = 128;

/// The options by their keywords: each in the slot that [`slot_of`] says, or in the next that was free.
static BY_KEYWORD: [Option<Opt>; SLOTS] = {
    let mut slots = [None; SLOTS];
    let mut i = 0;
    while i < OPTION_COUNT {
        let mut slot = slot_of(OPTIONS[i].keyword.as_bytes());
        while slots[slot].is_some() {
            slot = (slot + 1) % SLOTS;
        }
        slots[slot] = Some(Opt::ALL[i]);
        i += 1;
    }
    slots
};

/// Where a keyword is looked for first, by its length and three of its bytes.
const fn slot_of(keyword: &[u8]) -> usize {
    let len = keyword.len();
    if len == 0 {
        return 0;
    }
    let (first, middle, last) = (keyword[0], keyword[len / 2], keyword[len - 1]);
    (len + 5 * first as usize + 11 * middle as usize + 17 * last as usize) % SLOTS
}

/// The options that have a compiled-in default.
pub(super) static COMPILED: [Opt; count_compiled()] = {
    let mut found = [Opt::Port; count_compiled()];
    let (mut i, mut n) = (0, 0);
    while i < OPTION_COUNT {
        if OPTIONS[i].compiled.is_some() {
            found[n] = Opt::ALL[i];
            n += 1;
        }
        i += 1;
    }
    found
};

const fn count_compiled() -> usize {
    let (mut i, mut n) = (0, 0);
    while i < OPTION_COUNT {
        n += OPTIONS[i].compiled.is_some() as usize;
        i += 1;
    }
    n
}

impl Opt {
    /// Every option in table order.
    pub const ALL: [Opt; OPTION_COUNT] = [
        Opt::Service,
        Opt::User,
        Opt::Password,
        Opt::Passfile,
        Opt::ChannelBinding,
        Opt::ConnectTimeout,
        Opt::Dbname,
        Opt::Host,
        Opt::Hostaddr,
        Opt::Port,
        Opt::ClientEncoding,
        Opt::Options,
        Opt::ApplicationName,
        Opt::FallbackApplicationName,
        Opt::Keepalives,
        Opt::KeepalivesIdle,
        Opt::KeepalivesInterval,
        Opt::KeepalivesCount,
        Opt::TcpUserTimeout,
        Opt::Sslmode,
        Opt::Sslnegotiation,
        Opt::Sslcompression,
        Opt::Sslcert,
        Opt::Sslkey,
        Opt::Sslcertmode,
        Opt::Sslpassword,
        Opt::Sslrootcert,
        Opt::Sslcrl,
        Opt::Sslcrldir,
        Opt::Sslsni,
        Opt::Requirepeer,
        Opt::RequireAuth,
        Opt::MinProtocolVersion,
        Opt::MaxProtocolVersion,
        Opt::SslMinProtocolVersion,
        Opt::SslMaxProtocolVersion,
        Opt::Gssencmode,
        Opt::Krbsrvname,
        Opt::Gsslib,
        Opt::Gssdelegation,
        Opt::Replication,
        Opt::TargetSessionAttrs,
        Opt::LoadBalanceHosts,
        Opt::ScramClientKey,
        Opt::ScramServerKey,
        Opt::OauthIssuer,
        Opt::OauthClientId,
        Opt::OauthClientSecret,
        Opt::OauthScope,
        Opt::Sslkeylogfile,
        Opt::Servicefile,
        Opt::ConnectDeadlineMs,
        Opt::ConnectRaceDelayMs,
        Opt::HostProbe,
        Opt::HostRecheckS,
        Opt::ReadTimeoutMs,
    ];

    /// The option's row in the table.
    pub fn def(self) -> &'static OptionDef {
        &OPTIONS[self as usize]
    }

    /// The option's keyword.
    pub fn keyword(self) -> &'static str {
        self.def().keyword
    }

    /// The option of a keyword; exact and case-sensitive.
    pub fn from_keyword(keyword: &[u8]) -> Option<Opt> {
        let mut slot = slot_of(keyword);
        loop {
            let opt = BY_KEYWORD[slot]?;
            if opt.keyword().as_bytes() == keyword {
                return Some(opt);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// Whether libpq 18 does not know the option.
    pub fn is_extension(self) -> bool {
        self as usize >= LIBPQ_OPTION_COUNT
    }

    /// The option that takes its value from this environment variable. The service file's reader asks for its own.
    pub(super) fn from_variable(name: &[u8]) -> Option<Opt> {
        let is_its_own = |def: &OptionDef| def.envvar.is_some_and(|own| own.as_bytes() == name);
        let place = OPTIONS[..LIBPQ_OPTION_COUNT].iter().position(is_its_own)?;
        Opt::ALL.get(place).copied()
    }

    /// Whether the value must be wiped from memory and never shown.
    pub fn is_secret(self) -> bool {
        matches!(
            self,
            Opt::Password
                | Opt::Sslpassword
                // It may be the key itself.
                | Opt::Sslkey
                | Opt::ScramClientKey
                | Opt::ScramServerKey
                | Opt::OauthClientSecret
        )
    }

    /// The value used where nothing else gives one at connect time: the table's, or for `sslcertmode`, which the
    /// table shows without one, the build's.
    pub(super) fn connect_default(self) -> Option<&'static str> {
        match self {
            Opt::Sslcertmode => Some(SSLCERTMODE_DEFAULT),
            _ => self.def().compiled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discriminants_are_table_places() {
        for (i, opt) in Opt::ALL.into_iter().enumerate() {
            assert_eq!(opt as usize, i);
            assert_eq!(Opt::from_keyword(OPTIONS[i].keyword.as_bytes()), Some(opt));
        }
    }

    #[test]
    fn extensions_stand_behind_libpqs_options_and_have_no_default() {
        let extensions: Vec<&str> = Opt::ALL
            .into_iter()
            .filter(|opt| opt.is_extension())
            .map(Opt::keyword)
            .collect();
        assert_eq!(extensions.len(), OPTION_COUNT - LIBPQ_OPTION_COUNT);
        assert_eq!(extensions[0], "servicefile");
        assert!(!Opt::Sslkeylogfile.is_extension());
        for opt in Opt::ALL.into_iter().filter(|opt| opt.is_extension()) {
            assert_eq!(opt.def().compiled, None, "{opt:?}");
        }
    }

    #[test]
    fn keywords_are_case_sensitive() {
        // behaviour 2
        assert_eq!(Opt::from_keyword(b"HOST"), None);
        assert_eq!(Opt::from_keyword(b""), None);
        assert_eq!(Opt::from_keyword(b"requiressl"), None);
    }
}
