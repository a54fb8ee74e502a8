//! Byte transcripts of backends, fed into [`Session`] at once, byte by byte, and in pieces of other sizes: the same
//! results, notices, notifications, errors and state are required each time, and what the transcript says is checked
//! once. No socket and no server.
//!
//! Transcripts are written in the script language of `support/scripted.rs` (`send`, `message`, `raw`).

mod support;

use pq::protocol::frontend::Param;
use pq::protocol::session::{CopyStep, NextResult, Session, State, Target};
use pq::protocol::types::ExecStatus;
use support::scripted::{Script, Step};

/// The bytes a script sends.
fn bytes(script: &str) -> Vec<u8> {
    fn collect(steps: &[Step], out: &mut Vec<u8>) {
        for step in steps {
            match step {
                Step::Send(bytes) => out.extend(bytes),
                Step::Repeat(times, steps) => (0..*times).for_each(|_| collect(steps, out)),
                other => panic!("{other:?} has no place in a transcript"),
            }
        }
    }
    let script =
        Script::parse(script, |_, _| false).unwrap_or_else(|error| panic!("{error}\n{script}"));
    let mut out = Vec::new();
    collect(&script.connections[0], &mut out);
    out
}

/// Receives `data` as a transport would: as much as fits, again and again.
fn receive(session: &mut Session, mut data: &[u8]) {
    while !data.is_empty() {
        let (block, room) = session.space().unwrap_or_else(|_| panic!("memory is out"));
        let n = room.min(data.len());
        assert!(n > 0, "the session has no room");
        block.extend_from_slice(&data[..n]);
        data = &data[n..];
    }
}

/// Takes everything there is to take, into a log.
fn take(session: &mut Session, log: &mut Vec<String>) {
    loop {
        // a bound: a session that never ends its results is to fail the test
        assert!(
            log.len() < 100_000,
            "results without end: {:?}",
            &log[log.len() - 5..]
        );
        // behaviour 206: asking for a result during COPY gives the same again, and no progress
        if session.can_get_copy()
            && log.iter().any(|line| line.starts_with("Copy"))
            && !take_copy(session, log)
        {
            break;
        }
        match session.next_result() {
            NextResult::Pending => break,
            NextResult::None => {
                if log.last().map(String::as_str) != Some("none") {
                    log.push("none".into());
                }
                if session.state() == State::Idle {
                    break;
                }
            }
            NextResult::Ready(result) => {
                let copy = matches!(result.status, ExecStatus::CopyOut | ExecStatus::CopyBoth);
                let sends = result.status == ExecStatus::CopyIn;
                let mut line = format!(
                    "{:?} tag={} message={}",
                    result.status,
                    result.tag.text().escape_ascii(),
                    result.message().escape_ascii()
                );
                line.push_str(" columns=");
                for i in 0..result.columns.len() {
                    let name = result.columns.name_with_nul(i).unwrap_or_default();
                    line.push_str(&format!("{},", name.escape_ascii()));
                }
                line.push_str(&format!(" params={:?}", result.param_types));
                for row in 0..result.rows.rows() {
                    line.push_str(" row=");
                    for column in 0..result.rows.columns() {
                        match result.rows.length(row, column) {
                            -1 => line.push_str("null,"),
                            _ => {
                                let value = result.rows.value(row, column).unwrap_or_default();
                                line.push_str(&format!("{}/", value.escape_ascii()));
                                let with_nul =
                                    result.rows.value_with_nul(row, column).unwrap_or_default();
                                assert_eq!(with_nul.last(), Some(&0), "a value is not terminated");
                            }
                        }
                    }
                }
                log.push(line);
                if sends {
                    session
                        .put_copy_end(None)
                        .unwrap_or_else(|_| panic!("COPY IN cannot be ended"));
                }
                if copy && !take_copy(session, log) {
                    break;
                }
            }
        }
    }
    log.extend(
        session
            .notices
            .drain(..)
            .map(|n| format!("notice {}", n.message().escape_ascii())),
    );
    log.extend(session.notifications.drain(..).map(|n| {
        format!(
            "notification {} {} {}",
            n.process_id,
            n.channel.escape_ascii(),
            n.payload.escape_ascii()
        )
    }));
}

/// Whether the COPY data has ended.
fn take_copy(session: &mut Session, log: &mut Vec<String>) -> bool {
    loop {
        match session.get_copy_data() {
            CopyStep::Data(data) => log.push(format!("copy {}", data.escape_ascii())),
            CopyStep::Pending => return false,
            CopyStep::Done | CopyStep::Lost => {
                if session.state() == State::CopyIn {
                    session
                        .put_copy_end(None)
                        .unwrap_or_else(|_| panic!("COPY cannot be ended"));
                }
                return true;
            }
        }
    }
}

/// Everything observable after a transcript fed in chunks of these sizes, in turn.
fn observe(begin: fn(&mut Session), transcript: &[u8], sizes: &[usize]) -> Vec<String> {
    let mut session = Session::default();
    begin(&mut session);
    let mut log = Vec::new();
    let mut rest = transcript;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let n = (*size).min(rest.len());
        receive(&mut session, &rest[..n]);
        rest = &rest[n..];
        take(&mut session, &mut log);
        if session.is_lost() {
            // the transport is dropped: nothing more is received
            break;
        }
    }
    // notices and notifications may be taken between the results of a command or after: the order of each counts
    let (mut ordered, others): (Vec<String>, Vec<String>) =
        log.into_iter().partition(|line| !line.starts_with("noti"));
    ordered.dedup_by(|a, b| a == b && a == "none");
    let (notices, notifications): (Vec<String>, Vec<String>) = others
        .into_iter()
        .partition(|line| line.starts_with("notice"));
    ordered.extend(notices);
    ordered.extend(notifications);
    ordered.push(format!(
        "state={:?} lost={} pipeline={:?} transaction={:?}",
        session.state(),
        session.is_lost(),
        session.pipeline_status(),
        session.transaction_status()
    ));
    ordered.push(format!("errors={}", session.errors.text().escape_ascii()));
    ordered.push(format!("sent={}", session.output.pending().escape_ascii()));
    ordered
}

/// Feeds a transcript in several ways; what is observed must be the same, and contain these texts in this order.
fn check(begin: fn(&mut Session), script: &str, expected: &[&str]) {
    let transcript = bytes(script);
    let whole = observe(begin, &transcript, &[usize::MAX]);
    for sizes in [
        &[1][..],
        &[2],
        &[3],
        &[7],
        &[1, 5],
        &[4, 1, 1],
        &[64],
        &[1000, 1],
    ] {
        assert_eq!(
            whole,
            observe(begin, &transcript, sizes),
            "in pieces of {sizes:?}:\n{script}"
        );
    }
    let text = whole.join("\n");
    let mut from = 0;
    for wanted in expected {
        match text[from..].find(wanted) {
            Some(at) => from += at + wanted.len(),
            None => panic!("\"{wanted}\" is not there, or not in its place:\n{text}"),
        }
    }
}

fn query(session: &mut Session) {
    session
        .send_query(b"SELECT\n x")
        .unwrap_or_else(|_| panic!("the query is refused"));
}

/// A query after another one that has given a row of the columns a and b, so that the short ways are open.
fn query_again(session: &mut Session) {
    begin_again(session, query);
}

fn query_params_again(session: &mut Session) {
    begin_again(session, query_params);
}

fn begin_again(session: &mut Session, begin: fn(&mut Session)) {
    let answer = "send RowDescription a:25 b:23\nsend DataRow one 1\nsend CommandComplete \"SELECT 1\"\nsend ReadyForQuery I";
    begin(session);
    session.output.advance(session.output.len());
    receive(session, &bytes(answer));
    take(session, &mut Vec::new());
    begin(session);
}

fn query_params(session: &mut Session) {
    let none: &[Param<'_>] = &[];
    session
        .send_query_params(b"SELECT 1", &[], none, 0)
        .unwrap_or_else(|_| panic!("the query is refused"));
}

fn single_row(session: &mut Session) {
    query(session);
    assert!(session.set_single_row_mode());
}

fn chunks_of_two(session: &mut Session) {
    query(session);
    assert!(session.set_chunked_rows_mode(2));
}

fn describe(session: &mut Session) {
    session
        .send_describe(Target::Statement, b"s")
        .unwrap_or_else(|_| panic!("the describe is refused"));
}

fn pipeline(session: &mut Session) {
    session
        .enter_pipeline()
        .unwrap_or_else(|_| panic!("no pipeline"));
    query_params(session);
    query_params(session);
    query_params(session);
    session
        .send_pipeline_sync()
        .unwrap_or_else(|_| panic!("no sync"));
}

#[test]
fn a_simple_query_gives_its_rows() {
    check(
        query,
        "send RowDescription a:25 b:23\nsend DataRow one null\nsend DataRow \"\" 22\nsend CommandComplete \"SELECT 2\"\n\
         send ReadyForQuery T",
        &[
            "TuplesOk tag=SELECT 2",
            "columns=a\\x00,b\\x00,",
            "row=one/null, row=/22/",
            "none",
            "state=Idle",
            "InTransaction",
        ],
    );
}

#[test]
fn what_was_seen_before_is_taken_as_if_it_were_new() {
    let tag = "send CommandComplete \"SELECT 2\"\n";
    let end = "send CommandComplete \"SELECT 2\"\nsend ReadyForQuery T";
    let amid = [
        "send DataRow one null\nsend DataRow two 2\n",
        "",
        "repeat 700\nsend DataRow one null\nend\n",
        "repeat 300\nsend DataRow one null\nend\nsend NoticeResponse S=NOTICE M=note\nsend DataRow two 2\n",
        "send DataRow one 1\nsend NotificationResponse 7 ch pay\nsend DataRow two 2\n",
        "send DataRow one 1\nsend ParameterStatus application_name y\n",
        "send DataRow one 1\nsend DataRow three\nsend DataRow two 2\n",
        "send DataRow one 1\nmessage D x:000200000001410000000942\n",
        "send DataRow one 1\nmessage D x:00020000000141ffffffff42\n",
        "send DataRow one 1\nmessage D x:000300000001410000000142\n",
        "send DataRow one 1\nmessage D x:00\n",
        "send DataRow one 1\nmessage C x:41004200\n",
        "send DataRow one 1\nmessage C x:41\n",
        "send DataRow one 1\nmessage C\n",
        "send DataRow one 1\nraw C x:00000003\n",
        "send DataRow one 1\nsend ErrorResponse S=ERROR C=22012 M=zero\n",
        "send DataRow one 1\nmessage 2 x:00\n",
        "send DataRow one 1\nsend BindComplete\n",
        "send DataRow one 1\nmessage Z\n",
        "send DataRow one 1\nmessage Z x:0000\n",
        "send DataRow one 1\nsend RowDescription a:25 b:23\nsend DataRow two 2\n",
        "send DataRow one 1\nsend CommandComplete \"SELECT 1\"\nsend RowDescription a:25 b:23\nsend DataRow two 2\n",
        "send DataRow one 1\nsend CommandComplete \"SELECT 1\"\nsend RowDescription a:25\nsend DataRow two\n",
    ];
    let progress = [
        "",
        "send ParseComplete\nsend BindComplete\n",
        "send NoData\n",
    ];
    for (rows, before) in amid.iter().flat_map(|rows| progress.map(|p| (rows, p))) {
        for description in ["RowDescription a:25 b:23", "RowDescription a:25 b:25"] {
            let script = format!("{before}send {description}\n{rows}{end}");
            for (new, again) in [
                (query as fn(&mut Session), query_again as fn(&mut Session)),
                (query_params, query_params_again),
            ] {
                check(again, &script, &[]);
                let transcript = bytes(&script);
                assert_eq!(
                    observe(new, &transcript, &[usize::MAX]),
                    observe(again, &transcript, &[usize::MAX]),
                    "{script}"
                );
            }
        }
    }
    let script = format!(
        "send RowDescription a:25 b:23\n{}{tag}send ReadyForQuery T",
        amid[0]
    );
    let expected = [
        "tag=SELECT 2",
        "row=one/null, row=two/2/",
        "none",
        "InTransaction",
    ];
    check(query_again, &script, &expected);
}

#[test]
fn several_statements_give_a_result_each() {
    check(
        query,
        "send RowDescription a:25\nsend DataRow x\nsend CommandComplete \"SELECT 1\"\nsend CommandComplete INSERT\n\
         send EmptyQueryResponse\nsend ReadyForQuery I",
        &["TuplesOk", "CommandOk tag=INSERT", "EmptyQuery", "none"],
    );
}

#[test]
fn an_error_ends_the_string_and_shows_its_place() {
    check(
        query,
        "send RowDescription a:25\nsend DataRow x\nsend ErrorResponse S=ERROR V=ERROR C=42703 M=\"no x\" P=9\n\
         send ReadyForQuery E",
        &[
            "FatalError",
            "ERROR:  no x\\nLINE 2:  x\\n",
            "none",
            "InError",
        ],
    );
}

#[test]
fn notices_and_notifications_come_at_any_time() {
    check(
        query,
        "send NoticeResponse S=NOTICE M=first\nsend RowDescription a:25\nsend NotificationResponse 7 ch pay\n\
         send DataRow x\nsend ParameterStatus application_name y\nsend NoticeResponse S=NOTICE M=second\n\
         send CommandComplete \"SELECT 1\"\nsend ReadyForQuery I\nsend NotificationResponse 8 ch later",
        &["TuplesOk", "row=x/", "none"],
    );
}

#[test]
fn rows_are_handed_out_one_by_one_and_in_chunks() {
    let rows = "send RowDescription a:25\nsend DataRow 1\nsend DataRow 2\nsend DataRow 3\nsend CommandComplete \"SELECT 3\"\n\
                send ReadyForQuery I";
    check(
        single_row,
        rows,
        &[
            "SingleTuple",
            "row=1/",
            "SingleTuple",
            "row=2/",
            "SingleTuple",
            "row=3/",
            "TuplesOk tag=SELECT 3",
            "none",
        ],
    );
    // behaviour 188: the tag is on the last chunk when that is not full
    check(
        chunks_of_two,
        rows,
        &[
            "row=1/ row=2/",
            "tag=SELECT 3",
            "row=3/",
            "TuplesOk tag= ",
            "none",
        ],
    );
}

#[test]
fn an_error_after_rows_ends_the_row_by_row_results() {
    let rows = "send RowDescription a:25\nsend DataRow 1\nsend DataRow 2\nsend DataRow 3\n\
                send ErrorResponse S=ERROR C=22012 M=\"zero\"\nsend ReadyForQuery I";
    check(
        single_row,
        rows,
        &[
            "row=1/",
            "row=2/",
            "row=3/",
            "FatalError",
            "ERROR:  zero",
            "none",
        ],
    );
    check(
        chunks_of_two,
        rows,
        &["row=1/ row=2/", "FatalError", "none"],
    );
}

#[test]
fn the_extended_protocol_gives_one_result() {
    check(
        query_params,
        "send ParseComplete\nsend BindComplete\nsend RowDescription a:17:1\nsend DataRow x:0001ff\n\
         send CommandComplete \"SELECT 1\"\nsend ReadyForQuery I",
        &["TuplesOk tag=SELECT 1", "row=\\x00\\x01\\xff/", "none"],
    );
}

#[test]
fn a_describe_gives_parameters_and_columns() {
    check(
        describe,
        "send ParameterDescription 23 25\nsend RowDescription a:25\nsend ReadyForQuery I",
        &["CommandOk", "columns=a\\x00,", "params=[23, 25]", "none"],
    );
    check(
        describe,
        "send ParameterDescription\nsend NoData\nsend ReadyForQuery I",
        &["CommandOk", "params=[]", "none"],
    );
}

#[test]
fn a_pipeline_gives_results_nulls_and_syncs() {
    check(
        pipeline,
        "send ParseComplete\nsend BindComplete\nsend RowDescription a:25\nsend DataRow x\nsend CommandComplete \"SELECT 1\"\n\
         send ErrorResponse S=ERROR C=22012 M=zero\nsend ReadyForQuery I",
        &[
            "TuplesOk",
            "none",
            "FatalError",
            "none",
            "PipelineAborted",
            "none",
            "PipelineSync",
        ],
    );
}

#[test]
fn copy_out_gives_its_data_and_its_result() {
    check(
        query,
        "send CopyOutResponse 0 0\nsend CopyData \"one\\n\"\nsend NoticeResponse S=NOTICE M=note\nsend CopyData \"two\\n\"\n\
         send CopyDone\nsend CommandComplete \"COPY 2\"\nsend ReadyForQuery I",
        &[
            "CopyOut",
            "copy one\\n",
            "copy two\\n",
            "CommandOk tag=COPY 2",
            "none",
        ],
    );
}

#[test]
fn an_error_in_copy_out_ends_it() {
    check(
        query,
        "send CopyOutResponse 0 0\nsend CopyData \"one\\n\"\nsend ErrorResponse S=ERROR C=22000 M=failed\nsend ReadyForQuery I",
        &[
            "CopyOut",
            "copy one\\n",
            "FatalError",
            "ERROR:  failed",
            "none",
        ],
    );
}

#[test]
fn copy_in_is_ended_by_the_application() {
    check(
        query,
        "send CopyInResponse 0 0\nsend CommandComplete \"COPY 0\"\nsend ReadyForQuery I",
        &["CopyIn", "CommandOk tag=COPY 0", "none"],
    );
}

#[test]
fn copy_both_ends_both_ways() {
    check(
        query,
        "send CopyBothResponse 0 0\nsend CopyData one\nsend CopyData two\nsend CopyDone\nsend CommandComplete OK\n\
         send ReadyForQuery I",
        &["CopyBoth", "copy one", "copy two", "CommandOk", "none"],
    );
}

#[test]
fn a_lost_stream_stays_lost() {
    for script in [
        "raw C i32:3 \"abcdef\"",
        "raw C i32:30001 \"abcdef\"",
        "raw D i32:-1 \"abcdef\"",
        "send RowDescription a:25\nsend DataRow x\nraw D i32:0 \"abcdef\"",
        "raw \"\\xff\" i32:2147483647 \"abcdef\"",
    ] {
        check(
            query,
            script,
            &[
                "FatalError",
                "lost synchronization with server",
                "lost=true",
            ],
        );
    }
}

#[test]
fn rows_that_lie_about_their_length_are_refused() {
    check(
        query,
        "send RowDescription a:25\nmessage D i16:1 i32:100 \"ab\"\nsend CommandComplete \"SELECT 1\"\nsend ReadyForQuery I",
        &[
            "FatalError",
            "insufficient data in \\\"D\\\" message",
            "none",
            "lost=false",
        ],
    );
    check(
        query,
        "send RowDescription a:25\nsend DataRow one two\nsend CommandComplete \"SELECT 1\"\nsend ReadyForQuery I",
        &[
            "FatalError",
            "unexpected field count in \\\"D\\\" message",
            "none",
            "lost=false",
        ],
    );
    check(
        query,
        "send DataRow one\nsend CommandComplete \"SELECT 1\"\nsend ReadyForQuery I",
        &["FatalError", "without prior row description", "none"],
    );
}

#[test]
fn many_rows_over_many_blocks_are_all_there() {
    check(
        query,
        "send RowDescription a:25 b:17:1\nrepeat 500\nsend DataRow fill:400:q x:000102\nsend DataRow null \"\"\nend\n\
         send CommandComplete \"SELECT 1000\"\nsend ReadyForQuery I",
        &["TuplesOk tag=SELECT 1000"],
    );
}

#[test]
fn messages_while_idle_are_taken_as_they_are() {
    fn nothing(_: &mut Session) {}
    check(
        nothing,
        "send NoticeResponse S=NOTICE M=idle\nsend NotificationResponse 1 a b\nsend ParameterStatus c d\n\
         send ErrorResponse S=FATAL V=FATAL C=57P01 M=\"going down\"\nsend DataRow x",
        &["none", "state=Idle"],
    );
}
