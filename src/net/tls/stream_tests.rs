//! The stream against a server made of rustls's other half: keys that change, sides that end, writes that block.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{
    CipherSuite, ClientConfig, ServerConfig, ServerConnection, SupportedCipherSuite,
    SupportedProtocolVersion, Tls13CipherSuite,
};

use super::*;
use crate::net::tls::TlsOptions;
use crate::net::tls::provider::provider;
use crate::net::tls::verifier::ShowCertificate;
use crate::net::{Address, wait};

const TLS12: &SupportedProtocolVersion = &rustls::version::TLS12;
const TLS13: &SupportedProtocolVersion = &rustls::version::TLS13;

const PATIENCE: Duration = Duration::from_secs(20);

/// A certificate and its key in PEM, made once.
fn identity() -> &'static str {
    static PEM: OnceLock<String> = OnceLock::new();
    PEM.get_or_init(|| {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
            .args([
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-subj",
                "/CN=localhost",
            ])
            .args(["-keyout", "/dev/stdout", "-out", "/dev/stdout"])
            .output()
            .expect("openssl is needed");
        assert!(made.status.success());
        String::from_utf8(made.stdout).unwrap()
    })
}

fn server_config(
    provider: CryptoProvider,
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(identity().as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

fn ordinary(version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
    server_config(CryptoProvider::clone(provider()), version)
}

fn client_config() -> Config {
    Config::new(&TlsOptions::default()).unwrap()
}

/// The server's end.
struct Peer {
    tls: ServerConnection,
    tcp: TcpStream,
    /// The lengths of the records that have come.
    lengths: Vec<usize>,
    unparsed: Vec<u8>,
}

impl Peer {
    fn say(&mut self, data: &[u8]) {
        for piece in data.chunks(10_000) {
            self.tls.writer().write_all(piece).unwrap();
            self.flush();
        }
    }

    fn flush(&mut self) {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.tcp).unwrap();
        }
    }

    /// Receives once; `false` at the end of the stream.
    fn receive(&mut self) -> bool {
        let mut bytes = [0; 10_000];
        let got = self.tcp.read(&mut bytes).unwrap();
        self.unparsed.extend_from_slice(&bytes[..got]);
        while let [_, _, _, high, low, content @ ..] = &self.unparsed[..] {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if content.len() < length {
                break;
            }
            self.lengths.push(length);
            self.unparsed.drain(..5 + length);
        }
        let mut rest = &bytes[..got];
        while !rest.is_empty() {
            self.tls.read_tls(&mut rest).unwrap();
            self.tls.process_new_packets().unwrap();
        }
        self.flush();
        got > 0
    }

    fn hear(&mut self, count: usize) -> Vec<u8> {
        let mut heard = vec![0; count];
        let mut at = 0;
        while at < count {
            match self.tls.reader().read(&mut heard[at..]) {
                Ok(0) => panic!("the client has ended"),
                Ok(got) => at += got,
                Err(e) if e.kind() == ErrorKind::WouldBlock => assert!(self.receive()),
                Err(e) => panic!("{e}"),
            }
        }
        heard
    }

    /// The client's end: whether it said good-bye.
    fn hear_end(&mut self) -> bool {
        loop {
            match self.tls.reader().read(&mut [0; 10]) {
                Ok(0) => return true,
                Ok(_) => panic!("more data"),
                Err(e) if e.kind() == ErrorKind::WouldBlock && self.receive() => {}
                Err(_) => return false,
            }
        }
    }
}

/// A stream after its handshake, and a thread in which the server plays its part.
fn talk<T: Send + 'static>(
    config: &Config,
    server: Arc<ServerConfig>,
    part: impl FnOnce(&mut Peer) -> T + Send + 'static,
) -> (TlsStream, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::from_raw(listener.local_addr().unwrap().into());
    let thread = thread::spawn(move || {
        let tcp = listener.accept().unwrap().0;
        // A client that never says what it should is then an error and no hang.
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut peer = Peer {
            tls: ServerConnection::new(server).unwrap(),
            tcp,
            lengths: Vec::new(),
            unparsed: Vec::new(),
        };
        while peer.tls.is_handshaking() {
            assert!(peer.receive(), "the handshake broke off");
        }
        peer.lengths.clear();
        part(&mut peer)
    });
    let socket = Socket::new(&address).unwrap();
    socket.connect(&address).unwrap();
    wait(socket.raw_fd(), false, true, None).unwrap();
    let mut stream = TlsStream::start(socket, config, b"localhost").unwrap();
    loop {
        match stream.handshake().unwrap() {
            Progress::Done => break,
            progress => {
                let read = progress == Progress::WantRead;
                wait(stream.raw_fd(), read, !read, None).unwrap();
            }
        }
    }
    (stream, thread)
}

fn send_all(stream: &mut TlsStream, mut data: &[u8]) {
    while !data.is_empty() {
        let sent = stream.send(data, true).unwrap();
        data = &data[sent..];
    }
}

fn recv_exactly(stream: &mut TlsStream, count: usize) -> Vec<u8> {
    let mut got = Vec::with_capacity(count);
    while got.len() < count {
        let room = count - got.len();
        stream.recv(&mut got, room, true).unwrap();
    }
    got
}

/// What the end of the stream is called, behind `count` bytes of data.
fn end_of(stream: &mut TlsStream, count: usize) -> String {
    recv_exactly(stream, count);
    let error = stream.recv(&mut Vec::with_capacity(10), 10, true);
    error.unwrap_err().to_string()
}

/// Bytes that tell where they were.
fn pattern(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i * 7 + i / 251) as u8).collect()
}

#[cfg(feature = "tls-aws-lc-rs")]
#[test]
fn key_exchange_is_post_quantum_where_the_server_can_and_costs_no_round_trip_where_it_cannot() {
    use rustls::crypto::aws_lc_rs::kx_group::{X25519, X25519MLKEM768};
    use rustls::{HandshakeKind, NamedGroup};
    for (group, name) in [
        (X25519MLKEM768, NamedGroup::X25519MLKEM768),
        (X25519, NamedGroup::X25519),
    ] {
        let mut provider = CryptoProvider::clone(provider());
        provider.kx_groups = vec![group];
        let server = server_config(provider, TLS13);
        let (mut stream, thread) = talk(&client_config(), server, |peer| {
            peer.hear(2);
            peer.say(b"ok");
            let agreed = peer.tls.negotiated_key_exchange_group().unwrap().name();
            (agreed, peer.tls.handshake_kind())
        });
        send_all(&mut stream, b"hi");
        assert_eq!(recv_exactly(&mut stream, 2), b"ok");
        let agreed = thread.join().unwrap();
        assert_eq!(agreed, (name, Some(HandshakeKind::Full)));
    }
}

#[test]
fn the_servers_key_updates_are_followed_and_answered() {
    let (mut stream, thread) = talk(&client_config(), ordinary(TLS13), |peer| {
        for round in 0..50_u8 {
            assert_eq!(peer.hear(1), [round]);
            // It asks for ours to change, too. Once the update comes alone.
            peer.tls.refresh_traffic_keys().unwrap();
            if round == 7 {
                peer.flush();
            }
            peer.say(&pattern(usize::from(round) * 700 + 1));
        }
        assert_eq!(peer.hear(100_000), pattern(100_000));
        peer.lengths
            .iter()
            .filter(|length| **length == KEY_UPDATE_LENGTH)
            .count()
    });
    for round in 0..50_u8 {
        send_all(&mut stream, &[round]);
        let count = usize::from(round) * 700 + 1;
        assert_eq!(recv_exactly(&mut stream, count), pattern(count));
    }
    send_all(&mut stream, &pattern(100_000));
    assert_eq!(thread.join().unwrap(), 50, "every request has its answer");
}

/// Type, length, one byte, content type and tag: five bytes more than a record with a byte of data, less that byte.
const KEY_UPDATE_LENGTH: usize = 4 + 1 + 1 + 16;

/// A client whose keys last for only so many records.
fn short_lived_keys(records: u64) -> Config {
    let mut provider = CryptoProvider::clone(provider());
    let suite = provider.cipher_suites.iter().find_map(|suite| match suite {
        SupportedCipherSuite::Tls13(suite)
            if suite.common.suite == CipherSuite::TLS13_AES_256_GCM_SHA384 =>
        {
            Some(*suite)
        }
        _ => None,
    });
    let suite = suite.unwrap();
    let mut common = rustls::crypto::CipherSuiteCommon {
        suite: suite.common.suite,
        hash_provider: suite.common.hash_provider,
        confidentiality_limit: 0,
    };
    common.confidentiality_limit = records;
    let suite = Tls13CipherSuite {
        common,
        hkdf_provider: suite.hkdf_provider,
        aead_alg: suite.aead_alg,
        quic: None,
    };
    provider.cipher_suites = vec![SupportedCipherSuite::Tls13(Box::leak(Box::new(suite)))];
    let nobody = Arc::new(Witness::new(None, None));
    let base = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(nobody.clone())
        .with_client_cert_resolver(Arc::new(ShowCertificate(nobody)));
    Config {
        base: Arc::new(base),
        ..client_config()
    }
}

#[test]
fn our_keys_change_before_they_are_worn_out() {
    let config = short_lived_keys(10);
    let (mut stream, thread) = talk(&config, ordinary(TLS13), |peer| {
        for _ in 0..100 {
            peer.hear(1);
        }
        let small = std::mem::take(&mut peer.lengths);
        assert_eq!(peer.hear(1_000_000), pattern(1_000_000));
        let updates = |lengths: &[usize]| {
            lengths
                .iter()
                .filter(|length| **length == KEY_UPDATE_LENGTH)
                .count()
        };
        (updates(&small), updates(&peer.lengths))
    });
    for _ in 0..100 {
        send_all(&mut stream, b"x");
    }
    send_all(&mut stream, &pattern(1_000_000));
    let (small, large) = thread.join().unwrap();
    assert!((9..=12).contains(&small), "{small} updates in 100 records");
    assert!((5..=20).contains(&large), "{large} updates in 62 records");
}

#[test]
fn writes_that_would_block_go_on_where_they_stopped() {
    for version in [TLS12, TLS13] {
        let (allow, allowed) = mpsc::channel();
        let data = pattern(20_000_000);
        let expected = data.clone();
        let (mut stream, thread) = talk(&client_config(), ordinary(version), move |peer| {
            allowed.recv().unwrap();
            // In the midst of a record of ours that is not gone yet, an answer becomes due.
            if version == TLS13 {
                peer.tls.refresh_traffic_keys().unwrap();
            }
            peer.say(b"impatient");
            allowed.recv().unwrap();
            assert!(peer.hear(20_000_000) == expected, "the data has changed");
        });
        let mut rest = &data[..];
        let mut blocked = 0;
        while !rest.is_empty() {
            match stream.send(rest, false) {
                Ok(sent) => rest = &rest[sent..],
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    blocked += 1;
                    if blocked == 1 {
                        allow.send(()).unwrap();
                        assert_eq!(recv_exactly(&mut stream, 9), b"impatient");
                        allow.send(()).unwrap();
                    }
                    wait(stream.raw_fd(), false, true, None).unwrap();
                }
                Err(e) => panic!("{e}"),
            }
        }
        thread.join().unwrap();
        assert!(blocked > 0, "nothing ever blocked");
    }
}

#[test]
fn a_server_that_has_ended_its_side_still_hears_us() {
    for version in [TLS12, TLS13] {
        let (mut stream, thread) = talk(&client_config(), ordinary(version), |peer| {
            peer.hear(1);
            peer.say(b"last words");
            peer.tls.send_close_notify();
            peer.flush();
            assert_eq!(peer.hear(50_000), pattern(50_000));
            peer.hear_end()
        });
        send_all(&mut stream, b"x");
        let end = end_of(&mut stream, 10);
        assert_eq!(end, "SSL connection has been closed unexpectedly");
        // The end stays the end.
        assert_eq!(end_of(&mut stream, 0), end);
        assert!(!stream.has_pending());
        send_all(&mut stream, &pattern(50_000));
        stream.close_notify();
        assert!(thread.join().unwrap(), "we said good-bye");
    }
}

#[test]
fn data_that_is_cut_off_is_an_error_wherever_it_is_cut() {
    for version in [TLS12, TLS13] {
        for cut in [0, 1, 4, 5, 6, 20, 115] {
            let (mut stream, thread) = talk(&client_config(), ordinary(version), move |peer| {
                peer.hear(1);
                peer.say(b"whole");
                peer.tls.writer().write_all(&[b'x'; 100]).unwrap();
                let mut record = Vec::new();
                peer.tls.write_tls(&mut record).unwrap();
                assert!(record.len() > 115);
                peer.tcp.write_all(&record[..cut]).unwrap();
            });
            send_all(&mut stream, b"x");
            let end = end_of(&mut stream, 5);
            assert_eq!(
                end, "SSL error: unexpected eof while reading",
                "cut at {cut}"
            );
            assert_eq!(end_of(&mut stream, 0), end);
            thread.join().unwrap();
        }
    }
}

#[test]
fn a_record_that_was_tampered_with_is_refused_and_the_server_is_told() {
    for version in [TLS12, TLS13] {
        let (mut stream, thread) = talk(&client_config(), ordinary(version), |peer| {
            peer.hear(1);
            peer.tls.writer().write_all(&[b'x'; 100]).unwrap();
            let mut record = Vec::new();
            peer.tls.write_tls(&mut record).unwrap();
            *record.last_mut().unwrap() ^= 1;
            peer.tcp.write_all(&record).unwrap();
            let mut bytes = [0; 1000];
            let got = peer.tcp.read(&mut bytes).unwrap();
            peer.tls.read_tls(&mut &bytes[..got]).unwrap();
            peer.tls.process_new_packets().unwrap_err().to_string()
        });
        send_all(&mut stream, b"x");
        assert_eq!(
            end_of(&mut stream, 0),
            "SSL error: decryption failed or bad record mac"
        );
        assert_eq!(thread.join().unwrap(), "received fatal alert: BadRecordMac");
    }
}

#[test]
fn what_is_held_goes_out_with_the_good_bye() {
    for version in [TLS12, TLS13] {
        let (sent, looked) = mpsc::channel();
        let (mut stream, thread) = talk(&client_config(), ordinary(version), move |peer| {
            peer.hear(1);
            peer.say(b"ok");
            looked.recv().unwrap();
            peer.tcp.set_nonblocking(true).unwrap();
            let early = peer.tcp.peek(&mut [0]).is_ok();
            peer.tcp.set_nonblocking(false).unwrap();
            peer.say(b"go on");
            (early, peer.hear(5), peer.hear_end())
        });
        send_all(&mut stream, b"x");
        recv_exactly(&mut stream, 2);
        stream.hold();
        send_all(&mut stream, b"good-");
        sent.send(()).unwrap();
        recv_exactly(&mut stream, 5);
        stream.close_notify();
        let (early, last, good_bye) = thread.join().unwrap();
        assert!(!early, "something was sent while held");
        assert_eq!((&last[..], good_bye), (&b"good-"[..], true));
    }
}
