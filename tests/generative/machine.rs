//! Plays scripts through `c-tests/machine.c` on both libraries and compares what they print.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::thread;

use crate::programs::{Database, Library, compile, scratch};
use crate::proxy::Proxy;
use crate::shrink::shrink;

/// Time for one call before it counts as waiting for ever, in milliseconds: at first sight, and when a difference is
/// looked at closely.
const FIRST_TIMEOUT_MS: u32 = 400;
const SECOND_TIMEOUT_MS: u32 = 4000;

/// A list of calls, with what is not in its lines.
#[derive(Clone, Default)]
pub struct Case {
    pub lines: Vec<String>,
    /// Ours is then played through a proxy with this schedule.
    pub schedule: Option<u64>,
}

/// A library with a database of its own.
pub struct Player {
    library: Library,
    database: Database,
}

impl Player {
    pub fn new(library: Library, server: &'static str, options: &str) -> Player {
        Player {
            library,
            database: Database::new(server, options),
        }
    }

    /// What each case prints.
    fn play(&self, cases: &[Case], timeout_ms: u32, scheduled: bool) -> Vec<String> {
        let machine = compile("machine");
        let (file, proof) = (scratch("scripts"), scratch("proof"));
        let mut text = Vec::new();
        for (number, case) in cases.iter().enumerate() {
            writeln!(text, "case {number}").expect("memory");
            for line in &case.lines {
                writeln!(text, "{line}").expect("memory");
            }
        }
        fs::write(&file, text).expect("a file of scripts");
        let proxy = scheduled.then(|| {
            let schedules = cases
                .iter()
                .map(|case| case.schedule.unwrap_or(0))
                .collect();
            Proxy::start(self.database.socket(), schedules)
        });
        let conninfo = self.database.conninfo(proxy.as_ref().map(Proxy::address));
        let output = self
            .library
            .command(&machine)
            .arg(&proof)
            .arg(conninfo)
            .arg(&file)
            .arg(timeout_ms.to_string())
            .output()
            .expect("the machine runs");
        assert!(
            output.status.success(),
            "the machine itself fails ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        self.library.check_proof(&proof);
        let _ = fs::remove_file(&file);
        let _ = fs::remove_file(&proof);
        // What a panic says must be seen; a program's own words on standard error are none of its answers.
        let _ = std::io::stderr().write_all(&output.stderr);
        split(&String::from_utf8_lossy(&output.stdout), cases.len())
    }
}

/// Cuts the machine's output into its cases.
fn split(output: &str, count: usize) -> Vec<String> {
    let mut all = Vec::with_capacity(count);
    for line in output.lines() {
        if line == format!("case {}", all.len()) {
            all.push(String::new());
        } else if let Some(last) = all.last_mut() {
            last.push_str(&without_temporary_names(line));
            last.push('\n');
        }
    }
    assert_eq!(all.len(), count, "the machine stopped early");
    all
}

/// The schema of temporary tables is numbered by session.
fn without_temporary_names(line: &str) -> String {
    let mut parts = line.split("pg_temp_");
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        out.push_str("pg_temp_N");
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}

/// Reference and ours against servers of the same version.
pub struct Pair {
    reference: Player,
    ours: Player,
}

impl Pair {
    pub fn new(server: &'static str, options: &str) -> Pair {
        Pair {
            reference: Player::new(Library::reference(), server, options),
            ours: Player::new(Library::ours(), server, options),
        }
    }

    fn play(&self, cases: &[Case], timeout_ms: u32) -> (Vec<String>, Vec<String>) {
        let scheduled = cases.iter().any(|case| case.schedule.is_some());
        thread::scope(|scope| {
            let reference = scope.spawn(|| self.reference.play(cases, timeout_ms, false));
            let ours = self.ours.play(cases, timeout_ms, scheduled);
            (reference.join().expect("the reference's thread"), ours)
        })
    }

    /// The two texts of a case, if they differ however often and patiently it is played.
    fn difference(&self, case: &Case) -> Option<(String, String)> {
        let case = std::slice::from_ref(case);
        let mut last = None;
        for timeout_ms in [FIRST_TIMEOUT_MS, SECOND_TIMEOUT_MS] {
            let (mut reference, mut ours) = self.play(case, timeout_ms);
            let pair = (reference.remove(0), ours.remove(0));
            if pair.0 == pair.1 {
                return None;
            }
            last = Some(pair);
        }
        last
    }

    /// Whether the reference itself answers otherwise through the proxy.
    fn depends_on_schedule(&self, case: &Case) -> bool {
        let case = std::slice::from_ref(case);
        let direct = self.reference.play(case, FIRST_TIMEOUT_MS, false);
        direct != self.reference.play(case, FIRST_TIMEOUT_MS, true)
    }

    /// Plays all cases and returns those that differ, made small; at most `most` of them. Fails when many differ now and
    /// then, time or no time.
    pub fn compare(&self, cases: &[Case], most: usize) -> Vec<String> {
        let (mut reference, mut ours) = self.play(cases, FIRST_TIMEOUT_MS);
        let mut suspects: Vec<usize> = (0..cases.len())
            .filter(|&n| reference[n] != ours[n])
            .collect();
        if !suspects.is_empty() {
            // All of them with patience: on a busy machine most have only run out of time.
            let again: Vec<Case> = suspects.iter().map(|&n| cases[n].clone()).collect();
            let (left, right) = self.play(&again, SECOND_TIMEOUT_MS);
            for ((&n, left), right) in suspects.iter().zip(left).zip(right) {
                (reference[n], ours[n]) = (left, right);
            }
            suspects.retain(|&n| reference[n] != ours[n]);
        }
        let mut found = Vec::new();
        let mut unsteady = 0;
        for number in suspects {
            if found.len() == most {
                break;
            }
            let case = &cases[number];
            let Some(mut texts) = self.difference(case) else {
                unsteady += 1;
                let text = show(number, case, &reference[number], &ours[number]);
                eprintln!("differed once and not again:\n{text}");
                continue;
            };
            if case.schedule.is_some() && self.depends_on_schedule(case) {
                unsteady += 1;
                eprintln!("case {number} depends on the schedule on the reference, too");
                continue;
            }
            let lines = shrink(&case.lines, 150, |lines| {
                let case = Case {
                    lines: lines.to_vec(),
                    ..case.clone()
                };
                let (reference, ours) = self.play(std::slice::from_ref(&case), FIRST_TIMEOUT_MS);
                reference != ours && !(case.schedule.is_some() && self.depends_on_schedule(&case))
            });
            let mut small = Case {
                lines,
                ..case.clone()
            };
            match self.difference(&small) {
                Some(smaller) => texts = smaller,
                None => small = case.clone(),
            }
            found.push(show(number, &small, &texts.0, &texts.1));
        }
        assert!(
            unsteady <= 5 + cases.len() / 20,
            "{unsteady} of {} cases differed once and not again",
            cases.len()
        );
        found
    }
}

/// A case and its first differing lines.
fn show(number: usize, case: &Case, reference: &str, ours: &str) -> String {
    let (left, right): (Vec<&str>, Vec<&str>) =
        (reference.lines().collect(), ours.lines().collect());
    let first = (0..).find(|&n| left.get(n) != right.get(n)).unwrap_or(0);
    let call = left[..first.min(left.len())]
        .iter()
        .rev()
        .find(|line| line.starts_with('>'));
    let piece =
        |lines: &[&str]| lines[first.min(lines.len())..(first + 4).min(lines.len())].join("\n");
    format!(
        "---- case {number}{}:\n{}\n-- at {}\n-- reference:\n{}\n-- ours:\n{}\n",
        case.schedule
            .map_or(String::new(), |s| format!(" (schedule {s})")),
        case.lines.join("\n"),
        call.unwrap_or(&"the beginning"),
        piece(&left),
        piece(&right)
    )
}

/// Reads a fixed case of `tests/data/machine_cases/`.
pub fn read_case(path: &Path) -> Case {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut case = Case::default();
    for line in text.lines() {
        if let Some(schedule) = line.strip_prefix("# schedule ") {
            case.schedule = Some(schedule.trim().parse().expect("a schedule is a number"));
        } else if !line.is_empty() && !line.starts_with('#') {
            case.lines.push(line.to_string());
        }
    }
    case
}
