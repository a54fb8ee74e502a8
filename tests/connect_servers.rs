//! Connecting to real servers, PostgreSQL 15 and 18, by every way of logging in.
//!
//! Wants the variables of `tests/setup/with_servers.sh` (whose `server.sh` tells the users and passwords); without them it
//! fails where `CI` is set, and says that it was skipped elsewhere.

use pq::config::{ConnectPlan, RealEnv, Settings};
use pq::connect::link::{Link, ReadOutcome};
use pq::connect::{ConnStatus, Connector, Mode, Ping, PollStatus, Purpose};
use pq::net;
use pq::protocol::session::NextResult;
use pq::protocol::types::ExecStatus;

struct Server {
    version: u32,
    host: String,
    port: String,
}

fn servers() -> Vec<Server> {
    let var = |name: &str, version| std::env::var(format!("{name}{version}")).ok();
    let found: Vec<Server> = [15, 18]
        .into_iter()
        .filter_map(|version| {
            Some(Server {
                version,
                host: var("PQP_HOST", version)?,
                port: var("PQP_PORT", version)?,
            })
        })
        .collect();
    if found.is_empty() {
        assert!(
            std::env::var_os("CI").is_none(),
            "no servers: run by tests/setup/with_servers.sh"
        );
        eprintln!("SKIPPED: no servers; run by tests/setup/with_servers.sh");
    }
    found
}

struct Outcome {
    link: Link,
    connector: Connector,
}

impl Outcome {
    fn text(&self) -> String {
        String::from_utf8_lossy(self.link.session.errors.text()).into_owned()
    }

    fn is_up(&self) -> bool {
        self.link.status == ConnStatus::Ok
    }

    /// The one value of a query.
    fn ask(&mut self, query: &str) -> String {
        let session = &mut self.link.session;
        session.send_query(query.as_bytes()).unwrap();
        self.link.flush(true);
        let mut value = String::new();
        loop {
            match self.link.session.next_result() {
                NextResult::Pending => {
                    assert_eq!(self.link.read(true), ReadOutcome::Data, "{}", self.text())
                }
                NextResult::None => return value,
                NextResult::Ready(result) => {
                    assert_eq!(result.status, ExecStatus::TuplesOk, "{}", self.text());
                    value = String::from_utf8(result.rows.value(0, 0).unwrap().to_vec()).unwrap();
                }
            }
        }
    }
}

fn drive(mut connector: Connector) -> Outcome {
    let mut link = Link::default();
    connector.start(&mut link, Mode::Blocking);
    let mut next = match link.status {
        ConnStatus::Bad => PollStatus::Failed,
        _ => PollStatus::Writing,
    };
    loop {
        let (read, write) = match next {
            PollStatus::Reading => (true, false),
            PollStatus::Writing => (false, true),
            _ => return Outcome { link, connector },
        };
        net::wait(link.raw_fd(), read, write, None).unwrap();
        next = connector.poll(&mut link);
    }
}

fn connect(conninfo: &str) -> Outcome {
    let text = format!(
        "sslmode=disable gssencmode=disable dbname=postgres passfile=/dev/null/x {conninfo}"
    );
    let settings = Settings::from_conninfo(text.as_bytes(), &RealEnv).unwrap();
    let plan = ConnectPlan::new(settings, &RealEnv)
        .map_err(|r| r.error)
        .unwrap();
    drive(Connector::new(plan, Purpose::Session))
}

/// How to reach a server: by its socket, and by TCP.
fn ways(server: &Server) -> [String; 2] {
    [
        format!("host={} port={}", server.host, server.port),
        format!("host=localhost hostaddr=127.0.0.1 port={}", server.port),
    ]
}

#[test]
fn every_way_of_logging_in_works_and_a_wrong_password_does_not() {
    for server in servers() {
        for way in ways(&server) {
            for (user, password, requirement) in [
                ("pqp_trust", "", "none"),
                ("pqp_password", "pw-password", "password"),
                ("pqp_md5", "pw-md5", "md5"),
                ("pqp_scram", "pw-scram", "scram-sha-256"),
                ("pqp_saslprep", "\u{2168}\u{aa}", "!password,!md5,!none"),
                ("pqp_saslprep", "IXa", "scram-sha-256"),
            ] {
                let case = format!("{} {user}", server.version);
                let conninfo =
                    format!("{way} user={user} password='{password}' require_auth={requirement}");
                let mut up = connect(&conninfo);
                assert!(up.is_up(), "{case}: {}", up.text());
                assert_eq!(up.ask("select current_user"), user, "{case}");
                assert_eq!(
                    up.link.session.facts.server_version / 10_000,
                    server.version as i32
                );
                assert_eq!(up.connector.used_password(), user != "pqp_trust");
                if user == "pqp_trust" {
                    continue;
                }
                let refused = connect(&format!("{way} user={user} password=wrong"));
                assert!(!refused.is_up());
                let end =
                    format!("failed: FATAL:  password authentication failed for user \"{user}\"\n");
                assert!(refused.text().ends_with(&end), "{case}: {}", refused.text());
                assert_eq!(refused.connector.ping_outcome(), Ping::Ok);
                let missing = connect(&format!("{way} user={user}"));
                assert!(
                    missing
                        .text()
                        .ends_with("failed: fe_sendauth: no password supplied\n"),
                    "{case}"
                );
            }
        }
    }
}

#[test]
fn a_refused_user_is_told_so() {
    for server in servers() {
        let refused = connect(&format!("{} user=pqp_reject", ways(&server)[1]));
        let text = refused.text();
        assert!(
            text.starts_with("connection to server at \"127.0.0.1\", port "),
            "{text}"
        );
        assert!(
            text.contains("failed: FATAL:  pg_hba.conf rejects connection"),
            "{text}"
        );
    }
}

#[test]
fn behaviours_115_to_119_protocol_3_2_where_the_server_has_it() {
    for server in servers() {
        let way = &ways(&server)[0];
        let up = connect(&format!("{way} user=pqp_trust max_protocol_version=3.2"));
        assert!(up.is_up(), "{}", up.text());
        let key_len = up.link.session.facts.cancel_key.as_ref().unwrap().len();
        match server.version {
            15 => assert_eq!(
                (up.link.session.facts.protocol_version, key_len),
                (0x0003_0000, 4)
            ),
            _ => assert_eq!(
                (up.link.session.facts.protocol_version, key_len),
                (0x0003_0002, 32)
            ),
        }
        let strict = connect(&format!("{way} user=pqp_trust min_protocol_version=3.2"));
        assert_eq!(strict.is_up(), server.version == 18, "{}", strict.text());
    }
}

#[test]
fn behaviour_75_requirepeer() {
    for server in servers() {
        let way = &ways(&server)[0];
        let refused = connect(&format!("{way} user=pqp_trust requirepeer=nobody_at_all"));
        assert!(
            refused.text().contains(
                "requirepeer specifies \"nobody_at_all\", but actual peer user name is \""
            )
        );
    }
}

#[test]
fn behaviours_109_to_112_target_session_attrs() {
    for server in servers() {
        let way = format!("{} user=pqp_trust", ways(&server)[1]);
        for wanted in ["any", "read-write", "primary", "prefer-standby"] {
            let up = connect(&format!("{way} target_session_attrs={wanted}"));
            assert!(up.is_up(), "{wanted}: {}", up.text());
        }
        for (wanted, text) in [
            ("read-only", "failed: session is not read-only\n"),
            ("standby", "failed: server is not in hot standby mode\n"),
        ] {
            let refused = connect(&format!("{way} target_session_attrs={wanted}"));
            assert!(refused.text().ends_with(text), "{}", refused.text());
        }
        let read_only = "options='-c default_transaction_read_only=on'";
        assert!(connect(&format!("{way} target_session_attrs=read-only {read_only}")).is_up());
        let refused = connect(&format!(
            "{way} target_session_attrs=read-write {read_only}"
        ));
        assert!(refused.text().ends_with("failed: session is read-only\n"));
    }
}

#[test]
fn cancel_requests_end_a_running_query() {
    for server in servers() {
        for way in ways(&server) {
            for signal_safe in [false, true] {
                let mut up = connect(&format!("{way} user=pqp_trust max_protocol_version=3.2"));
                up.link.session.send_query(b"select pg_sleep(60)").unwrap();
                up.link.flush(true);
                // Until the query runs, a cancel request would hit nothing.
                let pid = up.link.session.facts.process_id;
                let mut other = connect(&format!("{way} user=postgres"));
                let running = format!(
                    "select count(*) from pg_stat_activity where pid = {pid} and wait_event = 'PgSleep'"
                );
                while other.ask(&running) == "0" {}
                let key = up.link.session.facts.cancel_key.clone().unwrap();
                if signal_safe {
                    let cancel = up.connector.signal_cancel(pid, Some(&key)).unwrap();
                    assert!(cancel.send(&mut [0; 256]));
                } else {
                    let cancelled = drive(up.connector.for_cancel(pid, key).unwrap());
                    assert!(cancelled.is_up(), "{}", cancelled.text());
                }
                loop {
                    match up.link.session.next_result() {
                        NextResult::Pending => assert_eq!(up.link.read(true), ReadOutcome::Data),
                        NextResult::None => panic!("no result"),
                        NextResult::Ready(result) => {
                            let state = result.error.as_ref().and_then(|e| e.fields.get(b'C'));
                            assert_eq!(state, Some(&b"57014"[..]), "behaviour 279");
                            break;
                        }
                    }
                }
            }
        }
    }
}
