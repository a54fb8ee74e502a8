//! Asking the user at the terminal for a secret, as OpenSSL does for the pass phrase of a key.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;

use zeroize::Zeroizing;

/// The longest answer, in bytes; what is typed beyond it is left out.
const ANSWER_MAX: usize = 1024;

const INTERRUPT: u8 = 3;
const END_OF_INPUT: u8 = 4;
const BACKSPACE: [u8; 2] = [8, 127];
const ERASE_LINE: u8 = 21;

/// What the user answered.
pub(crate) enum Answer {
    /// This.
    Text(Zeroizing<Vec<u8>>),
    /// Nothing: by ^C, or the terminal is gone.
    Nothing,
    /// There is no terminal to ask at.
    NoTerminal,
}

/// Shows `prompt` at the process's terminal and reads a line, which is not shown. Blocks.
///
/// Keys that would stop the program (^C and the like) only stop the question: the terminal must get its echo back.
pub(crate) fn ask(prompt: &[u8]) -> Answer {
    let Ok(mut terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
        return Answer::NoTerminal;
    };
    let Some(_quiet) = Quiet::new(&terminal) else {
        return Answer::NoTerminal;
    };
    if terminal.write_all(prompt).is_err() {
        return Answer::NoTerminal;
    }
    let mut text = Zeroizing::new(Vec::with_capacity(ANSWER_MAX));
    let answer = loop {
        let mut key = [0];
        match terminal.read(&mut key) {
            Ok(1) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            _ => break Answer::Nothing,
        }
        match key[0] {
            b'\n' | b'\r' => break Answer::Text(text),
            INTERRUPT => break Answer::Nothing,
            END_OF_INPUT if text.is_empty() => break Answer::Nothing,
            END_OF_INPUT => break Answer::Text(text),
            ERASE_LINE => text.clear(),
            key if BACKSPACE.contains(&key) => {
                text.pop();
            }
            key if text.len() < ANSWER_MAX => text.push(key),
            _ => {}
        }
    };
    // The user's own line end was not shown.
    let _ = terminal.write_all(b"\n");
    answer
}

/// A terminal that shows nothing of what is typed, and gives it key by key, until this is dropped.
struct Quiet {
    descriptor: i32,
    before: libc::termios,
}

impl Quiet {
    fn new(terminal: &File) -> Option<Quiet> {
        let descriptor = terminal.as_raw_fd();
        let mut before = MaybeUninit::<libc::termios>::uninit();
        // SAFETY: the descriptor is open; the call fills `before` when it returns 0, which is checked.
        let before = unsafe {
            if libc::tcgetattr(descriptor, before.as_mut_ptr()) != 0 {
                return None;
            }
            before.assume_init()
        };
        let mut quiet = before;
        quiet.c_lflag &= !(libc::ECHO | libc::ICANON | libc::ISIG);
        quiet.c_cc[libc::VMIN] = 1;
        quiet.c_cc[libc::VTIME] = 0;
        // SAFETY: the descriptor is open, and `quiet` is what tcgetattr gave, with flags changed.
        let set = unsafe { libc::tcsetattr(descriptor, libc::TCSAFLUSH, &quiet) };
        (set == 0).then_some(Quiet { descriptor, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // SAFETY: the terminal is open as long as this is: `ask` owns it and drops it afterwards.
        unsafe { libc::tcsetattr(self.descriptor, libc::TCSAFLUSH, &self.before) };
    }
}
