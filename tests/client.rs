//! The Rust side of the library on real servers, without any C: what a Rust program would write.
//!
//! Wants `PQP_DSN15` and `PQP_DSN18` (tests/setup/with_servers.sh).

use pq::client::connecting::wait_connected;
use pq::client::{Connection, blocking};
use pq::config::{RealEnv, Settings};
use pq::connect::status::ConnStatus;
use pq::protocol::result::QueryResult;
use pq::protocol::types::{ExecStatus, TransactionStatus};

fn dsns() -> [String; 2] {
    ["PQP_DSN15", "PQP_DSN18"].map(|name| {
        std::env::var(name)
            .unwrap_or_else(|_| panic!("{name} is not set: run tests/setup/with_servers.sh"))
    })
}

fn connect(dsn: &str) -> Connection {
    let mut connection =
        Connection::new(Settings::from_conninfo(dsn.as_bytes(), &RealEnv), &RealEnv);
    connection.start(pq::client::connecting::Mode::Blocking);
    let connected = wait_connected(&mut connection);
    assert!(
        connected,
        "{}",
        String::from_utf8_lossy(connection.link.session.errors.text())
    );
    connection
}

/// Sends a query and waits for its last result.
fn exec(connection: &mut Connection, query: &[u8]) -> QueryResult {
    blocking::exec(connection, |c| c.send_query(Some(query))).unwrap()
}

#[test]
fn a_query_returns_its_rows() {
    for dsn in dsns() {
        let mut connection = connect(&dsn);
        assert_eq!(connection.status(), ConnStatus::Ok);
        let query = b"select g, case when g % 2 = 0 then repeat('x', g) end from generate_series(1, 5000) g";
        let result = exec(&mut connection, query);
        assert_eq!(result.status, ExecStatus::TuplesOk);
        assert_eq!(result.tag.text(), b"SELECT 5000");
        assert_eq!(result.rows.rows(), 5000);
        for row in 0..5000 {
            let number = row + 1;
            assert_eq!(
                result.rows.value(row, 0),
                Some(number.to_string().as_bytes())
            );
            let text = vec![b'x'; number];
            assert_eq!(
                result.rows.value(row, 1),
                (number % 2 == 0).then_some(&text[..])
            );
        }
        assert_eq!(connection.transaction_status(), TransactionStatus::Idle);
    }
}

#[test]
fn an_error_leaves_the_connection_usable() {
    for dsn in dsns() {
        let mut connection = connect(&dsn);
        let result = exec(&mut connection, b"begin; select 1/0");
        assert_eq!(result.status, ExecStatus::FatalError);
        assert_eq!(result.message(), b"ERROR:  division by zero\n");
        assert_eq!(connection.link.session.errors.text(), result.message());
        assert_eq!(connection.transaction_status(), TransactionStatus::InError);
        let result = exec(&mut connection, b"rollback");
        assert_eq!(result.status, ExecStatus::CommandOk);
        assert!(connection.link.session.errors.is_empty());
    }
}
