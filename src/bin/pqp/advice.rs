//! What to do about the usual mistakes, by what the report says of an attempt.

use pq::connect::report::{Attempt, FailureKind as Kind, OptionUsed, Origin, Phase, Role};

/// Error numbers are the system's; these are told apart by their names.
fn is_errno(number: i32, kind: std::io::ErrorKind) -> bool {
    std::io::Error::from_raw_os_error(number).kind() == kind
}

/// An option's value and where it came from.
struct Said<'a> {
    value: &'a str,
    origin: &'static str,
}

fn option<'a>(options: &'a [OptionUsed], keyword: &str) -> Said<'a> {
    let found = options.iter().find(|o| o.keyword == keyword);
    Said {
        value: found.map_or("", |o| std::str::from_utf8(&o.value).unwrap_or("")),
        origin: found.map_or("unset", |o| match o.origin {
            Origin::Default => "by default",
            Origin::Argument => "as given",
            Origin::ServiceFile => "from the service file",
            Origin::Environment => "from the environment",
            Origin::PasswordFile => "from the password file",
            Origin::OsUser => "the name of your account",
            Origin::Derived => "taken from other options",
            Origin::Context => "from the context",
        }),
    }
}

/// What to do about a failed attempt; `None` where there is nothing to say that its error text does not.
pub fn on(attempt: &Attempt, options: &[OptionUsed]) -> Option<String> {
    let host = String::from_utf8_lossy(&attempt.host);
    let port = String::from_utf8_lossy(&attempt.port);
    let is_unix = host.starts_with('/') || host.starts_with('@');
    let message = String::from_utf8_lossy(&attempt.message);
    let option = |keyword| option(options, keyword);
    let user = option("user");
    let database = option("dbname");
    let text = match attempt.cause.kind {
        Kind::Lookup => format!(
            "The name \"{host}\" has no address here. Check its spelling, /etc/hosts and the name \
             server; \"getent hosts {host}\" asks the same way."
        ),
        Kind::Network => return network(attempt.cause.errno, is_unix, &host, &port),
        Kind::Timeout => match attempt.last_phase() {
            Some(Phase::Lookup) => format!(
                "The name server did not answer in time for \"{host}\". hostaddr=ADDRESS needs none."
            ),
            Some(Phase::Tcp) => format!(
                "Nothing came back from {host}, port {port}: a firewall drops the packets, or the machine \
                 is down or has another address."
            ),
            _ => "The connection was taken but no answer came: the server is overloaded or stuck, or \
                  something else listens there. Its log tells whether it saw you."
                .into(),
        },
        Kind::Closed => match attempt.last_phase() {
            Some(Phase::Tls) => format!(
                "It hung up during encryption. Is port {port} PostgreSQL's? sslnegotiation=direct needs \
                 server 17 or newer."
            ),
            _ => "The server hung up. Its log tells why; a proxy without a server behind it does this, too."
                .into(),
        },
        Kind::Protocol => format!(
            "What answers on port {port} does not speak PostgreSQL's protocol: the port is another \
             service's."
        ),
        Kind::EncryptionRefused => format!(
            "The server has no TLS switched on (ssl=on in postgresql.conf), and sslmode={} ({}) insists on \
             it.",
            option("sslmode").value,
            option("sslmode").origin
        ),
        Kind::Certificate if message.contains("does not match host name") => {
            "The certificate is for another name. Connect by the name it is for (hostaddr=ADDRESS may go \
             with it), or have the certificate made anew; sslmode=verify-ca does not look at the name."
                .into()
        }
        Kind::Certificate => format!(
            "The certificate is not signed by anybody in sslrootcert ({}). Put the certificate of the \
             authority there, or use sslrootcert=system for a public one.",
            match option("sslrootcert").value {
                "" => "~/.postgresql/root.crt",
                file => file,
            }
        ),
        Kind::Tls => match attempt.cause.alert {
            Some(116) => "The server wants a certificate of yours: sslcert and sslkey.".into(),
            Some(42..=46 | 48) => {
                "The server does not accept your certificate (sslcert): its ssl_ca_file decides.".into()
            }
            Some(120) => "The server does not know this protocol over TLS: is the port PostgreSQL's?".into(),
            _ => "The two sides do not agree on TLS: compare ssl_min_protocol_version and \
                  ssl_max_protocol_version on both."
                .into(),
        },
        Kind::PasswordMissing => format!(
            "The server wants a password for \"{}\" and there is none. Put it into ~/.pgpass (chmod 600): \
             {host}:{port}:{}:{}:PASSWORD",
            user.value, database.value, user.value
        ),
        Kind::Authentication => format!(
            "The server wants another kind of authentication (\"{}\") than the options allow: compare \
             require_auth and channel_binding with its pg_hba.conf.",
            String::from_utf8_lossy(&attempt.auth_method)
        ),
        Kind::Role => {
            let is = match attempt.role {
                Role::Standby => "a standby",
                Role::Primary => "a primary",
                Role::Unknown => "of another kind",
            };
            format!(
                "{host}, port {port} is {is}, and target_session_attrs={} wants another. List all hosts, \
                 host=a,b,c, and the right one is found.",
                option("target_session_attrs").value
            )
        }
        Kind::Peer => format!(
            "The server at this socket runs as another user than requirepeer={} says.",
            option("requirepeer").value
        ),
        Kind::Server => return sqlstate(attempt, &user, &database, &option("password")),
        Kind::Configuration | Kind::Application | Kind::Abandoned | Kind::Other => return None,
    };
    Some(text)
}

fn network(errno: i32, is_unix: bool, host: &str, port: &str) -> Option<String> {
    use std::io::ErrorKind as E;
    Some(match errno {
        n if is_errno(n, E::NotFound) => format!(
            "There is no socket for port {port} in {host}. Is a server running on this machine? Its \
             unix_socket_directories may be another (try host=/tmp or host=/var/run/postgresql), or use \
             host=localhost."
        ),
        n if is_errno(n, E::ConnectionRefused) && is_unix => {
            "The socket is there but nobody listens: the server was killed. Start it again.".into()
        }
        n if is_errno(n, E::ConnectionRefused) => format!(
            "The machine is there, but nothing listens on port {port} at this address. Is the server \
             running, is the port right, and does listen_addresses include it (\"localhost\" by default)?"
        ),
        n if is_errno(n, E::PermissionDenied) => {
            "You may not open it: the permissions of the socket or its directory, or a firewall.".into()
        }
        n if is_errno(n, E::TimedOut) => format!(
            "Nothing came back from {host}: a firewall drops the packets, or the machine is down."
        ),
        n if is_errno(n, E::HostUnreachable) || is_errno(n, E::NetworkUnreachable) => {
            "There is no way to this address: the network, a VPN that is off, or IPv6 that is not there.".into()
        }
        _ => return None,
    })
}

fn sqlstate(
    attempt: &Attempt,
    user: &Said<'_>,
    database: &Said<'_>,
    password: &Said<'_>,
) -> Option<String> {
    let state = attempt.cause.sqlstate?;
    let message = String::from_utf8_lossy(&attempt.message);
    Some(match &state {
        b"28P01" => format!(
            "The password is wrong (it came {}), or the role \"{}\" has none.",
            password.origin, user.value
        ),
        b"28000" if message.contains("pg_hba.conf") => {
            let encryption = match attempt.tls {
                Some(_) => "with TLS",
                None => "without TLS",
            };
            format!(
                "pg_hba.conf on the server has no line for user \"{}\", database \"{}\" and your address, \
                 {encryption}. Add one and reload the server, or come another way.",
                user.value, database.value
            )
        }
        b"28000" => format!(
            "The server does not let \"{}\" in ({}): the role does not exist or may not log in, or \"peer\" in \
             pg_hba.conf wants the name of your account.",
            user.value, user.origin
        ),
        b"3D000" => format!(
            "There is no database \"{}\" ({}). \"dbname=postgres\" usually exists.",
            database.value, database.origin
        ),
        b"53300" => "The server has no connection left: max_connections, or the role's or database's \
                     limit. Close some, or put a pooler in front."
            .into(),
        b"57P03" => "The server is starting up, shutting down or recovering: try again in a moment; its log \
                     tells how far it is."
            .into(),
        b"42501" => format!(
            "\"{}\" may not connect to \"{}\": GRANT CONNECT ON DATABASE.",
            user.value, database.value
        ),
        b"55000" => format!("The database \"{}\" takes no connections.", database.value),
        _ => return None,
    })
}
