//! `pqp doctor`: connects, and tells how that went.

use std::process::ExitCode;
use std::time::Duration;

use pq::client::{Connection, blocking, connecting};
use pq::config::{RealEnv, Settings};
use pq::connect::report::{Attempt, OptionUsed, Outcome, Phase, Report, Role};
use pq::connect::{ConnStatus, Ping};

use super::screen::{self, Paint};
use super::{advice, json};

/// What the server told when it had let us in.
#[derive(Default)]
struct Server {
    version: String,
    role: &'static str,
    encoding: String,
    user: String,
}

/// Connects by `conninfo` and prints what came of it.
pub fn run(conninfo: &[u8], as_json: bool, coloured: bool) -> ExitCode {
    let env = RealEnv;
    let settings = Settings::from_conninfo(conninfo, &env);
    let mut connection = Connection::new(settings, &env);
    let ping = connecting::ping(&mut connection);
    let server = (connection.status() == ConnStatus::Ok).then(|| ask(&mut connection));
    let nothing = Report::default();
    let options = connection.options_used();
    let error = String::from_utf8_lossy(connection.link.session.errors.text())
        .trim_end()
        .to_owned();
    let report = connection.connect_report().unwrap_or(&nothing);
    let mut advices: Vec<String> = Vec::new();
    for attempt in report.attempts() {
        if attempt.outcome == Outcome::Failed
            && let Some(text) = advice::on(attempt, &options)
            && !advices.contains(&text)
        {
            advices.push(text);
        }
    }
    let text = match as_json {
        true => as_object(&connection, ping, &error, server.as_ref(), &advices),
        false => for_people(
            report,
            &options,
            ping,
            &error,
            server.as_ref(),
            &advices,
            Paint(coloured),
        ),
    };
    // A reader that has gone does not matter.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
    connection.close();
    ExitCode::from(ping as u8)
}

/// Asks a server that has let us in what it is.
fn ask(connection: &mut Connection) -> Server {
    let role = match last(connection).map(|attempt| attempt.role) {
        Some(Role::Primary) => "primary",
        Some(Role::Standby) => "standby",
        _ => match blocking::exec(connection, |c| {
            c.send_query(Some(b"SELECT pg_catalog.pg_is_in_recovery()"))
        })
        .as_ref()
        .and_then(|result| result.rows.value(0, 0))
        {
            Some(b"t") => "standby",
            Some(b"f") => "primary",
            _ => "",
        },
    };
    let parameter = |name: &[u8]| {
        let facts = &connection.link.session.facts;
        let value = facts.parameter_with_nul(name).unwrap_or_default();
        String::from_utf8_lossy(value.strip_suffix(b"\0").unwrap_or(value)).into_owned()
    };
    Server {
        version: parameter(b"server_version"),
        role,
        encoding: parameter(b"server_encoding"),
        user: parameter(b"session_authorization"),
    }
}

fn last(connection: &Connection) -> Option<&Attempt> {
    connection.connect_report()?.attempts().last()
}

fn verdict(ping: Ping) -> &'static str {
    match ping {
        Ping::Ok => "accepts connections",
        Ping::Reject => "rejects connections for now",
        Ping::NoResponse => "no response",
        Ping::NoAttempt => "nothing was tried",
    }
}

fn as_object(
    connection: &Connection,
    ping: Ping,
    error: &str,
    server: Option<&Server>,
    advices: &[String],
) -> String {
    let server = match server {
        None => "null".into(),
        Some(server) => format!(
            "{{\"version\":{},\"role\":{},\"encoding\":{},\"user\":{}}}",
            json::or_null(&server.version),
            json::or_null(server.role),
            json::or_null(&server.encoding),
            json::or_null(&server.user)
        ),
    };
    let advices: Vec<String> = advices.iter().map(|text| json::string(text)).collect();
    format!(
        "{{\"status\":{},\"verdict\":{},\"connected\":{},\"error\":{},\"server\":{server},\"advice\":[{}],\"report\":{}}}\n",
        ping as u8,
        json::string(verdict(ping)),
        connection.status() == ConnStatus::Ok,
        json::or_null(error),
        advices.join(","),
        String::from_utf8_lossy(&connection.connect_report_json())
    )
}

fn for_people(
    report: &Report,
    options: &[OptionUsed],
    ping: Ping,
    error: &str,
    server: Option<&Server>,
    advices: &[String],
    paint: Paint,
) -> String {
    let mut out = String::new();
    let whole = report.duration().unwrap_or_default();
    for (i, attempt) in report.attempts().iter().enumerate() {
        attempt_for_people(i + 1, attempt, report, whole, paint, &mut out);
    }
    if report.omitted() > 0 {
        out += &format!("... and {} attempts more\n\n", report.omitted());
    }
    if report.attempts().is_empty() {
        for line in screen::lines(error, 0) {
            out += &format!("{}\n", paint.bad(&line));
        }
        out.push('\n');
    }
    if let Some(server) = server {
        let parts = [
            format!("PostgreSQL {}", server.version),
            server.role.into(),
            match server.encoding.is_empty() {
                true => String::new(),
                false => format!("encoding {}", server.encoding),
            },
            match server.user.is_empty() {
                true => String::new(),
                false => format!("you are {}", server.user),
            },
        ];
        heading("Server", &join(&parts), paint, &mut out);
    }
    if let Some(attempt) = report.attempts().last()
        && attempt.outcome == Outcome::Connected
    {
        heading("Session", &session(attempt), paint, &mut out);
    }
    let said: Vec<String> = options
        .iter()
        .filter(|o| {
            !matches!(
                o.origin,
                pq::connect::report::Origin::Default | pq::connect::report::Origin::Derived
            )
        })
        .map(|o| {
            let value = screen::cut(&String::from_utf8_lossy(&o.value), 40);
            format!("{}={value} ({})", o.keyword, o.origin.name())
        })
        .collect();
    heading("Options", &said.join(", "), paint, &mut out);
    if !advices.is_empty() {
        out += &format!("{}\n", paint.strong("Advice"));
        for text in advices {
            for (i, line) in screen::lines(text, 4).iter().enumerate() {
                let mark = if i == 0 { "  * " } else { "    " };
                out += &format!("{mark}{line}\n");
            }
        }
    }
    let words = match ping {
        Ping::Ok if server.is_none() => paint.bad("accepts connections, but not this one"),
        Ping::Ok => paint.good(verdict(ping)),
        _ => paint.bad(verdict(ping)),
    };
    out += &format!("{} {words}\n", paint.strong("Verdict"));
    out
}

fn heading(name: &str, text: &str, paint: Paint, out: &mut String) {
    if text.is_empty() {
        return;
    }
    for (i, line) in screen::lines(text, 8).iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        let gap = " ".repeat(8 - name.len());
        *out += &format!("{}{gap}{line}\n", paint.strong(name));
    }
}

fn join(parts: &[String]) -> String {
    let said: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|p| !p.is_empty())
        .collect();
    said.join(", ")
}

fn session(attempt: &Attempt) -> String {
    let version = attempt.protocol_version;
    let parts = [
        match &attempt.tls {
            Some(tls) => format!(
                "{} with {} ({} bits)",
                String::from_utf8_lossy(&tls.version),
                String::from_utf8_lossy(&tls.cipher),
                tls.key_bits
            ),
            None => "not encrypted".into(),
        },
        match &attempt.auth_method[..] {
            b"none" => "no authentication asked for".into(),
            method => format!("authenticated by {}", String::from_utf8_lossy(method)),
        },
        format!("protocol {}.{}", version >> 16, version & 0xffff),
        format!("backend {}", attempt.backend_pid),
    ];
    join(&parts)
}

fn attempt_for_people(
    number: usize,
    attempt: &Attempt,
    report: &Report,
    whole: Duration,
    paint: Paint,
    out: &mut String,
) {
    let host = String::from_utf8_lossy(&attempt.host);
    let hostaddr = String::from_utf8_lossy(&attempt.hostaddr);
    let port = String::from_utf8_lossy(&attempt.port);
    let place = match hostaddr.is_empty() || hostaddr == host {
        true => format!("{host}, port {port}"),
        false => format!("{host} ({hostaddr}), port {port}"),
    };
    let begin = report.since_start(attempt.span.begin);
    let end = attempt
        .span
        .end
        .map_or(whole, |end| report.since_start(end));
    let took = screen::time(end.saturating_sub(begin));
    let (words, is_good) = match attempt.outcome {
        Outcome::Connected => (format!("connected in {took}"), true),
        _ => (format!("failed after {took}"), false),
    };
    let room = screen::WIDTH - 6 - words.chars().count();
    let place = screen::cut(&place, room);
    let gap = " ".repeat(room + 1 - place.chars().count());
    *out += &format!(
        "{number:>2}  {}{gap}{}\n",
        paint.strong(&place),
        match is_good {
            true => paint.good(&words),
            false => paint.bad(&words),
        }
    );
    for phase in Phase::ALL {
        let Some(span) = attempt.phases[phase as usize] else {
            continue;
        };
        let begin = report.since_start(span.begin);
        let end = span.end.map_or(whole, |end| report.since_start(end));
        let took = screen::time(end.saturating_sub(begin));
        let bar = screen::bar(begin, end, whole, 44);
        let is_where = !is_good && attempt.last_phase() == Some(phase);
        *out += &format!(
            "      {:<15}{took:>9}  {}\n",
            phase.name(),
            match is_where {
                true => paint.bad(&bar),
                false => paint.faint(&bar),
            }
        );
    }
    let message = String::from_utf8_lossy(&attempt.message);
    // The words every attempt begins with have been said above.
    let message = match message.split_once(" failed: ") {
        Some((_, rest)) if message.starts_with("connection to server") => rest,
        _ => &message,
    };
    for line in screen::lines(message, 6) {
        *out += &format!("      {}\n", paint.bad(&line));
    }
    out.push('\n');
}
