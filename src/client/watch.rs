//! Events of a connection, for one who watches: attempts to connect, queries and their results, notices, changes of state.
//!
//! They are queued where they happen and told when nobody has the connection borrowed. A connection that nobody watches has
//! no queue: all it costs is to see that there is none.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Connection;
use super::connecting::Origin;
use super::hooks::Target;
use crate::connect::report::{Attempt, Outcome};
use crate::connect::status::ConnStatus;
use crate::protocol::result::QueryResult;
use crate::protocol::types::ExecStatus;

/// Told of events, on the thread that uses the connection.
pub type EventHook = dyn Fn(&mut dyn Target, &Event) + Send + Sync;

/// Something has happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// An attempt to connect has begun; its number counts from 0, as in the report.
    AttemptBegun(usize, Box<Attempt>),
    /// It has ended.
    AttemptEnded(usize, Box<Attempt>),
    /// A command has been queued or sent: bytes of its messages.
    QuerySent(usize),
    /// A command has given its last row, or failed.
    QueryFinished {
        /// How.
        status: ExecStatus,
        /// Rows, whatever results they came in.
        rows: usize,
        /// Bytes that the results hold.
        bytes: usize,
    },
    /// The server has sent a notice: its SQLSTATE and primary text.
    Notice(Vec<u8>, Vec<u8>),
    /// The connection has this state now.
    State(ConnStatus),
}

/// What a watched connection remembers.
pub(super) struct Watch {
    hook: Arc<EventHook>,
    queue: VecDeque<Event>,
    /// Attempts told as begun, and those of them told as ended.
    begun: usize,
    ended: usize,
    status: ConnStatus,
    rows: usize,
    bytes: usize,
    /// Notices that wait to be shown and have been noted here.
    noted: usize,
    /// Somebody is being told.
    is_telling: bool,
}

impl Watch {
    pub(super) fn new(hook: Arc<EventHook>) -> Box<Watch> {
        Box::new(Watch {
            hook,
            queue: VecDeque::new(),
            begun: 0,
            ended: 0,
            status: ConnStatus::Bad,
            rows: 0,
            bytes: 0,
            noted: 0,
            is_telling: false,
        })
    }

    /// Takes a result in. Those of single rows and chunks are parts of the one that ends the command.
    pub(super) fn result(&mut self, result: &QueryResult) {
        self.rows += result.rows.rows();
        self.bytes += result.memory();
        if !matches!(
            result.status,
            ExecStatus::SingleTuple | ExecStatus::TuplesChunk
        ) {
            self.queue.push_back(Event::QueryFinished {
                status: result.status,
                rows: std::mem::take(&mut self.rows),
                bytes: std::mem::take(&mut self.bytes),
            });
        }
    }

    fn notice(&mut self, notice: &QueryResult) {
        let field = |kind| {
            let error = notice.error.as_ref();
            let text = error.and_then(|error| error.fields.get(kind));
            text.unwrap_or_default().to_vec()
        };
        self.queue
            .push_back(Event::Notice(field(b'C'), field(b'M')));
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.queue.push_back(Event::QuerySent(bytes));
    }
}

impl Connection {
    /// Whether there is something to [`tell`].
    #[inline]
    pub fn has_events(&self) -> bool {
        self.watch
            .as_ref()
            .is_some_and(|watch| self.has_news(watch))
    }

    #[cold]
    fn has_news(&self, watch: &Watch) -> bool {
        let attempts = match &self.origin {
            Origin::Planned(connector) => connector.report().attempts(),
            Origin::Rejected { .. } => &[],
        };
        let has_ended = |a: &Attempt| a.outcome != Outcome::UnderWay;
        !watch.is_telling
            && (!watch.queue.is_empty()
                || watch.status != self.link.status
                || watch.begun != attempts.len()
                || attempts.get(watch.ended).is_some_and(has_ended))
    }

    /// A result is about to be handed out: what came before it is noted first.
    pub(super) fn watch_result(&mut self, result: &QueryResult) {
        if let Some(watch) = &mut self.watch {
            for notice in self.link.session.notices.iter().skip(watch.noted) {
                watch.notice(notice);
            }
            watch.noted = self.link.session.notices.len();
            watch.result(result);
        }
    }

    /// A notice is about to be shown.
    pub fn watch_notice(&mut self, notice: &QueryResult) {
        match &mut self.watch {
            Some(watch) if watch.noted > 0 => watch.noted -= 1,
            Some(watch) => watch.notice(notice),
            None => {}
        }
    }
    /// The next event to tell, and whom.
    fn next_event(&mut self) -> Option<(Arc<EventHook>, Event)> {
        let watch = self.watch.as_mut()?;
        if let Origin::Planned(connector) = &self.origin {
            let attempts = connector.report().attempts();
            if attempts.len() < watch.begun {
                // Connecting has begun anew.
                (watch.begun, watch.ended) = (0, 0);
            }
            while watch.ended < attempts.len() {
                let (number, attempt) = (watch.ended, &attempts[watch.ended]);
                if watch.begun == number {
                    watch.begun += 1;
                    let begun = Event::AttemptBegun(number, Box::new(attempt.clone()));
                    watch.queue.push_back(begun);
                }
                if attempt.outcome == Outcome::UnderWay {
                    break;
                }
                watch.ended += 1;
                let ended = Event::AttemptEnded(number, Box::new(attempt.clone()));
                watch.queue.push_back(ended);
            }
        }
        if watch.status != self.link.status {
            watch.status = self.link.status;
            watch.queue.push_back(Event::State(watch.status));
        }
        let event = watch.queue.pop_front()?;
        Some((Arc::clone(&watch.hook), event))
    }

    fn set_telling(&mut self, on: bool) -> bool {
        match &mut self.watch {
            Some(watch) => std::mem::replace(&mut watch.is_telling, on),
            None => true,
        }
    }
}

/// Tells all events there are, with nothing borrowed. What the hook brings about itself is told after it has returned.
pub fn tell(target: &mut dyn Target) {
    let mut is_busy = true;
    target.connection(&mut |c| is_busy = c.set_telling(true));
    if is_busy {
        return;
    }
    loop {
        let mut next = None;
        target.connection(&mut |c| next = c.next_event());
        let Some((hook, event)) = next else { break };
        // A panic of who watches is nobody else's matter.
        let _ = catch_unwind(AssertUnwindSafe(|| hook(target, &event)));
    }
    target.connection(&mut |c| {
        c.set_telling(false);
    });
}
