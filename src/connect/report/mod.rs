//! The connect report: what was tried, how long each part of it took, and how it ended.
//!
//! Filled by [`super::connector`] as it goes: one reading of the clock where a phase begins, no formatting, and no memory
//! but one [`Attempt`] per dial. Reading it and making JSON of it is for afterwards.
//!
//! An attempt is one dial, or a name that has no address. A second dial to the same address, for another kind of
//! encryption or with a token, is an attempt of its own. The lookup belongs to the first attempt at its host.

mod cause;
mod json;
mod options;

use std::borrow::Cow;
use std::time::{Duration, Instant, SystemTime};

pub use cause::{Cause, FailureKind};
pub use options::{OptionUsed, Origin};

/// Attempts that are kept; a name may have any number of addresses.
const KEPT: usize = 1024;

/// A part of an attempt. The numbers are C's and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Phase {
    /// The host's name is looked up.
    Lookup = 0,
    /// connect(2), for Unix sockets too.
    Tcp = 1,
    /// Encryption is asked for and its handshake done.
    Tls = 2,
    /// From the StartupMessage to AuthenticationOk.
    Authentication = 3,
    /// From there to ReadyForQuery: the backend starts.
    Startup = 4,
    /// The server is asked for its role (`target_session_attrs`).
    RoleCheck = 5,
}

/// How many phases there are.
pub const PHASES: usize = 6;

impl Phase {
    /// All of them, in order.
    pub const ALL: [Phase; PHASES] = [
        Phase::Lookup,
        Phase::Tcp,
        Phase::Tls,
        Phase::Authentication,
        Phase::Startup,
        Phase::RoleCheck,
    ];

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Lookup => "lookup",
            Phase::Tcp => "tcp",
            Phase::Tls => "tls",
            Phase::Authentication => "authentication",
            Phase::Startup => "startup",
            Phase::RoleCheck => "role check",
        }
    }
}

/// When a phase began and ended.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// When it began.
    pub begin: Instant,
    /// When it ended; `None` while it goes on.
    pub end: Option<Instant>,
}

impl Span {
    fn begun(now: Instant) -> Span {
        Span {
            begin: now,
            end: None,
        }
    }

    fn close(&mut self, now: Instant) {
        self.end.get_or_insert(now);
    }
}

/// How an attempt ended. The numbers are C's and never change their meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum Outcome {
    /// It goes on.
    #[default]
    UnderWay = 0,
    /// The session is up, or the cancel request delivered.
    Connected = 1,
    /// It failed.
    Failed = 2,
}

impl Outcome {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::UnderWay => "under way",
            Outcome::Connected => "connected",
            Outcome::Failed => "failed",
        }
    }
}

/// What kind of server it is. The numbers are C's and never change their meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum Role {
    /// It has not said.
    #[default]
    Unknown = 0,
    /// It takes writes.
    Primary = 1,
    /// It follows another one.
    Standby = 2,
}

impl Role {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Role::Unknown => "unknown",
            Role::Primary => "primary",
            Role::Standby => "standby",
        }
    }
}

/// What was negotiated about TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsUsed {
    /// `TLSv1.3`.
    pub version: Vec<u8>,
    /// The cipher suite, as OpenSSL names it.
    pub cipher: Vec<u8>,
    /// Length of the symmetric key in bits.
    pub key_bits: u32,
}

/// One attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The host as given: name, address, or socket directory.
    pub host: Vec<u8>,
    /// The numeric address; empty for a Unix socket, and where the lookup failed.
    pub hostaddr: Vec<u8>,
    /// The port as given.
    pub port: Vec<u8>,
    /// When it began and ended.
    pub span: Span,
    /// When each phase that was come to began and ended, by [`Phase`].
    pub phases: [Option<Span>; PHASES],
    /// What TLS came to; `None` without TLS.
    pub tls: Option<TlsUsed>,
    /// The protocol version, major << 16 | minor; 0 before anything was sent.
    pub protocol_version: u32,
    /// How the server let us in, or wanted to: `password`, `md5`, `gss`, `sspi`, the name of a SASL mechanism, or `none`;
    /// empty before it did.
    pub auth_method: Cow<'static, [u8]>,
    /// The server's version, 180006 for 18.6; 0 where it has not said.
    pub server_version: i32,
    /// Process id of the backend.
    pub backend_pid: i32,
    /// What kind of server it is.
    pub role: Role,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed.
    pub cause: Cause,
    /// The part of the error text that it left.
    pub message: Vec<u8>,
}

impl Attempt {
    fn new(host: &[u8], port: &[u8], now: Instant) -> Attempt {
        Attempt {
            host: host.to_vec(),
            hostaddr: Vec::new(),
            port: port.to_vec(),
            span: Span::begun(now),
            phases: [None; PHASES],
            tls: None,
            protocol_version: 0,
            auth_method: Cow::default(),
            server_version: 0,
            backend_pid: 0,
            role: Role::Unknown,
            outcome: Outcome::UnderWay,
            cause: Cause::default(),
            message: Vec::new(),
        }
    }

    /// The phase it is in, or was in when it ended.
    pub fn last_phase(&self) -> Option<Phase> {
        Phase::ALL
            .into_iter()
            .rev()
            .find(|p| self.phases[*p as usize].is_some())
    }

    fn open_span(&mut self) -> Option<&mut Span> {
        self.phases.iter_mut().flatten().find(|s| s.end.is_none())
    }
}

/// When connecting began, on both clocks.
#[derive(Clone, Copy, Debug)]
struct Start {
    instant: Instant,
    wall: SystemTime,
}

/// All attempts of one connect.
#[derive(Clone, Debug, Default)]
pub struct Report {
    start: Option<Start>,
    ended: Option<Instant>,
    attempts: Vec<Attempt>,
    /// Attempts that are not kept.
    omitted: usize,
    /// The last attempt goes on.
    open: bool,
    /// Where the last attempt's part of the error text begins.
    text_mark: usize,
}

impl Report {
    /// Connecting begins (anew).
    pub fn begin(&mut self) {
        *self = Report {
            start: Some(Start {
                instant: Instant::now(),
                wall: SystemTime::now(),
            }),
            ..Report::default()
        };
    }

    /// The attempts, in the order they began.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// How many attempts more there were than are kept.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// When connecting began, by the wall clock; `None` where nothing was tried.
    pub fn started_at(&self) -> Option<SystemTime> {
        self.start.map(|s| s.wall)
    }

    /// The time since connecting began until `instant`.
    pub fn since_start(&self, instant: Instant) -> Duration {
        self.start.map_or(Duration::ZERO, |s| {
            instant.saturating_duration_since(s.instant)
        })
    }

    /// How long connecting took; `None` while it goes on.
    pub fn duration(&self) -> Option<Duration> {
        self.ended.map(|end| self.since_start(end))
    }

    /// A lookup for this host, or the first attempt at one of its addresses, begins. `text_len` is the length of the error
    /// text so far.
    pub(super) fn begin_host(&mut self, host: &[u8], port: &[u8], text_len: usize) {
        let now = Instant::now();
        self.open_attempt(host, port, text_len, now);
        self.enter_at(Phase::Lookup, now);
    }

    /// A dial begins. It goes on with the attempt that a lookup began.
    pub(super) fn begin_dial(
        &mut self,
        host: &[u8],
        hostaddr: &[u8],
        port: &[u8],
        text_len: usize,
    ) {
        let now = Instant::now();
        let is_looked_up = self.open
            && self
                .attempts
                .last()
                .is_some_and(|a| a.last_phase() == Some(Phase::Lookup));
        if !is_looked_up {
            self.open_attempt(host, port, text_len, now);
        }
        if let Some(attempt) = self.current() {
            attempt.hostaddr = hostaddr.to_vec();
        }
        self.enter_at(Phase::Tcp, now);
    }

    fn open_attempt(&mut self, host: &[u8], port: &[u8], text_len: usize, now: Instant) {
        self.open = self.attempts.len() < KEPT;
        self.text_mark = text_len;
        match self.open {
            true => {
                // Most connections make one attempt, and keep its report for good.
                if self.attempts.is_empty() {
                    self.attempts.reserve_exact(1);
                }
                self.attempts.push(Attempt::new(host, port, now));
            }
            false => self.omitted += 1,
        }
    }

    /// The phase begins now, and the one before ends.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.enter_at(phase, Instant::now());
    }

    fn enter_at(&mut self, phase: Phase, now: Instant) {
        let Some(attempt) = self.current() else {
            return;
        };
        if attempt.phases[phase as usize].is_some() {
            return;
        }
        if let Some(span) = attempt.open_span() {
            span.close(now);
        }
        attempt.phases[phase as usize] = Some(Span::begun(now));
    }

    /// The attempt under way, to note something about it.
    pub(super) fn current(&mut self) -> Option<&mut Attempt> {
        match self.open {
            true => self.attempts.last_mut(),
            false => None,
        }
    }

    /// The attempt has failed; `text` is the whole error text so far.
    pub(super) fn fail(&mut self, cause: Cause, text: &[u8]) {
        let part = text.get(self.text_mark..).unwrap_or_default();
        let now = Instant::now();
        if let Some(attempt) = self.current() {
            attempt.outcome = Outcome::Failed;
            attempt.cause = cause;
            attempt.message = part.trim_ascii_end().to_vec();
        }
        self.close(now);
    }

    /// The attempt has led to a session.
    pub(super) fn succeed(&mut self) {
        let now = Instant::now();
        if let Some(attempt) = self.current() {
            attempt.outcome = Outcome::Connected;
        }
        self.close(now);
    }

    fn close(&mut self, now: Instant) {
        if let Some(attempt) = self.current() {
            attempt.span.close(now);
            if let Some(span) = attempt.open_span() {
                span.close(now);
            }
        }
        self.open = false;
    }

    /// Connecting has ended.
    pub(super) fn end(&mut self) {
        self.ended.get_or_insert_with(Instant::now);
    }

    /// Takes in the attempts of a machine that ran beside this one, and puts all in the order they began. What went on
    /// there has been abandoned.
    pub fn merge(&mut self, other: Report) {
        let now = Instant::now();
        let has_open = self.open;
        for mut attempt in other.attempts {
            if attempt.outcome == Outcome::UnderWay {
                attempt.outcome = Outcome::Failed;
                attempt.cause = Cause::of(FailureKind::Abandoned);
                attempt.span.close(now);
                if let Some(span) = attempt.open_span() {
                    span.close(now);
                }
            }
            // The one under way stays the last.
            let at = match has_open {
                true => self.attempts.len().saturating_sub(1),
                false => self.attempts.len(),
            };
            self.attempts.insert(at, attempt);
        }
        let settled = self.attempts.len() - usize::from(has_open);
        self.attempts[..settled].sort_by_key(|a| a.span.begin);
        self.omitted += other.omitted;
        if self.attempts.len() > KEPT {
            let over = self.attempts.len() - KEPT;
            self.attempts.drain(..over);
            self.omitted += over;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phases(attempt: &Attempt) -> Vec<Phase> {
        let is_seen = |p: &Phase| attempt.phases[*p as usize].is_some();
        Phase::ALL.into_iter().filter(is_seen).collect()
    }

    #[test]
    fn a_lookup_belongs_to_the_first_attempt_at_its_host() {
        let mut report = Report::default();
        report.begin();
        report.begin_host(b"h", b"5432", 0);
        report.begin_dial(b"h", b"::1", b"5432", 0);
        report.fail(Cause::of(FailureKind::Network), b"first\n");
        report.begin_dial(b"h", b"127.0.0.1", b"5432", 6);
        report.enter(Phase::Authentication);
        report.enter(Phase::Startup);
        report.succeed();
        report.end();
        let [first, second] = report.attempts() else {
            panic!("{report:?}");
        };
        assert_eq!(phases(first), [Phase::Lookup, Phase::Tcp]);
        assert_eq!(first.message, b"first");
        assert_eq!(first.outcome, Outcome::Failed);
        assert_eq!(
            phases(second),
            [Phase::Tcp, Phase::Authentication, Phase::Startup]
        );
        assert_eq!(second.hostaddr, b"127.0.0.1");
        assert_eq!(second.outcome, Outcome::Connected);
        assert!(second.phases.iter().flatten().all(|s| s.end.is_some()));
        assert!(report.duration().is_some());
    }

    #[test]
    fn attempts_beyond_a_bound_are_counted_and_not_kept() {
        let mut report = Report::default();
        report.begin();
        for _ in 0..KEPT + 3 {
            report.begin_dial(b"h", b"::1", b"1", 0);
            report.enter(Phase::Tls);
            report.fail(Cause::default(), b"");
        }
        assert_eq!((report.attempts().len(), report.omitted()), (KEPT, 3));
    }

    #[test]
    fn what_ran_beside_is_put_where_it_began_and_counts_as_abandoned() {
        let (mut ours, mut theirs) = (Report::default(), Report::default());
        ours.begin();
        theirs.begin();
        theirs.begin_dial(b"early", b"", b"1", 0);
        ours.begin_dial(b"late", b"", b"1", 0);
        ours.succeed();
        ours.merge(theirs);
        let names: Vec<&[u8]> = ours.attempts().iter().map(|a| &a.host[..]).collect();
        assert_eq!(names, [&b"early"[..], b"late"]);
        assert_eq!(ours.attempts()[0].cause.kind, FailureKind::Abandoned);
        assert_eq!(ours.attempts()[0].outcome, Outcome::Failed);
        assert!(ours.attempts()[0].span.end.is_some());
    }
}
