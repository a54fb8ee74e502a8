//! What the opaque pointers point to, and the C structs and callbacks of the public headers.

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use zeroize::Zeroizing;

use super::events::{EventRegistration, ResultEvent};
use super::pqp_context::{default_context, pqp_context};
use super::spare::Spare;
use super::trace::Stream;
use crate::client::Connection;
use crate::protocol::result::QueryResult;
use crate::protocol::rows::RowsView;
use crate::protocol::types::{ContextVisibility, Verbosity};

/// `PQnoticeReceiver`: gets each notice as a result that it must not keep.
pub type PQnoticeReceiver = Option<unsafe extern "C" fn(arg: *mut c_void, res: *const PGresult)>;
/// `PQnoticeProcessor`: gets each notice as a text that it must not keep.
pub type PQnoticeProcessor = Option<unsafe extern "C" fn(arg: *mut c_void, message: *const c_char)>;

/// Who is shown notices. Results keep the hooks their connection had when they were made (behaviour 245).
#[derive(Clone, Copy)]
pub struct NoticeHooks {
    /// The receiver and its argument.
    pub receiver: (PQnoticeReceiver, *mut c_void),
    /// The processor, which the default receiver calls, and its argument.
    pub processor: (PQnoticeProcessor, *mut c_void),
}

/// A connection, as C holds it.
pub struct PGconn {
    pub(crate) connection: Connection,
    /// A call is at work on it, and has not lent it to a hook: see [`super::guard::Inside`].
    pub(crate) in_use: AtomicBool,
    pub(crate) hooks: NoticeHooks,
    pub(crate) events: Vec<EventRegistration>,
    pub(crate) trace_stream: Stream,
    /// The display settings as C gave them.
    pub(crate) display: DisplayCodes,
    /// Texts that were handed out, kept where they are until they change.
    pub(crate) texts: TextCache,
    /// The context, which lives as long as its connections.
    pub(crate) context: Arc<pqp_context>,
    /// The operating system's texts are English, as its context wanted when it was made.
    pub(crate) english: bool,
    /// What `pqp_conn_set_user_data` was given.
    pub(crate) user_data: *mut c_void,
    /// The memory of results that were cleared.
    pub(crate) spare: Arc<Spare>,
}

impl PGconn {
    /// A connection of the default context with nothing registered.
    pub(crate) fn new(connection: Connection) -> PGconn {
        PGconn::in_context(connection, default_context())
    }

    /// A connection of a context with nothing registered. The connection inside has the same one.
    pub(crate) fn in_context(connection: Connection, context: Arc<pqp_context>) -> PGconn {
        PGconn {
            connection,
            in_use: AtomicBool::new(false),
            hooks: context.slots().notice,
            english: context.core.switches().english,
            events: Vec::new(),
            trace_stream: Stream::default(),
            display: DisplayCodes::default(),
            texts: TextCache::default(),
            context,
            user_data: std::ptr::null_mut(),
            spare: Arc::default(),
        }
    }
}

impl PGconn {
    /// Lets the session have the memory of a cleared result, if it has none.
    #[inline(always)]
    pub(crate) fn supply_memory(&mut self) {
        let spare = &mut self.connection.link.session.spare;
        if spare.is_none() {
            *spare = self.spare.take_body();
        }
    }
}

/// `PGVerbosity` and `PGContextVisibility` as C gave them: any number is kept and given back.
#[derive(Clone, Copy)]
pub(crate) struct DisplayCodes {
    pub(crate) verbosity: c_int,
    pub(crate) context_visibility: c_int,
}

impl Default for DisplayCodes {
    fn default() -> Self {
        DisplayCodes {
            verbosity: Verbosity::Default as c_int,
            context_visibility: ContextVisibility::Errors as c_int,
        }
    }
}

impl DisplayCodes {
    /// The verbosity; numbers that are none mean the default one, as to libpq 18.6.
    pub(crate) fn verbosity(self) -> Verbosity {
        Verbosity::from_c(self.verbosity).unwrap_or(Verbosity::Default)
    }

    /// The context visibility; numbers that are none show no context, as in libpq 18.6.
    pub(crate) fn context_visibility(self) -> ContextVisibility {
        ContextVisibility::from_c(self.context_visibility).unwrap_or(ContextVisibility::Never)
    }
}

/// A result, as C holds it.
///
/// What the getters of values need comes first, for they are called more often than anything else.
pub struct PGresult {
    /// The way to the values of `result`, made anew whenever that changes.
    pub(crate) view: RowsView,
    pub(crate) result: QueryResult,
    /// Its status as C sees it: `PQmakeEmptyPGresult` takes any number.
    pub(crate) status: c_int,
    pub(crate) hooks: NoticeHooks,
    pub(crate) events: Vec<ResultEvent>,
    /// Memory handed out by `PQresultAlloc`, freed with the result.
    pub(crate) extra: Vec<Vec<u64>>,
    /// Where its memory goes when it is cleared.
    pub(crate) home: Option<Arc<Spare>>,
}

impl PGresult {
    /// A result without event data.
    #[inline(always)]
    pub(crate) fn bare(result: QueryResult, hooks: NoticeHooks) -> PGresult {
        PGresult {
            view: result.rows.view(),
            status: result.status as c_int,
            result,
            hooks,
            events: Vec::new(),
            extra: Vec::new(),
            home: None,
        }
    }

    /// Bytes of memory held.
    pub(crate) fn memory(&self) -> usize {
        let extra = self.extra.iter().map(|e| e.capacity() * size_of::<u64>());
        self.result.memory() + size_of::<Self>() - size_of::<QueryResult>()
            + self.events.capacity() * size_of::<ResultEvent>()
            + self.extra.capacity() * size_of::<Vec<u64>>()
            + extra.sum::<usize>()
    }

    /// Gives the result to C.
    pub(crate) fn into_raw(self) -> *mut PGresult {
        Box::into_raw(Box::new(self))
    }
}

/// NUL-terminated copies of texts that C reads through pointers: a copy stays at its address until the text is
/// another one. Among them is the password, so copies are wiped when they go.
#[derive(Default)]
pub(crate) struct TextCache {
    /// Slot and text: a handful, so a list.
    texts: RefCell<Vec<(u32, Zeroizing<Vec<u8>>)>>,
}

impl TextCache {
    /// The text of a slot as a C string; it ends at a NUL inside. "" when memory is out.
    pub(crate) fn get(&self, slot: u32, text: &[u8]) -> *mut c_char {
        let text = text.split(|&b| b == 0).next().unwrap_or_default();
        let mut texts = self.texts.borrow_mut();
        let known = texts.iter().position(|(other, _)| *other == slot);
        if let Some((_, kept)) = known.and_then(|i| texts.get(i))
            && kept.strip_suffix(b"\0") == Some(text)
        {
            return kept.as_ptr().cast_mut().cast();
        }
        let mut copy = Zeroizing::new(Vec::new());
        if copy.try_reserve_exact(text.len() + 1).is_err() {
            return c"".as_ptr().cast_mut();
        }
        copy.extend_from_slice(text);
        copy.push(0);
        let pointer = copy.as_ptr().cast_mut().cast();
        match known.and_then(|i| texts.get_mut(i)) {
            Some(entry) => entry.1 = copy,
            None => texts.push((slot, copy)),
        }
        pointer
    }
}

/// `PGnotify`: one malloc block with the texts behind it (behaviour 249).
#[repr(C)]
pub struct PGnotify {
    /// The channel.
    pub relname: *mut c_char,
    /// Process id of the notifying backend.
    pub be_pid: c_int,
    /// The payload.
    pub extra: *mut c_char,
    next: *mut PGnotify,
}

impl PGnotify {
    /// The fixed part; the texts stand behind it.
    pub(crate) fn new(relname: *mut c_char, be_pid: c_int, extra: *mut c_char) -> Self {
        PGnotify {
            relname,
            be_pid,
            extra,
            next: std::ptr::null_mut(),
        }
    }
}
