//! One host's addresses, and one connected socket: the part of an attempt before the protocol.

use crate::config::{
    ConnectPlan, HostKind, HostSpec, Opt, PortError, parse_int_option, parse_port,
};
use crate::net::keepalive::TcpOption;
use crate::net::lookup;
use crate::net::socket::{Carrier, Connecting, Socket};
use crate::net::{Address, errno_of, peer};

use super::error::{ConnectError, Target};
use super::report::{Cause, FailureKind};

/// Why a step failed, and what that means for the rest.
pub(super) enum DialError {
    /// In configuration's words.
    Config(crate::config::ConfigError),
    /// In ours.
    Connect(ConnectError),
}

impl DialError {
    /// What kind of failure it is.
    pub fn cause(&self) -> Cause {
        match self {
            DialError::Config(_) => Cause::of(FailureKind::Configuration),
            DialError::Connect(error) => Cause::from(error),
        }
    }

    /// Appends the text, without the newline that ends it.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        match self {
            DialError::Config(error) => error.write_text(out),
            DialError::Connect(error) => error.write_text(out),
        }
    }
}

/// Why a host has no addresses.
pub(super) enum HostError {
    /// The whole attempt ends (behaviour 70).
    Final(DialError),
    /// The next host is tried.
    Next(DialError),
}

/// Where a host is.
pub(super) enum Place {
    /// At these addresses.
    Known(Vec<Address>),
    /// Its name must be looked up; the port.
    Named(u16),
}

/// Where a host is, as far as that can be said without asking anybody.
pub(super) fn place(host: &HostSpec) -> Result<Place, HostError> {
    let next = |error| HostError::Next(DialError::Connect(error));
    let port = parse_port(&host.port_text).map_err(|error| match error {
        PortError::NotAnInteger(error) => HostError::Final(DialError::Config(error)),
        PortError::OutOfRange(error) => HostError::Next(DialError::Config(error)),
    })?;
    match host.kind {
        HostKind::Addr => lookup::numeric(&host.hostaddr, port)
            .map(Place::Known)
            .map_err(|e| next(ConnectError::BadHostaddr(host.hostaddr.clone(), e))),
        HostKind::Name => Ok(Place::Named(port)),
        HostKind::Unix | HostKind::Abstract => {
            let path = socket_path(host);
            match Address::unix(&path) {
                Some(address) => Ok(Place::Known(vec![address])),
                None => Err(next(ConnectError::PathTooLong(path))),
            }
        }
    }
}

/// The path of a host's Unix socket. The port must be one.
pub(super) fn socket_path(host: &HostSpec) -> Vec<u8> {
    let port = parse_port(&host.port_text).unwrap_or_default();
    let name = b"/.s.PGSQL.";
    let mut path = Vec::with_capacity(host.host.len() + name.len() + 5);
    path.extend_from_slice(&host.host);
    path.extend_from_slice(name);
    put_number(port, &mut path);
    path
}

/// Appends a number in decimal.
fn put_number(number: u16, out: &mut Vec<u8>) {
    let mut power = 1;
    while number / 10 >= power {
        power *= 10;
    }
    while power > 0 {
        out.push(b'0' + (number / power % 10) as u8);
        power /= 10;
    }
}

/// What an attempt at `host` shows of itself; `path` and `numeric` are of its address.
pub(super) fn target<'a>(host: &'a HostSpec, path: &'a [u8], numeric: &'a [u8]) -> Target<'a> {
    match host.kind {
        HostKind::Unix | HostKind::Abstract => Target::Unix(path),
        HostKind::Addr => Target::Tcp {
            shown: &host.hostaddr,
            numeric: None,
            port: host.shown_port(),
        },
        HostKind::Name => Target::Tcp {
            shown: &host.host,
            numeric: (host.host != numeric && !numeric.is_empty()).then_some(numeric),
            port: host.shown_port(),
        },
    }
}

/// Makes a TCP socket what the options say (behaviours 84, 87).
pub(super) fn prepare_tcp(socket: &Socket, plan: &ConnectPlan) -> Result<(), DialError> {
    socket
        .set_nodelay()
        .map_err(|e| DialError::Connect(ConnectError::NoDelay(errno_of(&e))))?;
    for option in tcp_options(plan) {
        let (option, value) = option.map_err(DialError::Config)?;
        option.set(socket, value).map_err(|errno| {
            DialError::Connect(ConnectError::OptionRefused(option.name(), errno))
        })?;
    }
    Ok(())
}

/// The TCP options a plan sets, read one by one, so that one behind a refused one is never read.
pub(super) fn tcp_options(
    plan: &ConnectPlan,
) -> impl Iterator<Item = Result<(TcpOption, i32), crate::config::ConfigError>> + '_ {
    let switch = plan
        .settings()
        .get(Opt::Keepalives)
        .map(|text| parse_int_option(text, Opt::Keepalives));
    let off = matches!(switch, Some(Ok(0)));
    let first = match switch {
        Some(Err(error)) => Err(error),
        _ => Ok((TcpOption::Keepalive, 1)),
    };
    let rest = [
        (TcpOption::Idle, Opt::KeepalivesIdle),
        (TcpOption::Interval, Opt::KeepalivesInterval),
        (TcpOption::Count, Opt::KeepalivesCount),
        (TcpOption::UserTimeout, Opt::TcpUserTimeout),
    ];
    let rest = rest.into_iter().filter_map(|(option, source)| {
        let text = plan.settings().get(source)?;
        Some(parse_int_option(text, source).map(|value| (option, value)))
    });
    std::iter::once(first).chain(rest).filter(move |_| !off)
}

/// Begins to connect.
pub(super) fn begin(socket: &Socket, address: &Address) -> Result<Connecting, ConnectError> {
    socket
        .connect(address)
        .map_err(|e| refused(address.is_unix(), errno_of(&e)))
}

/// The error of a connect(2) that failed.
pub(super) fn refused(is_unix: bool, errno: i32) -> ConnectError {
    match is_unix {
        true => ConnectError::RefusedUnix(errno),
        false => ConnectError::RefusedTcp(errno),
    }
}

/// Checks `requirepeer` on a connected socket, the application's too (behaviour 75). An internet one is not asked, unless it
/// stands in for a Unix socket: what cannot be known is not taken for granted.
pub(super) fn check_peer(
    socket: &Socket,
    plan: &ConnectPlan,
    host: HostKind,
) -> Result<(), ConnectError> {
    let Some(wanted) = plan.settings().get_nonempty(Opt::Requirepeer) else {
        return Ok(());
    };
    match (socket.carrier(), host) {
        (Carrier::Unix, _) => {}
        (Carrier::Internet, HostKind::Name | HostKind::Addr) => return Ok(()),
        _ => return Err(ConnectError::UnknownPeer(wanted.to_vec())),
    }
    let actual = peer::user_name(socket).map_err(ConnectError::Peer)?;
    match actual == wanted {
        true => Ok(()),
        false => Err(ConnectError::WrongPeer(wanted.to_vec(), actual)),
    }
}
