//! What an attempt waits for besides its one socket, and how long.
//!
//! A call that waits by itself ([`Mode::Blocking`]) takes the steps and system calls of libpq: it polls the socket, with
//! `connect_timeout` for each address, and looks names up inline. Only a deadline for the whole makes it look names up
//! on a thread.
//!
//! For one who polls ([`Mode::Polled`]) a name is always looked up on a thread. Without a deadline the descriptor is the
//! real socket as soon as there is one, and with a single address that needs no lookup from the start to the end. With a
//! deadline it is a [`Composite`], from the start until the connection is up: one descriptor, which stays the same, and
//! [`PollStatus::Reading`] is all that is ever said.
//!
//! A descriptor that was handed out is not closed before its successor is open: event loops compare numbers.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::race::interleave;
use super::{Connector, Go, Stage, say, say_dial};
use crate::config::{ConfigError, Opt, parse_int_option};
use crate::connect::dial::DialError;
use crate::connect::error::ConnectError;
use crate::connect::link::Link;
use crate::connect::memory::Found as MemoryFound;
use crate::connect::status::{ConnStatus, PollStatus};
use crate::net::composite::{Composite, Interest, Kind};
use crate::net::lookup::{self, Found, Lookup, LookupError};
use crate::net::{Address, NetError, Transport, Waker, errno_of};

/// Who waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The call itself, by [`Connector::descriptor`] and [`Connector::deadline`].
    #[default]
    Blocking,
    /// The program, in a loop of its own, by [`Connector::descriptor`] alone; composites are of this kind.
    Polled(Kind),
    /// The program, and as in libpq 18: real sockets only, no deadlines, names looked up inline.
    Classic,
}

/// See the module's text.
#[derive(Default)]
pub(super) struct Waiting {
    mode: Mode,
    composite: Option<Composite>,
    /// `connect_timeout`: for each address, and for the lookup of each name.
    per_address: Option<Duration>,
    /// The period that `until` is the end of.
    period: Option<usize>,
    until: Option<Instant>,
    /// `connect_deadline_ms`: for everything.
    total: Option<Instant>,
    lookup: Option<Lookup>,
    /// The transport that was handed out last, until its successor is open.
    retired: Option<Transport>,
    /// Nobody has polled yet.
    is_fresh: bool,
    /// It is in a race: what wakes the one whose race it is.
    shared: Option<Arc<Waker>>,
}

impl Waiting {
    /// Whether several attempts may be made side by side.
    pub(super) fn may_race(&self) -> bool {
        self.mode != Mode::Classic && self.shared.is_none()
    }
}

impl Connector {
    /// Takes the first steps, as far as they go without waiting: a Unix socket is connected then (behaviour 78). On
    /// failure the link's status is [`ConnStatus::Bad`].
    pub fn start(&mut self, link: &mut Link, mode: Mode) {
        if self.prepare(link, mode) {
            self.stage = Stage::Idle;
            self.poll(link);
            self.waiting.is_fresh = true;
        }
    }

    /// As [`Connector::start`], but the first steps are those of the first poll.
    pub fn start_later(&mut self, link: &mut Link, mode: Mode) {
        if self.prepare(link, mode) {
            self.stage = Stage::Idle;
            match self.composite() {
                Ok(_) => self.waiting.is_fresh = true,
                Err(error) => self.cannot_wait(&error, link),
            }
        }
    }

    /// Goes on where a machine stands that was started later, and that this one replaces: its descriptor may be waited for.
    pub fn take_over(&mut self, former: &mut Connector) {
        self.waiting = std::mem::take(&mut former.waiting);
        self.waiting.total = self.total(self.waiting.mode);
        self.report = std::mem::take(&mut former.report);
    }

    fn total(&self, mode: Mode) -> Option<Instant> {
        match self.plan.extensions.connect_deadline_ms {
            Some(ms) if ms > 0 && mode != Mode::Classic => {
                Instant::now().checked_add(Duration::from_millis(ms.into()))
            }
            _ => None,
        }
    }

    fn prepare(&mut self, link: &mut Link, mode: Mode) -> bool {
        self.waiting = Waiting {
            mode,
            total: self.total(mode),
            ..Waiting::default()
        };
        self.report.begin();
        link.read_timeout = None;
        link.status = ConnStatus::Needed;
        let reads_timeout_now = match mode {
            Mode::Polled(_) => true,
            Mode::Blocking => self.wants_race(),
            Mode::Classic => false,
        };
        if reads_timeout_now && let Err(error) = self.read_timeout() {
            say_dial(link, &DialError::Config(error));
            self.fail(link);
            return false;
        }
        true
    }

    /// Reads `connect_timeout`. A call that waits does that when it begins to wait, which is after the first steps: the
    /// order of the error texts is the reference's.
    ///
    /// # Errors
    /// It is no number.
    pub fn read_timeout(&mut self) -> Result<(), ConfigError> {
        let seconds = match self.plan.settings().get(Opt::ConnectTimeout) {
            Some(text) => parse_int_option(text, Opt::ConnectTimeout)?,
            None => 0,
        };
        self.waiting.per_address = u64::try_from(seconds)
            .ok()
            .filter(|&s| s > 0)
            .map(Duration::from_secs);
        Ok(())
    }

    /// When waiting ends for the present address, or for all; `connect_timeout` begins anew for each address (behaviour
    /// 85).
    pub fn deadline(&mut self) -> Option<Instant> {
        if self.race.is_some() {
            return self.waiting.total;
        }
        let waiting = &mut self.waiting;
        if let Some(time) = waiting.per_address
            && waiting.period != Some(self.periods)
        {
            waiting.period = Some(self.periods);
            waiting.until = Instant::now().checked_add(time);
        }
        match (waiting.until, waiting.total) {
            (Some(until), Some(total)) => Some(until.min(total)),
            (until, total) => until.or(total),
        }
    }

    /// The descriptor to wait on for what the last poll said, -1 when there is none. Right after the start it is
    /// writable, or will be when there is something to do.
    pub fn descriptor(&self, link: &Link) -> i32 {
        match &self.waiting.composite {
            Some(composite) if !matches!(link.status, ConnStatus::Ok | ConnStatus::Bad) => {
                match self.waiting.is_fresh {
                    true => composite.waker().raw_fd(),
                    false => composite.raw_fd(),
                }
            }
            _ => self.awaited(link),
        }
    }

    /// What is waited for on the way: the socket, or what a token is awaited on (behaviour 83).
    pub(super) fn awaited(&self, link: &Link) -> i32 {
        match self.altsock() {
            Some(fd) if link.status == ConnStatus::Authenticating => fd,
            _ => link.raw_fd(),
        }
    }

    /// Takes steps until there is something to wait for.
    pub fn poll(&mut self, link: &mut Link) -> PollStatus {
        self.waiting.is_fresh = false;
        if self.waiting.mode == Mode::Blocking && self.waiting.composite.is_none() {
            let status = self.advance(link);
            return match is_waiting(status) && self.needs_more_than_socket(link) {
                true => self.await_all(status, link),
                false => status,
            };
        }
        match &mut self.waiting.composite {
            Some(composite) if composite.is_ours() => composite.pause(),
            Some(_) => self.begin_anew_in_child(link),
            None => {}
        }
        let mut status = self.advance(link);
        if self.is_polled() {
            // After the step: what has come in time counts, however late it is looked at.
            while is_waiting(status) && self.deadline().is_some_and(|d| d <= Instant::now()) {
                self.time_out(link);
                status = self.advance(link);
            }
        }
        self.await_all(status, link)
    }

    /// Begins as one of those in a race.
    pub(super) fn begin_as_lane(&mut self, parent: &Waiting, waker: &Arc<Waker>, holds_back: bool) {
        self.waiting = Waiting {
            per_address: parent.per_address,
            shared: Some(Arc::clone(waker)),
            ..Waiting::default()
        };
        self.holds_back = holds_back;
        self.stage = Stage::NextHost;
        self.report.begin();
    }

    /// Takes steps until there is something to wait for, as one of those in a race.
    pub(super) fn advance_in_time(&mut self, link: &mut Link) -> PollStatus {
        let mut status = self.advance(link);
        while is_waiting(status)
            && !matches!(self.stage, Stage::Held)
            && self.deadline().is_some_and(|d| d <= Instant::now())
        {
            self.time_out(link);
            status = self.advance(link);
        }
        status
    }

    /// Whether it is the socket that is waited for.
    pub(super) fn is_waiting_for_socket(&self, link: &Link) -> bool {
        !self.needs_more_than_socket(link)
    }

    /// Sees to it that the descriptor wakes for what `status` waits for, and says what the one who waits is to be told.
    fn await_all(&mut self, status: PollStatus, link: &mut Link) -> PollStatus {
        if !is_waiting(status) {
            self.waiting.lookup = None;
            self.waiting.retired = None;
            if status == PollStatus::Ok {
                self.waiting.composite = None;
            }
            return status;
        }
        let deadline = match self.waiting.mode {
            Mode::Polled(_) => self.deadline(),
            Mode::Blocking | Mode::Classic => None,
        };
        let beyond_socket = self.needs_more_than_socket(link);
        if !beyond_socket && deadline.is_none() {
            self.waiting.composite = None;
            self.waiting.retired = None;
            return status;
        }
        let mut interests = Vec::new();
        let deadline = match (deadline, self.race_interests(&mut interests)) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        if !beyond_socket {
            interests.push(Interest {
                fd: self.awaited(link),
                read: status == PollStatus::Reading,
                write: status == PollStatus::Writing,
            });
        }
        let watched = self
            .composite()
            .and_then(|composite| composite.watch(&interests, deadline));
        if let Err(error) = watched {
            self.cannot_wait(&error, link);
            return PollStatus::Failed;
        }
        self.waiting.retired = None;
        PollStatus::Reading
    }

    /// Whether what is waited for now is not, or not only, the socket.
    fn needs_more_than_socket(&self, link: &Link) -> bool {
        self.waiting.lookup.is_some()
            || self.race.is_some()
            || self.is_pending()
            || link.transport.is_none()
    }

    /// The composite, made when it is first needed.
    fn composite(&mut self) -> io::Result<&mut Composite> {
        let kind = match self.waiting.mode {
            // Nobody sees it, and poll(2) takes anything.
            Mode::Blocking => Kind::Epoll,
            Mode::Polled(kind) => kind,
            Mode::Classic => Kind::Socket,
        };
        match &mut self.waiting.composite {
            Some(composite) => Ok(composite),
            none => Ok(none.insert(Composite::new(kind)?)),
        }
    }

    /// What wakes who waits for this attempt.
    ///
    /// # Errors
    /// What the system says when there are no descriptors left.
    pub fn waker(&mut self) -> io::Result<Arc<Waker>> {
        if let Some(shared) = &self.waiting.shared {
            return Ok(Arc::clone(shared));
        }
        Ok(Arc::clone(self.composite()?.waker()))
    }

    fn is_polled(&self) -> bool {
        matches!(self.waiting.mode, Mode::Polled(_))
    }

    fn cannot_wait(&mut self, error: &io::Error, link: &mut Link) {
        say(link, &ConnectError::Waker(errno_of(error)));
        self.fail(link);
        self.stage = Stage::Ended;
        self.end_attempt(link);
        self.report.end();
    }

    /// The time for this address is over: the next poll goes on with the next one (behaviour 86), or nowhere if it was
    /// the time for all of them.
    pub fn time_out(&mut self, link: &mut Link) {
        if matches!(self.stage, Stage::Idle | Stage::Ended) {
            return;
        }
        let is_over = self.waiting.total.is_some_and(|t| t <= Instant::now());
        if self.race.is_some() {
            if is_over {
                self.race_timed_out(link);
                self.fail(link);
                self.stage = Stage::Ended;
            }
            return;
        }
        let asked_lookup = self.time_out_asking(link);
        self.forsake_sasl();
        self.stage = match self.waiting.lookup.take().is_some() || asked_lookup {
            true => {
                say(link, &ConnectError::LookupTimeout(self.host().host.clone()));
                self.remember(MemoryFound::Down);
                Stage::NextHost
            }
            false => {
                say(link, &ConnectError::Timeout);
                self.end_attempt(link);
                self.give_address_up(link)
            }
        };
        if is_over {
            self.fail(link);
            self.stage = Stage::Ended;
            self.end_attempt(link);
            self.report.end();
        }
    }

    /// Finds the addresses of the present host, whose name must be looked up.
    pub(super) fn look_up(&mut self, port: u16, link: &mut Link) -> Go {
        if let Some(go) = self.ask_addresses(port, link) {
            return go;
        }
        let name = self.host().host.clone();
        let inline = match self.waiting.mode {
            Mode::Blocking => self.waiting.total.is_none() && self.waiting.shared.is_none(),
            Mode::Polled(_) => false,
            Mode::Classic => true,
        };
        if inline {
            return self.found(lookup::by_name(&name, port), link);
        }
        // No name at all: nobody needs to be asked.
        if let Ok(addresses) = lookup::numeric(&name, port) {
            return self.found(Ok(addresses), link);
        }
        self.periods += 1;
        let started = self
            .waker()
            .and_then(|waker| Lookup::start(&name, port, &waker));
        match started {
            Ok(lookup) => {
                self.waiting.lookup = Some(lookup);
                Go::Wait(Stage::LookingUp(port), PollStatus::Reading)
            }
            Err(error) => self.found(Err(LookupError::from_system(&error)), link),
        }
    }

    /// A name was being looked up: is the answer there?
    pub(super) fn looking_up(&mut self, port: u16, link: &mut Link) -> Go {
        let Some(lookup) = &self.waiting.lookup else {
            return self.look_up(port, link);
        };
        match lookup.take() {
            Some(found) => {
                self.waiting.lookup = None;
                self.found(found, link)
            }
            None => Go::Wait(Stage::LookingUp(port), PollStatus::Reading),
        }
    }

    fn found(&mut self, found: Found, link: &mut Link) -> Go {
        match found {
            Ok(addresses) => self.take_addresses(addresses),
            Err(error) => {
                let host = self.host().host.clone();
                say(link, &ConnectError::UnknownHost(host, error));
                self.remember(MemoryFound::Down);
                Go::On(Stage::NextHost)
            }
        }
    }

    pub(super) fn take_addresses(&mut self, mut addresses: Vec<Address>) -> Go {
        if let Some(shuffler) = &mut self.shuffler {
            shuffler.shuffle(&mut addresses);
        }
        if self.holds_back {
            // The others are for the race to try.
            let mut turns = interleave(addresses).into_iter();
            addresses = turns.next().into_iter().collect();
            self.spare = turns.collect();
        }
        self.candidates.set_addresses(addresses);
        Go::On(Stage::NextAddress)
    }

    /// Ends the present connection on the way to the next one. The program may have its descriptor in its event loop.
    pub(super) fn hang_up(&mut self, link: &mut Link) {
        if self.is_polled() && self.waiting.retired.is_none() {
            self.waiting.retired = link.retire();
        }
        link.disconnect();
    }

    /// What nobody waits for any more.
    pub(super) fn forget_waiting(&mut self) {
        self.waiting.lookup = None;
        self.waiting.retired = None;
        self.waiting.composite = None;
        self.race = None;
    }

    /// A child of fork() has no thread that answers, and what wakes is its parent's. A transport has been given up by
    /// the link; a lookup is done again.
    fn begin_anew_in_child(&mut self, link: &mut Link) {
        if let Some(mut race) = self.race.take() {
            race.disown();
            link.session
                .errors
                .push_with(|out| NetError::Inherited.write_text(out));
            self.fail(link);
            self.stage = Stage::Ended;
        }
        self.forsake();
        self.forget_waiting();
    }
}

fn is_waiting(status: PollStatus) -> bool {
    matches!(status, PollStatus::Reading | PollStatus::Writing)
}
