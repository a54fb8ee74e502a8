//! `pqp doctor` as a user runs it: exit status, advice, JSON, and that no line is wider than a screen. The servers are
//! `connect_report.rs`'s scripted ones, and the 18 of `tests/setup/with_servers.sh`.

#[allow(dead_code)] // the places it puts back into texts are for recorded ones
mod server;

use std::process::Command;

use server::World;

const OK: &str =
    "S auth:0 ps:server_version:18.6 ps:in_hot_standby:off ps:server_encoding:UTF8 key z";

struct Said {
    status: i32,
    text: String,
}

fn doctor(arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_pqp"))
        .arg("doctor")
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains('\x1b'), "colours, and this is no terminal");
    if !arguments.contains(&"--json") {
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "wider than a screen: {line}");
        }
    }
    Said {
        status: output.status.code().unwrap(),
        text,
    }
}

fn visit(servers: &str, options: &str, json: bool) -> Said {
    let (_world, conninfo) = World::new(servers, options);
    let text = format!("user=u dbname=d sslmode=disable gssencmode=disable {conninfo}");
    match json {
        true => doctor(&["--json", &text]),
        false => doctor(&[&text]),
    }
}

/// Status and a piece of the advice for each of the usual mistakes.
#[test]
fn usual_mistakes_are_told_what_to_do() {
    let tcp = "host=127.0.0.1 port={p1} connect_timeout=2";
    for (servers, options, status, advice) in [
        (
            "",
            "host={dir} port=5001",
            2,
            "There is no socket for port 5001",
        ),
        ("", "host=127.0.0.1 port={p0}", 2, "nothing listens on port"),
        ("", "host=no-such-host.invalid", 2, "has no address here"),
        ("tcp1: S C", tcp, 2, "The server hung up"),
        ("tcp1: S W", tcp, 2, "no answer came"),
        ("tcp1: S raw:HTTP/1.1", tcp, 2, "another service's"),
        (
            "tcp1: S auth:3",
            tcp,
            0,
            "there is none. Put it into ~/.pgpass",
        ),
        (
            "tcp1: S auth:3 M err:28P01:no",
            "host=127.0.0.1 port={p1} password=x",
            0,
            "(it came as given)",
        ),
        (
            "tcp1: S err:28000:no\\spg_hba.conf\\sentry",
            tcp,
            0,
            "has no line for user \"u\"",
        ),
        (
            "tcp1: S err:28000:no\\srole",
            tcp,
            0,
            "the role does not exist",
        ),
        ("tcp1: S err:3D000:no", tcp, 0, "There is no database \"d\""),
        ("tcp1: S err:53300:no", tcp, 0, "no connection left"),
        ("tcp1: S err:57P03:wait", tcp, 1, "try again in a moment"),
        (
            "tcp1: S auth:0 ps:server_version:18.6 ps:in_hot_standby:on key z",
            "host=127.0.0.1 port={p1} target_session_attrs=primary",
            0,
            "is a standby",
        ),
        (
            "tcp1: S auth:3",
            "host=127.0.0.1 port={p1} password=x require_auth=md5",
            0,
            "another kind of authentication",
        ),
        (
            "",
            "host={dir} port=5001 sslmode=nonsense",
            3,
            "invalid sslmode value",
        ),
    ] {
        let said = visit(servers, options, false);
        // Lines are broken where they end.
        let flat = said.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flat.contains(advice),
            "{options}: no {advice:?} in\n{}",
            said.text
        );
        assert_eq!(said.status, status, "{options}\n{}", said.text);
    }
    if cfg!(feature = "tls") {
        let said = visit(
            "tcp1: S raw:N",
            "host=127.0.0.1 port={p1} sslmode=require",
            false,
        );
        assert!(said.text.contains("no TLS switched on"), "{}", said.text);
    }
}

#[test]
fn a_server_that_lets_us_in_is_described() {
    let hosts = "host=127.0.0.1,127.0.0.1 port={p0},{p1}";
    let said = visit(&format!("tcp1: {OK}"), hosts, false);
    assert_eq!(said.status, 0);
    for piece in [
        " 1  127.0.0.1, port",
        "failed after",
        " 2  127.0.0.1, port",
        "connected in",
        "PostgreSQL 18.6, primary, encoding UTF8",
        "not encrypted, no authentication asked for, protocol 3.0",
        "accepts connections",
    ] {
        assert!(said.text.contains(piece), "no {piece:?} in\n{}", said.text);
    }
}

#[test]
fn json_has_it_all_and_no_secret() {
    let said = visit(
        &format!("tcp1: {OK}"),
        "host=127.0.0.1 port={p1} password=sesame",
        true,
    );
    assert_eq!(said.status, 0);
    for piece in [
        "{\"status\":0,\"verdict\":\"accepts connections\",\"connected\":true,",
        "\"role\":\"primary\"",
        "\"advice\":[]",
        "\"phase\":\"authentication\"",
        "{\"keyword\":\"password\",\"value\":\"********\",\"source\":\"argument\"}",
    ] {
        assert!(said.text.contains(piece), "no {piece:?} in\n{}", said.text);
    }
    assert!(!said.text.contains("sesame"));
    let read = Command::new("python3")
        .args([
            "-c",
            "import json, sys; json.loads(sys.argv[1])",
            &said.text,
        ])
        .status()
        .unwrap();
    assert!(read.success(), "python reads no JSON in {}", said.text);
}

#[test]
fn misuse_is_told_how_it_is_used() {
    for arguments in [
        &["doctor", "a", "b"][..],
        &[],
        &["doctor", "--what"],
        &["other"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_pqp"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert!(output.stderr.starts_with(b"usage: pqp doctor"));
    }
}

#[test]
fn a_real_server_is_described() {
    let dsn = std::env::var("PQP_DSN18").expect("run by tests/setup/with_servers.sh");
    let said = doctor(&[&dsn]);
    assert_eq!(said.status, 0, "{}", said.text);
    assert!(said.text.contains("PostgreSQL 18."), "{}", said.text);
    assert!(said.text.contains("primary"), "{}", said.text);
    let missing = doctor(&[&format!("{dsn} dbname=no_such_database")]);
    assert_eq!(missing.status, 0);
    assert!(
        missing
            .text
            .contains("There is no database \"no_such_database\"")
    );
}
