//! SCRAM against the exchange of RFC 7677 and against what libpq 18.6 answers to malformed messages.

use super::*;

fn scram(password: &[u8], binding: ChannelBinding) -> Scram {
    Scram::new(
        ScramSecret::new(password, None, None).unwrap(),
        *b"123456789012345678",
        binding,
    )
}

/// base64 of the nonce of [`scram`].
const NONCE: &str = "MTIzNDU2Nzg5MDEyMzQ1Njc4";

fn started() -> Scram {
    let mut scram = scram(b"secret", ChannelBinding::Unsupported);
    scram.client_first();
    scram
}

fn answer_to_first(tail: &str) -> (Scram, Result<Vec<u8>, AuthError>) {
    let mut scram = started();
    let answer = scram.handle_server_first(format!("r={NONCE}{tail}").as_bytes());
    (scram, answer)
}

/// What an honest server sends last, computed from the machine's own transcript.
fn honest_final(scram: &Scram, salt: &[u8], iterations: u32) -> Vec<u8> {
    let salted = salted_password(&scram.secret.password, salt, iterations).unwrap();
    let mut message = b"v=".to_vec();
    base64::encode(
        &hmac(&server_key(&salted)[..], &scram.auth_message)[..],
        &mut message,
    );
    message
}

#[test]
fn the_exchange_of_rfc_7677_is_reproduced() {
    // The RFC names a user and has a nonce that is no base64 of 18 bytes; both are put in by hand.
    let mut scram = scram(b"pencil", ChannelBinding::Unsupported);
    scram.client_first();
    scram.nonce = b"rOprNGfwEbeRWgbNEkqO".to_vec();
    scram.auth_message = b"n=user,r=rOprNGfwEbeRWgbNEkqO".to_vec();
    let answer = scram
        .handle_server_first(
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        )
        .unwrap();
    assert_eq!(
        String::from_utf8(answer).unwrap(),
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    scram
        .handle_server_final(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
        .unwrap();
}

#[test]
fn a_remembered_password_makes_the_same_proof() {
    let cache: SharedKeys = Some(Default::default());
    let answer = |password: &[u8], cache: &SharedKeys| {
        let mut scram = scram(password, ChannelBinding::Unsupported);
        scram.secret = scram.secret.remembered_in(cache.clone());
        scram.client_first();
        let answer = scram
            .handle_server_first(format!("r={NONCE}x,s=c2FsdA==,i=100").as_bytes())
            .unwrap();
        let last = honest_final(&scram, b"salt", 100);
        scram.handle_server_final(&last).unwrap();
        answer
    };
    let fresh = answer(b"secret", &None);
    assert_eq!(answer(b"secret", &cache), fresh);
    assert_eq!(answer(b"secret", &cache), fresh);
    assert_ne!(answer(b"other", &cache), fresh);
}

#[test]
fn the_first_message_names_no_user_and_says_what_it_knows_of_channel_binding() {
    for (binding, header) in [
        (ChannelBinding::Unsupported, "n,,"),
        (ChannelBinding::SupportedNotUsed, "y,,"),
        (
            ChannelBinding::Bound(vec![1, 2, 3]),
            "p=tls-server-end-point,,",
        ),
    ] {
        let first = scram(b"secret", binding).client_first();
        assert_eq!(
            String::from_utf8(first).unwrap(),
            format!("{header}n=,r={NONCE}")
        );
    }
}

#[test]
fn the_final_message_repeats_the_header_and_the_bound_hash() {
    for (binding, text) in [
        (ChannelBinding::Unsupported, "c=biws,"),
        (ChannelBinding::SupportedNotUsed, "c=eSws,"),
        (
            ChannelBinding::Bound(vec![1, 2, 3]),
            "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAQID,",
        ),
    ] {
        let mut scram = scram(b"secret", binding);
        scram.client_first();
        let answer = scram
            .handle_server_first(format!("r={NONCE}x,s=YQ==,i=1").as_bytes())
            .unwrap();
        assert!(answer.starts_with(text.as_bytes()), "{text}");
    }
}

#[test]
fn malformed_server_first_messages_get_the_references_texts() {
    use AuthError::*;
    let cases: &[(&[u8], AuthError)] = &[
        (b"", EmptyMessage),
        (b"r=\0", LengthMismatch),
        (b"m=ext,r=x", AttributeExpected(b'r')),
        (b"r", EqualsExpected(b'r')),
        (b"rx", EqualsExpected(b'r')),
        (b"r=", NonceMismatch),
        (b"r=zz", NonceMismatch),
    ];
    for (message, error) in cases {
        assert_eq!(
            started().handle_server_first(message).as_ref(),
            Err(error),
            "{message:?}"
        );
    }
    for (tail, error) in [
        ("", AttributeExpected(b's')),
        (",", AttributeExpected(b's')),
        (",i=1", AttributeExpected(b's')),
        (",s=!!!!,i=1", InvalidSalt),
        (",s=YQ,i=1", InvalidSalt),
        (",s=YQ== ,i=1", InvalidSalt),
        (",s=YQ==", AttributeExpected(b'i')),
        (",s=YQ==,i=", InvalidIterationCount),
        (",s=YQ==,i=0", InvalidIterationCount),
        (",s=YQ==,i=-1", InvalidIterationCount),
        (",s=YQ==,i=5x", InvalidIterationCount),
        (",s=YQ==,i=0x5", InvalidIterationCount),
        (",s=YQ==,i=2147483648", InvalidIterationCount),
        (",s=YQ==,i=9223372036854775808", InvalidIterationCount),
        (",s=YQ==,i=18446744073709551621", InvalidIterationCount),
    ] {
        assert_eq!(answer_to_first(tail).1, Err(error), "{tail:?}");
    }
}

#[test]
fn iteration_counts_are_read_as_the_reference_reads_them() {
    for (text, count) in [
        (&b"5"[..], Some(5)),
        (b"+5", Some(5)),
        (b" \x0b5", Some(5)),
        (b"05", Some(5)),
        (b"4294967301", Some(5)),
        (b"2147483647", Some(2_147_483_647)),
        (b"5 ", None),
        (b"+", None),
        (b" ", None),
    ] {
        assert_eq!(iteration_count(text), count, "{text:?}");
    }
}

#[test]
fn an_empty_salt_and_a_nonce_without_a_servers_part_are_accepted() {
    assert!(answer_to_first(",s=,i=1").1.is_ok());
}

#[test]
fn trailing_data_is_remarked_upon_but_does_not_fail_the_exchange() {
    let (mut scram, answer) = answer_to_first("x,s=YQ==,i=5,x=1");
    assert!(answer.is_ok());
    assert_eq!(
        scram.take_remark(),
        Some(AuthError::GarbageAfterServerFirst)
    );
    let mut last = honest_final(&scram, b"a", 5);
    last.extend_from_slice(b",x=1");
    assert_eq!(scram.handle_server_final(&last), Ok(()));
    assert_eq!(
        scram.take_remark(),
        Some(AuthError::GarbageAfterServerFinal)
    );
    assert_eq!(scram.take_remark(), None);
}

#[test]
fn a_lone_trailing_comma_is_no_garbage() {
    let (mut scram, answer) = answer_to_first("x,s=YQ==,i=5,");
    assert!(answer.is_ok());
    assert_eq!(scram.take_remark(), None);
}

#[test]
fn a_right_server_signature_ends_the_exchange_and_a_wrong_one_fails_it() {
    let (mut scram, _) = answer_to_first("x,s=YQ==,i=5");
    let good = honest_final(&scram, b"a", 5);
    assert_eq!(scram.handle_server_final(&good), Ok(()));

    let (mut scram, _) = answer_to_first("x,s=YQ==,i=5");
    let wrong = honest_final(&scram, b"a", 6);
    assert_eq!(
        scram.handle_server_final(&wrong),
        Err(AuthError::IncorrectServerSignature)
    );
}

#[test]
fn malformed_server_final_messages_get_the_references_texts() {
    use AuthError::*;
    let cases: &[(&[u8], AuthError)] = &[
        (b"", EmptyMessage),
        (b"v=a\0", LengthMismatch),
        (b"x=1", AttributeExpected(b'v')),
        (b"E=1", AttributeExpected(b'v')),
        (b"v", EqualsExpected(b'v')),
        (b"v=", InvalidServerSignature),
        (b"v=!!!!", InvalidServerSignature),
        (b"v=AAAA", InvalidServerSignature),
        (b"e", EqualsExpected(b'e')),
        (b"e=", ServerError(Vec::new())),
        (b"e=other-error,x=1", ServerError(b"other-error".to_vec())),
    ];
    for (message, error) in cases {
        let (mut scram, _) = answer_to_first("x,s=YQ==,i=1");
        assert_eq!(
            scram.handle_server_final(message).as_ref(),
            Err(error),
            "{message:?}"
        );
    }
}

#[test]
fn given_keys_take_the_passwords_place() {
    // behaviour 133
    let salted = salted_password(b"secret", b"a", 5).unwrap();
    let keys = (*client_key(&salted), *server_key(&salted));
    let first = format!("r={NONCE}x,s=YQ==,i=5");
    let by_password = answer_to_first("x,s=YQ==,i=5").1.unwrap();
    for (client, server, verdict) in [
        (Some(keys.0), Some(keys.1), Ok(())),
        (Some(keys.0), None, Err(AuthError::IncorrectServerSignature)),
        (None, Some(keys.1), Ok(())),
    ] {
        let mut scram = Scram::new(
            ScramSecret::new(b"secret", client, server).unwrap(),
            *b"123456789012345678",
            ChannelBinding::Unsupported,
        );
        scram.client_first();
        assert_eq!(
            scram.handle_server_first(first.as_bytes()).unwrap(),
            by_password
        );
        let last = honest_final(&scram, b"a", 5);
        assert_eq!(scram.handle_server_final(&last), verdict);
    }
}

#[test]
fn messages_out_of_turn_are_refused() {
    let mut scram = scram(b"secret", ChannelBinding::Unsupported);
    assert_eq!(scram.handle_server_first(b"r=x"), Err(AuthError::OutOfTurn));
    assert_eq!(scram.handle_server_final(b"v=x"), Err(AuthError::OutOfTurn));
}

#[test]
fn texts_are_the_references() {
    let text = |error: AuthError| {
        let mut out = Vec::new();
        error.write_text(&mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        text(AuthError::AttributeExpected(b'r')),
        "malformed SCRAM message (attribute \"r\" expected)"
    );
    assert_eq!(
        text(AuthError::EqualsExpected(b'v')),
        "malformed SCRAM message (expected character \"=\" for attribute \"v\")"
    );
    assert_eq!(
        text(AuthError::ServerError(b"other-error".to_vec())),
        "error received from server in SCRAM exchange: other-error"
    );
}
