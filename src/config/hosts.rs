//! The hosts a connection may go to: the lists `host`, `hostaddr` and `port`, element by element.

use zeroize::Zeroizing;

use super::build::{DEFAULT_PORT, DEFAULT_SOCKET_DIR};
use super::env::Env;
use super::error::ConfigError;
use super::options::Opt;
use super::settings::Settings;
use super::text::copy;

/// How a host is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// A Unix socket in the directory `host`.
    Unix,
    /// A Unix socket in the abstract namespace; `host` begins with `@`.
    Abstract,
    /// The numeric address in `hostaddr`, without any lookup.
    Addr,
    /// The name in `host`, to be looked up. It may be a numeric address.
    Name,
}

/// One element of the host list.
pub struct HostSpec {
    /// The name, socket directory or `@abstract` name; empty where only `hostaddr` is given.
    pub host: Vec<u8>,
    /// The numeric address; empty where there is none.
    pub hostaddr: Vec<u8>,
    /// The port as written, to be read by [`super::parse_port`]; empty means the default port.
    pub port_text: Vec<u8>,
    /// How it is reached.
    pub kind: HostKind,
    /// The password the password file has for it.
    pub password: Option<Zeroizing<Vec<u8>>>,
}

impl HostSpec {
    fn new(host: &[u8], hostaddr: &[u8], socket_dir: &[u8]) -> Result<HostSpec, ConfigError> {
        let host = match (host, hostaddr) {
            ([], []) => socket_dir,
            (host, _) => host,
        };
        let kind = match (host.first(), hostaddr.is_empty()) {
            (_, false) => HostKind::Addr,
            (Some(b'/'), _) => HostKind::Unix,
            (Some(b'@'), _) => HostKind::Abstract,
            _ => HostKind::Name,
        };
        Ok(HostSpec {
            host: copy(host)?,
            hostaddr: copy(hostaddr)?,
            port_text: Vec::new(),
            kind,
            password: None,
        })
    }

    /// What the application is told about the host: its name, or the address where it has none.
    pub fn shown_host(&self) -> &[u8] {
        match self.host.is_empty() {
            true => &self.hostaddr,
            false => &self.host,
        }
    }

    /// What the application is told about the port.
    pub fn shown_port(&self) -> &[u8] {
        match self.port_text.is_empty() {
            true => DEFAULT_PORT.as_bytes(),
            false => &self.port_text,
        }
    }
}

impl std::fmt::Debug for HostSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostSpec")
            .field("host", &String::from_utf8_lossy(&self.host))
            .field("hostaddr", &String::from_utf8_lossy(&self.hostaddr))
            .field("port_text", &String::from_utf8_lossy(&self.port_text))
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Puts the hosts of `settings` into `hosts`; on an error, those it could make out: they are what the
/// application is told about a connection refused for it.
pub(super) fn list(
    settings: &Settings,
    hosts: &mut Vec<HostSpec>,
    env: &dyn Env,
) -> Result<(), ConfigError> {
    let socket_dir = match env.policy().and_then(|policy| policy.socket_dir.as_deref()) {
        Some(directory) => directory,
        None => DEFAULT_SOCKET_DIR.as_bytes(),
    };
    let names = settings.get_nonempty(Opt::Host);
    let addrs = settings.get_nonempty(Opt::Hostaddr);
    let count = elements(addrs.or(names).unwrap_or_default());

    hosts
        .try_reserve(count)
        .map_err(|_| ConfigError::OutOfMemory)?;
    let mut name = names.unwrap_or_default().split(|&b| b == b',');
    let mut addr = addrs.unwrap_or_default().split(|&b| b == b',');
    for _ in 0..count {
        let name = name.next().unwrap_or_default();
        let addr = addr.next().unwrap_or_default();
        hosts.push(HostSpec::new(name, addr, socket_dir)?);
    }
    if let (Some(names), Some(_)) = (names, addrs)
        && elements(names) != count
    {
        return Err(ConfigError::HostCountMismatch {
            hosts: elements(names),
            hostaddrs: count,
        });
    }

    let Some(ports) = settings.get_nonempty(Opt::Port) else {
        return Ok(());
    };
    let single = elements(ports) == 1;
    let mut port = ports.split(|&b| b == b',');
    for host in hosts.iter_mut() {
        host.port_text = match single {
            true => copy(ports)?,
            false => copy(port.next().unwrap_or_default())?,
        };
    }
    match single || elements(ports) == count {
        true => Ok(()),
        false => Err(ConfigError::PortCountMismatch {
            ports: elements(ports),
            hosts: count,
        }),
    }
}

/// Number of elements of a comma list.
fn elements(list: &[u8]) -> usize {
    list.split(|&b| b == b',').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(conninfo: &str) -> Result<Vec<(String, String, String, HostKind)>, ConfigError> {
        let settings = Settings::parse(conninfo.as_bytes()).unwrap();
        let mut out = Vec::new();
        list(
            &settings,
            &mut out,
            &super::super::env::fake::FakeEnv::new(),
        )?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(out
            .iter()
            .map(|h| (text(&h.host), text(&h.hostaddr), text(&h.port_text), h.kind))
            .collect())
    }

    fn row(
        host: &str,
        addr: &str,
        port: &str,
        kind: HostKind,
    ) -> (String, String, String, HostKind) {
        (host.into(), addr.into(), port.into(), kind)
    }

    #[test]
    fn nothing_given_is_one_default_socket() {
        // behaviours 63, 67
        assert_eq!(
            hosts("").unwrap(),
            [row(DEFAULT_SOCKET_DIR, "", "", HostKind::Unix)]
        );
        assert_eq!(hosts("host=,").unwrap().len(), 2);
    }

    #[test]
    fn each_element_has_its_kind() {
        // behaviours 65, 66, 68
        assert_eq!(
            hosts("host=/d,@a,n,m hostaddr=,,1.2.3.4, port=7").unwrap(),
            [
                row("/d", "", "7", HostKind::Unix),
                row("@a", "", "7", HostKind::Abstract),
                row("n", "1.2.3.4", "7", HostKind::Addr),
                row("m", "", "7", HostKind::Name),
            ]
        );
    }

    #[test]
    fn list_lengths_must_agree() {
        // behaviour 64
        assert_eq!(
            hosts("host=a,b hostaddr=1.1.1.1"),
            Err(ConfigError::HostCountMismatch {
                hosts: 2,
                hostaddrs: 1
            })
        );
        assert_eq!(
            hosts("host=a,b port=1,2,3"),
            Err(ConfigError::PortCountMismatch { ports: 3, hosts: 2 })
        );
        assert_eq!(hosts("host=a,b port=1,").unwrap()[1].2, "");
    }
}
