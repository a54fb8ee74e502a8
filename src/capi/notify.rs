//! Manual section "Asynchronous Notification".

use std::ffi::{c_char, c_void};

use super::alloc;
use super::guard::{catch, with_conn};
use super::types::{PGconn, PGnotify};
use crate::client::{Connection, Handle};
use crate::protocol::session::Notification;

/// `PGnotify *PQnotifies(PGconn *conn)` — the oldest notification nobody has fetched, to be freed with `PQfreemem`;
/// NULL if there is none. Parses what has come, but does not read (behaviour 248).
///
/// # Safety
/// `conn` is NULL or a connection that no other thread uses now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQnotifies(conn: *mut PGconn) -> *mut PGnotify {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        with_conn(conn, std::ptr::null_mut(), |c| {
            c.with(Connection::next_notification)
                .map_or(std::ptr::null_mut(), |n| for_c(&n))
        })
    }
}

/// A notification as one block of malloc's: the struct and the two texts behind it (behaviour 249).
fn for_c(notification: &Notification) -> *mut PGnotify {
    let (channel, payload) = (&notification.channel, &notification.payload);
    let size = size_of::<PGnotify>() + channel.len() + 1 + payload.len() + 1;
    let block = alloc::malloc(size).cast::<u8>();
    if block.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the block is new and has room for the struct and both texts with their NULs; malloc aligns it for the
    // struct.
    unsafe {
        let relname = block.add(size_of::<PGnotify>());
        let extra = relname.add(channel.len() + 1);
        put_with_nul(relname, channel);
        put_with_nul(extra, payload);
        let notify = block.cast::<PGnotify>();
        notify.write(PGnotify::new(
            relname.cast::<c_char>(),
            notification.process_id,
            extra.cast::<c_char>(),
        ));
        notify
    }
}

/// Writes a text and a NUL.
///
/// # Safety
/// There is room for both at `place`, and nothing else uses it.
unsafe fn put_with_nul(place: *mut u8, text: &[u8]) {
    // SAFETY: the caller's promise.
    unsafe {
        place.copy_from_nonoverlapping(text.as_ptr(), text.len());
        place.add(text.len()).write(0);
    }
}

/// `void PQfreeNotify(PGnotify *notify)` — frees a notification; the header calls `PQfreemem` instead.
///
/// # Safety
/// `notify` is NULL or came from `PQnotifies` and has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfreeNotify(notify: *mut PGnotify) {
    // SAFETY: covered by the contract above.
    catch((), || unsafe { alloc::free(notify.cast::<c_void>()) });
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn behaviour_249_a_notification_is_one_block() {
        // SAFETY: all objects are this test's own.
        unsafe {
            let conn = connected();
            assert!(PQnotifies(conn).is_null());
            with(conn, |c| {
                feed(c, &message(b'A', b"\0\0\0\x2achannel\0payload\0"));
                feed(c, &message(b'A', b"\0\0\0\x07x\0\0"));
            });
            let notify = PQnotifies(conn);
            assert_eq!(text((*notify).relname), "channel");
            assert_eq!(
                ((*notify).be_pid, text((*notify).extra)),
                (42, "payload".into())
            );
            let start = notify.addr();
            let texts = start + size_of::<PGnotify>()..start + size_of::<PGnotify>() + 16;
            assert!(texts.contains(&(*notify).relname.addr()));
            assert!(texts.contains(&(*notify).extra.addr()));
            PQfreeNotify(notify);
            let notify = PQnotifies(conn);
            assert_eq!(
                (text((*notify).relname), text((*notify).extra)),
                ("x".into(), "".into())
            );
            PQfreeNotify(notify);
            assert!(PQnotifies(conn).is_null());
            end(conn);
            assert!(PQnotifies(std::ptr::null_mut()).is_null());
            PQfreeNotify(std::ptr::null_mut());
        }
    }
}
