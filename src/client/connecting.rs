//! Making, resetting and ending a connection.

use std::sync::Arc;
use std::time::Instant;

use super::hooks;
use super::setup::Phase;
use super::{Connection, Context, Handle, Hooks};
use crate::config::{ConfigError, ConnectPlan, DEFAULT_PORT, Env, HostSpec, Opt, Settings};
use crate::connect::TlsFacts;
pub use crate::connect::connector::Mode;
use crate::connect::connector::{Connector, Purpose};
use crate::connect::link::{FlushOutcome, Link};
pub use crate::connect::ping::Ping;
use crate::connect::status::{ConnStatus, PollStatus};
use crate::net::composite::Kind;
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
        let origin = Origin::Rejected {
            settings: Settings::new(),
            hosts: Vec::new(),
        };
        Connection::from_origin(origin, &Context::new())
    }
}

impl Connection {
    pub(super) fn from_origin(origin: Origin, context: &Arc<Context>) -> Self {
        Connection {
            link: Link::default(),
            origin,
            nonblocking: false,
            large_objects: Default::default(),
            context: Arc::clone(context),
            factory: None,
            hooks: Hooks::default(),
            draft: None,
            phase: Phase::default(),
            watch: None,
        }
    }

    /// A connection for these options in `context`, before any system call. If one cannot connect with them it is bad and
    /// its error text says why.
    pub fn in_context(settings: Result<Settings, ConfigError>, context: &Arc<Context>) -> Self {
        let has_start_hook = context.hooks().start.is_some();
        let draft = match &settings {
            Ok(settings) if has_start_hook => settings.try_clone().ok(),
            _ => None,
        };
        let mut this = Connection::configured(settings, &context.env(), context);
        this.draft = draft.map(Box::new);
        this
    }

    /// A connection for these options in a context of its own, before any system call. If one cannot connect with them it is bad and its
    /// error text says why.
    pub fn new(settings: Result<Settings, ConfigError>, env: &dyn Env) -> Self {
        Connection::configured(settings, env, &Context::new())
    }

    fn configured(
        settings: Result<Settings, ConfigError>,
        env: &dyn Env,
        context: &Arc<Context>,
    ) -> Self {
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
                    Origin::Planned(Box::new(Connector::for_plan(
                        Arc::new(plan),
                        Purpose::Session,
                        context.env(),
                    ))),
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
        let mut this = Connection::from_origin(origin, context);
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
    pub fn start(&mut self, mode: Mode) {
        if self.begin_dialling()
            && let Origin::Planned(connector) = &mut self.origin
        {
            connector.start(&mut self.link, mode);
        }
    }

    /// As [`Connection::start`], but what does not fail at once is begun by the first poll. Until then options may be set.
    pub fn start_later(&mut self) {
        let mode = self.context.polled_mode();
        if self.judge_changes()
            && let Origin::Planned(connector) = &mut self.origin
        {
            connector.start_later(&mut self.link, mode);
            if self.link.status != ConnStatus::Bad {
                self.link.status = ConnStatus::Allocated;
            }
        }
    }

    /// The descriptor to wait on: the socket's, or while connecting whatever wakes for all that is waited for; -1 when
    /// there is none.
    pub fn descriptor(&self) -> i32 {
        match &self.origin {
            Origin::Planned(connector) if self.link.status != ConnStatus::Ok => {
                connector.descriptor(&self.link)
            }
            _ => self.link.raw_fd(),
        }
    }

    /// Goes on connecting, without waiting, and says what to wait for.
    pub fn poll(&mut self) -> PollStatus {
        let begun = !self.is_started_late() || self.begin_dialling();
        match self.link.status {
            ConnStatus::Bad => PollStatus::Failed,
            ConnStatus::Ok => PollStatus::Ok,
            _ => match &mut self.origin {
                _ if !begun => PollStatus::Failed,
                Origin::Planned(connector) => connector.poll(&mut self.link),
                Origin::Rejected { .. } => PollStatus::Failed,
            },
        }
    }

    /// Closes, and makes ready to connect to the same place anew. `false` if that is impossible.
    fn begin_reset(&mut self) -> bool {
        self.close();
        let Origin::Planned(connector) = &mut self.origin else {
            return false;
        };
        connector.restart();
        self.nonblocking = false;
        self.link.session.errors.clear();
        self.phase = Phase::Fresh;
        true
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
        let given = matches!(&self.origin, Origin::Planned(c) if c.password_given());
        self.used_password() && self.password().is_empty() && !given
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
    fn connect_step(&mut self, next: &mut PollStatus) -> Option<bool> {
        let (read, write) = match *next {
            PollStatus::Reading => (true, false),
            PollStatus::Writing => (false, true),
            PollStatus::Ok => return Some(true),
            PollStatus::Failed | PollStatus::Active => return Some(false),
        };
        if let Origin::Planned(connector) = &mut self.origin {
            let outcome = match connector.deadline() {
                None => connector.wait_and_poll(*next, &mut self.link).map(Some),
                deadline => net::wait(connector.descriptor(&self.link), read, write, deadline).map(
                    |ready| {
                        // A stream of the application's may say that it is ready for ever.
                        let late = || deadline.is_some_and(|d| d <= Instant::now());
                        if !ready || (self.link.is_foreign() && late()) {
                            connector.time_out(&mut self.link);
                        }
                        None
                    },
                ),
            };
            match outcome {
                Ok(Some(status)) => {
                    *next = status;
                    return None;
                }
                Ok(None) => {}
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
        *next = self.poll();
        None
    }
}

impl Context {
    /// How programs that poll are served: the context or the environment may ask for libpq 18's behaviour, or the environment
    /// for a composite without a thread.
    pub fn polled_mode(&self) -> Mode {
        let env = self.env();
        let is_set = |name| env.var(name).is_some_and(|value| value == b"1");
        match self.switches().classic_socket || is_set(CLASSIC_SOCKET) {
            true => Mode::Classic,
            false if is_set(EPOLL_SOCKET) => Mode::Polled(Kind::Epoll),
            false => Mode::Polled(Kind::Socket),
        }
    }
}

/// Calls the start hook, if there is one: the connection is about to be started.
pub fn prepare(handle: &mut impl Handle) {
    let hook = handle.with(|c| match (&c.origin, &c.draft) {
        (Origin::Planned(_), Some(_)) => c.hook(|hooks| hooks.start.clone()),
        _ => None,
    });
    handle.with(|c| match &c.origin {
        Origin::Planned(_) => c.link.status = ConnStatus::Allocated,
        Origin::Rejected { .. } => {}
    });
    if let Some(hook) = hook
        && let Err(reason) = hooks::call_start(&hook, handle)
        && !handle.with(|c| c.phase == Phase::Refused)
    {
        handle.with(|c| c.refuse_start(&reason));
    }
}

/// Begins to connect, without waiting, as [`Connection::start`], once the start hook has been called.
pub fn start(handle: &mut impl Handle, mode: Mode) {
    prepare(handle);
    handle.with(|c| c.start(mode));
}

/// As [`start`], but what does not fail at once is begun by the first poll.
pub fn start_later(handle: &mut impl Handle) {
    prepare(handle);
    handle.with(Connection::start_later);
}

/// Begins to connect anew to the same place, without waiting, once the start hook has been called; `None` is for a program that
/// polls. `false` if that is impossible.
pub fn reset_start(handle: &mut impl Handle, mode: Option<Mode>) -> bool {
    if !handle.with(Connection::begin_reset) {
        return false;
    }
    let mode = mode.unwrap_or_else(|| handle.with(|c| c.context().polled_mode()));
    start(handle, mode);
    handle.with(|c| c.link.status != ConnStatus::Bad)
}

/// Environment: set to 1, [`Mode::Classic`].
const CLASSIC_SOCKET: &str = "PQP_CLASSIC_SOCKET";
/// Environment: set to 1, [`Kind::Epoll`].
const EPOLL_SOCKET: &str = "PQP_EPOLL_SOCKET";

/// Waits until a connection that has been started is up or has failed.
pub fn wait_connected(handle: &mut impl Handle) -> bool {
    let ready = handle.with(|c| {
        let Origin::Planned(connector) = &mut c.origin else {
            return false;
        };
        if c.link.status == ConnStatus::Bad {
            return false;
        }
        match connector.read_timeout() {
            Ok(()) => true,
            Err(error) => {
                c.link.session.errors.push_with(|out| error.write_text(out));
                c.link.status = ConnStatus::Bad;
                false
            }
        }
    });
    if !ready {
        return false;
    }
    let mut next = PollStatus::Writing;
    loop {
        if supply(handle) {
            next = handle.with(Connection::poll);
        } else if let Some(connected) = handle.with(|c| c.connect_step(&mut next)) {
            release(handle);
            return connected;
        }
    }
}

/// Goes on connecting, as [`Connection::poll`], and asks the application for what is wanted.
pub fn poll(handle: &mut impl Handle) -> PollStatus {
    loop {
        // What the start has wanted is asked for before the first poll.
        supply(handle);
        let status = handle.with(Connection::poll);
        if !handle.with(Connection::is_wanting) {
            return status;
        }
    }
}

/// Tells whoever was to answer, or is in an exchange, that nobody waits any more, while nothing is borrowed.
pub fn release(handle: &mut impl Handle) {
    let forsaken = handle.with(|c| match &mut c.origin {
        Origin::Planned(connector) => connector.take_forsaken(),
        Origin::Rejected { .. } => Vec::new(),
    });
    for forsaken in forsaken {
        forsaken.cancel();
    }
}

/// Ends what connecting has begun with the application; before the connection goes.
pub fn abandon(handle: &mut impl Handle) {
    handle.with(|c| {
        if let Origin::Planned(connector) = &mut c.origin {
            connector.forsake();
            connector.forsake_sasl();
        }
    });
    release(handle);
}

impl Connection {
    /// Whether connecting stands still for an answer that nobody has been asked for.
    fn is_wanting(&mut self) -> bool {
        matches!(&self.origin, Origin::Planned(connector) if connector.has_news())
    }
}

/// Asks for what connecting cannot go on without; `false` when it can.
fn supply(handle: &mut impl Handle) -> bool {
    release(handle);
    let want = handle.with(|c| match &mut c.origin {
        Origin::Planned(connector) => connector.take_want(),
        Origin::Rejected { .. } => None,
    });
    let Some(want) = want else {
        return false;
    };
    let answer = handle.ask(want);
    handle.with(|c| {
        if let Origin::Planned(connector) = &mut c.origin {
            connector.answer(answer);
        }
    });
    true
}

/// Connects and waits, for a ping: what the server's side of it says (behaviour 138).
pub fn ping(handle: &mut impl Handle) -> Ping {
    if handle.with(|c| matches!(c.origin, Origin::Rejected { .. })) {
        return Ping::NoAttempt;
    }
    start(handle, Mode::Blocking);
    wait_connected(handle);
    handle.with(|c| match &c.origin {
        Origin::Planned(connector) => connector.ping_outcome(),
        Origin::Rejected { .. } => Ping::NoAttempt,
    })
}
