//! A TLS connection on a socket: the handshake, and records in and out.
//!
//! Records are received many at a time into one buffer, decrypted there and copied into the caller's. After any
//! [`TlsStream::recv`] that gave fewer bytes than there was room for, nothing decrypted is left behind a socket that may
//! stay quiet; where the room was too small, [`TlsStream::has_pending`] says so.

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::{DnsName, IpAddr, Ipv4Addr, ServerName};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus,
};
use rustls::{CipherSuite, ProtocolVersion};

use super::certificate::Certificate;
use super::config::{Config, PROTOCOL};
use super::error::{Reason, TlsError};
use super::options::{TlsVersion, Verify};
use super::outgoing::Outgoing;
use super::verifier::Witness;
use super::{digest, names};
use crate::net::socket::Socket;

/// Header, plaintext and what encryption adds at the most (RFC 5246, section 6.2.3).
const RECORD_MAX: usize = 5 + 16 * 1024 + 2048;
/// What the buffer for received records is at first: an ordinary full record.
const INCOMING_FIRST: usize = 5 + 16 * 1024 + 256;
/// What it grows to while the server sends faster than that.
const INCOMING_MAX: usize = 128 * 1024;
/// The most plaintext encrypted before it is sent.
pub(super) const CHUNK: usize = 4 * 16 * 1024;

/// How far a handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Wait until the socket can be read.
    WantRead,
    /// Wait until the socket can be written.
    WantWrite,
    /// Done: the stream may be used.
    Done,
}

/// What a connection turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1.3`.
    pub protocol: &'static str,
    /// As OpenSSL spells it: `TLS_AES_256_GCM_SHA384`, `ECDHE-RSA-AES256-GCM-SHA384`.
    pub cipher: &'static str,
    /// The length of the symmetric key.
    pub key_bits: u16,
    /// The protocol agreed on, empty where none.
    pub alpn: Vec<u8>,
    /// Always `off`.
    pub compression: &'static str,
    /// Whether the server asked for a certificate.
    pub client_cert_requested: bool,
    /// Whether it was given one.
    pub client_cert_sent: bool,
}

/// A TLS connection on a socket.
pub struct TlsStream {
    socket: Socket,
    tls: UnbufferedClientConnection,
    witness: Arc<Witness>,
    verify: Verify,
    host: Vec<u8>,
    versions: (TlsVersion, TlsVersion),
    /// Records received; those before `start` are done with.
    incoming: Vec<u8>,
    start: usize,
    /// Plaintext that no caller had room for; what stands before `plain_start` has been taken.
    plain: Vec<u8>,
    plain_start: usize,
    /// Records to be sent.
    outgoing: Outgoing,
    /// They wait for [`TlsStream::close_notify`].
    held: bool,
    /// How much of the next [`TlsStream::send`]'s data is in `outgoing` already.
    encrypted: usize,
    /// How the server's side has ended.
    end: Option<TlsError>,
    established: bool,
}

impl std::fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsStream")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

/// What looking at the records received gave.
enum Step {
    /// Plaintext was taken.
    Data,
    /// More must be received.
    NeedMore,
    /// The handshake is over and nothing is left to look at.
    Idle,
}

impl TlsStream {
    /// Puts TLS on a connected socket. `host` is as the user gave it. Nothing is sent yet.
    ///
    /// # Errors
    /// What rustls says about the configuration.
    pub fn start(socket: Socket, config: &Config, host: &[u8]) -> Result<TlsStream, TlsError> {
        let name = config.sni.then(|| server_name(host)).flatten();
        let (client, witness) = config.for_connection(name.is_some());
        // The name is for SNI only: who the server is, is judged by libpq's rules in `names`.
        let name = name.unwrap_or(ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0; 4]))));
        let tls = UnbufferedClientConnection::new(client, name)
            .map_err(|e| TlsError::Setup(Reason::Owned(e.to_string())))?;
        Ok(TlsStream {
            socket,
            tls,
            witness,
            verify: config.verify,
            host: host.to_vec(),
            versions: config.versions,
            incoming: Vec::new(),
            start: 0,
            plain: Vec::new(),
            plain_start: 0,
            outgoing: Outgoing::default(),
            held: false,
            encrypted: 0,
            end: None,
            established: false,
        })
    }

    /// Goes on with the handshake as far as it goes without waiting. [`Progress::Done`] also means that the server's
    /// certificate is for the host, where that was asked for.
    ///
    /// In TLS 1.3 our last flight may still wait then: it goes out with the first data, or before the first receive.
    ///
    /// # Errors
    /// Why there will be no connection. The server has been told as far as it listens.
    pub fn handshake(&mut self) -> Result<Progress, TlsError> {
        if self.established {
            return Ok(Progress::Done);
        }
        // To look for an answer in the moment after the question would be in vain.
        let mut asked = false;
        loop {
            match self.step(None) {
                Ok(Step::Data) => {}
                Ok(Step::Idle) => {
                    let server_waits =
                        self.tls.protocol_version() != Some(ProtocolVersion::TLSv1_3);
                    if server_waits && !self.flush(false).map_err(socket_error)? {
                        return Ok(Progress::WantWrite);
                    }
                    self.check_name()?;
                    self.established = true;
                    return Ok(Progress::Done);
                }
                Ok(Step::NeedMore) => {
                    if !self.outgoing.is_empty() {
                        if !self.flush(false).map_err(socket_error)? {
                            return Ok(Progress::WantWrite);
                        }
                        asked = true;
                    }
                    if asked {
                        return Ok(Progress::WantRead);
                    }
                    match self.receive(false) {
                        Ok(0) => return Err(TlsError::Eof),
                        Ok(_) => {}
                        Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                            return Ok(Progress::WantRead);
                        }
                        Err(e) => return Err(socket_error(e)),
                    }
                }
                Err(error) => {
                    // The alert that says why.
                    let _ = self.flush(false);
                    return Err(error);
                }
            }
        }
    }

    /// Receives up to `max` bytes behind the content of `buf`, within its spare capacity, which must not be empty.
    ///
    /// # Errors
    /// What the socket says, or a [`TlsError`] in an [`io::Error`]; `WouldBlock` only when `may_block` is false. The end
    /// of the stream is an error, too: a server does not end TLS before its client does.
    pub fn recv(&mut self, buf: &mut Vec<u8>, max: usize, may_block: bool) -> io::Result<usize> {
        let before = buf.len();
        let limit = before + max.min(buf.capacity() - before);
        loop {
            self.take_plain(buf, limit);
            // A record that may be larger than the room that is left waits, unless there is nothing else to give.
            while buf.len() == before || self.next_record_fits(limit - buf.len()) {
                match self.step(Some((&mut *buf, limit))) {
                    Ok(Step::Data) => {}
                    Ok(Step::NeedMore | Step::Idle) => break,
                    Err(error) => {
                        let _ = self.flush(false);
                        self.end = Some(error);
                        break;
                    }
                }
            }
            // An answer that the protocol wants, to a key update, goes out as far as it can.
            if self.encrypted == 0 {
                let _ = self.flush(false);
            }
            if buf.len() > before {
                return Ok(buf.len() - before);
            }
            if let Some(error) = &self.end {
                return Err(error.clone().into_io());
            }
            if self.receive(may_block)? == 0 {
                self.end = Some(TlsError::Eof);
            }
        }
    }

    /// Sends as much of `data` as goes; returns how much that was. After `WouldBlock` the next call must begin with the
    /// same bytes: some of them may be on their way.
    ///
    /// # Errors
    /// What the socket says, or a [`TlsError`] in an [`io::Error`]; `WouldBlock` only when `may_block` is false.
    pub fn send(&mut self, data: &[u8], may_block: bool) -> io::Result<usize> {
        if data.is_empty() {
            return Ok(0);
        }
        if self.encrypted == 0 {
            let chunk = &data[..data.len().min(CHUNK)];
            self.encrypt(chunk).map_err(TlsError::into_io)?;
            self.encrypted = chunk.len();
        }
        if !self.flush(may_block)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(std::mem::take(&mut self.encrypted).min(data.len()))
    }

    /// What the connection turned out to be.
    pub fn facts(&self) -> TlsFacts {
        let (cipher, key_bits) = self
            .tls
            .negotiated_cipher_suite()
            .map_or(("", 0), |suite| cipher(suite.suite()));
        TlsFacts {
            protocol: match self.tls.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "unknown",
            },
            cipher,
            key_bits,
            alpn: self.tls.alpn_protocol().unwrap_or_default().to_vec(),
            compression: "off",
            client_cert_requested: self.witness.requested.load(Ordering::Relaxed),
            client_cert_sent: self.witness.sent.load(Ordering::Relaxed),
        }
    }

    /// Checks that the server named the protocol, as direct TLS demands.
    ///
    /// # Errors
    /// It named none, or another.
    pub fn require_alpn(&self) -> Result<(), TlsError> {
        match self.tls.alpn_protocol() {
            Some(PROTOCOL) => Ok(()),
            Some(_) => Err(TlsError::WrongAlpn),
            None => Err(TlsError::NoAlpn),
        }
    }

    /// The data of channel binding `tls-server-end-point` (RFC 5929).
    ///
    /// # Errors
    /// The server's certificate has a signature that implies no digest.
    pub fn server_end_point(&self) -> Result<Vec<u8>, TlsError> {
        digest::server_end_point(self.server_certificate()?)
    }

    /// What is sent from here on waits for [`TlsStream::close_notify`], to go out together with it.
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// Tells the server, as far as that goes without waiting, that nothing more will come.
    pub fn close_notify(&mut self) {
        let state = self.tls.process_tls_records(&mut []).state;
        if let Ok(ConnectionState::WriteTraffic(mut writer)) = state
            // An alert is a few bytes, whichever the cipher.
            && let Ok(room) = self.outgoing.room(256)
        {
            let written = writer.queue_close_notify(room).unwrap_or(0);
            self.outgoing.written(written);
        }
        self.held = false;
        let _ = self.flush(false);
    }

    /// Whether there is something to be received without the socket becoming readable.
    pub fn has_pending(&self) -> bool {
        self.plain_start < self.plain.len() || self.next_record_fits(usize::MAX)
    }

    /// The descriptor to wait on, which stays ours.
    pub fn raw_fd(&self) -> RawFd {
        self.socket.raw_fd()
    }

    /// The socket underneath.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    fn server_certificate(&self) -> Result<&[u8], TlsError> {
        match self.tls.peer_certificates().and_then(<[_]>::first) {
            Some(certificate) => Ok(certificate),
            None => Err(TlsError::NoSignatureAlgorithm),
        }
    }

    fn check_name(&self) -> Result<(), TlsError> {
        if self.verify < Verify::Full {
            return Ok(());
        }
        let der = self.server_certificate()?;
        let certificate = Certificate::parse(der).ok_or(TlsError::NoName)?;
        names::check(&certificate, &self.host)
    }

    /// Gives out plaintext that waits.
    fn take_plain(&mut self, buf: &mut Vec<u8>, limit: usize) {
        let waiting = self.plain.get(self.plain_start..).unwrap_or_default();
        let taken = waiting.len().min(limit - buf.len());
        buf.extend_from_slice(&waiting[..taken]);
        self.plain_start += taken;
        if self.plain_start == self.plain.len() {
            self.plain = Vec::new();
            self.plain_start = 0;
        }
    }

    /// Whether a whole record has been received whose content is surely no longer than `room`.
    fn next_record_fits(&self, room: usize) -> bool {
        let waiting = self.incoming.get(self.start..).unwrap_or_default();
        match waiting {
            [_, _, _, high, low, content @ ..] if self.end.is_none() => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                length <= content.len() && length <= room
            }
            _ => false,
        }
    }

    /// Looks at the next of the records received. Plaintext goes into `into` up to its limit; the rest of it waits.
    fn step(&mut self, mut into: Option<(&mut Vec<u8>, usize)>) -> Result<Step, TlsError> {
        if let Some(error) = &self.end {
            return Err(error.clone());
        }
        loop {
            let waiting = self.incoming.get_mut(self.start..).unwrap_or_default();
            let UnbufferedStatus { discard, state } = self.tls.process_tls_records(waiting);
            let mut result = None;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let payload = record.map_err(|e| describe(&e, self.versions))?.payload;
                        let mut rest = payload;
                        if let Some((buf, limit)) = &mut into
                            && self.plain.is_empty()
                        {
                            let now = payload.len().min(*limit - buf.len());
                            buf.extend_from_slice(&payload[..now]);
                            rest = &payload[now..];
                        }
                        self.plain.extend_from_slice(rest);
                    }
                    result = Some(Ok(Step::Data));
                }
                Ok(ConnectionState::EncodeTlsData(data)) => {
                    if let Err(error) = encode(data, &mut self.outgoing) {
                        result = Some(Err(error));
                    }
                }
                // It is in `outgoing`, from where it will be sent before anything else.
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::BlockedHandshake) => result = Some(Ok(Step::NeedMore)),
                Ok(ConnectionState::WriteTraffic(_)) => result = Some(Ok(Step::Idle)),
                Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
                    result = Some(Err(TlsError::Closed));
                }
                Ok(_) => result = Some(Err(TlsError::Protocol(Reason::Text("unexpected message")))),
                Err(error) => {
                    let refusal = self.witness.take_refusal();
                    let error = refusal.unwrap_or_else(|| self.describe(&error));
                    self.queue_alert(discard);
                    return Err(error);
                }
            }
            self.discard(discard);
            if let Some(result) = result {
                return result;
            }
        }
    }

    /// What went wrong with the record that is next.
    fn describe(&self, error: &rustls::Error) -> TlsError {
        use rustls::{Error, InvalidMessage::InvalidContentType};
        let of_tls = self.incoming.get(self.start + 1) == Some(&3);
        match (describe(error, self.versions), error) {
            // Of TLS it is, by its version, but of a type that nobody knows.
            (_, Error::InvalidMessage(InvalidContentType)) if of_tls => {
                TlsError::Protocol(Reason::Text("unexpected message"))
            }
            // No version is to blame once one has been agreed on.
            (TlsError::Version(why, ..), _) if self.established => TlsError::Protocol(why),
            (error, _) => error,
        }
    }

    /// After a failure rustls has an alert for the server.
    fn queue_alert(&mut self, discard: usize) {
        self.discard(discard);
        while let Ok(ConnectionState::EncodeTlsData(data)) =
            self.tls.process_tls_records(&mut []).state
        {
            if encode(data, &mut self.outgoing).is_err() {
                return;
            }
        }
    }

    fn discard(&mut self, bytes: usize) {
        self.start += bytes;
        if self.start >= self.incoming.len() {
            self.incoming.clear();
            self.start = 0;
        }
    }

    /// Receives as many records as there is room for; 0 is the end of the stream.
    fn receive(&mut self, may_block: bool) -> io::Result<usize> {
        if self.start > 0 {
            self.incoming.drain(..self.start);
            self.start = 0;
        }
        let waiting = self.incoming.len();
        let wanted = match self.incoming.capacity() {
            0 => INCOMING_FIRST,
            // A record larger than usual.
            full if full - waiting == 0 => {
                (full * 2).max(RECORD_MAX).min(INCOMING_MAX.max(RECORD_MAX))
            }
            enough => enough,
        };
        if wanted > self.incoming.capacity()
            && self.incoming.try_reserve_exact(wanted - waiting).is_err()
        {
            return Err(io::Error::from_raw_os_error(libc::ENOMEM));
        }
        let room = self.incoming.capacity() - waiting;
        let got = self.socket.recv(&mut self.incoming, room, may_block)?;
        // All the room was used: there is more to be had in one call.
        if got == room && self.incoming.capacity() < INCOMING_MAX {
            let more = (self.incoming.capacity() * 2).min(INCOMING_MAX) - self.incoming.len();
            let _ = self.incoming.try_reserve_exact(more);
        }
        Ok(got)
    }

    fn encrypt(&mut self, data: &[u8]) -> Result<(), TlsError> {
        let mut size = data.len() + data.len().div_ceil(16 * 1024) * 64 + 128;
        for _ in 0..2 {
            // What the protocol wants sent first, if anything: a key update may come up while we try.
            if !matches!(self.step_outgoing()?, Step::Idle) {
                return Err(TlsError::Protocol(Reason::Text("uninitialized")));
            }
            let room = self.outgoing.room(size).map_err(socket_error)?;
            let state = self.tls.process_tls_records(&mut []).state;
            let Ok(ConnectionState::WriteTraffic(mut writer)) = state else {
                break;
            };
            match writer.encrypt(data, room) {
                Ok(written) => {
                    self.outgoing.written(written);
                    return Ok(());
                }
                Err(EncryptError::InsufficientSize(needs)) => size = needs.required_size,
                Err(EncryptError::EncryptExhausted) => break,
            }
        }
        Err(TlsError::Protocol(Reason::Text("internal error")))
    }

    /// Encodes what rustls has to say, without looking at what was received.
    fn step_outgoing(&mut self) -> Result<Step, TlsError> {
        loop {
            match self.tls.process_tls_records(&mut []).state {
                Ok(ConnectionState::EncodeTlsData(data)) => encode(data, &mut self.outgoing)?,
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::WriteTraffic(_)) => return Ok(Step::Idle),
                // The server has ended its side; ours may go on (RFC 8446, section 6.1).
                Ok(ConnectionState::PeerClosed) => self.end = Some(TlsError::Closed),
                Ok(_) => return Ok(Step::NeedMore),
                Err(error) => return Err(describe(&error, self.versions)),
            }
        }
    }

    /// Sends what waits. `Ok(false)`: some of it still does.
    fn flush(&mut self, may_block: bool) -> io::Result<bool> {
        if self.held {
            return Ok(true);
        }
        self.outgoing.flush(&self.socket, may_block)
    }
}

/// Writes a record that rustls has ready behind those that wait.
fn encode(
    mut data: EncodeTlsData<'_, ClientConnectionData>,
    outgoing: &mut Outgoing,
) -> Result<(), TlsError> {
    let mut size = 1024;
    loop {
        let room = outgoing.room(size).map_err(socket_error)?;
        match data.encode(room) {
            Ok(written) => {
                outgoing.written(written);
                return Ok(());
            }
            Err(EncodeError::InsufficientSize(needs)) => size = needs.required_size,
            Err(EncodeError::AlreadyEncoded) => return Ok(()),
        }
    }
}

/// The host as SNI takes it; `None` for an address (behaviour 359) and for what is no host name.
fn server_name(host: &[u8]) -> Option<ServerName<'static>> {
    let looks_like_address =
        host.contains(&b':') || host.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    if host.is_empty() || looks_like_address {
        return None;
    }
    let name = DnsName::try_from(std::str::from_utf8(host).ok()?.to_owned()).ok()?;
    Some(ServerName::DnsName(name))
}

/// A cipher suite in OpenSSL's words, and its key's length in bits.
fn cipher(suite: CipherSuite) -> (&'static str, u16) {
    use CipherSuite as S;
    match suite {
        S::TLS13_AES_256_GCM_SHA384 => ("TLS_AES_256_GCM_SHA384", 256),
        S::TLS13_AES_128_GCM_SHA256 => ("TLS_AES_128_GCM_SHA256", 128),
        S::TLS13_CHACHA20_POLY1305_SHA256 => ("TLS_CHACHA20_POLY1305_SHA256", 256),
        S::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => ("ECDHE-ECDSA-AES256-GCM-SHA384", 256),
        S::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => ("ECDHE-ECDSA-AES128-GCM-SHA256", 128),
        S::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => ("ECDHE-ECDSA-CHACHA20-POLY1305", 256),
        S::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => ("ECDHE-RSA-AES256-GCM-SHA384", 256),
        S::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => ("ECDHE-RSA-AES128-GCM-SHA256", 128),
        S::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => ("ECDHE-RSA-CHACHA20-POLY1305", 256),
        _ => ("unknown", 0),
    }
}

/// A socket's failure in the midst of TLS.
fn socket_error(error: io::Error) -> TlsError {
    match crate::net::errno_of(&error) {
        errno @ (libc::EPIPE | libc::ECONNRESET) => TlsError::Reset(errno),
        0 => TlsError::Protocol(Reason::Owned(error.to_string())),
        errno => TlsError::Syscall(errno),
    }
}

/// rustls's failure in OpenSSL's words, where it has some.
fn describe(error: &rustls::Error, (lowest, highest): (TlsVersion, TlsVersion)) -> TlsError {
    use rustls::{Error as E, InvalidMessage, PeerIncompatible, PeerMisbehaved};
    let version = |why| TlsError::Version(Reason::Text(why), lowest, highest);
    let plain = |why| TlsError::Protocol(Reason::Text(why));
    match error {
        E::AlertReceived(alert) => match u8::from(*alert) {
            0 => TlsError::Closed,
            code @ 70 => TlsError::Version(Reason::Alert(code), lowest, highest),
            code => TlsError::Protocol(Reason::Alert(code)),
        },
        E::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => version("wrong version number"),
        E::InvalidMessage(InvalidMessage::MessageTooLarge) | E::PeerSentOversizedRecord => {
            plain("packet length too long")
        }
        E::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => version("unsupported protocol"),
        E::InvalidMessage(InvalidMessage::MissingData("AlertDescription")) => {
            plain("invalid alert")
        }
        E::InvalidMessage(InvalidMessage::InvalidEmptyPayload) => plain("unexpected message"),
        E::DecryptError => plain("decryption failed or bad record mac"),
        E::InappropriateMessage { .. } | E::InappropriateHandshakeMessage { .. } => {
            plain("unexpected message")
        }
        // In TLS 1.2 rustls takes no signature of a key that is of type RSASSA-PSS itself.
        E::PeerMisbehaved(PeerMisbehaved::SignedKxWithWrongAlgorithm) => {
            plain("wrong signature type")
        }
        E::NoApplicationProtocol => plain("no application protocol"),
        other => TlsError::Protocol(Reason::Owned(other.to_string())),
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
