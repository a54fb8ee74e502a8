//! The connect report against scripted servers: which attempts there were, the phases each came to, and how it ended.
//! That what libpq says of the same attempts does not change is `connect_facts.rs`'s to show.

#[allow(dead_code)] // the places it puts back into texts are for recorded ones
mod server;

use pq::client::Connection;
use pq::client::connecting;
use pq::config::{RealEnv, Settings};
use pq::connect::report::{Attempt, FailureKind, Outcome, Phase, Role};
use server::World;

const OK: &str = "S auth:0 ps:server_version:18.6 ps:in_hot_standby:off key z";

/// Connects, and gives the attempts back.
fn attempts(servers: &str, conninfo: &str) -> Vec<Attempt> {
    let (_world, conninfo) = World::new(servers, conninfo);
    let text = format!("user=u dbname=d sslmode=disable gssencmode=disable {conninfo}");
    let mut connection =
        Connection::new(Settings::from_conninfo(text.as_bytes(), &RealEnv), &RealEnv);
    connection.start(pq::connect::Mode::Blocking);
    connecting::wait_connected(&mut connection);
    let report = connection.connect_report().unwrap();
    assert!(report.duration().is_some());
    check_times(report.attempts());
    report.attempts().to_vec()
}

/// Everything has ended, and nothing before it began.
fn check_times(attempts: &[Attempt]) {
    for attempt in attempts {
        let end = attempt.span.end.unwrap();
        let mut last = attempt.span.begin;
        for span in attempt.phases.iter().flatten() {
            assert!(last <= span.begin && span.begin <= span.end.unwrap());
            last = span.end.unwrap();
        }
        assert!(last <= end);
    }
}

fn phases(attempt: &Attempt) -> Vec<Phase> {
    let is_seen = |p: &Phase| attempt.phases[*p as usize].is_some();
    Phase::ALL.into_iter().filter(is_seen).collect()
}

fn failure(attempt: &Attempt) -> (FailureKind, Option<&str>) {
    assert_eq!(attempt.outcome, Outcome::Failed);
    let sqlstate = attempt.cause.sqlstate.as_ref();
    (
        attempt.cause.kind,
        sqlstate.map(|s| std::str::from_utf8(s).unwrap()),
    )
}

#[test]
fn a_connection_that_comes_up_has_a_report_too() {
    let found = attempts(&format!("tcp1: {OK}"), "host=127.0.0.1 port={p1}");
    let [attempt] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(attempt.outcome, Outcome::Connected);
    use Phase::*;
    assert_eq!(phases(attempt), [Lookup, Tcp, Authentication, Startup]);
    assert_eq!(attempt.hostaddr, b"127.0.0.1");
    assert_eq!(&attempt.auth_method[..], b"none");
    assert_eq!(attempt.server_version, 180_006);
    assert_eq!(attempt.backend_pid, 4711);
    assert_eq!(attempt.protocol_version, 0x0003_0000);
    assert_eq!(attempt.role, Role::Primary);
    assert_eq!(attempt.tls, None);
}

#[test]
fn each_host_leaves_the_reason_it_failed_for() {
    let standby = "S auth:0 ps:server_version:18.6 ps:in_hot_standby:on key z";
    let servers = format!("tcp1: S err:57P03:starting; tcp2: {standby}; tcp3: {OK}");
    let found = attempts(
        &servers,
        "host=127.0.0.1,127.0.0.1,127.0.0.1,127.0.0.1 port={p0},{p1},{p2},{p3} target_session_attrs=primary",
    );
    let [refused, starting, standby, primary] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(failure(refused).0, FailureKind::Network);
    assert_ne!(refused.cause.errno, 0);
    let text = String::from_utf8_lossy(&refused.message);
    assert!(
        text.starts_with("connection to server at \"127.0.0.1\""),
        "{text}"
    );
    assert!(text.ends_with("accepting TCP/IP connections?"), "{text}");
    assert_eq!(failure(starting), (FailureKind::Server, Some("57P03")));
    assert_eq!(failure(standby).0, FailureKind::Role);
    assert_eq!(standby.role, Role::Standby);
    assert_eq!(primary.outcome, Outcome::Connected);
    assert_eq!(primary.role, Role::Primary);
}

#[test]
fn failures_are_sorted() {
    use FailureKind::*;
    let one = |script: &str, options: &str| {
        let servers = format!("tcp1: {script}");
        let found = attempts(&servers, &format!("host=127.0.0.1 port={{p1}} {options}"));
        let last = found.last().unwrap().clone();
        let (kind, sqlstate) = failure(&last);
        assert!(!last.message.is_empty() && !last.message.ends_with(b"\n"));
        (kind, sqlstate.map(str::to_owned), last.auth_method.to_vec())
    };
    let known = |state: &str| Some(state.to_owned());
    assert_eq!(
        one("S err:53300:many", ""),
        (Server, known("53300"), vec![])
    );
    assert_eq!(
        one("S auth:3 M err:28P01:no", "password=x"),
        (Server, known("28P01"), b"password".to_vec())
    );
    assert_eq!(
        one("S auth:5:salt", ""),
        (PasswordMissing, None, b"md5".to_vec())
    );
    assert_eq!(
        one("S auth:3", "password=x require_auth=md5").0,
        Authentication
    );
    assert_eq!(one("S raw:HTTP/1.1", "").0, Protocol);
    assert_eq!(one("S C", "").0, Closed);
    let standby = "S auth:0 ps:server_version:18.6 ps:in_hot_standby:on key z";
    assert_eq!(one(standby, "target_session_attrs=primary").0, Role);
    assert_eq!(one("S W", "connect_timeout=2").0, Timeout);
    if cfg!(feature = "tls") {
        assert_eq!(one("S raw:N", "sslmode=require").0, EncryptionRefused);
    }
}

#[test]
fn a_name_without_an_address_is_an_attempt_and_so_is_the_next_host() {
    let found = attempts(
        &format!("tcp1: {OK}"),
        "host=no-such-host.invalid,127.0.0.1 port={p1}",
    );
    assert_eq!(found.len(), 2);
    assert_eq!(failure(&found[0]).0, FailureKind::Lookup);
    assert_eq!(phases(&found[0]), [Phase::Lookup]);
    assert_eq!(found[0].hostaddr, b"");
    assert_eq!(found[1].outcome, Outcome::Connected);
}

#[test]
fn an_old_server_tells_its_role_when_asked() {
    let script = "S auth:0 ps:server_version:13.1 key z M row:t z";
    let found = attempts(
        &format!("tcp1: {script}"),
        "host=127.0.0.1 port={p1} target_session_attrs=standby",
    );
    assert_eq!(found[0].role, Role::Standby);
    assert!(phases(&found[0]).contains(&Phase::RoleCheck));
}
