//! The Rust side of the library: a context of one's own that tells of events, a query, and what connecting took.
//!
//! usage: connect CONNINFO

use std::process::ExitCode;
use std::sync::Arc;

use pq::client::{Connection, Context, blocking, connecting};
use pq::config::Settings;
use pq::connect::ConnStatus;
use pq::connect::report::Phase;

fn main() -> ExitCode {
    let Some(conninfo) = std::env::args().nth(1) else {
        eprintln!("usage: connect CONNINFO");
        return ExitCode::from(2);
    };
    // A context of one's own: nothing that other parts of the program set on theirs is seen here.
    let context = Context::new();
    context.change_hooks(|hooks| {
        hooks.event = Some(Arc::new(|_, event| eprintln!("{event:?}")));
    });
    let settings = Settings::from_conninfo(conninfo.as_bytes(), &context.env());
    let mut connection = Connection::in_context(settings, &context);
    connecting::start(&mut connection, connecting::Mode::Blocking);
    connecting::wait_connected(&mut connection);
    if connection.status() != ConnStatus::Ok {
        let text = connection.link.session.errors.text();
        eprint!("{}", String::from_utf8_lossy(text));
        return ExitCode::FAILURE;
    }
    let result = blocking::exec(&mut connection, |c| c.send_query(Some(b"SELECT 6 * 7")));
    let Some(answer) = result.as_ref().and_then(|result| result.rows.value(0, 0)) else {
        return ExitCode::FAILURE;
    };
    println!("the answer is {}", String::from_utf8_lossy(answer));
    for attempt in connection
        .connect_report()
        .into_iter()
        .flat_map(|r| r.attempts())
    {
        for phase in Phase::ALL {
            if let Some(span) = attempt.phases[phase as usize]
                && let Some(end) = span.end
            {
                println!("{:<15} {:?}", phase.name(), end.duration_since(span.begin));
            }
        }
    }
    connection.close();
    ExitCode::SUCCESS
}
