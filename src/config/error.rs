//! Everything that can be wrong with connection options, and the one place that puts it into libpq's words.

use super::options::Opt;

/// Why connection options were refused.
///
/// Texts from the caller, a file or the environment are kept as bytes: they may be in any encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// Memory ran out.
    OutOfMemory,
    /// A keyword in a connection string is not followed by `=`.
    MissingEquals {
        /// The keyword.
        keyword: Vec<u8>,
    },
    /// A quoted value does not end.
    UnterminatedQuote,
    /// No option has this keyword.
    UnknownOption {
        /// The keyword.
        keyword: Vec<u8>,
    },
    /// `[` without `]` in a URI.
    UriUnclosedBracket {
        /// The whole URI.
        uri: Vec<u8>,
    },
    /// `[]` in a URI.
    UriEmptyBrackets {
        /// The whole URI.
        uri: Vec<u8>,
    },
    /// Something other than a separator after `]` in a URI.
    UriAfterBracket {
        /// The offending byte.
        byte: u8,
        /// Its place in the URI, counted from 1.
        position: usize,
        /// The whole URI.
        uri: Vec<u8>,
    },
    /// A second `=` in a query parameter of a URI.
    UriExtraSeparator {
        /// The parameter's keyword.
        keyword: Vec<u8>,
    },
    /// A query parameter of a URI without `=`.
    UriMissingSeparator {
        /// The parameter.
        keyword: Vec<u8>,
    },
    /// A query parameter of a URI that is no option.
    UriUnknownParameter {
        /// The parameter's decoded keyword.
        keyword: Vec<u8>,
    },
    /// `%` without two hexadecimal digits.
    UriBadPercent {
        /// The component that holds it.
        token: Vec<u8>,
    },
    /// `%00`.
    UriNulByte {
        /// The component that holds it.
        token: Vec<u8>,
    },
    /// A space inside a component of a URI.
    UriSpaces {
        /// The component that holds it.
        token: Vec<u8>,
    },
    /// No service file has the section.
    ServiceNotFound {
        /// The section's name.
        service: Vec<u8>,
    },
    /// The service file cannot be opened.
    ServiceFileNotFound {
        /// Its path.
        path: Vec<u8>,
    },
    /// A line of a service file is too long.
    ServiceLineTooLong {
        /// The file's path.
        path: Vec<u8>,
        /// The line's number, from 1.
        line: usize,
    },
    /// A line of a service file is no setting.
    ServiceSyntax {
        /// The file's path.
        path: Vec<u8>,
        /// The line's number, from 1.
        line: usize,
    },
    /// A service file's section names a service, or a service file.
    ServiceNested {
        /// `service` or `servicefile`.
        option: Opt,
        /// The file's path.
        path: Vec<u8>,
        /// The line's number, from 1.
        line: usize,
    },
    /// `host` and `hostaddr` have different lengths.
    HostCountMismatch {
        /// Number of elements of `host`.
        hosts: usize,
        /// Number of elements of `hostaddr`.
        hostaddrs: usize,
    },
    /// `port` has neither one element nor as many as there are hosts.
    PortCountMismatch {
        /// Number of elements of `port`.
        ports: usize,
        /// Number of hosts.
        hosts: usize,
    },
    /// The process's user has no entry in the user database.
    LocalUserMissing {
        /// The user's number.
        uid: u32,
    },
    /// The user database cannot be read.
    LocalUserLookup {
        /// The user's number.
        uid: u32,
        /// The system's words for the cause.
        cause: Vec<u8>,
    },
    /// A value that an enumerated option, or `require_auth`, does not know.
    InvalidValue {
        /// The option.
        option: Opt,
        /// The value, or the offending part of it.
        value: Vec<u8>,
    },
    /// A TLS version that does not exist.
    InvalidTlsVersion {
        /// `ssl_min_protocol_version` or `ssl_max_protocol_version`.
        option: Opt,
        /// The value.
        value: Vec<u8>,
    },
    /// `ssl_min_protocol_version` is above `ssl_max_protocol_version`.
    TlsVersionRange,
    /// `min_protocol_version` is above `max_protocol_version`.
    ProtocolVersionRange,
    /// `sslnegotiation=direct` with an `sslmode` that allows plain text.
    WeakSslModeForDirect {
        /// The `sslmode`.
        sslmode: Vec<u8>,
    },
    /// `sslrootcert=system` with an `sslmode` other than `verify-full`.
    WeakSslModeForSystemRoots {
        /// The `sslmode`.
        sslmode: Vec<u8>,
    },
    /// The value needs TLS, which this build has not.
    NeedsTls {
        /// The option.
        option: Opt,
        /// The value.
        value: Vec<u8>,
    },
    /// The `gssencmode` needs GSSAPI, which this build has not.
    NeedsGssapi {
        /// The value.
        value: Vec<u8>,
    },
    /// A negated method after plain ones in `require_auth`.
    RequireAuthNegativeAmongPlain {
        /// The method as written.
        method: Vec<u8>,
    },
    /// A plain method after negated ones in `require_auth`.
    RequireAuthPlainAmongNegative {
        /// The method as written.
        method: Vec<u8>,
    },
    /// A method twice in `require_auth`.
    RequireAuthTwice {
        /// The method as written.
        method: Vec<u8>,
    },
    /// A SCRAM key that is not base64.
    ScramKey {
        /// Which of the two keys.
        side: ScramSide,
    },
    /// A SCRAM key that is not 32 bytes long.
    ScramKeyLength {
        /// Which of the two keys.
        side: ScramSide,
        /// Its decoded length in bytes.
        length: usize,
    },
    /// Text where an option wants an integer.
    InvalidInteger {
        /// The option.
        option: Opt,
        /// The text.
        value: Vec<u8>,
    },
    /// A port outside 1..65535.
    PortOutOfRange {
        /// The port as written.
        value: Vec<u8>,
    },
}

/// Whose SCRAM key is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramSide {
    /// `scram_client_key`.
    Client,
    /// `scram_server_key`.
    Server,
}

impl ScramSide {
    fn word(self) -> &'static str {
        match self {
            ScramSide::Client => "client",
            ScramSide::Server => "server",
        }
    }
}

impl ConfigError {
    /// Appends libpq's text for the error, without the newline that ends it.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        use ConfigError::*;
        let mut say = Sentence { out };
        match self {
            OutOfMemory => say.words("out of memory"),
            MissingEquals { keyword } => say
                .words("missing \"=\" after ")
                .quoted(keyword)
                .words(" in connection info string"),
            UnterminatedQuote => say.words("unterminated quoted string in connection info string"),
            UnknownOption { keyword } => say.words("invalid connection option ").quoted(keyword),
            UriUnclosedBracket { uri } => say
                .words("end of string reached when looking for matching \"]\" in IPv6 host address in URI: ")
                .quoted(uri),
            UriEmptyBrackets { uri } => say
                .words("IPv6 host address may not be empty in URI: ")
                .quoted(uri),
            UriAfterBracket { byte, position, uri } => say
                .words("unexpected character ")
                .quoted(&[*byte])
                .words(" at position ")
                .number(*position)
                .words(" in URI (expected \":\" or \"/\"): ")
                .quoted(uri),
            UriExtraSeparator { keyword } => say
                .words("extra key/value separator \"=\" in URI query parameter: ")
                .quoted(keyword),
            UriMissingSeparator { keyword } => say
                .words("missing key/value separator \"=\" in URI query parameter: ")
                .quoted(keyword),
            UriUnknownParameter { keyword } => say.words("invalid URI query parameter: ").quoted(keyword),
            UriBadPercent { token } => say.words("invalid percent-encoded token: ").quoted(token),
            UriNulByte { token } => say
                .words("forbidden value %00 in percent-encoded value: ")
                .quoted(token),
            UriSpaces { token } => say
                .words("unexpected spaces found in ")
                .quoted(token)
                .words(", use percent-encoded spaces (%20) instead"),
            ServiceNotFound { service } => say
                .words("definition of service ")
                .quoted(service)
                .words(" not found"),
            ServiceFileNotFound { path } => say.words("service file ").quoted(path).words(" not found"),
            ServiceLineTooLong { path, line } => say
                .words("line ")
                .number(*line)
                .words(" too long in service file ")
                .quoted(path),
            ServiceSyntax { path, line } => say
                .words("syntax error in service file ")
                .quoted(path)
                .words(", line ")
                .number(*line),
            ServiceNested { option, path, line } => match option {
                Opt::Service => say.words("nested service"),
                other => say.words("nested ").quoted(other.keyword().as_bytes()),
            }
                .words(" specifications not supported in service file ")
                .quoted(path)
                .words(", line ")
                .number(*line),
            HostCountMismatch { hosts, hostaddrs } => say
                .words("could not match ")
                .number(*hosts)
                .words(" host names to ")
                .number(*hostaddrs)
                .words(" hostaddr values"),
            PortCountMismatch { ports, hosts } => say
                .words("could not match ")
                .number(*ports)
                .words(" port numbers to ")
                .number(*hosts)
                .words(" hosts"),
            LocalUserMissing { uid } => say
                .words("local user with ID ")
                .number(*uid as usize)
                .words(" does not exist"),
            LocalUserLookup { uid, cause } => say
                .words("could not look up local user ID ")
                .number(*uid as usize)
                .words(": ")
                .bytes(cause),
            InvalidValue { option, value } => say
                .words("invalid ")
                .words(option.keyword())
                .words(" value: ")
                .quoted(value),
            InvalidTlsVersion { option, value } => say
                .words("invalid ")
                .quoted(option.keyword().as_bytes())
                .words(" value: ")
                .quoted(value),
            TlsVersionRange => say.words("invalid SSL protocol version range"),
            ProtocolVersionRange => {
                say.words("\"min_protocol_version\" is greater than \"max_protocol_version\"")
            }
            WeakSslModeForDirect { sslmode } => say
                .words("weak sslmode ")
                .quoted(sslmode)
                .words(" may not be used with sslnegotiation=direct (use \"require\", \"verify-ca\", or \"verify-full\")"),
            WeakSslModeForSystemRoots { sslmode } => say
                .words("weak sslmode ")
                .quoted(sslmode)
                .words(" may not be used with sslrootcert=system (use \"verify-full\")"),
            NeedsTls { option, value } => say
                .words(option.keyword())
                .words(" value ")
                .quoted(value)
                .words(" invalid when SSL support is not compiled in"),
            NeedsGssapi { value } => say
                .words("gssencmode value ")
                .quoted(value)
                .words(" invalid when GSSAPI support is not compiled in"),
            RequireAuthNegativeAmongPlain { method } => say
                .words("negative require_auth method ")
                .quoted(method)
                .words(" cannot be mixed with non-negative methods"),
            RequireAuthPlainAmongNegative { method } => say
                .words("require_auth method ")
                .quoted(method)
                .words(" cannot be mixed with negative methods"),
            RequireAuthTwice { method } => say
                .words("require_auth method ")
                .quoted(method)
                .words(" is specified more than once"),
            ScramKey { side } => say.words("invalid SCRAM ").words(side.word()).words(" key"),
            ScramKeyLength { side, length } => say
                .words("invalid SCRAM ")
                .words(side.word())
                .words(" key length: ")
                .number(*length),
            InvalidInteger { option, value } => say
                .words("invalid integer value ")
                .quoted(value)
                .words(" for connection option ")
                .quoted(option.keyword().as_bytes()),
            PortOutOfRange { value } => say.words("invalid port number: ").quoted(value),
        };
    }

    /// Libpq's text for the error as one piece, newline included.
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = Vec::new();
        self.write_text(&mut line);
        line.push(b'\n');
        line
    }
}

/// Chained appends to a text.
struct Sentence<'a> {
    out: &'a mut Vec<u8>,
}

impl Sentence<'_> {
    /// Appends what fits: a text cut short by lack of memory is better than none.
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        if self.out.try_reserve(bytes.len()).is_ok() {
            self.out.extend_from_slice(bytes);
        }
        self
    }

    fn words(&mut self, words: &str) -> &mut Self {
        self.bytes(words.as_bytes())
    }

    fn quoted(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes(b"\"").bytes(bytes).bytes(b"\"")
    }

    fn number(&mut self, number: usize) -> &mut Self {
        self.words(&number.to_string())
    }
}
