//! Transports of the application's, in a socket's place.
//!
//! Contract of all functions: `transport` is NULL, or a transport that has not been given away, used by one thread at a time.

#![allow(non_camel_case_types)] // the names are C's

use std::ffi::{c_char, c_int, c_void};
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use super::guard::{Inside, catch};
use super::pqp_request::{User, pqp_user_free};
use super::pqp_status::pqp_status::{self, *};
use crate::net::foreign::Stream;

/// Reads up to `len` bytes into `buf` without waiting: how many, 0 at the end of the stream, or -1 with `errno` set,
/// `EAGAIN` when there is nothing now.
pub type pqp_read =
    Option<unsafe extern "C" fn(user: *mut c_void, buf: *mut c_char, len: usize) -> isize>;

/// Takes up to `len` bytes of `data` without waiting: how many, at least one, or -1 with `errno` set, `EAGAIN` when it
/// can take nothing now. It must not raise SIGPIPE.
pub type pqp_write =
    Option<unsafe extern "C" fn(user: *mut c_void, data: *const c_char, len: usize) -> isize>;

/// Waits until there is something to read (`for_read` not 0) or room to write (`for_write` not 0), or `timeout_ms` is
/// over, -1 being for ever: 1 when it is ready, 0 when the time is over, -1 with `errno` set.
pub type pqp_poll = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        for_read: c_int,
        for_write: c_int,
        timeout_ms: c_int,
    ) -> c_int,
>;

/// A transport that is being put together. Opaque.
///
/// Its functions are called by the thread that uses the connection, one at a time, in the midst of its work. They cannot use
/// that connection: what they call on it gives its failure value (`PQP_IN_USE`, CONNECTION_BAD from PQstatus, -1 from
/// PQsocket), PQerrorMessage among it says "connection is in use by the call that this one was made from", PQfinish does
/// nothing, and the connection goes on as if nothing had been called. Other connections may be used. In a child of fork()
/// none of the functions is called, the close function included.
pub struct pqp_transport {
    descriptor: RawFd,
    read: pqp_read,
    write: pqp_write,
    poll: pqp_poll,
    user: Arc<User>,
}

/// A transport with no functions yet; to be given away with `pqp_answer_transport` or freed with `pqp_transport_free`.
/// `user` is handed to its functions. `close` is called with it once, when the transport goes: with the connection, or
/// when it is freed; NULL for nothing.
///
/// `descriptor` is what is waited on, and what `PQsocket` shows: it must be readable whenever reading would not give `EAGAIN`,
/// bytes that the transport holds back included, and writable whenever writing would not. It stays the caller's, and open
/// until `close` is called. A transport whose descriptor is never ready ends with the time for the attempt.
///
/// # Safety
/// `close` is NULL or may be called with `user` by any thread that uses the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_transport_new(
    descriptor: c_int,
    user: *mut c_void,
    close: pqp_user_free,
) -> *mut pqp_transport {
    catch(std::ptr::null_mut(), || {
        Box::into_raw(Box::new(pqp_transport {
            descriptor,
            read: None,
            write: None,
            poll: None,
            user: Arc::new(User::new(user, close)),
        }))
    })
}

/// Frees a transport that has not been given away; NULL is nothing. Calls its close function.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_transport_free(transport: *mut pqp_transport) {
    catch((), || {
        if !transport.is_null() {
            // SAFETY: covered by the contract above: `pqp_transport_new` made it by `into_raw`.
            drop(unsafe { Box::from_raw(transport) });
        }
    });
}

/// # Safety
/// The contract at the top of this module.
unsafe fn set(
    transport: *mut pqp_transport,
    change: impl FnOnce(&mut pqp_transport),
) -> pqp_status {
    catch(PQP_INTERNAL, || {
        // SAFETY: the caller's promise.
        match unsafe { transport.as_mut() } {
            Some(transport) => {
                change(transport);
                PQP_OK
            }
            None => PQP_NULL,
        }
    })
}

/// Sets the function that reads. It is needed.
///
/// # Safety
/// The contract at the top of this module; `read` is NULL or may be called by any thread that uses the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_transport_set_read(
    transport: *mut pqp_transport,
    read: pqp_read,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set(transport, |t| t.read = read) }
}

/// Sets the function that writes. It is needed.
///
/// # Safety
/// As for [`pqp_transport_set_read`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_transport_set_write(
    transport: *mut pqp_transport,
    write: pqp_write,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set(transport, |t| t.write = write) }
}

/// Sets the function by which calls wait on a connection that is up. Without it they wait on the descriptor with poll(2), as
/// everything does while connecting.
///
/// # Safety
/// As for [`pqp_transport_set_read`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_transport_set_poll(
    transport: *mut pqp_transport,
    poll: pqp_poll,
) -> pqp_status {
    // SAFETY: covered by the contract above.
    unsafe { set(transport, |t| t.poll = poll) }
}

impl pqp_transport {
    /// The stream that it is; `None` without the functions that it needs. What is closed goes with the last of the two.
    pub(crate) fn shared(&self) -> Option<CStream> {
        Some(CStream {
            descriptor: self.descriptor,
            read: self.read?,
            write: self.write?,
            poll: self.poll,
            user: Arc::clone(&self.user),
        })
    }
}

/// A transport's functions, as the library calls them.
pub(crate) struct CStream {
    descriptor: RawFd,
    read: unsafe extern "C" fn(*mut c_void, *mut c_char, usize) -> isize,
    write: unsafe extern "C" fn(*mut c_void, *const c_char, usize) -> isize,
    poll: pqp_poll,
    user: Arc<User>,
}

/// A count that C gave: less than 0 is `errno`'s error.
fn counted(count: isize) -> io::Result<usize> {
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

impl Stream for CStream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let _inside = Inside::enter();
        // SAFETY: the application gave the function for this pointer; the room has as many bytes as is said.
        counted(unsafe { (self.read)(self.user.pointer(), room.as_mut_ptr().cast(), room.len()) })
    }

    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let _inside = Inside::enter();
        // SAFETY: as above, for the data.
        counted(unsafe { (self.write)(self.user.pointer(), data.as_ptr().cast(), data.len()) })
    }

    fn descriptor(&self) -> RawFd {
        self.descriptor
    }

    fn wait(
        &mut self,
        read: bool,
        write: bool,
        time: Option<Duration>,
    ) -> Option<io::Result<bool>> {
        let poll = self.poll?;
        let timeout_ms = time.map_or(-1, |time| {
            c_int::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
        });
        let (read, write) = (c_int::from(read), c_int::from(write));
        let _inside = Inside::enter();
        // SAFETY: the application gave the function for this pointer.
        let said = unsafe { poll(self.user.pointer(), read, write, timeout_ms) };
        Some(counted(said as isize).map(|ready| ready > 0))
    }
}
