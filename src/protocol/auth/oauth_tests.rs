//! OAUTHBEARER exchanges, and what addresses of discovery documents stand for.

use super::*;

const WELL_KNOWN_URI: &str = "https://idp/.well-known/openid-configuration";

fn oauth(issuer: &str) -> Oauth {
    Oauth::new(Some(issuer.into()), true, None)
}

fn none() -> OauthStep {
    OauthStep::SendNone(Zeroizing::new(b"n,,\x01auth=\x01\x01".to_vec()))
}

fn bearer(token: &str) -> OauthStep {
    let message = format!("n,,\x01auth=Bearer {token}\x01\x01");
    OauthStep::SendToken(Zeroizing::new(message.into_bytes()))
}

fn token(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.into())
}

fn refusal(uri: &str) -> Vec<u8> {
    format!("{{\"status\":\"invalid_token\",\"scope\":\"s\",\"openid-configuration\":\"{uri}\"}}")
        .into_bytes()
}

#[test]
fn behaviour_379_381_the_server_is_asked_where_and_the_token_is_for_the_next_connection() {
    let mut oauth = oauth("https://idp");
    let (mut exchange, step) = OauthExchange::begin(&mut oauth).unwrap();
    assert_eq!(step, none());
    let step = exchange
        .handle(&refusal(WELL_KNOWN_URI), false, &mut oauth)
        .unwrap();
    let OauthStep::WantToken(request) = step else {
        panic!("{step:?}")
    };
    assert_eq!(request.discovery_uri, WELL_KNOWN_URI.as_bytes());
    assert_eq!(request.issuer, b"https://idp");
    assert_eq!(request.scope.as_deref(), Some(&b"s"[..]));
    assert_eq!(
        exchange.token(token("t"), &mut oauth),
        Err(OauthError::Retry)
    );
    let (mut exchange, step) = OauthExchange::begin(&mut oauth).unwrap();
    assert_eq!(step, bearer("t"));
    assert_eq!(exchange.answer_to_refusal(false), Some(&b"\x01"[..]));
    // Once.
    let step = exchange.handle(&refusal(WELL_KNOWN_URI), false, &mut oauth);
    assert_eq!(step, Ok(OauthStep::Refused));
    assert_eq!(
        exchange.handle(b"{}", false, &mut oauth),
        Err(OauthError::AfterRefusal)
    );
}

#[test]
fn behaviour_382_a_token_at_hand_is_sent_at_once() {
    let mut oauth = oauth(WELL_KNOWN_URI);
    let (mut exchange, step) = OauthExchange::begin(&mut oauth).unwrap();
    assert!(matches!(step, OauthStep::WantToken(_)));
    assert_eq!(exchange.token(token("t"), &mut oauth), Ok(bearer("t")));
}

#[test]
fn a_promised_token_is_waited_for_once_the_server_has_been_told() {
    let mut oauth = oauth(WELL_KNOWN_URI);
    let (mut exchange, _) = OauthExchange::begin(&mut oauth).unwrap();
    assert_eq!(exchange.token_later(&oauth), Ok(none()));
    let step = exchange.handle(&refusal(WELL_KNOWN_URI), false, &mut oauth);
    assert_eq!(step, Ok(OauthStep::AwaitToken));
    assert_eq!(
        exchange.token(token("t"), &mut oauth),
        Err(OauthError::Retry)
    );
}

#[test]
fn behaviour_380_other_refusals_end_it() {
    let handle = |message: &[u8]| {
        let mut oauth = oauth("https://idp");
        let (mut exchange, _) = OauthExchange::begin(&mut oauth).unwrap();
        let error = exchange.handle(message, false, &mut oauth).unwrap_err();
        let mut text = Vec::new();
        error.write_text(&mut text);
        String::from_utf8(text).unwrap()
    };
    for (message, expected) in [
        (&b"\0"[..], "server's error message contained an embedded NULL, and was discarded"),
        (b"\xff", "server's error response is not valid UTF-8"),
        (b"[]", "failed to parse server's error response: top-level element must be an object"),
        (b"{}", "server sent error response without a status"),
        (b"{\"status\":\"invalid_request\"}", "server rejected OAuth bearer token: invalid_request"),
        (b"{\"status\":\"invalid_token\"}", "server requires OAuth authentication, but no discovery metadata was provided"),
        (
            b"{\"status\":\"invalid_token\",\"openid-configuration\":\"https://other/.well-known/openid-configuration\"}",
            "server's discovery document at https://other/.well-known/openid-configuration (issuer \"https://other\") is incompatible with oauth_issuer (https://idp)",
        ),
    ] {
        assert_eq!(handle(message), expected);
    }
}

#[test]
fn behaviour_380_a_scope_of_the_users_wins_even_an_empty_one() {
    let mut oauth = oauth("https://idp");
    oauth.scope = Some(Vec::new());
    let (mut exchange, _) = OauthExchange::begin(&mut oauth).unwrap();
    let step = exchange.handle(&refusal(WELL_KNOWN_URI), false, &mut oauth);
    let Ok(OauthStep::WantToken(request)) = step else {
        panic!("{step:?}")
    };
    assert_eq!(request.scope, Some(Vec::new()));
}

#[test]
fn behaviour_378_addresses_of_discovery_documents() {
    let of = |uri: &str| match issuer_of(uri.as_bytes()) {
        Ok(issuer) => String::from_utf8(issuer).unwrap(),
        Err(OauthError::Uri(_, fault)) => format!("{fault:?}"),
        Err(error) => panic!("{error:?}"),
    };
    for (uri, expected) in [
        ("https://a/.well-known/openid-configuration", "https://a"),
        ("HTTPS://a/.well-known/openid-configuration", "HTTPS://a"),
        (
            "https://a/p/.well-known/oauth-authorization-server",
            "https://a/p",
        ),
        (
            "https://a/.well-known/oauth-authorization-server/p",
            "https://a/p",
        ),
        ("https://a/.well-known/openid-configuration/", "https://a/"),
        ("http://a/.well-known/openid-configuration", "Scheme"),
        ("https://a/.well-known/openid-configuration?q", "Query"),
        ("https://a/.well-known/openid-configuration#f", "Query"),
        ("https://a/openid-configuration", "NotWellKnown"),
        ("https://a/.well-known/other", "Suffix"),
        ("https://a/.well-known/openid-configuration-x", "Suffix"),
        ("https://a/p/.well-known/openid-configuration/q", "Place"),
    ] {
        assert_eq!(of(uri), expected, "{uri}");
    }
}
