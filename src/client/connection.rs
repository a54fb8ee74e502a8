//! One connection: its state, and what can be asked about it without waiting.

use std::sync::Arc;

use crate::connect::link::{FlushOutcome, Link, ReadOutcome};
use crate::connect::request::{Answer, Want};
use crate::connect::status::ConnStatus;
use crate::protocol::result::QueryResult;
use crate::protocol::session::{NextResult, Notification};
use crate::protocol::types::TransactionStatus;

use super::connecting::Origin;
use super::setup::Phase;
use super::{Context, Factory, Hooks, Target, hooks};
use crate::config::Settings;

/// How a waiting call gets at its connection.
///
/// Between two calls of [`Handle::with`] nobody has the connection borrowed: the C layer shows notices and writes
/// trace lines there, and their hooks may look at the connection themselves.
pub trait Handle: Target + Sized {
    /// Runs `f` on the connection.
    fn with<R>(&mut self, f: impl FnOnce(&mut Connection) -> R) -> R;

    /// Asks whoever uses the connection for what connecting cannot go on without.
    fn ask(&mut self, want: Want) -> Answer {
        hooks::ask(self, &want)
    }

    /// Whether somebody may look at the connection when a result is handed out, who must then not find it further on.
    fn is_watched(&self) -> bool {
        false
    }

    /// Lets whoever follows the results of this connection know one that a call fetched for itself, and gives it back.
    fn announce(&mut self, result: QueryResult) -> QueryResult {
        result
    }
}

impl Handle for Connection {
    fn with<R>(&mut self, f: impl FnOnce(&mut Connection) -> R) -> R {
        let result = f(self);
        // Nobody follows them here.
        self.link.session.fetched.clear();
        if self.has_events() {
            super::watch::tell(self);
        }
        result
    }
}

/// A connection to a server, or one that is being made, or one that has failed.
pub struct Connection {
    /// The session and its transport.
    pub link: Link,
    /// What it was asked to connect to, and how far that went.
    pub(super) origin: Origin,
    /// Calls that send do not wait.
    pub(super) nonblocking: bool,
    /// The server's large-object functions, once looked up.
    pub(super) large_objects: super::large_object::Cache,
    /// What it has in common with others.
    pub(super) context: Arc<Context>,
    pub(super) factory: Option<Arc<Factory>>,
    /// Its own hooks.
    pub(super) hooks: Hooks,
    /// Its options before they are judged, where they may still be changed.
    pub(super) draft: Option<Box<Settings>>,
    pub(super) phase: Phase,
    /// Somebody watches.
    pub(super) watch: Option<Box<super::watch::Watch>>,
}

impl Connection {
    /// Its context.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The factory it was started from.
    pub fn factory(&self) -> Option<&Arc<Factory>> {
        self.factory.as_ref()
    }

    /// Its own hooks, which come before its factory's and its context's.
    pub fn own_hooks(&mut self) -> &mut Hooks {
        &mut self.hooks
    }

    /// How far the connection is.
    pub fn status(&self) -> ConnStatus {
        self.link.status
    }

    /// The transaction status; unknown unless connected.
    pub fn transaction_status(&self) -> TransactionStatus {
        if self.link.status == ConnStatus::Ok {
            self.link.session.transaction_status()
        } else {
            TransactionStatus::Unknown
        }
    }

    /// Whether calls that send do not wait. Never so on a bad connection (behaviour 267).
    pub fn is_nonblocking(&self) -> bool {
        self.nonblocking && self.link.status != ConnStatus::Bad
    }

    /// Whether the connection is up and its server still there, as far as that can be told without asking it.
    pub fn is_alive(&mut self) -> bool {
        self.link.status == ConnStatus::Ok && self.link.is_alive()
    }

    /// Makes calls that send wait or not wait. What is queued is sent first; `false` if that fails.
    pub fn set_nonblocking(&mut self, nonblocking: bool) -> bool {
        if self.link.status == ConnStatus::Bad {
            return false;
        }
        if nonblocking == self.nonblocking {
            return true;
        }
        self.begin_cycle();
        if self.link.flush(!self.nonblocking) == FlushOutcome::Failed {
            return false;
        }
        self.nonblocking = nonblocking;
        true
    }

    /// Sends what is queued, waiting on a blocking connection.
    pub fn flush(&mut self) -> FlushOutcome {
        if self.link.status == ConnStatus::Bad {
            return FlushOutcome::Failed;
        }
        self.link.flush(!self.nonblocking)
    }

    /// Reads what has come, without waiting and without parsing. `false` when the connection is gone.
    pub fn consume_input(&mut self) -> bool {
        if self.nonblocking && self.link.flush(false) == FlushOutcome::Failed {
            return false;
        }
        self.link.read(false) != ReadOutcome::Closed
    }

    /// Whether what comes is the connector's to read: a hook, or a program between two polls, must not take it away.
    pub(super) fn is_connecting(&self) -> bool {
        !matches!(self.link.status, ConnStatus::Ok | ConnStatus::Bad)
    }

    /// Whether asking for a result would wait. Parses what has come.
    pub fn is_busy(&mut self) -> bool {
        if self.is_connecting() {
            return false;
        }
        let busy = self.link.session.is_busy();
        self.drop_if_lost();
        // On a dropped connection the next result is an error at once. A failed write alone says nothing: what the
        // server said before may still be read.
        busy && self.link.status != ConnStatus::Bad
    }

    /// Whether nobody is to be told or shown anything, so that there is nothing to be done after a step that brings
    /// nothing of that.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        self.link.status == ConnStatus::Ok && self.watch.is_none() && !self.link.session.has_news()
    }

    /// What [`Connection::is_busy`] says on a plain connection where nothing but the usual has come; else `None`.
    #[inline(always)]
    pub fn is_busy_as_usual(&mut self) -> Option<bool> {
        self.is_plain()
            .then(|| self.link.session.is_busy_as_usual())?
    }

    /// The next result of a plain connection where nothing but the usual has come, if it is there; else `Pending`.
    #[inline(always)]
    pub fn usual_result(&mut self) -> NextResult {
        match self.is_plain() {
            true => self.link.session.usual_result(),
            false => NextResult::Pending,
        }
    }

    /// What [`Connection::consume_input`] does on a plain connection over a mere socket, where nothing is to be sent first;
    /// else `None`, and nothing is done.
    #[inline(always)]
    pub fn consume_as_usual(&mut self) -> Option<bool> {
        let is_usual = self.is_plain()
            && self.link.is_mere_socket()
            && (!self.nonblocking || self.link.session.output.is_empty());
        is_usual.then(|| self.link.read(false) != ReadOutcome::Closed)
    }

    /// Whether nothing is to be sent, on a connection that is up.
    #[inline(always)]
    pub fn is_flushed(&self) -> bool {
        self.link.status == ConnStatus::Ok && self.link.session.output.is_empty()
    }

    /// The oldest notification that has come. Parses what has come.
    pub fn next_notification(&mut self) -> Option<Notification> {
        if self.is_connecting() {
            return None;
        }
        self.link.session.parse();
        self.drop_if_lost();
        self.link.session.notifications.pop_front()
    }

    /// After a panic: nothing can be trusted any more, so the connection is bad for good.
    pub fn poison(&mut self) {
        self.link.drop_transport();
        self.link.session.fail_and_stop();
        self.link
            .session
            .errors
            .push(b"internal error in libpq-porcelain");
    }

    /// Drops a transport whose stream cannot be followed any more.
    pub(super) fn drop_if_lost(&mut self) {
        if self.link.session.is_lost() {
            self.link.drop_transport();
        }
    }
}
