//! The machine behind `PQconnectStart` and `PQconnectPoll`: candidate after candidate until a session is up.
//!
//! [`Connector::start`], then wait as if [`PollStatus::Writing`] had been said, then [`Connector::poll`] and wait for what it
//! says, until it says [`PollStatus::Ok`] or [`PollStatus::Failed`]; [`Connector::descriptor`] is what to wait on each time.
//! Nothing here waits, but for the lookup of a host's name on behalf of a call that waits anyway ([`wait`]).
//!
//! The order of events is the reference's: what fails before an attempt's words are written has none; each attempt begins
//! with them; the texts of all attempts stay until one succeeds (behaviours 88-94, 142-145).

mod encrypt;
mod login;
mod patient;
mod provide;
mod race;
mod recall;
mod record;
mod role;
mod route;
mod sasl;
mod wait;
mod wants;

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::config::{
    ConnectPlan, HostKind, HostSpec, LoadBalanceHosts, Opt, PolicyEnv, TargetSessionAttrs,
};
use crate::net::socket::{Connecting, Socket};
use crate::net::{Address, NetError, Transport, errno_of};
use crate::protocol::auth::stretch::SharedKeys;
use crate::protocol::frontend;
use crate::protocol::session::NextResult;
use crate::protocol::startup::Startup;
use crate::protocol::types::ExecStatus;

use super::candidates::Candidates;
use super::chance::{self, RandomBytes, Shuffler};
use super::dial::{self, DialError, HostError, Place};
use super::encryption::{Method, Negotiation};
use super::error::{ConnectError, write_attempt};
use super::link::{FlushOutcome, Link, ReadOutcome};
use super::memory::{Found, HostMemory};
use super::ping::{Impression, Ping};
use super::report::{Cause, Phase, Report};
use super::sasl::Forsaken;
use super::status::{ConnStatus, PollStatus};
use super::target::Probe;
use super::tls::{self, SharedTls};

use race::Race;
pub use route::Route;
pub use wait::Mode;
use wait::Waiting;
use wants::Asking;
pub use wants::Asks;

/// SQLSTATE of a server that does not know a parameter of the startup packet.
const UNDEFINED_OBJECT: &[u8] = b"42704";
/// SQLSTATE of a wrong password.
const INVALID_PASSWORD: &[u8] = b"28P01";

/// What a connection is made for.
pub enum Purpose {
    /// A session.
    Session,
    /// One cancel request.
    Cancel {
        /// The backend's process id.
        process_id: i32,
        /// Its secret key.
        key: Zeroizing<Vec<u8>>,
    },
}

/// What comes next.
enum Stage {
    /// Nothing has been begun.
    Idle,
    /// Go to the next host.
    NextHost,
    /// The name of this host is being looked up, for this port.
    LookingUp(u16),
    /// The application is asked for a transport to this host.
    Provide,
    /// Go to the next address of this host.
    NextAddress,
    /// Connect to this address.
    Dial,
    /// connect(2) is under way.
    Connecting,
    /// Several attempts are under way side by side.
    Racing,
    /// connect(2) has ended well.
    Connected,
    /// The same, and the others in the race go first.
    Held,
    /// Connected: send the first packet.
    Made,
    /// A request for this kind of encryption has been sent.
    Requested(Method),
    /// Set TLS up and begin its handshake.
    BeginTls,
    /// The TLS handshake.
    Handshake,
    /// Encrypted, or not to be: send the first packet of the session.
    Secured,
    /// The startup exchange, up to AuthenticationOk.
    Startup(Box<Startup>),
    /// A cancel request has been sent; the server is to close.
    CancelSent,
    /// Up to ReadyForQuery.
    AwaitReady,
    /// A query about the server's kind is under way.
    Probing(Probe),
    /// The rest of its answer.
    Consume,
    /// It has ended, as the link's status says.
    Ended,
}

/// What a step of the machine gave.
enum Go {
    /// Take the next step.
    On(Stage),
    /// Wait, then take this step again.
    Wait(Stage, PollStatus),
}

/// Makes a connection by a plan. See the module's text.
pub struct Connector {
    plan: Arc<ConnectPlan>,
    /// Where what the plan leaves open is looked for.
    env: PolicyEnv,
    purpose: Purpose,
    candidates: Candidates,
    /// The one address of a cancel request.
    known_address: Option<Box<Address>>,
    random: RandomBytes,
    shuffler: Option<Shuffler>,
    stage: Stage,
    /// Addresses and lookups begun: a `connect_timeout` for each.
    periods: usize,
    waiting: Waiting,
    race: Option<Box<Race>>,
    /// It is in a race, and does not go beyond the connected socket.
    holds_back: bool,
    /// It is in a race: addresses of the host that are for others to try.
    spare: Vec<Address>,
    memory: Option<Arc<HostMemory>>,
    /// The application name is left out, for this server did not know it.
    without_application_name: bool,
    /// The protocol version that this address was brought to, for when it is tried again (behaviour 116).
    version: Option<u32>,
    /// Numeric text of the present address.
    hostaddr: Vec<u8>,
    used_password: bool,
    impression: Impression,
    report: Report,
    /// The ways to encrypt that are open at this address.
    negotiation: Negotiation,
    /// Encrypted or not at all.
    tls_only: bool,
    /// What the latest TLS connection was set up with.
    tls: Option<tls::Config>,
    /// Who polls would only wait for the socket: see [`Connector::wait_and_poll`].
    is_patient: bool,
    /// The private key is encrypted, and its pass phrase not known.
    needs_pass_phrase: bool,
    /// What the application is asked, and can be.
    asking: Asking,
    asks: Asks,
    /// The transport to the present host is the application's.
    provided: bool,
    /// It has given the password.
    password_given: bool,
    /// Where the keys of passwords are remembered.
    key_cache: SharedKeys,
    /// TLS's configuration, in common with others.
    shared_tls: SharedTls,
    /// Answers nobody waits for any more, to be cancelled.
    forsaken: Vec<Forsaken>,
    /// What the exchanges of several attempts have in common.
    sasl: sasl::SaslMemory,
}

impl Connector {
    /// A machine for `plan`, with the system's randomness. No system call but that is made.
    pub fn new(plan: ConnectPlan, purpose: Purpose) -> Connector {
        Connector::for_plan(Arc::new(plan), purpose, PolicyEnv::default())
    }

    /// A machine for a plan that others may share, in the surroundings that `env` shows.
    pub fn for_plan(plan: Arc<ConnectPlan>, purpose: Purpose, env: PolicyEnv) -> Connector {
        let mut seed = [0; 8];
        // Without randomness the order is as good as any other.
        if plan.load_balance_hosts == LoadBalanceHosts::Random {
            chance::system(&mut seed);
        }
        let seed = u64::from_ne_bytes(seed);
        let mut this = Connector::with_shared(plan, purpose, seed, chance::system);
        this.env = env;
        this
    }

    /// A machine for `plan`; `seed` decides the order under `load_balance_hosts`, `random` gives nonces.
    pub fn with_chance(
        plan: ConnectPlan,
        purpose: Purpose,
        seed: u64,
        random: RandomBytes,
    ) -> Connector {
        Connector::with_shared(Arc::new(plan), purpose, seed, random)
    }

    fn with_shared(
        plan: Arc<ConnectPlan>,
        purpose: Purpose,
        seed: u64,
        random: RandomBytes,
    ) -> Connector {
        let mut shuffler = match plan.load_balance_hosts {
            LoadBalanceHosts::Random => Some(Shuffler::new(seed)),
            LoadBalanceHosts::Disable => None,
        };
        let two_passes = plan.target_session_attrs == TargetSessionAttrs::PreferStandby;
        let candidates = Candidates::new(plan.hosts.len(), shuffler.as_mut(), two_passes);
        Connector::assemble(plan, purpose, candidates, shuffler, random)
    }

    fn assemble(
        plan: Arc<ConnectPlan>,
        purpose: Purpose,
        candidates: Candidates,
        shuffler: Option<Shuffler>,
        random: RandomBytes,
    ) -> Connector {
        Connector {
            plan,
            env: PolicyEnv::default(),
            purpose,
            candidates,
            known_address: None,
            random,
            shuffler,
            stage: Stage::Idle,
            periods: 0,
            waiting: Waiting::default(),
            race: None,
            holds_back: false,
            spare: Vec::new(),
            memory: None,
            without_application_name: false,
            version: None,
            hostaddr: Vec::new(),
            used_password: false,
            impression: Impression::default(),
            report: Report::default(),
            negotiation: Negotiation::default(),
            tls_only: false,
            tls: None,
            is_patient: false,
            needs_pass_phrase: false,
            asking: Asking::default(),
            asks: Asks::default(),
            provided: false,
            password_given: false,
            key_cache: None,
            shared_tls: None,
            forsaken: Vec::new(),
            sasl: Default::default(),
        }
    }

    /// Remembers the keys of passwords in `cache`, and takes them from there.
    pub fn set_key_cache(&mut self, cache: SharedKeys) {
        self.key_cache = cache;
    }

    /// Takes TLS's configuration from `shared`, and leaves it there.
    pub fn set_shared_tls(&mut self, shared: SharedTls) {
        self.shared_tls = shared;
    }

    /// The plan.
    pub fn plan(&self) -> &ConnectPlan {
        &self.plan
    }

    /// The host of the present attempt or, before any, the first one.
    pub fn host(&self) -> &HostSpec {
        // A plan has hosts, and candidates are indexes into them.
        &self.plan.hosts[self.candidates.current()]
    }

    /// The numeric text of the present address; empty for a Unix socket, and before any attempt.
    pub fn hostaddr(&self) -> &[u8] {
        &self.hostaddr
    }

    /// The address dialled last.
    pub fn address(&self) -> Option<&Address> {
        self.known_address
            .as_deref()
            .or_else(|| self.candidates.current_address())
    }

    /// Whether the application has given a password.
    pub fn password_given(&self) -> bool {
        self.password_given
    }

    /// Whether the server has asked for a password.
    pub fn used_password(&self) -> bool {
        self.used_password
    }

    /// What has been learnt about the server (behaviour 138).
    pub fn ping_outcome(&self) -> Ping {
        self.impression.ping()
    }

    /// Back to before [`Connector::start`], with the hosts in the order they have (behaviour 114).
    pub fn restart(&mut self) {
        self.forget_waiting();
        self.forsake();
        self.forget_sasl();
        self.needs_pass_phrase = false;
        self.candidates.restart();
        self.stage = Stage::Idle;
        self.without_application_name = false;
        self.version = None;
        self.used_password = false;
        self.impression = Impression::default();
    }

    fn advance(&mut self, link: &mut Link) -> PollStatus {
        loop {
            let stage = std::mem::replace(&mut self.stage, Stage::Ended);
            let go = self.step(stage, link);
            self.record_outcome(&go, link);
            match go {
                Go::On(Stage::Ended) => {
                    return match link.status {
                        ConnStatus::Ok => PollStatus::Ok,
                        _ => PollStatus::Failed,
                    };
                }
                Go::On(stage) => self.stage = stage,
                Go::Wait(stage, status) => {
                    self.stage = stage;
                    return status;
                }
            }
        }
    }

    fn step(&mut self, stage: Stage, link: &mut Link) -> Go {
        match stage {
            Stage::Idle => self.first(link),
            Stage::NextHost => self.next_host(link),
            Stage::LookingUp(port) => self.looking_up(port, link),
            Stage::NextAddress => match self.candidates.next_address() {
                Some(address) => {
                    let is_unix = address.is_unix();
                    self.periods += 1;
                    self.begin_negotiation(is_unix);
                    self.without_application_name = false;
                    self.version = None;
                    Go::On(Stage::Dial)
                }
                None => {
                    self.remember(Found::Down);
                    Go::On(Stage::NextHost)
                }
            },
            Stage::Racing => self.racing(link),
            Stage::Dial => self.dial(link),
            Stage::Connecting => self.connecting(link),
            Stage::Provide => self.provide(link),
            Stage::Connected | Stage::Held if self.holds_back => {
                Go::Wait(Stage::Held, PollStatus::Reading)
            }
            Stage::Connected | Stage::Held => self.connected(link),
            Stage::Made => self.made(link),
            Stage::Requested(method) => self.requested(method, link),
            Stage::BeginTls => self.begin_tls(link),
            Stage::Handshake => self.handshake(link),
            Stage::Secured => self.secured(link),
            Stage::Startup(startup) => self.startup(startup, link),
            Stage::CancelSent => self.cancel_sent(link),
            Stage::AwaitReady => self.await_ready(link),
            Stage::Probing(probe) => self.probing(probe, link),
            Stage::Consume => self.consume(link),
            Stage::Ended => Go::On(Stage::Ended),
        }
    }

    fn next_host(&mut self, link: &mut Link) -> Go {
        let Some(host) = self.candidates.next_host() else {
            return self.fail(link);
        };
        link.status = ConnStatus::Needed;
        self.record_host(link);
        if let Some(address) = self.known_address.as_deref() {
            self.candidates.set_addresses(vec![address.clone()]);
            return Go::On(Stage::NextAddress);
        }
        if self.asks.dial || self.provided {
            let kind = self.plan.hosts[host].kind;
            let is_unix = matches!(kind, HostKind::Unix | HostKind::Abstract);
            self.begin_negotiation(is_unix);
            self.provided = matches!(self.purpose, Purpose::Cancel { .. });
            return Go::On(Stage::Provide);
        }
        self.place(link)
    }

    /// Finds out where the present host is.
    fn place(&mut self, link: &mut Link) -> Go {
        match dial::place(self.host()) {
            Ok(Place::Known(addresses)) => self.take_addresses(addresses),
            Ok(Place::Named(port)) => self.look_up(port, link),
            Err(HostError::Next(error)) => {
                say_dial(link, &error);
                Go::On(Stage::NextHost)
            }
            Err(HostError::Final(error)) => {
                say_dial(link, &error);
                self.fail(link)
            }
        }
    }

    /// Connects to the present address.
    fn dial(&mut self, link: &mut Link) -> Go {
        if self.provided {
            return Go::On(Stage::Provide);
        }
        self.hang_up(link);
        link.session.forget_backend();
        link.status = ConnStatus::Needed;
        self.used_password = false;
        self.impression = Impression::default();
        let Some(address) = self.candidates.current_address().cloned() else {
            return Go::On(Stage::NextHost);
        };
        self.hostaddr = address.numeric_text();
        self.record_dial(link);
        let socket = match Socket::new(&address) {
            Ok(socket) => socket,
            // A family the system does not have is no news where others can be tried.
            Err(error) if self.candidates.has_more() => {
                link.cause = Cause::from(&ConnectError::Socket(errno_of(&error)));
                return Go::On(Stage::NextAddress);
            }
            Err(error) => {
                self.say_attempt(link);
                say(link, &ConnectError::Socket(errno_of(&error)));
                return self.fail(link);
            }
        };
        self.say_attempt(link);
        if !address.is_unix()
            && let Err(error) = dial::prepare_tcp(&socket, &self.plan)
        {
            say_dial(link, &error);
            return Go::On(self.give_address_up(link));
        }
        let begun = dial::begin(&socket, &address);
        link.attach(
            Transport::Plain(socket),
            self.plan.is_physical_replication(),
        );
        link.status = ConnStatus::Started;
        match begun {
            Ok(Connecting::Done) => Go::On(Stage::Connected),
            Ok(Connecting::Pending) => Go::Wait(Stage::Connecting, PollStatus::Writing),
            Err(error) => {
                say(link, &error);
                Go::On(self.give_address_up(link))
            }
        }
    }

    /// The socket was connecting: how did it end?
    fn connecting(&mut self, link: &mut Link) -> Go {
        let is_unix = self.address().is_some_and(Address::is_unix);
        let Some(Transport::Plain(socket)) = &link.transport else {
            return Go::On(Stage::NextAddress);
        };
        let failure = match socket.take_error() {
            Ok(None) => None,
            Ok(Some(error)) => Some(dial::refused(is_unix, errno_of(&error))),
            Err(error) => {
                say(link, &ConnectError::SocketStatus(errno_of(&error)));
                return self.fail(link);
            }
        };
        if let Some(error) = failure {
            say(link, &error);
            return Go::On(self.give_address_up(link));
        }
        // Some applications poll before the socket is writable; that must do no harm.
        if !is_unix && !self.is_patient && matches!(socket.has_ended_connecting(), Ok(false)) {
            return Go::Wait(Stage::Connecting, PollStatus::Writing);
        }
        Go::On(Stage::Connected)
    }

    /// The socket is connected: makes it what a session wants, and sees who is at its other end.
    fn connected(&mut self, link: &mut Link) -> Go {
        let is_unix = self.address().is_some_and(Address::is_unix);
        let Some(Transport::Plain(socket)) = &link.transport else {
            return Go::On(Stage::NextAddress);
        };
        let host = self.host().kind;
        let checked = socket
            .set_blocking()
            .map_err(|e| ConnectError::Mode(errno_of(&e)))
            .and_then(|()| match is_unix || self.provided {
                true => dial::check_peer(socket, &self.plan, host),
                false => Ok(()),
            });
        if let Err(error) = checked {
            say(link, &error);
            link.drop_transport();
            return self.fail(link);
        }
        link.status = ConnStatus::Made;
        Go::Wait(Stage::Made, PollStatus::Writing)
    }

    /// Sends the session's first packet.
    fn secured(&mut self, link: &mut Link) -> Go {
        let (stage, queued) = match &self.purpose {
            Purpose::Cancel { process_id, key } => {
                let queued =
                    frontend::cancel_request(link.session.output.buffer(), *process_id, key);
                (
                    Stage::CancelSent,
                    queued.map_err(|_| ConnectError::CancelPacket),
                )
            }
            Purpose::Session => {
                self.record(Phase::Authentication);
                let mut startup = Box::new(self.new_startup(link));
                self.password_given = false;
                if self.asks.password {
                    startup.defer_password();
                }
                let queued = self.write_startup(&startup, link);
                (Stage::Startup(startup), queued)
            }
        };
        if let Err(error) = queued {
            say(link, &error);
            return self.fail(link);
        }
        link.status = ConnStatus::AwaitingResponse;
        // A failed send shows when the answer is read.
        wait_after_flush(link, stage)
    }

    /// Reads once, without waiting for who polls: where to go on, or `None` when there is something to parse.
    fn read(&mut self, link: &mut Link, stage: Stage) -> Option<Go> {
        if !link.session.output.is_empty() && link.flush(false) == FlushOutcome::Pending {
            return Some(Go::Wait(stage, PollStatus::Writing));
        }
        match link.read(self.reads_may_wait(link)) {
            ReadOutcome::Data => None,
            ReadOutcome::WouldBlock => Some(Go::Wait(stage, PollStatus::Reading)),
            ReadOutcome::Closed => Some(self.fail(link)),
        }
    }

    fn await_ready(&mut self, link: &mut Link) -> Go {
        loop {
            match link.session.next_result() {
                NextResult::Pending => {
                    if let Some(go) = self.read(link, Stage::AwaitReady) {
                        return go;
                    }
                }
                NextResult::None => {
                    link.status = ConnStatus::CheckTarget;
                    return self.check_target(link);
                }
                NextResult::Ready(result) => {
                    let sqlstate = result.error.as_ref().and_then(|e| e.fields.get(b'C'));
                    link.cause = Cause::server(sqlstate);
                    self.impression.note_sqlstate(sqlstate);
                    let is_undefined = sqlstate == Some(UNDEFINED_OBJECT);
                    if link.session.is_lost() {
                        link.drop_transport();
                    }
                    let status = result.status;
                    link.session.fetched.push(result);
                    match status {
                        ExecStatus::FatalError => {
                            if is_undefined && self.sends_application_name() {
                                self.without_application_name = true;
                                return Go::On(Stage::Dial);
                            }
                        }
                        ExecStatus::CopyIn | ExecStatus::CopyOut | ExecStatus::CopyBoth => {
                            say(link, &ConnectError::CopyDuringStartup);
                        }
                        _ => say(link, &ConnectError::UnexpectedDuringStartup),
                    }
                    return self.fail(link);
                }
            }
        }
    }

    fn sends_application_name(&self) -> bool {
        let settings = self.plan.settings();
        let name = match settings.get(Opt::ApplicationName) {
            Some(name) => Some(name),
            None => settings.get(Opt::FallbackApplicationName),
        };
        !self.without_application_name && name.is_some_and(|name| !name.is_empty())
    }

    /// After a cancel request: the server says nothing and closes (behaviour 274).
    fn cancel_sent(&mut self, link: &mut Link) -> Go {
        if !link.session.output.is_empty() && link.flush(false) == FlushOutcome::Pending {
            return Go::Wait(Stage::CancelSent, PollStatus::Writing);
        }
        let mut answer = Vec::with_capacity(1);
        let received = match &mut link.transport {
            Some(transport) => transport.recv(&mut answer, 1, false),
            None => Ok(0),
        };
        match received {
            Ok(0) => {
                link.disconnect();
                return self.succeed(link);
            }
            Ok(_) => say(link, &ConnectError::CancelAnswered),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                return Go::Wait(Stage::CancelSent, PollStatus::Reading);
            }
            Err(error) => {
                let error = NetError::receiving(error);
                // A server that has nothing to say does not say good-bye either.
                if tls::is_end(&error) {
                    link.disconnect();
                    return self.succeed(link);
                }
                link.session.errors.push_with(|out| error.write_text(out));
                link.drop_transport();
            }
        }
        self.fail(link)
    }

    fn succeed(&mut self, link: &mut Link) -> Go {
        self.remember_taken(link);
        link.session.errors.clear();
        link.status = ConnStatus::Ok;
        link.read_timeout = self
            .plan
            .extensions
            .read_timeout_ms
            .filter(|&ms| ms > 0)
            .map(|ms| Duration::from_millis(ms.into()));
        self.impression.connected = true;
        Go::On(Stage::Ended)
    }

    /// The whole attempt has failed. The socket stays open until the application ends the connection, for it may be
    /// in its event loop.
    fn fail(&mut self, link: &mut Link) -> Go {
        link.session.disconnect();
        link.status = ConnStatus::Bad;
        Go::On(Stage::Ended)
    }

    /// This address is no good.
    fn give_address_up(&mut self, link: &mut Link) -> Stage {
        self.hang_up(link);
        link.status = ConnStatus::Needed;
        Stage::NextAddress
    }

    /// Writes the words an attempt's text begins with.
    fn say_attempt(&self, link: &mut Link) {
        let host = self.host();
        let path = dial::socket_path(host);
        let target = dial::target(host, &path, &self.hostaddr);
        link.session
            .errors
            .append_with(|out| write_attempt(&target, out));
    }
}

/// The server is of the wrong kind: says good-bye and goes to the next host (behaviour 111).
fn refuse_server(error: &ConnectError, link: &mut Link) -> Go {
    say(link, error);
    say_good_bye(link);
    Go::On(Stage::NextHost)
}

fn say_good_bye(link: &mut Link) {
    let session = &mut link.session;
    let mark = session.output.mark();
    if frontend::empty(session.output.buffer(), frontend::tag::TERMINATE).is_ok() {
        if let Some(trace) = &mut session.trace {
            trace.frontend(session.output.since(mark));
        }
        // It may not get through; nobody is left to tell.
        let _: FlushOutcome = link.flush(false);
    }
}

/// Sends what is queued and says what to wait for.
fn wait_after_flush(link: &mut Link, stage: Stage) -> Go {
    let status = match link.flush(false) {
        // A stream of the application's that has failed may never be readable.
        _ if link.write_failed() && link.is_foreign() => return Go::On(stage),
        FlushOutcome::Pending => PollStatus::Writing,
        FlushOutcome::Done | FlushOutcome::Failed => PollStatus::Reading,
    };
    Go::Wait(stage, status)
}

fn say(link: &mut Link, error: &ConnectError) {
    // That only says more of the failure before it.
    if !matches!(error, ConnectError::PasswordFromFile(_)) {
        link.cause = Cause::from(error);
    }
    link.session.errors.push_with(|out| error.write_text(out));
}

fn say_dial(link: &mut Link, error: &DialError) {
    link.cause = error.cause();
    link.session.errors.push_with(|out| error.write_text(out));
}
