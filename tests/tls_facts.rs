//! TLS against many certificates: this library's answers against those recorded from the reference.
//!
//! `tests/data/tls_facts.tsv` is written by `tests/facts/tls.py`, which explains its columns. Rows whose answer
//! differs on purpose are listed in `tests/data/deliberate_differences.txt`.
#![cfg(feature = "tls")]

#[path = "support/differences.rs"]
#[allow(dead_code)] // the list has more than one suite's lines
mod differences;
#[path = "tls/server.rs"]
mod server;

use std::os::fd::AsRawFd;
use std::path::PathBuf;

use differences::listed;
use pq::net::tls::{
    ClientCertificate, Config, Progress, Roots, Source, TlsError, TlsOptions, TlsStream,
    TlsVersion, Verify,
};
use pq::net::{self, socket::Socket};
use server::Servers;
use zeroize::Zeroizing;

/// One row.
struct Fact<'a> {
    name: &'a str,
    server: &'a str,
    options: &'a str,
    text: &'a str,
}

fn facts(text: &str) -> Vec<Fact<'_>> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [name, server, options, text] = columns[..] else {
                panic!("four columns are expected: {line}");
            };
            Fact {
                name,
                server,
                options,
                text,
            }
        })
        .collect()
}

/// What `connect` will make of the options.
fn options(fact: &Fact<'_>, directory: &str) -> TlsOptions {
    let mut options = TlsOptions {
        host: b"localhost".to_vec(),
        ..TlsOptions::default()
    };
    if fact.options.contains("verify-") && !fact.options.contains("sslrootcert") {
        options.roots = Roots::File {
            path: "HOME/.postgresql/root.crt".into(),
            required: true,
        };
    }
    let mut files: [Option<String>; 2] = [None, None];
    let mut password = None;
    for word in fact.options.replace('@', directory).split_whitespace() {
        let (keyword, value) = word.split_once('=').unwrap();
        let version = || match value {
            "TLSv1" => Some(TlsVersion::V1_0),
            "TLSv1.1" => Some(TlsVersion::V1_1),
            "TLSv1.2" => Some(TlsVersion::V1_2),
            "TLSv1.3" => Some(TlsVersion::V1_3),
            _ => panic!("{value}"),
        };
        match keyword {
            "sslmode" => {
                options.verify = match value {
                    "verify-ca" => Verify::Ca,
                    "verify-full" => Verify::Full,
                    _ => panic!("{value}"),
                }
            }
            "host" => options.host = value.as_bytes().to_vec(),
            "sslrootcert" if value == "system" => options.roots = Roots::System,
            "sslrootcert" => {
                options.roots = Roots::File {
                    path: PathBuf::from(value),
                    required: false,
                }
            }
            "sslcrl" => options.crl_file = Some(PathBuf::from(value)),
            "sslcrldir" => options.crl_dir = Some(PathBuf::from(value)),
            "sslcert" => files[0] = Some(value.to_owned()),
            "sslkey" => files[1] = Some(value.to_owned()),
            "sslpassword" => password = Some(Zeroizing::new(value.as_bytes().to_vec())),
            "ssl_min_protocol_version" => options.min_version = version(),
            "ssl_max_protocol_version" => options.max_version = version(),
            _ => panic!("{keyword}"),
        }
    }
    if let [Some(certificate), key] = files {
        let key = key.unwrap_or_else(|| "HOME/.postgresql/postgresql.key".to_owned());
        options.certificate = Some(ClientCertificate {
            certificate: Source::File(certificate.into()),
            key: Source::File(key.into()),
            password,
            password_hook: None,
        });
    }
    options
}

fn connect(port: u16) -> Socket {
    let address = net::lookup::numeric(b"127.0.0.1", port).unwrap().remove(0);
    let socket = Socket::new(&address).unwrap();
    socket.connect(&address).unwrap();
    net::wait(socket.raw_fd(), false, true, None).unwrap();
    socket
}

/// Goes through the handshake with direct TLS, sends a startup packet and gives the server's answer.
fn talk(options: &TlsOptions, port: u16) -> Result<String, TlsError> {
    let config = Config::new(options)?;
    let mut stream = TlsStream::start(connect(port), &config, &options.host)?;
    loop {
        match stream.handshake()? {
            Progress::Done => break,
            progress => {
                let read = progress == Progress::WantRead;
                net::wait(stream.raw_fd(), read, !read, None).unwrap();
            }
        }
    }
    stream.require_alpn()?;
    let tls_error = |error: std::io::Error| match error.downcast::<TlsError>() {
        Ok(error) => error,
        Err(error) => TlsError::Syscall(error.raw_os_error().unwrap_or(0)),
    };
    // As the reference does: a broken connection shows when reading.
    let _ = stream.send(b"\0\0\0\x10\0\x03\0\0user\0u\0\0", true);
    let mut answer = Vec::with_capacity(1024);
    stream.recv(&mut answer, 1024, true).map_err(tls_error)?;
    stream.close_notify();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let message = text.split('\0').find_map(|f| f.strip_prefix('M'));
    Ok(format!("FATAL:  {}", message.unwrap_or(&text)))
}

#[test]
fn certificates_and_options_are_judged_as_the_reference_judges_them() {
    let servers = Servers::start();
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/tls_facts.tsv"
    ))
    .unwrap();
    let listed: Vec<[String; 2]> = listed("tls_facts");
    let (longer, exact): (Vec<_>, Vec<_>) = listed.iter().partition(|[row, _]| row == "*");
    let mut seen = Vec::new();
    let mut wrong = Vec::new();
    let mut rows = 0;
    for fact in facts(&text) {
        rows += 1;
        let options = options(&fact, &servers.directory);
        let answer = match talk(&options, servers.port(fact.server)) {
            Ok(answer) => answer,
            Err(error) => error.to_string(),
        };
        let answer = answer.replace(&servers.directory, "@").replace('\n', "\\n");
        // Where the reference's home directory was.
        let expected = match fact.text.split_once("/tmp/tmp") {
            Some((before, rest)) => {
                let (_, after) = rest.split_once("/.postgresql").unwrap();
                format!("{before}HOME/.postgresql{after}")
            }
            None => fact.text.to_owned(),
        };
        let (row, expected) = match exact.iter().find(|[row, _]| row == fact.name) {
            Some([_, ours]) if *ours == expected => {
                wrong.push(format!("{}: is listed as different and is not", fact.name));
                continue;
            }
            Some([row, ours]) => (Some(row), ours.clone()),
            None => (None, expected),
        };
        seen.extend(row);
        let more = longer.iter().find(|[_, ours]| {
            let start = ours.strip_suffix('*').expect("a * for more words");
            expected == start && answer.starts_with(start) && answer != start
        });
        seen.extend(more.map(|[_, ours]| ours));
        if answer != expected && more.is_none() {
            wrong.push(format!(
                "{} ({} {}):\n  ours   {answer}\n  wanted {expected}",
                fact.name, fact.server, fact.options
            ));
        }
    }
    let lines = exact.iter().map(|[row, _]| row);
    for line in lines.chain(longer.iter().map(|[_, ours]| ours)) {
        if !seen.contains(&line) {
            wrong.push(format!("{line}: is listed as different and is not"));
        }
    }
    assert!(rows > 500, "only {rows} rows were read");
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What is said of a chain that is refused: the words of OpenSSL and the certificate that is meant.
#[test]
fn a_refused_chain_names_the_reason_and_the_certificate() {
    let servers = Servers::start();
    let root = format!("{}/root.crt", servers.directory);
    let mut wrong = Vec::new();
    for (server, words) in REASONS {
        let options = TlsOptions {
            verify: Verify::Ca,
            roots: Roots::File {
                path: root.clone().into(),
                required: true,
            },
            host: b"localhost".to_vec(),
            ..TlsOptions::default()
        };
        let answer = talk(&options, servers.port(server));
        let expected = format!("SSL error: certificate verify failed: {words}");
        match answer {
            Err(error) if error.to_string() == expected => {}
            other => wrong.push(format!("{server}: {other:?}, expected {expected}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const REASONS: &[(&str, &str)] = &[
    (
        "server-expired",
        "certificate has expired (certificate \"common-name.test\")",
    ),
    (
        "server-future",
        "certificate is not yet valid (certificate \"common-name.test\")",
    ),
    (
        "server-selfsigned",
        "self-signed certificate (certificate \"localhost\")",
    ),
    (
        "server-ec-root",
        "unable to get local issuer certificate (certificate \"common-name.test\")",
    ),
    (
        "server-signed-sha1",
        "CA signature digest algorithm too weak (certificate \"common-name.test\")",
    ),
    (
        "server-rsa1024",
        "EE certificate key too weak: RSA with 1024 bits (certificate \"common-name.test\")",
    ),
    (
        "server-not-ca",
        "invalid CA certificate (certificate \"Not an authority\")",
    ),
    (
        "server-client-purpose",
        "unsuitable certificate purpose (certificate \"common-name.test\")",
    ),
    (
        "server-critical",
        "unhandled critical extension (certificate \"common-name.test\")",
    ),
];

#[test]
fn a_descriptor_stays_the_sockets() {
    let servers = Servers::start();
    let config = Config::new(&TlsOptions::default()).unwrap();
    let socket = connect(servers.port("server"));
    let before = socket.raw_fd();
    let stream = TlsStream::start(socket, &config, b"localhost").unwrap();
    assert_eq!(stream.raw_fd(), before);
    assert!(std::io::stdin().as_raw_fd() != before);
}
