//! Makes inputs for `c-tests/conninfo_dump.c`: conninfo strings, URIs, parameter arrays, service and password files,
//! environment variables.
//!
//! Strings are put together from pieces that mean something to the parsers, so that most of them get past the first
//! check. No host name is used that would have to be looked up, and load_balance_hosts=random is left out: it
//! shuffles.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::differences::listed;
use crate::programs::{Library, compile, scratch};
use crate::rng::Rng;
use crate::shrink::shrink;

const KEYWORDS: &[&str] = &[
    "service",
    "service_file",
    "user",
    "password",
    "passfile",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "port",
    "client_encoding",
    "options",
    "application_name",
    "fallback_application_name",
    "keepalives",
    "sslmode",
    "sslnegotiation",
    "sslcert",
    "sslcertmode",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "requirepeer",
    "require_auth",
    "min_protocol_version",
    "max_protocol_version",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "gssencmode",
    "replication",
    "target_session_attrs",
    "load_balance_hosts",
    "scram_client_key",
    "scram_server_key",
    "oauth_issuer",
    "oauth_client_secret",
    "sslkeylogfile",
    "requiressl",
    "ssl",
    "bogus",
    "HOST",
];
/// Of the keywords, so many may stand in a string that is connected to.
const CONNECTABLE: usize = 37;
const VALUES: &[&str] = &[
    "a",
    "b",
    "c",
    "prefer",
    "require",
    "disable",
    "allow",
    "verify-ca",
    "verify-full",
    "direct",
    "postgres",
    "any",
    "standby",
    "read-write",
    "prefer-standby",
    "3.0",
    "3.2",
    "latest",
    "3.1",
    "TLSv1",
    "tlsv1.2",
    "TLSv1.3",
    "system",
    "md5",
    "!md5",
    "md5,gss",
    "!md5,!none",
    "none,none",
    "md5,,gss",
    "true",
    "1",
    "0",
    "5432",
    "/x,/y",
    "@abs",
    "/x",
    ",",
    ",,",
    "1,2",
    "1,2,3",
    "65536",
    "-1",
    "x",
    "auto",
    "AUTO",
    "QUJD",
    "QQ==",
    "QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUI=",
    "root",
    "me",
    "*",
    "db",
    "user=x",
    "dbname=y",
    "$D/other",
    "99999999999999999999",
    " 5",
    "5 ",
    "0x10",
];
const PIECES: &[&str] = &[
    "=",
    "'",
    " ",
    "&",
    "?",
    ":",
    "/",
    "@",
    "[",
    "]",
    ",",
    "%",
    "#",
    "+",
    "\\\\",
    "\\t",
    "\\n",
    "\\v",
    "\\xc3\\xa9",
    "\\xff",
    "%20",
    "%2F",
    "%00",
    "%zz",
    "%4",
    "%2C",
    "%3D",
    "::1",
    "''",
    "a",
    "1",
    "ssl=true",
    "  ",
];

struct Writer<'a> {
    rng: &'a mut Rng,
}

impl Writer<'_> {
    fn some(&mut self, pools: &[&[&str]], low: usize, high: usize) -> String {
        let all = pools.concat();
        (0..self.rng.range(low, high))
            .map(|_| self.rng.pick(&all))
            .collect()
    }

    fn word(&mut self) -> String {
        if self.rng.percent(70) {
            self.rng.pick(VALUES).to_string()
        } else {
            self.some(&[PIECES, VALUES], 0, 4)
        }
    }

    fn keyword(&mut self) -> String {
        if self.rng.percent(95) {
            self.rng.pick(KEYWORDS).to_string()
        } else {
            self.some(&[PIECES], 0, 3)
        }
    }

    fn key_value(&mut self) -> String {
        let mut pairs = Vec::new();
        for _ in 0..self.rng.below(6) {
            let mut value = self.word();
            if self.rng.percent(40) {
                value = format!("'{value}{}", if self.rng.percent(95) { "'" } else { "" });
            }
            pairs.push(format!(
                "{}{}{value}",
                self.keyword(),
                self.rng.pick(&["=", "=", "=", " = ", "= ", " ="])
            ));
        }
        pairs.join(self.rng.pick(&[" ", " ", "  ", "\\t", ""]))
    }

    fn uri(&mut self) -> String {
        let mut text = self.rng.pick(&["postgresql://", "postgres://"]).to_string();
        if self.rng.percent(40) {
            text += &self.some(&[VALUES, PIECES], 0, 2);
            if self.rng.percent(50) {
                text += &format!(":{}", self.some(&[VALUES, PIECES], 0, 2));
            }
            text.push('@');
        }
        let mut hosts = Vec::new();
        for _ in 0..self.rng.below(4) {
            let odd = [self.some(&[PIECES], 0, 2), self.some(&[PIECES], 0, 2)];
            let bracketed = format!("[{}]", odd[0]);
            let mut host = self
                .rng
                .pick(&["", "%2Fx", "h", "[::1]", "[::1]", &bracketed, &odd[1]])
                .to_string();
            if self.rng.percent(40) {
                host += &format!(":{}", self.word());
            }
            hosts.push(host);
        }
        text += &hosts.join(",");
        if self.rng.percent(60) {
            text.push('/');
            if self.rng.percent(70) {
                text += &self.word();
            }
        }
        if self.rng.percent(70) {
            let options: Vec<String> = (0..self.rng.below(5))
                .map(|_| {
                    let keyword = self.keyword();
                    if self.rng.percent(90) {
                        format!("{keyword}={}", self.word())
                    } else {
                        keyword
                    }
                })
                .collect();
            text += &format!("?{}", options.join("&"));
        }
        if self.rng.percent(10) {
            text.push('&');
        }
        text
    }

    /// Ends a list of settings with hosts that need no name server.
    fn lookup_free(&mut self, pairs: &mut Vec<String>) {
        pairs.push(format!(
            "host={}",
            self.rng.pick(&["$D", "/x", "/x,/y", "@abs"])
        ));
        if self.rng.percent(10) {
            pairs.push("hostaddr=".into());
        }
    }

    fn file_line(&mut self) -> String {
        if self.rng.percent(20) {
            return self
                .rng
                .pick(&[
                    "", "#c", " ", "[s]", "[t]", "[s] x", " [t]", "[", "[]", "junk", "ldap://x",
                ])
                .to_string();
        }
        let mut name = self.keyword();
        if name.starts_with("host") {
            // An address from here would be dialled.
            name = "user".into();
        }
        format!(
            "{}{name}={}",
            self.rng.pick(&["", "", "", " "]),
            self.word()
        )
    }

    fn password_line(&mut self) -> String {
        let mut field = |pool: &[&str]| {
            let odd = self.some(&[PIECES], 0, 2);
            let mut all = pool.to_vec();
            all.extend(["*", "*", "*", &odd]);
            self.rng.pick(&all).to_string()
        };
        let fields = [
            field(&["/x", "$D", "localhost", "@abs"]),
            field(&["5432", "1", ""]),
            field(&["db", "root"]),
            field(&["me", "root"]),
        ];
        format!(
            "{}:{}",
            fields.join(":"),
            self.some(&[VALUES, PIECES], 0, 2)
        )
    }

    fn line(&mut self) -> String {
        match self.rng.below(100) {
            0..2 => "reset".into(),
            2..6 => {
                let name = self.rng.pick(&[
                    "PGSSLMODE",
                    "PGPORT",
                    "PGUSER",
                    "PGSERVICE",
                    "PGPASSWORD",
                    "PGREQUIRESSL",
                    "PGSSLROOTCERT",
                    "PGDATABASE",
                    "PGOPTIONS",
                    "PGREQUIREAUTH",
                    "PGGSSENCMODE",
                    "PGSERVICEFILE",
                    "PGSYSCONFDIR",
                    "PGCONNECT_TIMEOUT",
                    "PGPASSFILE",
                ]);
                if self.rng.percent(60) {
                    format!("env {name}={}", self.word())
                } else {
                    format!("unset {name}")
                }
            }
            6..10 => {
                let lines: Vec<String> =
                    (0..self.rng.below(13)).map(|_| self.file_line()).collect();
                let file =
                    self.rng
                        .pick(&["home/.pg_service.conf", "home/.pg_service.conf", "other"]);
                format!("file $D/{file} 600 [s]\\n{}", lines.join("\\n"))
            }
            10..14 => {
                let lines: Vec<String> = (0..self.rng.below(9))
                    .map(|_| self.password_line())
                    .collect();
                let mode = self.rng.pick(&["600", "600", "600", "400", "640", "604"]);
                format!("file $D/home/.pgpass {mode} {}", lines.join("\\n"))
            }
            14..35 => format!("parse {}", self.key_value()),
            35..65 => format!("parse {}", self.uri()),
            65..80 => {
                let mut pairs = Vec::new();
                for _ in 0..self.rng.below(4) {
                    let keyword = self.rng.pick(&KEYWORDS[..CONNECTABLE]);
                    if !keyword.starts_with("host") {
                        pairs.push(format!("{keyword}='{}'", self.word().replace('\'', "")));
                    }
                }
                self.lookup_free(&mut pairs);
                format!("conn {}", pairs.join(" "))
            }
            80..93 => {
                let mut pairs = Vec::new();
                for _ in 0..self.rng.below(5) {
                    let keyword = self.rng.pick(KEYWORDS);
                    if ["host", "hostaddr", "dbname", "HOST"].contains(&keyword) {
                        continue;
                    }
                    let word = self.word().replace('|', "");
                    pairs.push(if self.rng.percent(75) {
                        format!("{keyword}={word}")
                    } else {
                        keyword.into()
                    });
                }
                if self.rng.percent(50) {
                    let dbname = self.rng.pick(&[
                        "user=x port=1",
                        "postgresql://u:p@/d",
                        "plain",
                        "",
                        "sslmode=",
                        "=",
                        "service=s",
                        "dbname=e user='f g'",
                    ]);
                    let at = self.rng.range(0, pairs.len());
                    pairs.insert(at, format!("dbname={dbname}"));
                }
                self.lookup_free(&mut pairs);
                format!("params {} {}", self.rng.below(2), pairs.join("|"))
            }
            _ => format!(
                "setdb {}|{}|{}|tty|{}|{}|{}",
                self.rng.pick(&["$D", "/x", "/x,/y"]),
                self.rng.pick(&["", "-", "1", "x", "1,2"]),
                self.rng.pick(&["", "-", "opt"]),
                self.rng.pick(&[
                    "",
                    "-",
                    "d",
                    "user=x",
                    "postgresql://u@/",
                    "service=s",
                    "a=b"
                ]),
                self.rng.pick(&["", "-", "me"]),
                self.rng.pick(&["", "-", "pw"])
            ),
        }
    }
}

/// So many random lines, from a clean start.
pub fn write(rng: &mut Rng, count: usize) -> Vec<String> {
    let mut writer = Writer { rng };
    let mut lines = vec!["reset".to_string()];
    lines.extend((1..count).map(|_| writer.line()));
    lines
}

/// What the program says to each line.
fn answers(library: &Library, directory: &Path, lines: &[String]) -> Vec<String> {
    let program = compile("conninfo_dump");
    let file = scratch("conninfo");
    fs::write(&file, lines.join("\n") + "\n").expect("a file of cases");
    let output = library
        .command(&program)
        .arg(directory)
        .arg(&file)
        .output()
        .expect("conninfo_dump runs");
    let _ = fs::remove_file(&file);
    let mut all: Vec<String> = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let number = line.split(':').next().and_then(|n| n.parse().ok());
        if !line.starts_with(' ') && number.is_some() {
            // Lines that were empty have no answer.
            all.resize(number.unwrap_or(1) - 1, String::new());
            all.push(String::new());
        } else if let Some(last) = all.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    if !output.status.success() {
        all.push(format!("the program ended with {}", output.status));
    }
    all
}

/// Whether the parts of a listed text, cut at its `*`, follow each other on a line.
fn says(answer: &str, listed: &str) -> bool {
    answer.lines().any(|line| {
        let mut rest = Some(line);
        for part in listed.split('*') {
            rest = rest
                .and_then(|text| text.split_once(part))
                .map(|(_, after)| after);
        }
        rest.is_some()
    })
}

/// Whether two answers are the same, or one of them says what is listed as different.
fn same(reference: &str, ours: &str) -> bool {
    reference == ours || excuse(reference, ours).is_some()
}

/// Which text of the list explains that two answers are not the same.
fn excuse(reference: &str, ours: &str) -> Option<String> {
    static LISTED: OnceLock<Vec<[String; 1]>> = OnceLock::new();
    let listed = LISTED.get_or_init(|| listed("generative")).iter();
    let mut lines = listed.filter(|[text]| says(reference, text) != says(ours, text));
    lines.next().map(|[text]| text.clone())
}

/// What is listed as different and differs nowhere in `lines`.
pub fn untrue(reference: &Library, ours: &Library, lines: &[String]) -> Vec<String> {
    let directory = scratch("conninfo-home");
    let left = answers(reference, &directory, lines);
    let right = answers(ours, &directory, lines);
    let _ = fs::remove_dir_all(&directory);
    let pairs = || left.iter().zip(&right).filter(|(a, b)| a != b);
    let listed = listed("generative").into_iter();
    listed
        .map(|[text]| text)
        .filter(|text| !pairs().any(|(a, b)| says(a, text) != says(b, text)))
        .collect()
}

/// Whether all answers are.
fn all_same(reference: &[String], ours: &[String]) -> bool {
    reference.len() == ours.len() && reference.iter().zip(ours).all(|(a, b)| same(a, b))
}

/// The differences between two libraries over `lines`, made small; at most `most` of them.
pub fn compare(reference: &Library, ours: &Library, lines: &[String], most: usize) -> Vec<String> {
    // The same for both: its name is in what they say.
    let directory = scratch("conninfo-home");
    let ask = |lines: &[String]| {
        (
            answers(reference, &directory, lines),
            answers(ours, &directory, lines),
        )
    };
    let (left, right) = ask(lines);
    assert!(
        left.len() >= lines.len(),
        "the reference ended early: {:?}",
        left.last()
    );
    let mut found: Vec<String> = Vec::new();
    for n in 0..left.len() {
        if found.len() == most || right.get(n).is_some_and(|ours| same(&left[n], ours)) {
            continue;
        }
        let n = n.min(lines.len() - 1);
        let from = lines[..=n]
            .iter()
            .rposition(|line| line == "reset")
            .unwrap_or(0);
        let small = shrink(&lines[from..=n], 100, |lines| {
            let (left, right) = ask(lines);
            !all_same(&left, &right)
        });
        let (left, right) = ask(&small);
        let at = left.len().min(right.len()).saturating_sub(1);
        found.push(format!(
            "---- line {n}:\n{}\n-- reference:\n{}-- ours:\n{}",
            small.join("\n"),
            left[at],
            right[at]
        ));
    }
    let _ = fs::remove_dir_all(&directory);
    found
}
