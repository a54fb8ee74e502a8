//! Runs a child with a time limit and collects what it says.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What became of a child.
pub struct Outcome {
    /// "exit 0", "signal 11", "killed after 60 s".
    pub end: String,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Outcome {
    pub fn succeeded(&self) -> bool {
        self.end == "exit 0"
    }

    /// End and outputs as one text, for messages and comparison.
    pub fn transcript(&self) -> String {
        format!(
            "{}\n-- standard error\n{}-- {}\n",
            String::from_utf8_lossy(&self.stdout).trim_end(),
            String::from_utf8_lossy(&self.stderr),
            self.end
        )
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "ended in no known way".to_string(),
    }
}

/// Runs `command` to its end; after `limit` it is killed, which the outcome says.
pub fn run(command: &mut Command, limit: Duration) -> Outcome {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let mut stdout = child.stdout.take().expect("stdout is a pipe");
    let mut stderr = child.stderr.take().expect("stderr is a pipe");
    let stdout = thread::spawn(move || {
        let mut all = Vec::new();
        let _ = stdout.read_to_end(&mut all);
        all
    });
    let stderr = thread::spawn(move || {
        let mut all = Vec::new();
        let _ = stderr.read_to_end(&mut all);
        all
    });
    let started = Instant::now();
    let end = loop {
        match child.try_wait().expect("waiting for a child") {
            Some(status) => break describe(status),
            None if started.elapsed() > limit => {
                let _ = child.kill();
                let _ = child.wait();
                break format!("killed after {} s", limit.as_secs());
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    Outcome {
        end,
        stdout: stdout.join().expect("reader of standard output"),
        stderr: stderr.join().expect("reader of standard error"),
    }
}
