//! Failing (and some succeeding) connects: this library's answers against those recorded from the reference.
//!
//! `tests/data/connect_facts.tsv` is written by `tests/facts/connect.py`, which explains its columns. Rows whose text
//! differs on purpose are listed in `tests/data/deliberate_differences.txt`.

#[path = "support/differences.rs"]
#[allow(dead_code)] // the list has more than one suite's lines
mod differences;
mod server;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use differences::listed;
use pq::config::{ConnectPlan, Env, FileStat, Locale, RealEnv, Settings};
use pq::connect::link::Link;
use pq::connect::{ConnStatus, Connector, Mode, Ping, PollStatus, Purpose};
use pq::net;
use server::World;

/// An environment without variables.
struct Bare;

impl Env for Bare {
    fn var(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
    fn open(&self, path: &[u8]) -> Option<Box<dyn std::io::BufRead>> {
        RealEnv.open(path)
    }
    fn stat(&self, path: &[u8]) -> Option<FileStat> {
        RealEnv.stat(path)
    }
    fn os_user_name(&self) -> Result<Vec<u8>, pq::config::ConfigError> {
        Ok(b"os".to_vec())
    }
    fn account_home(&self) -> Option<Vec<u8>> {
        None
    }
    fn locale(&self) -> Locale {
        Locale::default()
    }
    fn warn(&self, _: &[u8]) {}
}

/// Connects and waits, as the blocking functions do.
fn connect_blocking(connector: &mut Connector, link: &mut Link) {
    connector.start(link, Mode::Blocking);
    if link.status == ConnStatus::Bad {
        return;
    }
    if let Err(error) = connector.read_timeout() {
        link.session.errors.push_with(|out| error.write_text(out));
        link.status = ConnStatus::Bad;
        return;
    }
    let mut next = PollStatus::Writing;
    loop {
        let (read, write) = match next {
            PollStatus::Reading => (true, false),
            PollStatus::Writing => (false, true),
            _ => return,
        };
        let deadline = connector.deadline();
        if !net::wait(connector.descriptor(link), read, write, deadline).unwrap() {
            connector.time_out(link);
        }
        next = connector.poll(link);
    }
}

fn escape(text: &[u8]) -> String {
    text.iter()
        .map(|&b| match b {
            b'\n' => "\\n".into(),
            b'\\' => "\\\\".into(),
            32..127 => char::from(b).to_string(),
            _ => format!("\\x{b:02x}"),
        })
        .collect()
}

fn answer(conninfo: &str, servers: &str) -> String {
    let (world, conninfo) = World::new(servers, conninfo);
    let mut text = conninfo;
    if !text.starts_with("postgres") {
        text = format!("sslmode=disable gssencmode=disable user=alice dbname=db {text}");
    }
    let settings = Settings::from_conninfo(text.as_bytes(), &Bare).unwrap();
    let mut plan = ConnectPlan::new(settings, &Bare)
        .map_err(|r| r.error)
        .unwrap();
    if text.contains("channel_binding=require") {
        plan.channel_binding = pq::config::ChannelBinding::Require;
    }
    let mut connector = Connector::new(plan, Purpose::Session);
    let mut link = Link::default();
    connect_blocking(&mut connector, &mut link);
    let connected = link.status == ConnStatus::Ok;
    let facts = &link.session.facts;
    let password = connector
        .plan()
        .password_for(connector.host())
        .unwrap_or_default();
    let out = format!(
        "{} {} {} {} {} {} {}\t{}|{}|{}\t{}",
        link.status as i32,
        i32::from(link.raw_fd() >= 0),
        i32::from(connector.used_password() && password.is_empty()),
        i32::from(connector.used_password()),
        if connected { facts.process_id } else { 0 },
        match connected {
            true => (facts.protocol_version >> 16) * 10_000 + (facts.protocol_version & 0xffff),
            false => 0,
        },
        connector.ping_outcome() as i32,
        escape(connector.host().shown_host()),
        escape(connector.hostaddr()),
        escape(connector.host().shown_port()),
        escape(link.session.errors.text()),
    );
    drop(link);
    world.normalise(&out)
}

#[test]
fn connects_fail_and_succeed_as_the_reference_does() {
    let table = include_str!("data/connect_facts.tsv");
    let only = std::env::var("PQ_FACTS_ONLY").unwrap_or_default();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
        .filter(|row: &Vec<&str>| row[0].starts_with(&only))
        .collect();
    assert!(!rows.is_empty());
    let listed = listed("connect_facts");
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let [name, conninfo, servers, facts, names, text] = row[..] else {
                        panic!("{row:?}")
                    };
                    let wanted = format!("{facts}\t{names}\t{text}");
                    let got = answer(conninfo, servers);
                    let difference = listed.iter().find(|[row, _]| row == name);
                    let as_meant = match difference {
                        Some([_, ours]) => got != wanted && got.ends_with(ours),
                        None => got == wanted,
                    };
                    if !as_meant {
                        failures.lock().unwrap().push(format!(
                            "{name}{}\n  reference {wanted}\n  ours      {got}",
                            difference.map_or("", |_| ", listed as different")
                        ));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} rows:\n{}",
        failures.len(),
        rows.len(),
        failures.join("\n")
    );
}

#[test]
fn every_listed_difference_is_a_row() {
    let table = include_str!("data/connect_facts.tsv");
    for [row, _] in listed("connect_facts") {
        let mut lines = table.lines();
        assert!(
            lines.any(|line| line.split('\t').next() == Some(&row)),
            "{row}"
        );
    }
    let _ = Ping::Ok;
}
