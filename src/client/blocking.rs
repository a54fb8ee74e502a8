//! Calls that wait for their answer.

use super::command::Refused;
use super::{Connection, Handle};
use crate::connect::link::ReadOutcome;
use crate::connect::status::ConnStatus;
use crate::protocol::error::UsageError;
use crate::protocol::result::QueryResult;
use crate::protocol::session::NextResult;
use crate::protocol::types::{ExecStatus, PipelineStatus};

/// What one step towards the next result gave.
enum Step {
    /// A result.
    Result(QueryResult),
    /// There is no further result.
    None,
    /// Something has come; ask again.
    Again,
}

/// How far a command came without anybody having to look at the connection meanwhile.
enum Begun<F> {
    /// It has one result, this one, and is done.
    All(QueryResult),
    /// It has been sent, and this is the first step towards its results.
    Step(Step),
    /// It could not be sent.
    Refused,
    /// Something is to be done first; nothing has been sent.
    NotYet(F),
}

/// Waits for the next result; `None` when the command has no further one.
///
/// Whatever waits to be sent is sent first, on a non-blocking connection too (behaviour 170). A failing connection
/// gives one error result, then `None` (behaviour 171).
pub fn next_result(handle: &mut impl Handle) -> Option<QueryResult> {
    loop {
        match handle.with(Connection::result_step) {
            Step::Result(result) => return Some(result),
            Step::None => return None,
            Step::Again => {}
        }
    }
}

/// Sends a command and waits for its last result (behaviour 164).
///
/// `None` when the command could not be sent; the error text says why.
pub fn exec<H: Handle>(
    handle: &mut H,
    send: impl FnOnce(&mut Connection) -> Result<(), Refused>,
) -> Option<QueryResult> {
    exec_each(handle, send, H::announce)
}

/// As [`exec`], for callers who give the last result away.
///
/// Every result of the command, and every result that nobody fetched before it, goes through `hand_out` as soon as it
/// is there; all but the last are dropped again (behaviour 320: each of them is an event).
pub fn exec_each<H: Handle, T>(
    handle: &mut H,
    send: impl FnOnce(&mut Connection) -> Result<(), Refused>,
    mut hand_out: impl FnMut(&mut H, QueryResult) -> T,
) -> Option<T> {
    let is_watched = handle.is_watched();
    let mut step = match handle.with(|c| c.exec_at_once(send, is_watched)) {
        Begun::All(result) => return Some(hand_out(handle, result)),
        Begun::Refused => return None,
        Begun::Step(step) => step,
        Begun::NotYet(send) => {
            if !prepare(handle, &mut hand_out) || handle.with(send).is_err() {
                return None;
            }
            Step::Again
        }
    };
    let mut last = None;
    loop {
        match step {
            Step::Result(result) => {
                let status = result.status;
                last = Some(hand_out(handle, result));
                if matches!(
                    status,
                    ExecStatus::CopyIn | ExecStatus::CopyOut | ExecStatus::CopyBoth
                ) || handle.with(|c| c.link.status == ConnStatus::Bad)
                {
                    return last;
                }
            }
            Step::None => return last,
            Step::Again => {}
        }
        step = handle.with(Connection::result_step);
    }
}

/// Makes the connection ready for a new command: results nobody fetched are dropped, a COPY nobody ended is ended
/// (behaviour 165).
fn prepare<H: Handle, T>(
    handle: &mut H,
    hand_out: &mut impl FnMut(&mut H, QueryResult) -> T,
) -> bool {
    let (pipelining, quiet) = handle.with(|c| {
        c.begin_cycle();
        let session = &c.link.session;
        (
            session.pipeline_status() != PipelineStatus::Off,
            session.is_quiet(),
        )
    });
    if pipelining {
        return handle
            .with(|c| c.refuse::<()>(&UsageError::SyncInPipeline))
            .is_ok();
    }
    if quiet {
        return true;
    }
    while let Some(result) = next_result(handle) {
        let status = result.status;
        drop(hand_out(handle, result));
        let ready = handle.with(|c| match status {
            ExecStatus::CopyIn => c
                .put_copy_end(Some(b"COPY terminated by new PQexec"))
                .is_ok(),
            ExecStatus::CopyOut => {
                c.link.session.skip_copy_out();
                true
            }
            ExecStatus::CopyBoth => c.refuse::<()>(&UsageError::ExecDuringCopyBoth).is_ok(),
            _ => true,
        });
        if !ready || handle.with(|c| c.link.status == ConnStatus::Bad) {
            return false;
        }
    }
    true
}

impl Connection {
    /// The short way of [`exec_each`]: sends a command and waits, without a look at the connection from outside between the
    /// steps. It is open where nothing is left of a former command and nobody follows what happens; after the first result
    /// it goes on only over the end of the command.
    fn exec_at_once<F>(&mut self, send: F, is_watched: bool) -> Begun<F>
    where
        F: FnOnce(&mut Connection) -> Result<(), Refused>,
    {
        let session = &self.link.session;
        if is_watched
            || self.watch.is_some()
            || session.has_news()
            || session.pipeline_status() != PipelineStatus::Off
            || !session.is_quiet()
        {
            return Begun::NotYet(send);
        }
        if send(self).is_err() {
            return Begun::Refused;
        }
        match self.result_step() {
            Step::Result(result)
                if self.link.status == ConnStatus::Ok
                    && !self.link.session.has_news()
                    && self.link.session.end_command() =>
            {
                Begun::All(result)
            }
            step => Begun::Step(step),
        }
    }

    /// One step towards the next result: what is there is handed out, else it sends, reads and parses until there is one,
    /// or something to be shown before the wait goes on.
    fn result_step(&mut self) -> Step {
        if self.is_connecting() {
            return Step::None;
        }
        if self.link.status == ConnStatus::Bad && self.link.session.is_copying() {
            // A COPY without a connection does not go on, though nobody has told the session.
            return self.failure();
        }
        loop {
            if !self.link.session.awaits_input() {
                match self.link.session.next_result() {
                    NextResult::Ready(result) => {
                        self.drop_if_lost();
                        if self.watch.is_some() {
                            self.watch_result(&result);
                        }
                        return Step::Result(result);
                    }
                    NextResult::None => return Step::None,
                    NextResult::Pending => {}
                }
            }
            if !self.link.session.notices.is_empty() {
                // Shown before the wait, not after it.
                return Step::Again;
            }
            if self.link.send_and_wait() == ReadOutcome::Closed {
                return self.failure();
            }
            if self.link.write_failed() && self.link.session.is_busy() {
                self.link.report_write_error();
                return self.failure();
            }
            if self.link.session.has_news() {
                return Step::Again;
            }
        }
    }

    /// The command ends with the error that the text now holds.
    fn failure(&mut self) -> Step {
        self.link.session.fail_and_stop();
        Step::Result(self.link.session.failure_result())
    }
}
