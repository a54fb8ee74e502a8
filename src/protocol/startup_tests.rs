//! Startup exchanges as byte transcripts, each fed whole and byte by byte.

use super::*;
use crate::protocol::session::NextResult;

/// What an exchange came to: what we sent, and how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    sent: Vec<u8>,
    end: Result<(), String>,
    unread: Vec<u8>,
}

struct Setup {
    allowed: Option<Allowed>,
    password: Option<&'static [u8]>,
    versions: Versions,
    binding: BindingPolicy,
    end_point: Option<&'static [u8]>,
}

const V30: u32 = 0x0003_0000;
const V32: u32 = 0x0003_0002;

impl Default for Setup {
    fn default() -> Self {
        Setup {
            allowed: None,
            password: Some(b"pencil"),
            versions: Versions { min: V30, max: V30 },
            binding: BindingPolicy::Prefer,
            end_point: None,
        }
    }
}

impl Setup {
    fn startup(&self) -> Startup {
        Startup::new(
            Policy {
                require_auth: self.allowed.map(|allowed| (b"listed".to_vec(), allowed)),
                channel_binding: self.binding,
                certificate_required: false,
                mechanisms: None,
            },
            Channel {
                end_point: self.end_point.map(|hash| EndPoint::Hash(hash.to_vec())),
                ..Channel::default()
            },
            Credentials {
                user: b"user".to_vec(),
                password: self.password.map(|p| Zeroizing::new(p.to_vec())),
                scram_client_key: None,
                scram_server_key: None,
                oauth: Oauth::default(),
                scram_cache: None,
            },
            self.versions,
            |nonce| {
                nonce.fill(7);
                true
            },
        )
    }

    fn play(&self, pieces: &[&[u8]]) -> (Outcome, Session) {
        let mut session = Session::default();
        let mut startup = self.startup();
        startup
            .write_message(&mut session, &[(b"user", b"user")])
            .unwrap();
        assert!(session.output.pending().starts_with(b"\0\0\0\x13\0\x03"));
        session.output.clear();
        let mut sent = Vec::new();
        let mut end = Err("unfinished".to_owned());
        'feeding: for piece in pieces {
            let (block, room) = session.input.space(|_, _| ()).unwrap();
            assert!(room >= piece.len());
            block.extend_from_slice(piece);
            loop {
                let step = startup.advance(&mut session);
                sent.extend_from_slice(session.output.pending());
                session.output.clear();
                match step {
                    Ok(Step::NeedInput) => break,
                    Ok(Step::Progress) => {}
                    Ok(Step::Needs) => {
                        end = Err(format!("needs {:?}", startup.need()));
                        break 'feeding;
                    }
                    Ok(Step::NeedPassword) => startup.set_password(None),
                    Ok(Step::Authenticated) => {
                        end = Ok(());
                        break 'feeding;
                    }
                    Err(error) => {
                        let mut text = session.errors.text().to_vec();
                        error.write_text(&mut text);
                        end = Err(String::from_utf8_lossy(&text).into_owned());
                        break 'feeding;
                    }
                }
            }
        }
        let unread = session.input.unparsed().to_vec();
        (Outcome { sent, end, unread }, session)
    }

    /// Plays it whole and byte by byte, which must come to the same.
    fn run(&self, from_server: &[u8]) -> Outcome {
        let (whole, _) = self.play(&[from_server]);
        let bytes: Vec<&[u8]> = from_server.chunks(1).collect();
        let (mut single, _) = self.play(&bytes);
        single.unread.clone_from(&whole.unread);
        assert_eq!(whole, single);
        whole
    }

    fn error(&self, from_server: &[u8]) -> String {
        self.run(from_server).end.unwrap_err()
    }
}

fn request(code: u32, body: &[u8]) -> Vec<u8> {
    let mut out = b"R".to_vec();
    out.extend((body.len() as u32 + 8).to_be_bytes());
    out.extend(code.to_be_bytes());
    out.extend(body);
    out
}

#[test]
fn a_trusted_user_is_let_in() {
    let outcome = Setup::default().run(&[request(0, b""), b"Z\0\0\0\x05I".to_vec()].concat());
    assert_eq!(outcome.end, Ok(()));
    assert_eq!(outcome.unread, b"Z\0\0\0\x05I");
    assert!(outcome.sent.is_empty());
}

#[test]
fn a_password_goes_out_in_clear_or_hashed() {
    let clear = Setup::default().run(&[request(3, b""), request(0, b"")].concat());
    assert_eq!(
        (clear.end, clear.sent.as_slice()),
        (Ok(()), &b"p\0\0\0\x0bpencil\0"[..])
    );
    let md5 = Setup::default().run(&[request(5, b"abcd"), request(0, b"")].concat());
    assert_eq!(md5.end, Ok(()));
    assert!(md5.sent.starts_with(b"p\0\0\0\x28md5") && md5.sent.len() == 41);
}

#[test]
fn behaviour_130_no_password_is_said_literally() {
    for password in [None, Some(&b""[..])] {
        let setup = Setup {
            password,
            ..Setup::default()
        };
        for challenge in [
            request(3, b""),
            request(5, b"abcd"),
            request(10, b"SCRAM-SHA-256\0\0"),
        ] {
            assert_eq!(setup.error(&challenge), "fe_sendauth: no password supplied");
        }
    }
}

#[test]
fn scram_sends_its_first_message_and_refuses_a_foreign_nonce() {
    let outcome = Setup::default().run(
        &[
            request(10, b"SCRAM-SHA-256\0\0"),
            request(11, b"r=foreign,s=AAAA,i=4096"),
        ]
        .concat(),
    );
    assert_eq!(
        outcome.sent,
        b"p\0\0\0\x36SCRAM-SHA-256\0\0\0\0\x20n,,n=,r=BwcHBwcHBwcHBwcHBwcHBwcH"
    );
    assert_eq!(
        outcome.end,
        Err("invalid SCRAM response (nonce mismatch)".into())
    );
}

#[test]
fn a_scram_final_message_before_its_turn_is_refused() {
    let first = b"r=BwcHBwcHBwcHBwcHBwcHBwcHxyz,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1";
    let outcome =
        Setup::default().run(&[request(10, b"SCRAM-SHA-256\0\0"), request(12, first)].concat());
    assert_eq!(
        outcome.end,
        Err("AuthenticationSASLFinal received from server, but SASL authentication was not completed".into())
    );
}

#[test]
fn a_server_that_does_not_know_the_secret_is_refused() {
    let first = b"r=BwcHBwcHBwcHBwcHBwcHBwcHxyz,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1";
    let forged = b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let outcome = Setup::default().run(
        &[
            request(10, b"SCRAM-SHA-256\0\0"),
            request(11, first),
            request(12, forged),
        ]
        .concat(),
    );
    assert_eq!(outcome.end, Err("incorrect server signature".into()));
}

#[test]
fn behaviour_126_ok_before_the_exchange_is_done_violates_a_requirement() {
    let allowed = Allowed {
        password: false,
        md5: false,
        gss: false,
        sspi: false,
        gss_continue: false,
        scram: true,
        oauth: false,
        other_sasl: false,
        none: false,
    };
    let setup = Setup {
        allowed: Some(allowed),
        ..Setup::default()
    };
    let early = [request(10, b"SCRAM-SHA-256\0\0"), request(0, b"")].concat();
    assert_eq!(
        setup.error(&early),
        "authentication method requirement \"listed\" failed: server did not complete authentication"
    );
    assert_eq!(
        Setup::default().run(&early).end,
        Ok(()),
        "without a requirement the server decides"
    );
}

/// The mechanism chosen and the gs2 header, or the error, for a list of mechanisms.
fn mechanism(binding: BindingPolicy, end_point: Option<&'static [u8]>, offered: &[u8]) -> String {
    let setup = Setup {
        binding,
        end_point,
        ..Setup::default()
    };
    let outcome = setup.run(&request(10, offered));
    match outcome.end {
        Err(text) if text == "unfinished" => {
            let sent = outcome.sent.get(5..).unwrap_or_default();
            let name = sent.split(|&b| b == 0).next().unwrap();
            let first = sent.get(name.len() + 5..).unwrap();
            let header = first.split(|&b| b == b',').next().unwrap();
            String::from_utf8([name, b" ", header].concat()).unwrap()
        }
        Err(text) => text,
        Ok(()) => "let in".into(),
    }
}

#[test]
fn behaviours_127_128_129_binding_depends_on_the_channel_and_the_offer() {
    use BindingPolicy::{Disable, Prefer, Require};
    let tls = Some(&b"hash"[..]);
    let (plain, plus) = (&b"SCRAM-SHA-256\0\0"[..], &b"SCRAM-SHA-256-PLUS\0\0"[..]);
    let both = b"SCRAM-SHA-256\0SCRAM-SHA-256-PLUS\0\0";
    let not_tls = "server offered SCRAM-SHA-256-PLUS authentication over a non-SSL connection";
    let bound = "SCRAM-SHA-256-PLUS p=tls-server-end-point";
    for (binding, channel, offered, expected) in [
        (Disable, None, plain, "SCRAM-SHA-256 n"),
        (Prefer, None, plain, "SCRAM-SHA-256 n"),
        (Prefer, None, both, not_tls),
        (Disable, None, plus, not_tls),
        (
            Require,
            None,
            plain,
            "channel binding required, but SSL not in use",
        ),
        (Disable, tls, both, "SCRAM-SHA-256 n"),
        (
            Disable,
            tls,
            plus,
            "none of the server's SASL authentication mechanisms are supported",
        ),
        (Prefer, tls, plain, "SCRAM-SHA-256 y"),
        (Prefer, tls, both, bound),
        (Require, tls, both, bound),
        (
            Require,
            tls,
            plain,
            "channel binding is required, but server did not offer an authentication method that supports channel binding",
        ),
    ] {
        assert_eq!(
            mechanism(binding, channel, offered),
            expected,
            "{binding:?}"
        );
    }
}

#[test]
fn behaviour_129_required_binding_is_not_satisfied_by_a_server_that_just_lets_us_in() {
    let setup = Setup {
        binding: BindingPolicy::Require,
        end_point: Some(b"hash"),
        ..Setup::default()
    };
    assert_eq!(
        setup.error(&request(0, b"")),
        "channel binding required, but server authenticated client without channel binding"
    );
    assert_eq!(
        setup.error(&request(3, b"")),
        "channel binding required but not supported by server's authentication request"
    );
    // A bound exchange that was begun and not finished.
    let early = [request(10, b"SCRAM-SHA-256-PLUS\0\0"), request(0, b"")].concat();
    assert_eq!(
        setup.error(&early),
        "channel binding required, but server authenticated client without channel binding"
    );
}

#[test]
fn behaviour_353_a_required_certificate_must_have_been_asked_for_and_sent() {
    for (requested, sent, expected) in [
        (
            false,
            false,
            Some("server did not request an SSL certificate"),
        ),
        (
            true,
            false,
            Some("server accepted connection without a valid SSL certificate"),
        ),
        (true, true, None),
    ] {
        let mut session = Session::default();
        let mut startup = Setup::default().startup();
        startup.policy.certificate_required = true;
        startup.channel.certificate_requested = requested;
        startup.channel.certificate_sent = sent;
        let (block, _) = session.input.space(|_, _| ()).unwrap();
        block.extend_from_slice(&request(0, b""));
        let text = startup.advance(&mut session).err().map(|error| {
            let mut text = Vec::new();
            error.write_text(&mut text);
            String::from_utf8(text).unwrap()
        });
        assert_eq!(text.as_deref(), expected);
    }
}

#[test]
fn behaviour_116_the_version_may_go_down_once() {
    let setup = Setup {
        versions: Versions { min: V30, max: V32 },
        ..Setup::default()
    };
    let lower = b"v\0\0\0\x0c\0\x03\0\0\0\0\0\0";
    let (outcome, session) = setup.play(&[&[lower.to_vec(), request(0, b"")].concat()]);
    assert_eq!((outcome.end, session.facts.protocol_version), (Ok(()), V30));
    assert_eq!(
        setup.error(&[&lower[..], lower].concat()),
        "received duplicate protocol negotiation message"
    );
    let (_, session) = setup.play(&[&request(0, b"")]);
    assert_eq!(
        session.facts.protocol_version, V32,
        "behaviour 117: silence is consent"
    );
}

#[test]
fn behaviour_93_an_error_of_impossible_length_is_an_old_servers_text() {
    for (from_server, text) in [
        (&b"Etoo many clients\n\0"[..], "too many clients"),
        (b"E\0\0\0\x07abc\0", ""),
    ] {
        assert_eq!(Setup::default().error(from_server), text);
    }
    // Without an end it is bounded.
    let endless = [b"Eaa".as_slice(), &[b'x'; 40_000]].concat();
    let pieces: Vec<&[u8]> = endless.chunks(1000).collect();
    let (outcome, _) = Setup::default().play(&pieces);
    assert_eq!(outcome.end.unwrap_err().len(), OLD_ERROR_MAX);
}

#[test]
fn behaviour_344_lengths_are_judged_before_the_body_comes() {
    for (header, text) in [
        (
            &b"R\0\0\0\x07"[..],
            "received invalid authentication request",
        ),
        (b"R\0\0\x07\xd1", "received invalid authentication request"),
        (
            b"R\xff\xff\xff\xff",
            "received invalid authentication request",
        ),
        (
            b"v\x7f\xff\xff\xff",
            "received invalid protocol negotiation message",
        ),
        (
            b"N\0\0\0\x08",
            "expected authentication request from server, but received N",
        ),
    ] {
        assert_eq!(Setup::default().error(header), text);
    }
}

#[test]
fn a_servers_error_is_worded_like_any_other() {
    let (_, mut session) = Setup::default().play(&[]);
    let mut fields = ErrorFields::default();
    fields.push(b'S', b"FATAL").unwrap();
    fields.push(b'M', b"no").unwrap();
    session.say_server_error(&fields);
    assert_eq!(session.errors.text(), b"FATAL:  no\n");
}

#[test]
fn after_authentication_the_session_takes_over_until_ready() {
    let from_server = [
        request(0, b""),
        b"S\0\0\0\x09a\0bc\0".to_vec(),
        b"K\0\0\0\x0c\0\0\0\x07abcd".to_vec(),
        b"Z\0\0\0\x05I".to_vec(),
    ]
    .concat();
    let (outcome, mut session) = Setup::default().play(&[&from_server]);
    assert_eq!(outcome.end, Ok(()));
    session.begin_startup();
    assert!(matches!(session.next_result(), NextResult::None));
    assert_eq!(session.facts.process_id, 7);
    assert_eq!(session.facts.parameter_with_nul(b"a"), Some(&b"bc\0"[..]));
}

#[test]
fn arbitrary_bytes_never_let_us_in_or_panic() {
    let mut state = 1u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as u8
    };
    for round in 0..3000 {
        let mut bytes: Vec<u8> = (0..random() % 60).map(|_| random()).collect();
        // Often enough something that begins like a message.
        if round % 3 > 0 {
            let kind = b"REv"[usize::from(random() % 3)];
            let code = random() % 14;
            bytes.splice(
                0..0,
                [kind, 0, 0, 0, 8 + random() % 40, 0, 0, 0, code.max(1)],
            );
        }
        let setup = Setup::default();
        let (outcome, _) = setup.play(&[&bytes]);
        if outcome.end.is_ok() {
            let ok = request(0, b"");
            // The length may be longer than the request, never another code.
            assert!(
                bytes.windows(9).any(|w| w[0] == ok[0] && w[5..] == ok[5..]),
                "{bytes:?}"
            );
        }
    }
}

#[test]
fn behaviours_314_to_317_the_exchange_is_traced_as_the_reference_traces_it() {
    let trace = |setup: &Setup, from_server: &[u8]| {
        let mut session = Session::default();
        let mut trace = crate::protocol::trace::Trace::new(|_| ());
        trace.set_flags(1);
        session.trace = Some(Box::new(trace));
        let mut startup = setup.startup();
        startup
            .write_message(&mut session, &[("user", b"a"), ("database", b"b")])
            .unwrap();
        session
            .input
            .space(|_, _| ())
            .unwrap()
            .0
            .extend_from_slice(from_server);
        while let Ok(Step::Progress) = startup.advance(&mut session) {}
        String::from_utf8(session.trace.unwrap().lines).unwrap()
    };
    let first = "F\t27\tStartupMessage\t 3 0 \"user\" \"a\" \"database\" \"b\"\n";
    assert_eq!(
        trace(
            &Setup::default(),
            &[request(3, b""), request(0, b"")].concat()
        ),
        format!(
            "{first}B\t8\tAuthenticationCleartextPassword\nF\t11\tPasswordMessage\t \"pencil\"\n"
        )
    );
    let scram = [request(10, b"SCRAM-SHA-256\0\0"), request(11, b"r=x")].concat();
    assert_eq!(
        trace(&Setup::default(), &scram),
        format!(
            "{first}B\t23\tAuthenticationSASL\t \"SCRAM-SHA-256\" \"\"\n\
             F\t54\tSASLInitialResponse\t \"SCRAM-SHA-256\" 32 'n,,n=,r=BwcHBwcHBwcHBwcHBwcHBwcH'\n\
             B\t11\tAuthenticationSASLContinue\t 'r=x'\n"
        )
    );
    // A request that fails before it is answered leaves no line.
    let setup = Setup {
        password: None,
        ..Setup::default()
    };
    assert_eq!(trace(&setup, &request(3, b"")), first);
    assert_eq!(trace(&setup, &request(99, b"")), first);
}
