//! Making, resetting and ending a connection.

use std::time::{Duration, Instant};

use super::{Connection, Handle, PassPhrase};
use crate::config::{
    ConfigError, ConnectPlan, DEFAULT_PORT, Env, HostSpec, Opt, Settings, parse_int_option,
};
use crate::connect::TlsFacts;
use crate::connect::connector::{Connector, Purpose};
use crate::connect::link::{FlushOutcome, Link};
pub use crate::connect::ping::Ping;
use crate::connect::status::{ConnStatus, PollStatus};
use crate::net::{self, NetError};

/// What a connection was asked to connect to.
pub(super) enum Origin {
    /// Something one cannot connect with. What is known of it is still shown.
    Rejected {
        settings: Settings,
        hosts: Vec<HostSpec>,
    },
    /// A plan, and how far it has come.
    Planned(Box<Connector>),
}

impl Default for Connection {
    fn default() -> Self {
        Connection::from_origin(Origin::Rejected {
            settings: Settings::new(),
            hosts: Vec::new(),
        })
    }
}

impl Connection {
    pub(super) fn from_origin(origin: Origin) -> Self {
        Connection {
            link: Link::default(),
            origin,
            nonblocking: false,
            large_objects: Default::default(),
        }
    }

    /// A connection for these options, before any system call. If one cannot connect with them it is bad and its
    /// error text says why.
    pub fn new(settings: Result<Settings, ConfigError>, env: &dyn Env) -> Self {
        let (origin, error) = match settings {
            Err(error) => (
                Origin::Rejected {
                    settings: Settings::new(),
                    hosts: Vec::new(),
                },
                Some(error),
            ),
            Ok(settings) => match ConnectPlan::new(settings, env) {
                Ok(plan) => (
                    Origin::Planned(Box::new(Connector::new(plan, Purpose::Session))),
                    None,
                ),
                Err(rejected) => {
                    let rejected = *rejected;
                    let origin = Origin::Rejected {
                        settings: rejected.settings,
                        hosts: rejected.hosts,
                    };
                    (origin, Some(rejected.error))
                }
            },
        };
        let mut this = Connection::from_origin(origin);
        if let Some(error) = error {
            this.link
                .session
                .errors
                .push_with(|out| error.write_text(out));
        }
        this
    }

    /// Begins to connect, without waiting. What is to be waited for is as if [`Connection::poll`] had said
    /// [`PollStatus::Writing`].
    pub fn start(&mut self) {
        if let Origin::Planned(connector) = &mut self.origin {
            connector.start(&mut self.link);
        }
    }

    /// Goes on connecting, without waiting, and says what to wait for.
    pub fn poll(&mut self) -> PollStatus {
        match self.link.status {
            ConnStatus::Bad => PollStatus::Failed,
            ConnStatus::Ok => PollStatus::Ok,
            _ => match &mut self.origin {
                Origin::Planned(connector) => connector.poll(&mut self.link),
                Origin::Rejected { .. } => PollStatus::Failed,
            },
        }
    }

    /// Begins to connect anew to the same place, without waiting. `false` if that is impossible.
    pub fn reset_start(&mut self) -> bool {
        self.close();
        let Origin::Planned(connector) = &mut self.origin else {
            return false;
        };
        connector.restart();
        self.nonblocking = false;
        self.link.session.errors.clear();
        self.start();
        self.link.status != ConnStatus::Bad
    }

    /// Says good-bye to the server, if there is one, and closes the transport.
    pub fn close(&mut self) {
        if self.link.status == ConnStatus::Ok
            && let Some(transport) = &mut self.link.transport
            && self.link.session.send_terminate().is_ok()
        {
            transport.hold();
            // It may not get through; nobody is left to tell.
            let _: FlushOutcome = self.link.flush(false);
        }
        self.link.disconnect();
        self.link.session.forget_backend();
        self.large_objects = Default::default();
        self.link.session.errors.clear();
    }

    /// The options in effect.
    pub fn settings(&self) -> &Settings {
        match &self.origin {
            Origin::Rejected { settings, .. } => settings,
            Origin::Planned(connector) => connector.plan().settings(),
        }
    }

    /// The host of the present connection or the last attempt.
    pub fn host(&self) -> &[u8] {
        self.host_spec().map_or(b"", HostSpec::shown_host)
    }

    /// Its numeric address; "" for a Unix socket.
    pub fn hostaddr(&self) -> &[u8] {
        match &self.origin {
            Origin::Rejected { .. } => b"",
            Origin::Planned(connector) => connector.hostaddr(),
        }
    }

    /// Its port, as it was written.
    pub fn port(&self) -> &[u8] {
        self.host_spec()
            .map_or(DEFAULT_PORT.as_bytes(), HostSpec::shown_port)
    }

    /// The password for it: the password file's, else the one given, else "".
    pub fn password(&self) -> &[u8] {
        let from_file = self.host_spec().and_then(|h| h.password.as_deref());
        from_file
            .map(Vec::as_slice)
            .or(self.settings().get(Opt::Password))
            .unwrap_or_default()
    }

    fn host_spec(&self) -> Option<&HostSpec> {
        match &self.origin {
            Origin::Rejected { hosts, .. } => hosts.first(),
            Origin::Planned(connector) => Some(connector.host()),
        }
    }

    /// Whether the server asked for a password and none was there (behaviour 131).
    pub fn needs_password(&self) -> bool {
        self.used_password() && self.password().is_empty()
    }

    /// What can be told about the connection's TLS; `None` without TLS.
    pub fn tls_facts(&self) -> Option<TlsFacts> {
        self.link.tls_facts()
    }

    /// Whether the server asked for a password.
    pub fn used_password(&self) -> bool {
        matches!(&self.origin, Origin::Planned(connector) if connector.used_password())
    }

    /// The protocol version, major and minor; zeros on a bad connection (behaviour 118).
    pub fn protocol_version(&self) -> (i32, i32) {
        if self.link.status == ConnStatus::Bad {
            return (0, 0);
        }
        let version = self.link.session.facts.protocol_version;
        ((version >> 16) as i32, (version & 0xffff) as i32)
    }

    /// The server's version as a number, from when it has said so; 0 on a bad connection.
    pub fn server_version(&self) -> i32 {
        match self.link.status {
            ConnStatus::Bad => 0,
            _ => self.link.session.facts.server_version,
        }
    }

    /// `value` if connected, else 0.
    pub fn if_connected(&self, value: i32) -> i32 {
        if self.link.status == ConnStatus::Ok {
            value
        } else {
            0
        }
    }

    /// One step of a waiting connect: `Some` when it has ended.
    fn connect_step(&mut self, patience: &mut Patience) -> Option<bool> {
        let (read, write) = match patience.next {
            PollStatus::Reading => (true, false),
            PollStatus::Writing => (false, true),
            PollStatus::Ok => return Some(true),
            PollStatus::Failed | PollStatus::Active => return Some(false),
        };
        if let Origin::Planned(connector) = &mut self.origin {
            let deadline = patience.deadline(connector.attempt());
            match net::wait(self.link.raw_fd(), read, write, deadline) {
                Ok(true) => {}
                Ok(false) => connector.time_out(&mut self.link),
                Err(error) => {
                    self.link
                        .session
                        .errors
                        .push_with(|out| NetError::Polling(error).write_text(out));
                    self.link.drop_transport();
                    return Some(false);
                }
            }
        }
        patience.next = self.poll();
        None
    }
}

/// How long a waiting connect waits: `connect_timeout` for each address anew (behaviour 85).
struct Patience {
    timeout: Option<Duration>,
    attempt: Option<usize>,
    until: Option<Instant>,
    next: PollStatus,
}

impl Patience {
    fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let seconds = match settings.get(Opt::ConnectTimeout) {
            Some(text) => parse_int_option(text, Opt::ConnectTimeout)?,
            None => 0,
        };
        let timeout = u64::try_from(seconds)
            .ok()
            .filter(|&s| s > 0)
            .map(Duration::from_secs);
        Ok(Patience {
            timeout,
            attempt: None,
            until: None,
            next: PollStatus::Writing,
        })
    }

    fn deadline(&mut self, attempt: usize) -> Option<Instant> {
        if self.attempt != Some(attempt) {
            self.attempt = Some(attempt);
            self.until = self.timeout.and_then(|t| Instant::now().checked_add(t));
        }
        self.until
    }
}

/// Waits until a connection that has been started is up or has failed.
pub fn wait_connected(handle: &mut impl Handle) -> bool {
    let patience = handle.with(|c| {
        if c.link.status == ConnStatus::Bad {
            return None;
        }
        match Patience::new(c.settings()) {
            Ok(patience) => Some(patience),
            Err(error) => {
                c.link.session.errors.push_with(|out| error.write_text(out));
                c.link.status = ConnStatus::Bad;
                None
            }
        }
    });
    let Some(mut patience) = patience else {
        return false;
    };
    loop {
        if let Some(connected) = handle.with(|c| c.connect_step(&mut patience)) {
            return connected;
        }
        supply_pass_phrase(handle);
    }
}

/// Goes on connecting, as [`Connection::poll`], and asks for a pass phrase where one is needed.
pub fn poll(handle: &mut impl Handle) -> PollStatus {
    loop {
        let status = handle.with(Connection::poll);
        if !supply_pass_phrase(handle) {
            return status;
        }
    }
}

/// Asks for the pass phrase of the private key if connecting cannot go on without; `false` when it can.
fn supply_pass_phrase(handle: &mut impl Handle) -> bool {
    if !handle.with(|c| matches!(&c.origin, Origin::Planned(c) if c.wants_pass_phrase())) {
        return false;
    }
    let answer = match handle.ask_pass_phrase() {
        // The connector knows the option.
        PassPhrase::Default => return true,
        PassPhrase::Given(pass_phrase) => Some(pass_phrase),
        PassPhrase::Refused => None,
    };
    handle.with(|c| {
        if let Origin::Planned(connector) = &mut c.origin {
            connector.give_pass_phrase(answer);
        }
    });
    true
}

/// Connects and waits, for a ping: what the server's side of it says (behaviour 138).
pub fn ping(handle: &mut impl Handle) -> Ping {
    if handle.with(|c| matches!(c.origin, Origin::Rejected { .. })) {
        return Ping::NoAttempt;
    }
    handle.with(Connection::start);
    wait_connected(handle);
    handle.with(|c| match &c.origin {
        Origin::Planned(connector) => connector.ping_outcome(),
        Origin::Rejected { .. } => Ping::NoAttempt,
    })
}
