//! The raw parts of handing an [`Order`] to the helper thread, and of finding that thread.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Instant;

use socket2::{Domain, Socket, Type};

use super::helper::{Helper, Order};
use crate::net::poll;

/// Bytes of an order on its way.
const RECORD_BYTES: usize = 24;

/// Two ends of a socket; what is sent is received as it was sent, or not at all.
pub(super) fn pair() -> io::Result<(Socket, Socket)> {
    Socket::pair(Domain::UNIX, Type::from(libc::SOCK_SEQPACKET), None)
}

/// Where orders are sent.
pub(super) struct Sender(Socket);

/// Where they come to.
pub(super) struct Receiver(Socket);

/// A way for orders from one thread of this process to another.
pub(super) fn way() -> io::Result<(Sender, Receiver)> {
    let (sender, receiver) = pair()?;
    Ok((Sender(sender), Receiver(receiver)))
}

impl Sender {
    /// Sends an order, where the answer to it goes, and a number. Allocates nothing. Not for another process than the one
    /// that has made the way.
    pub(super) fn send(
        &self,
        order: &Arc<Order>,
        answer: Socket,
        end_ms: u64,
        patience: Instant,
    ) -> io::Result<()> {
        let order = Arc::into_raw(Arc::clone(order)).expose_provenance() as u64;
        let answer = answer.into_raw_fd() as u64;
        let mut record = [0; RECORD_BYTES];
        for (room, word) in record.chunks_exact_mut(8).zip([order, answer, end_ms]) {
            room.copy_from_slice(&word.to_ne_bytes());
        }
        let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
        let failure = loop {
            let sent = self.0.send_with_flags(&record, flags);
            match sent.map_err(|error| (error.kind(), error)) {
                Ok(_) => return Ok(()),
                Err((io::ErrorKind::Interrupted, _)) => {}
                // More orders wait already than the system keeps.
                Err((io::ErrorKind::WouldBlock, error)) => {
                    match poll::wait(self.0.as_raw_fd(), false, true, Some(patience)) {
                        Ok(true) => {}
                        Ok(false) => break error,
                        Err(error) => break error,
                    }
                }
                Err((_, error)) => break error,
            }
        };
        // SAFETY: it was packed above and has not been sent.
        drop(unsafe { unpack(&record) });
        Err(failure)
    }
}

impl Receiver {
    /// Waits for an order. `None` when there can be no more.
    pub(super) fn receive(&self) -> Option<(Arc<Order>, Socket, u64)> {
        let mut record = [0; RECORD_BYTES];
        loop {
            match (&self.0).read(&mut record) {
                // SAFETY: only `Sender::send` sends here, and it leaves to us what it has sent.
                Ok(RECORD_BYTES) => return Some(unsafe { unpack(&record) }),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => return None,
            }
        }
    }
}

/// What [`Sender::send`] has packed.
///
/// # Safety
/// It was packed in this process, and is unpacked once.
unsafe fn unpack(record: &[u8; RECORD_BYTES]) -> (Arc<Order>, Socket, u64) {
    let mut words = [0; 3];
    for (word, bytes) in words.iter_mut().zip(record.chunks_exact(8)) {
        *word = u64::from_ne_bytes(bytes.try_into().unwrap_or_default());
    }
    let [order, answer, end_ms] = words;
    let order = std::ptr::with_exposed_provenance::<Order>(order as usize);
    // SAFETY: it came from an `Arc`, whose count is given back once, by the caller's promise.
    let order = unsafe { Arc::from_raw(order) };
    // SAFETY: likewise the descriptor, which the sender has let go of and nobody else knows.
    let answer = unsafe { OwnedFd::from_raw_fd(answer as i32) };
    (order, answer.into(), end_ms)
}

/// The helper that was started last, whichever process did it.
static LATEST: AtomicPtr<Helper> = AtomicPtr::new(std::ptr::null_mut());

/// The helper that was started last. It may be a parent's.
pub(super) fn latest() -> Option<&'static Helper> {
    let latest = LATEST.load(Ordering::Acquire);
    // SAFETY: NULL, or let out by `publish` and never freed.
    unsafe { latest.as_ref() }
}

/// Makes `helper` the latest if nobody has done so since `former` was that.
pub(super) fn publish(helper: Box<Helper>, former: Option<&'static Helper>) {
    let former = former.map_or(std::ptr::null_mut(), |former| {
        std::ptr::from_ref(former).cast_mut()
    });
    let helper = Box::into_raw(helper);
    let order = Ordering::AcqRel;
    if LATEST
        .compare_exchange(former, helper, order, Ordering::Acquire)
        .is_err()
    {
        // SAFETY: nobody has seen it, so it is still what `Box::into_raw` gave. Its thread ends with its socket.
        drop(unsafe { Box::from_raw(helper) });
    }
}
