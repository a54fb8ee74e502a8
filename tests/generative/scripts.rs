//! Makes scripts for `c-tests/machine.c`: pieces that make sense, then some of their lines moved about.

use crate::machine::Case;
use crate::rng::Rng;

const TABLE: &str = "exec create temp table t(a int primary key, b text); \
    insert into t select i, 'row '||i from generate_series(1,20) i";

/// Statements of the simple protocol.
const SQL: &[&str] = &[
    "select 1",
    "select 1 as a, null as b, 'x'::text as c",
    "select * from t order by a",
    "select g from generate_series(1,30) g",
    "select 1/0",
    "select g, 6/(g-4) from generate_series(1,9) g",
    "select 1; select 2",
    "select 1; select 1/0; select 3",
    "begin; select 1; commit",
    "insert into t values (50, 'v')",
    "insert into t values (1, 'twice')",
    "update t set b = 'z' where a < 5",
    "delete from t where a > 15 returning *",
    "",
    ";",
    ";;select 1",
    "selec",
    "select 'unended",
    "begin",
    "commit",
    "rollback",
    "savepoint s",
    "rollback to s",
    "do $$begin raise notice 'one'; end$$",
    "do $$begin raise warning 'two' using hint = 'h', detail = 'd'; end$$",
    "do $$begin raise exception 'three'; end$$",
    "listen a",
    "notify a, 'p'",
    "select repeat('ab', 20000)",
    "select g, repeat('r', 9000) from generate_series(1,3) g",
    "select g, repeat('r', g) from generate_series(1,300) g",
    "declare c cursor for select * from t",
    "fetch 2 from c",
    "move 3 in c",
    "close c",
    "show client_encoding",
    "set client_encoding = latin1",
    "set client_encoding = utf8",
    "select U&'\\\\00e9'",
    "select * from missing",
    "select from t limit 2",
    "select 1 as a, 2 as a",
    "prepare p as select 1",
    "execute p",
    "deallocate p",
    "set statement_timeout = 0",
    "create temp table u(x int)",
    "drop table u",
    "explain (costs off) select 1",
    "values (1,2),(3,null)",
    "table t",
    "select length('{30000}')",
    "copy t to stdout",
    "copy t from stdin",
    "copy (select 1 where false) to stdout",
    "copy t to stdout (format binary)",
    "copy t from stdin; select 7",
    "copy t to stdout; select 8",
    "copy missing from stdin",
];

/// Statements of the extended protocol, with values.
const PARAMS: &[&str] = &[
    "select $1::int|5",
    "select $1::int|x",
    "select $1::int|\\N",
    "select $1::text, $2::int|a|2",
    "select $1::text|a|b",
    "select $1",
    "select 1/$1::int|0",
    "insert into t values ($1, $2)|77|b",
    "insert into t values ($1, $2)|1|b",
    "select * from t where a < $1 order by a|4",
    "select g, 6/(g-4) from generate_series(1,$1::int) g|9",
    "select g from generate_series(1,$1) g|25",
    "begin",
    "commit",
    "rollback",
    "",
    "selec $1|1",
    "select 1; select 2",
    "copy t to stdout",
    "copy t from stdin",
    "declare d cursor for select * from t",
    "update t set b = $1|{3000}",
    "select $1::bytea|\\\\x4100ff",
    "select length($1)|{50000}",
    "select length($1), length($2)|{9000}|{12000}",
    "select 1.5::numeric, true, null::int",
];

const NAMES: &[&str] = &["s1", "s2", "-", "missing"];
const COPY_DATA: &[&str] = &[
    "100\\tabc\\n",
    "101\\t\\\\N\\n",
    "1\\ttwice\\n",
    "10",
    "2\\tx\\n103\\ty\\n",
    "x\\tbad\\n",
    "",
    "\\\\.\\n",
    "lines:{500}",
    "104\\t{20000}\\n",
    "\\n",
];

/// Adds a line made as by `format!`.
macro_rules! say {
    ($writer:ident, $($part:tt)*) => {{
        let line = format!($($part)*);
        $writer.lines.push(line);
    }};
}

/// Makes one script.
pub struct Writer<'a> {
    rng: &'a mut Rng,
    lines: Vec<String>,
    /// Only calls whose answers do not depend on when bytes arrive.
    steady: bool,
}

/// A case of the n-th kind of seed: through a proxy if `scheduled`.
pub fn write(rng: &mut Rng, scheduled: bool) -> Case {
    let mut writer = Writer {
        rng,
        lines: Vec::new(),
        steady: scheduled,
    };
    writer.script();
    let mut lines = writer.lines;
    no_copy_into_pipelines(&mut lines);
    Case {
        lines,
        schedule: scheduled.then(|| rng.next()),
    }
}

/// No COPY FROM STDIN in a pipeline: the server ends the session when the pipeline goes on behind it, and answers its end with
/// one ReadyForQuery too many. Which call notices is a matter of when bytes arrive and in how many pieces they are sent
/// (`c-tests/diff_wire.c`).
fn no_copy_into_pipelines(lines: &mut [String]) {
    if lines.iter().any(|line| line == "enter") {
        for line in lines {
            if line.starts_with("send") || line.starts_with("prepare") {
                *line = line.replace("copy t from stdin", "copy t to stdout");
            }
        }
    }
}

impl Writer<'_> {
    fn script(&mut self) {
        if self.steady {
            if self.rng.percent(85) {
                say!(self, "sndbuf {}", self.rng.range(1000, 6000));
            }
            if self.rng.percent(60) {
                say!(self, "storm {}", self.rng.range(300, 3000));
            }
        }
        if self.rng.percent(70) {
            self.say(TABLE);
        }
        if self.rng.percent(30) {
            self.say("nonblock 1");
        }
        let start = self.lines.len();
        for _ in 0..self.rng.range(1, 5) {
            self.piece();
        }
        if self.rng.percent(60) {
            for _ in 0..self.rng.range(1, 5) {
                self.disturb(start);
            }
        }
        for _ in 0..self.rng.below(4) {
            self.say("drain");
        }
        if self.rng.percent(50) {
            self.say("exec select 'end'");
        }
        if !self.steady && self.rng.percent(6) {
            self.lost_connection();
        }
    }

    /// The connection goes away, and calls go on. None of them reads without parsing: what the reference makes of
    /// results that it has read and not parsed before the loss is worse than what ours does.
    fn lost_connection(&mut self) {
        self.say("exec select pg_terminate_backend(pg_backend_pid())");
        for _ in 0..self.rng.below(5) {
            let start = self.lines.len();
            self.any();
            if self.lines[start..]
                .iter()
                .any(|line| line.starts_with("reset"))
            {
                self.lines.truncate(start);
            }
        }
        if self.rng.percent(50) {
            self.say("reset");
            self.piece();
        }
    }

    fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    fn sql(&mut self) -> &'static str {
        loop {
            let sql = self.rng.pick(SQL);
            // Whether a notice behind a result is seen with it or later is a matter of when bytes arrive.
            if !(self.steady && sql.contains("raise")) {
                return sql;
            }
        }
    }

    /// The simple protocol, COPY apart.
    fn plain_sql(&mut self) -> &'static str {
        loop {
            let sql = self.sql();
            if !sql.contains("copy") {
                return sql;
            }
        }
    }

    fn disturb(&mut self, start: usize) {
        if self.lines.len() <= start + 1 {
            return self.any();
        }
        let at = self.rng.range(start, self.lines.len() - 1);
        match self.rng.below(4) {
            0 => drop(self.lines.remove(at)),
            1 => self.lines.insert(at, self.lines[at].clone()),
            2 => {
                let other = self.rng.range(start, self.lines.len() - 1);
                self.lines.swap(at, other);
            }
            _ => {
                self.any();
                if let Some(line) = self.lines.pop() {
                    self.lines.insert(at, line);
                }
            }
        }
    }

    /// Some calls that belong together.
    fn piece(&mut self) {
        match self.rng.below(if self.steady { 9 } else { 14 }) {
            0 => {
                let sql = self.plain_sql();
                say!(self, "exec {sql}");
            }
            1 => self.send_and_read(),
            2 | 3 => self.pipeline(),
            4 => self.copy_in(),
            5 => self.copy_out(),
            6 => self.prepared(),
            7 => {
                let params = self.rng.pick(PARAMS);
                let format = self.rng.below(2);
                say!(self, "execparams {format} {params}");
                if params.contains("copy") {
                    self.say("end");
                    self.say("drain");
                }
            }
            8 => {
                self.say("exec listen a; notify a, 'one'; notify b");
                self.say("notifies");
            }
            9 => self.old_copy(),
            10 => {
                let n = [-1, 3, 4, 40, 47, 48, 100][self.rng.below(7)];
                say!(self, "fn {n}");
            }
            11 => {
                let n = self.rng.below(4);
                say!(self, "verbosity {n}");
                let n = self.rng.below(3);
                say!(self, "context {n}");
                let sql = self.plain_sql();
                say!(self, "exec {sql}");
            }
            12 => {
                self.say("send select pg_sleep(20)");
                self.say("cancel");
                self.say("drain");
            }
            _ => {
                self.any();
                self.any();
            }
        }
    }

    fn row_mode(&mut self) {
        match self.rng.below(5) {
            0 | 1 => self.say("singlerow"),
            2 | 3 => {
                let n = self.rng.range(0, 12);
                say!(self, "chunked {n}");
            }
            _ => {}
        }
    }

    fn read(&mut self) {
        match self.rng.below(6) {
            0 => {
                for _ in 0..self.rng.range(1, 4) {
                    self.say("get");
                }
            }
            1 => {
                self.say("pump");
                self.say("next");
                self.say("drain");
            }
            2 if !self.steady => {
                self.say("flush");
                self.say("consume");
                self.say("busy");
                self.say("drain");
            }
            3 => {
                for _ in 0..self.rng.range(1, 5) {
                    self.say("next");
                }
            }
            _ => self.say("drain"),
        }
    }

    fn send_and_read(&mut self) {
        if self.rng.percent(60) {
            let sql = self.plain_sql();
            say!(self, "send {sql}");
        } else {
            let params = self.rng.pick(PARAMS);
            let format = self.rng.below(2);
            say!(self, "sendparams {format} {params}");
        }
        if self.rng.percent(50) {
            self.row_mode();
        }
        if self.steady {
            self.say("flushall");
        }
        self.read();
    }

    fn extended(&mut self) {
        let name = self.rng.pick(NAMES);
        let format = self.rng.below(2);
        match self.rng.below(12) {
            0..=5 => {
                let mut params = self.rng.pick(PARAMS);
                if params.contains("from stdin") && self.rng.percent(80) {
                    // The commands behind it make the server close the connection: when is a matter of chance.
                    params = "select $1::int|6";
                }
                say!(self, "sendparams {format} {params}");
            }
            6 | 7 => {
                let params = self.rng.pick(PARAMS);
                let text = params.split('|').next().unwrap_or_default();
                say!(self, "sendprepare {name} {text}");
            }
            8 => {
                let value = self.rng.pick(&["", "|1", "|a|2"]);
                say!(
                    self,
                    "sendprepared {format} {}{value}",
                    if name == "-" { "" } else { name }
                );
            }
            9 => say!(
                self,
                "senddescribeprepared {}",
                if name == "-" { "" } else { name }
            ),
            10 => say!(
                self,
                "sendclose{} {name}",
                self.rng.pick(&["prepared", "portal"])
            ),
            _ => say!(
                self,
                "senddescribeportal {}",
                self.rng.pick(&["", "c", "d"])
            ),
        }
    }

    fn pipeline(&mut self) {
        self.say("enter");
        for _ in 0..self.rng.range(1, 3) {
            let count = self.rng.range(0, 5);
            for _ in 0..count {
                self.extended();
                if self.rng.percent(15) {
                    self.row_mode();
                }
                if self.rng.percent(10) {
                    self.say("flushrequest");
                    self.say("flushall");
                    self.say("drain");
                }
            }
            if self.rng.percent(25) {
                self.say("sendsync");
                self.say("flushall");
            } else {
                self.say("sync");
            }
            if self.rng.percent(80) {
                for _ in 0..count + self.rng.below(3) {
                    if self.rng.percent(12) {
                        self.row_mode();
                    }
                    say!(
                        self,
                        "{}",
                        if self.rng.percent(85) { "drain" } else { "get" }
                    );
                }
            }
        }
        if self.rng.percent(90) {
            self.say("exit");
        }
    }

    fn copy_in(&mut self) {
        let start = ["exec ", "send ", "execparams 0 ", "sendparams 0 "][self.rng.below(4)];
        say!(
            self,
            "{start}copy t from stdin{}",
            self.rng
                .pick(&["", "", "", " (format csv)", " (format binary)"])
        );
        if start.starts_with("send") {
            self.say("drain");
        }
        for _ in 0..self.rng.below(5) {
            let data = self.rng.pick(COPY_DATA);
            say!(self, "put {data}");
            if self.rng.percent(10) {
                self.say("flushall");
            }
        }
        match self.rng.below(6) {
            0 => self.say("fail on purpose"),
            1 => {}
            _ => self.say("end"),
        }
        self.read();
    }

    fn copy_out(&mut self) {
        let start = ["exec ", "send ", "execparams 0 ", "sendparams 0 "][self.rng.below(4)];
        let from = self.rng.pick(&[
            "t",
            "(select 1 where false)",
            "(select g, repeat('c', g) from generate_series(1,400) g)",
            "(select 6/(g-4) from generate_series(1,9) g)",
        ]);
        say!(
            self,
            "{start}copy {from} to stdout{}",
            self.rng.pick(&["", "", " (format binary)"])
        );
        if start.starts_with("send") {
            say!(
                self,
                "{}",
                if self.rng.percent(80) {
                    "next"
                } else {
                    "drain"
                }
            );
        }
        match self.rng.below(4) {
            0 => {
                for _ in 0..self.rng.range(1, 6) {
                    self.say("getcopy");
                }
            }
            1 if !self.steady => {
                for _ in 0..self.rng.range(1, 6) {
                    self.say("getcopyasync");
                }
            }
            2 => self.say("copyall 1"),
            _ => self.say("copyall 0"),
        }
        self.read();
    }

    fn old_copy(&mut self) {
        if self.rng.percent(50) {
            self.say("exec copy t from stdin");
            for _ in 0..self.rng.below(4) {
                let data = self.rng.pick(COPY_DATA);
                say!(self, "{} {data}", self.rng.pick(&["putline", "putnbytes"]));
            }
            if self.rng.percent(50) {
                self.say("putline \\\\.\\n");
            }
        } else {
            self.say("exec copy t to stdout");
            let asynchronous = self.rng.percent(50);
            for _ in 0..self.rng.range(1, 25) {
                let size = [1, 2, 3, 5, 8, 40, 4000][self.rng.below(7)];
                say!(
                    self,
                    "{} {size}",
                    if asynchronous {
                        "getlineasync"
                    } else {
                        "getline"
                    }
                );
            }
        }
        if self.rng.percent(80) {
            self.say("endcopy");
        }
        self.say("drain");
    }

    fn prepared(&mut self) {
        let name = self.rng.pick(NAMES);
        let bare = if name == "-" { "" } else { name };
        let params = self.rng.pick(PARAMS);
        let text = params.split('|').next().unwrap_or_default();
        say!(self, "prepare {name} {text}");
        if self.rng.percent(60) {
            say!(self, "describeprepared {bare}");
        }
        let values = if self.rng.percent(80) {
            &params[text.len()..]
        } else {
            "|1"
        };
        let format = self.rng.below(2);
        say!(self, "execprepared {format} {bare}{values}");
        if self.rng.percent(40) {
            say!(self, "closeprepared {bare}");
        }
        if self.rng.percent(30) {
            say!(self, "describeportal {}", self.rng.pick(&["", "c"]));
            say!(self, "closeportal {}", self.rng.pick(&["", "c"]));
        }
    }

    /// Any single call.
    fn any(&mut self) {
        const STEADY: &[&str] = &[
            "next",
            "next",
            "drain",
            "pump",
            "flushall",
            "enter",
            "exit",
            "sync",
            "sendsync",
            "flushrequest",
            "singlerow",
            "nonblock 0",
            "nonblock 1",
            "end",
            "fail why",
            "getcopy",
            "copyall 1",
            "state",
            "get",
            "put 107\\tq\\n",
        ];
        const OTHERS: &[&str] = &[
            "consume",
            "busy",
            "flush",
            "getcopyasync",
            "chunked 0",
            "chunked -1",
            "endcopy",
            "getline 5",
            "getlineasync 5",
            "putline a",
            "fn 3",
            "parameter client_encoding",
            "parameter nothing",
            "reset",
            "verbosity 2",
            "closeprepared s1",
            "describeprepared missing",
            "describeportal missing",
            "nonblock 7",
            "encoding latin1",
            "encoding nonsense",
            "cancel",
        ];
        match self.rng.below(10) {
            0 | 1 => {
                let sql = self.sql();
                say!(self, "{} {sql}", self.rng.pick(&["exec", "send"]));
            }
            2 | 3 => self.extended(),
            4 | 5 if !self.steady => say!(self, "{}", self.rng.pick(OTHERS)),
            _ => say!(self, "{}", self.rng.pick(STEADY)),
        }
    }
}
