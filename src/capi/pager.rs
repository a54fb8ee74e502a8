//! The pager that `PQprint` shows tall output through (behaviour 297).

use std::io::Write;
use std::process::{Command, Stdio};

use super::stdio;
use crate::client::print::Emit;

unsafe extern "C" {
    static stdout: *mut libc::FILE;
}

/// The stream, or stdout for NULL.
pub(super) fn or_stdout(stream: *mut libc::FILE) -> *mut libc::FILE {
    if stream.is_null() {
        // SAFETY: C's library sets the variable before anything runs, and the application rarely ever.
        unsafe { stdout }
    } else {
        stream
    }
}

/// Shows a text through the user's pager, if it goes to a terminal of so many rows and columns that it is taller; whether
/// that was so.
///
/// # Safety
/// `stream` is open.
pub(super) unsafe fn shows(
    stream: *mut libc::FILE,
    is_taller: impl FnOnce(usize, usize) -> bool,
    text: &dyn Fn(Emit<'_>),
) -> bool {
    if stream != or_stdout(std::ptr::null_mut()) {
        return false;
    }
    let Some(pager) =
        std::env::var_os("PAGER").filter(|pager| !pager.as_encoded_bytes().trim_ascii().is_empty())
    else {
        return false;
    };
    // SAFETY: both descriptors are only asked.
    if unsafe { libc::isatty(0) == 0 || libc::isatty(1) == 0 } {
        return false;
    }
    let (rows, columns) = screen_size();
    if !is_taller(rows, columns) {
        return false;
    }
    // SAFETY: the caller's promise. What was printed before comes first.
    unsafe { stdio::flush(stream) };
    let Ok(mut child) = Command::new("sh")
        .arg("-c")
        .arg(pager)
        .stdin(Stdio::piped())
        .spawn()
    else {
        return false;
    };
    if let Some(pipe) = child.stdin.take() {
        without_sigpipe(|| {
            let mut pipe = std::io::BufWriter::new(pipe);
            text(&mut |piece| {
                // A pager that was left early takes no more, which is what its user wants.
                let _ = pipe.write_all(piece);
            });
            let _ = pipe.flush();
        });
    }
    let _ = child.wait();
    true
}

/// Lines and columns of the terminal; 24 by 80 if it does not say.
fn screen_size() -> (usize, usize) {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the pointer is to a local struct of the kind this request fills.
    let asked = unsafe { libc::ioctl(1, libc::TIOCGWINSZ, &raw mut size) };
    if asked != 0 || size.ws_row == 0 || size.ws_col == 0 {
        return (24, 80);
    }
    (usize::from(size.ws_row), usize::from(size.ws_col))
}

/// Runs `f` with SIGPIPE held back from this thread; one that `f` caused is dropped.
fn without_sigpipe(f: impl FnOnce()) {
    // SAFETY: all pointers are to locals, which sigemptyset initializes; these calls have no other preconditions.
    unsafe {
        let mut pipe = std::mem::zeroed::<libc::sigset_t>();
        let mut before = std::mem::zeroed::<libc::sigset_t>();
        let mut pending = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut pipe);
        libc::sigaddset(&raw mut pipe, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, &raw mut before);
        libc::sigpending(&raw mut pending);
        let was_pending = libc::sigismember(&raw const pending, libc::SIGPIPE) == 1;
        f();
        #[cfg(target_vendor = "apple")]
        if !was_pending {
            // It has no sigtimedwait(2); what this thread caused stays pending for it alone.
            libc::sigpending(&raw mut pending);
            if libc::sigismember(&raw const pending, libc::SIGPIPE) == 1 {
                libc::sigwait(&raw const pipe, &mut 0);
            }
        }
        #[cfg(not(target_vendor = "apple"))]
        if !was_pending {
            let at_once = libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            libc::sigtimedwait(&raw const pipe, std::ptr::null_mut(), &raw const at_once);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
    }
}
