//! What a signal handler has another thread do for it: a TLS handshake needs memory and locks, which a handler must not
//! touch.
//!
//! One thread of the process, the helper, waits for orders in a read, takes no signals, and wakes for nothing else. It is
//! started outside of handlers, by the first [`ByHelper::new`]. [`ByHelper::call`] sends it an order over a socket and
//! waits for the answer on another: socketpair(2), send(2), poll(2), read(2) and close(2), nothing else. The helper gives
//! each order to a thread of its own, so that a server that does not answer keeps nobody else waiting. Every call has an
//! order and an answer of its own: calls from several threads, or from a handler in the midst of another's call, are
//! nothing special. An order on its way counts as an owner of what it is about, which is never freed in the handler: the
//! caller still has it then.
//!
//! What the interrupted thread may hold: the C library's allocator gives other threads arenas of their own, but not always
//! (a program with very many threads, `M_ARENA_MAX`, other allocators); and there are locks for starting threads, and for
//! the first use of the random generator in one. If the signal came in the midst of that, the thread that is to do the work
//! cannot go on before the handler returns. So it says when it begins to wait for the network and when it goes on: the
//! caller gives it up when it does neither for [`STALL`], and it gives up itself what nobody waits for any more.
//!
//! After fork() the child has no helper. A call with an object that it has inherited is carried out by the calling thread
//! itself, and so must not come from a signal handler there; the first object that the child makes itself starts a helper of
//! the child's, for the inherited ones too. A thread cannot be started by the fork itself: that is no place for it in a
//! program with threads.

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use socket2::Socket;

use super::sys::{self, Receiver, Sender};
use super::{PREFIX, decimal, write_text};
use crate::net::fork::{self, Generation};
use crate::net::{composite, errno_of, poll};

/// How long nothing may be heard of a thread that does not wait for the network.
const STALL: Duration = Duration::from_secs(10);
/// What the caller waits beyond the time that an order has.
const GRACE: Duration = Duration::from_secs(5);
/// The most of a text that comes back, in bytes.
const TEXT_MAX: usize = 1024;
/// Said by one who begins to wait for the network.
const WAITING: u8 = b'.';
/// Said by one who goes on.
const WORKING: u8 = b'*';
/// The first byte of an answer to an order that was carried out.
const DONE: u8 = b'+';
/// That of one that was not; the reason follows.
const FAILED: u8 = b'-';
const NO_THREAD: &[u8] = b"could not start a thread: ";
const STUCK: &[u8] = b"the thread that is to send it is stuck\n";
const LOST: &[u8] = b"internal error in libpq-porcelain\n";

/// What there is to do.
pub trait Errand: Send + Sync {
    /// Does it.
    ///
    /// # Errors
    /// Why it was not done, as a line.
    fn run(&self, course: &Course) -> Result<(), Vec<u8>>;
}

/// What one who runs an errand says on the way, and has to heed.
pub struct Course {
    end: Instant,
    /// `None` where the caller runs it itself.
    answer: Option<Arc<Socket>>,
}

impl Course {
    /// When it is too late.
    pub fn end(&self) -> Instant {
        self.end
    }

    /// To be said before waiting for the network.
    pub fn waits(&self) {
        self.say(&[WAITING]);
    }

    /// To be said after that. `false`: nobody waits for the errand any more, and nothing may come of it.
    pub fn goes_on(&self) -> bool {
        self.say(&[WORKING])
    }

    fn say(&self, record: &[u8]) -> bool {
        match &self.answer {
            Some(answer) => answer.send_with_flags(record, libc::MSG_NOSIGNAL).is_ok(),
            None => true,
        }
    }

    fn tell(&self, result: Result<(), Vec<u8>>) {
        let mut record = Vec::with_capacity(1);
        match result {
            Ok(()) => record.push(DONE),
            Err(text) => {
                record.push(FAILED);
                record.extend(text.iter().take(TEXT_MAX));
            }
        }
        self.say(&record);
    }
}

/// An errand that may be on its way any number of times.
pub(super) struct Order {
    errand: Box<dyn Errand>,
}

/// The thread that takes orders, as others see it.
pub(super) struct Helper {
    owner: Process,
    /// What times on their way are counted from.
    epoch: Instant,
    orders: Sender,
    /// It takes none any more.
    gone: Arc<AtomicBool>,
    /// A parent's. Not freed, for another thread may be looking at it.
    _former: Option<&'static Helper>,
}

/// A process: by its number, and by its forks, for a number may be another process's in another place.
#[derive(PartialEq, Eq)]
struct Process(u32, Generation);

impl Process {
    fn current() -> Process {
        Process(std::process::id(), Generation::current())
    }
}

impl Helper {
    /// This process's.
    fn present() -> Option<&'static Helper> {
        sys::latest().filter(|helper| helper.owner == Process::current())
    }

    /// Sees to it that this process has one.
    fn start() -> io::Result<()> {
        let former = sys::latest();
        if former.is_some_and(|h| h.owner == Process::current() && !h.gone.load(Ordering::Relaxed))
        {
            return Ok(());
        }
        fork::watch();
        let (orders, taken) = sys::way()?;
        let helper = Helper {
            owner: Process::current(),
            epoch: Instant::now(),
            orders,
            gone: Arc::default(),
            _former: former,
        };
        let (epoch, gone) = (helper.epoch, Arc::clone(&helper.gone));
        composite::spawn(Box::new(move || take_orders(taken, epoch, &gone)))?;
        sys::publish(Box::new(helper), former);
        Ok(())
    }

    fn send(&self, order: &Arc<Order>, answer: Socket, end: Instant) -> io::Result<()> {
        let end_ms = end.saturating_duration_since(self.epoch).as_millis();
        let end_ms = u64::try_from(end_ms).unwrap_or(u64::MAX);
        self.orders.send(order, answer, end_ms, end)
    }
}

/// The helper's life.
fn take_orders(orders: Receiver, epoch: Instant, gone: &AtomicBool) {
    while let Some((order, answer, end_ms)) = orders.receive() {
        let end = epoch.checked_add(Duration::from_millis(end_ms));
        hand_on(order, answer, end.unwrap_or(epoch));
    }
    gone.store(true, Ordering::Relaxed);
    // The program has closed descriptors that are not its own: whose this number is by now nobody knows.
    std::mem::forget(orders);
}

/// Has an order carried out by a thread of its own.
fn hand_on(order: Arc<Order>, answer: Socket, end: Instant) {
    let answer = Arc::new(answer);
    let course = |answer| Course {
        end,
        answer: Some(answer),
    };
    let of_thread = course(Arc::clone(&answer));
    let started = composite::spawn(Box::new(move || {
        of_thread.tell(order.errand.run(&of_thread));
    }));
    if let Err(error) = started {
        let mut text = NO_THREAD.to_vec();
        text.extend_from_slice(format!("error {}\n", errno_of(&error)).as_bytes());
        course(answer).tell(Err(text));
    }
}

/// An errand for a signal handler, as often as it likes.
#[derive(Clone)]
pub(super) struct ByHelper {
    order: Arc<Order>,
    /// What the errand is given.
    patience: Duration,
    /// Why there was no helper for it.
    no_helper: Option<i32>,
}

impl ByHelper {
    /// Starts the helper if need be.
    pub(super) fn new(errand: Box<dyn Errand>, patience: Duration) -> ByHelper {
        ByHelper {
            no_helper: Helper::start().err().map(|error| errno_of(&error)),
            order: Arc::new(Order { errand }),
            patience,
        }
    }

    /// Has the errand done and waits for that. Async-signal-safe in the process that has made it.
    ///
    /// # Errors
    /// `false`, with a NUL-terminated text in `error`, cut to its size.
    pub(super) fn call(&self, error: &mut [u8]) -> bool {
        let now = Instant::now();
        let end = now.checked_add(self.patience).unwrap_or(now);
        match (Helper::present(), self.no_helper) {
            (Some(helper), _) => self.have_done(helper, end, error),
            (None, Some(errno)) => fail(error, NO_THREAD, errno),
            (None, None) => {
                let course = Course { end, answer: None };
                match self.order.errand.run(&course) {
                    Ok(()) => true,
                    Err(text) => refuse(error, &text),
                }
            }
        }
    }

    fn have_done(&self, helper: &Helper, end: Instant, error: &mut [u8]) -> bool {
        let (answer, theirs) = match sys::pair() {
            Ok(pair) => pair,
            Err(failed) => return fail(error, b"socketpair() failed: ", errno_of(&failed)),
        };
        if let Err(failed) = helper.send(&self.order, theirs, end) {
            return fail(error, b"send() failed: ", errno_of(&failed));
        }
        let last = end + GRACE;
        let stalled = || last.min(Instant::now() + STALL);
        let mut until = stalled();
        let mut record = [0; 1 + TEXT_MAX];
        loop {
            match poll::wait(answer.as_raw_fd(), true, false, Some(until)) {
                Ok(true) => {}
                Ok(false) => return refuse(error, STUCK),
                Err(failed) => return fail(error, b"poll() failed: ", errno_of(&failed)),
            }
            let got = (&answer).read(&mut record).unwrap_or(0);
            match record.get(..got) {
                Some([WAITING]) => until = last,
                Some([WORKING]) => until = stalled(),
                Some([DONE]) => return true,
                Some([FAILED, text @ ..]) => return refuse(error, text),
                _ => return refuse(error, LOST),
            }
        }
    }
}

fn refuse(error: &mut [u8], text: &[u8]) -> bool {
    write_text(error, &[PREFIX, text]);
    false
}

fn fail(error: &mut [u8], step: &[u8], errno: i32) -> bool {
    let mut digits = [0; 10];
    let number = decimal(errno, &mut digits);
    write_text(error, &[PREFIX, step, b"error ", number, b"\n"]);
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    struct Does<F: Fn(&Course) -> Result<(), Vec<u8>> + Send + Sync>(F);

    impl<F: Fn(&Course) -> Result<(), Vec<u8>> + Send + Sync> Errand for Does<F> {
        fn run(&self, course: &Course) -> Result<(), Vec<u8>> {
            (self.0)(course)
        }
    }

    fn call(
        patience: Duration,
        run: impl Fn(&Course) -> Result<(), Vec<u8>> + Send + Sync + 'static,
    ) -> (bool, Vec<u8>) {
        let request = ByHelper::new(Box::new(Does(run)), patience);
        let mut error = [b'#'; 256];
        let done = request.call(&mut error);
        let len = error.iter().position(|&b| b == 0 || b == b'#').unwrap();
        (done, error[..len].to_vec())
    }

    const LONG: Duration = Duration::from_secs(100);

    #[test]
    fn another_thread_does_it_and_its_words_come_back() {
        let here = std::thread::current().id();
        let elsewhere = move |_: &Course| match std::thread::current().id() == here {
            true => Err(b"here\n".to_vec()),
            false => Ok(()),
        };
        assert_eq!(call(LONG, elsewhere), (true, Vec::new()));
        let refused = call(LONG, |course| {
            course.waits();
            assert!(course.goes_on());
            Err(b"not today\n".to_vec())
        });
        assert_eq!(refused, (false, b"PQcancel() -- not today\n".to_vec()));
        let endless = call(LONG, |_| Err(vec![b'x'; 100_000]));
        assert_eq!(endless.1.len(), 255);
    }

    #[test]
    fn a_panic_is_an_answer() {
        let (done, error) = call(LONG, |_| panic!("a test's"));
        assert!(!done);
        assert_eq!(error, b"PQcancel() -- internal error in libpq-porcelain\n");
    }

    #[test]
    fn who_is_late_is_told_that_nobody_waits_any_more() {
        let wanted = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&wanted);
        let (done, error) = call(Duration::ZERO, move |course| {
            assert!(course.goes_on());
            // The caller's last moment is that of the order, and some.
            while course.goes_on() {
                std::thread::sleep(Duration::from_millis(100));
            }
            seen.fetch_add(1, Ordering::Release);
            Err(Vec::new())
        });
        assert!(!done);
        assert_eq!(
            error,
            b"PQcancel() -- the thread that is to send it is stuck\n"
        );
        while wanted.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn one_that_takes_long_keeps_no_other_waiting() {
        let gate = Arc::new(AtomicBool::new(false));
        let closed = Arc::clone(&gate);
        let request = ByHelper::new(
            Box::new(Does(move |_: &Course| {
                while !closed.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
                Ok(())
            })),
            LONG,
        );
        std::thread::scope(|scope| {
            let slow: Vec<_> = (0..3)
                .map(|_| scope.spawn(|| request.call(&mut [])))
                .collect();
            for _ in 0..50 {
                assert!(call(LONG, |_| Ok(())).0);
            }
            gate.store(true, Ordering::Release);
            assert!(slow.into_iter().all(|thread| thread.join().unwrap()));
        });
    }

    #[test]
    fn an_object_is_freed_by_whoever_is_last() {
        let alive = Arc::new(());
        let weak = Arc::downgrade(&alive);
        for _ in 0..100 {
            let held = Arc::clone(&alive);
            assert!(
                call(LONG, move |_| {
                    let _ = &held;
                    Ok(())
                })
                .0
            );
        }
        drop(alive);
        while weak.strong_count() > 0 {
            std::thread::yield_now();
        }
    }
}
