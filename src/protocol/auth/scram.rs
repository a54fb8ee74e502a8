//! The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677; protocol chapter "SASL
//! Authentication").
//!
//! | wire message | call |
//! |---|---|
//! | SASLInitialResponse, its data | [`Scram::client_first`] |
//! | AuthenticationSASLContinue | [`Scram::handle_server_first`], which gives the data of the SASLResponse |
//! | AuthenticationSASLFinal | [`Scram::handle_server_final`] |
//!
//! The server is authenticated only when `handle_server_final` has returned `Ok`.
//!
//! The iteration count is bounded as in libpq 18.6, which takes any value up to `i32::MAX`: a hostile server can keep the
//! computation busy for minutes.

use super::stretch::{self, Keys, SharedKeys};
use super::{AuthError, base64, saslprep, try_copy};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Length in bytes of a SHA-256 digest, of the client key and of the server key.
pub const KEY_LEN: usize = 32;
/// Length in bytes of the random part of the client's nonce, before base64.
pub const RAW_NONCE_LEN: usize = 18;

/// What the client says about channel binding (RFC 5802 section 6).
#[derive(Clone, PartialEq, Eq)]
pub enum ChannelBinding {
    /// The client cannot bind (no TLS, or switched off): `n`.
    Unsupported,
    /// The client could, but the server did not offer a `-PLUS` mechanism: `y`.
    SupportedNotUsed,
    /// Bound to the hash of the server's certificate (`tls-server-end-point`, RFC 5929).
    Bound(Vec<u8>),
}

/// What the client proves that it knows.
///
/// Wiped when dropped; has no `Debug`.
pub struct ScramSecret {
    password: Zeroizing<Vec<u8>>,
    client_key: Option<Zeroizing<[u8; KEY_LEN]>>,
    server_key: Option<Zeroizing<[u8; KEY_LEN]>>,
    cache: SharedKeys,
}

impl ScramSecret {
    /// A password, and the keys of the options `scram_client_key` and `scram_server_key` where they were given.
    ///
    /// A client key takes the password's place in the proof, a server key in the check of the server's signature
    /// (behaviour 133). With a client key but no server key no signature can be right, as in libpq 18.6.
    ///
    /// # Errors
    /// [`AuthError::OutOfMemory`].
    pub fn new(
        password: &[u8],
        client_key: Option<[u8; KEY_LEN]>,
        server_key: Option<[u8; KEY_LEN]>,
    ) -> Result<Self, AuthError> {
        Ok(ScramSecret {
            password: Zeroizing::new(try_copy(password)?),
            client_key: client_key.map(Zeroizing::new),
            server_key: server_key.map(Zeroizing::new),
            cache: None,
        })
    }

    /// The same, with the keys of the password remembered in `cache`, or known from it.
    pub fn remembered_in(mut self, cache: SharedKeys) -> Self {
        self.cache = cache;
        self
    }

    /// The keys of the password.
    fn keys(&self, salt: &[u8], iterations: u32) -> Option<Keys> {
        let derive = || {
            let salted = salted_password(&self.password, salt, iterations)?;
            Some(Keys {
                client: client_key(&salted),
                server: server_key(&salted),
            })
        };
        match &self.cache {
            Some(cache) => cache.get(&self.password, salt, iterations, derive),
            None => derive(),
        }
    }
}

enum State {
    Start,
    FirstSent,
    FinalSent {
        server_key: Option<Zeroizing<[u8; KEY_LEN]>>,
    },
    Done,
}

/// One SCRAM exchange. See the module for the order of calls.
pub struct Scram {
    secret: ScramSecret,
    binding: ChannelBinding,
    /// base64 text, 24 bytes.
    nonce: Vec<u8>,
    /// client-first-message-bare , server-first-message , client-final-message-without-proof.
    auth_message: Vec<u8>,
    state: State,
    remark: Option<AuthError>,
}

impl Scram {
    /// Begins an exchange; `nonce` must be fresh random bytes.
    pub fn new(secret: ScramSecret, nonce: [u8; RAW_NONCE_LEN], binding: ChannelBinding) -> Self {
        let mut text = Vec::new();
        base64::encode(&nonce, &mut text);
        Scram {
            secret,
            binding,
            nonce: text,
            auth_message: Vec::new(),
            state: State::Start,
            remark: None,
        }
    }

    /// The client-first-message. The user name in it is empty: the server knows it from the StartupMessage.
    pub fn client_first(&mut self) -> Vec<u8> {
        self.auth_message.clear();
        self.auth_message.extend_from_slice(b"n=,r=");
        self.auth_message.extend_from_slice(&self.nonce);
        let mut message = self.gs2_header().to_vec();
        message.extend_from_slice(&self.auth_message);
        self.state = State::FirstSent;
        message
    }

    /// Takes the server-first-message and gives the client-final-message.
    ///
    /// This is the costly step: as many hash iterations as the server asks for.
    ///
    /// # Errors
    /// A malformed message, a nonce that is not ours, or no memory. The exchange is over then.
    pub fn handle_server_first(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        if !matches!(self.state, State::FirstSent) {
            return Err(AuthError::OutOfTurn);
        }
        self.state = State::Done;
        let mut rest = checked(message)?;
        let nonce = attribute(&mut rest, b'r')?;
        if !nonce.starts_with(&self.nonce) {
            return Err(AuthError::NonceMismatch);
        }
        let salt_text = attribute(&mut rest, b's')?;
        let mut salt = Vec::new();
        salt.try_reserve_exact(salt_text.len())
            .map_err(|_| AuthError::OutOfMemory)?;
        salt.resize(salt_text.len(), 0);
        let salt_len = base64::decode(salt_text, &mut salt).ok_or(AuthError::InvalidSalt)?;
        salt.truncate(salt_len);
        let iterations =
            iteration_count(attribute(&mut rest, b'i')?).ok_or(AuthError::InvalidIterationCount)?;
        if !rest.is_empty() {
            // Only said, not acted upon: libpq 18.6 goes on and shows the text if the login fails later.
            self.remark = Some(AuthError::GarbageAfterServerFirst);
        }

        let mut reply = Vec::new();
        let binding_len = match &self.binding {
            ChannelBinding::Bound(hash) => hash.len(),
            _ => 0,
        };
        let needed = 256 + nonce.len() + message.len() + 2 * binding_len;
        reply
            .try_reserve(needed)
            .map_err(|_| AuthError::OutOfMemory)?;
        self.auth_message
            .try_reserve(needed)
            .map_err(|_| AuthError::OutOfMemory)?;
        reply.extend_from_slice(b"c=");
        let mut binding = self.gs2_header().to_vec();
        if let ChannelBinding::Bound(hash) = &self.binding {
            binding.extend_from_slice(hash);
        }
        base64::encode(&binding, &mut reply);
        reply.extend_from_slice(b",r=");
        reply.extend_from_slice(nonce);
        self.auth_message.push(b',');
        self.auth_message.extend_from_slice(message);
        self.auth_message.push(b',');
        self.auth_message.extend_from_slice(&reply);

        // Each key from its own source; the salted password only if one of them needs it.
        let given_server_key = self.secret.server_key.clone();
        let (client_key, server_key) = match &self.secret.client_key {
            Some(key) => (key.clone(), given_server_key),
            None => {
                let keys = self.secret.keys(&salt, iterations);
                let keys = keys.ok_or(AuthError::OutOfMemory)?;
                (keys.client, Some(given_server_key.unwrap_or(keys.server)))
            }
        };
        let stored_key = stored_key(&client_key);
        let signature = hmac(&stored_key[..], &self.auth_message);
        let mut proof = client_key;
        for (byte, mask) in proof.iter_mut().zip(signature.iter()) {
            *byte ^= mask;
        }
        reply.extend_from_slice(b",p=");
        base64::encode(&proof[..], &mut reply);
        self.state = State::FinalSent { server_key };
        Ok(reply)
    }

    /// Takes the server-final-message; `Ok` means the server knows the secret too.
    ///
    /// # Errors
    /// A malformed message, the server's own error text, or a wrong signature.
    pub fn handle_server_final(&mut self, message: &[u8]) -> Result<(), AuthError> {
        let State::FinalSent { server_key } = core::mem::replace(&mut self.state, State::Done)
        else {
            return Err(AuthError::OutOfTurn);
        };
        let mut rest = checked(message)?;
        if message.first() == Some(&b'e') {
            let text = attribute(&mut rest, b'e')?;
            return Err(AuthError::ServerError(try_copy(text)?));
        }
        let signature_text = attribute(&mut rest, b'v')?;
        if !rest.is_empty() {
            self.remark = Some(AuthError::GarbageAfterServerFinal);
        }
        let mut signature = [0; KEY_LEN];
        if base64::decode(signature_text, &mut signature) != Some(KEY_LEN) {
            return Err(AuthError::InvalidServerSignature);
        }
        let server_key = server_key.ok_or(AuthError::IncorrectServerSignature)?;
        // `verify_slice` compares in constant time.
        keyed(&server_key[..])
            .chain_update(&self.auth_message)
            .verify_slice(&signature)
            .map_err(|_| AuthError::IncorrectServerSignature)
    }

    /// What was wrong with the message just handled without failing it, once.
    ///
    /// Its text belongs in front of any error of the same or a later step, on a line of its own. A login that succeeds
    /// drops it.
    pub fn take_remark(&mut self) -> Option<AuthError> {
        self.remark.take()
    }

    fn gs2_header(&self) -> &'static [u8] {
        match self.binding {
            ChannelBinding::Unsupported => b"n,,",
            ChannelBinding::SupportedNotUsed => b"y,,",
            ChannelBinding::Bound(_) => b"p=tls-server-end-point,,",
        }
    }
}

/// PBKDF2 of the prepared password: RFC 5802's SaltedPassword. `None` when memory is short.
pub(crate) fn salted_password(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    let prepared = saslprep::prepare(password)?;
    Some(stretch::pbkdf2(&prepared, salt, iterations))
}

/// RFC 5802's ClientKey.
fn client_key(salted: &[u8; KEY_LEN]) -> Zeroizing<[u8; KEY_LEN]> {
    hmac(salted, b"Client Key")
}

/// RFC 5802's StoredKey of a salted password.
pub(crate) fn stored_key_of(salted: &[u8; KEY_LEN]) -> Zeroizing<[u8; KEY_LEN]> {
    stored_key(&client_key(salted))
}

/// RFC 5802's ServerKey.
pub(crate) fn server_key(salted: &[u8; KEY_LEN]) -> Zeroizing<[u8; KEY_LEN]> {
    hmac(salted, b"Server Key")
}

fn stored_key(client_key: &[u8; KEY_LEN]) -> Zeroizing<[u8; KEY_LEN]> {
    Zeroizing::new(Sha256::digest(client_key).into())
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC refuses no key"))
}

/// HMAC of a message in parts.
pub(super) fn keyed_update(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; KEY_LEN]> {
    let mut mac = keyed(key);
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn hmac(key: &[u8], message: &[u8]) -> Zeroizing<[u8; KEY_LEN]> {
    keyed_update(key, &[message])
}

/// The checks libpq makes on every SASL payload before it reads it.
fn checked(message: &[u8]) -> Result<&[u8], AuthError> {
    if message.is_empty() {
        Err(AuthError::EmptyMessage)
    } else if message.contains(&0) {
        Err(AuthError::LengthMismatch)
    } else {
        Ok(message)
    }
}

/// Takes `letter=value` off the front of `rest`, with the comma that ends it.
fn attribute<'m>(rest: &mut &'m [u8], letter: u8) -> Result<&'m [u8], AuthError> {
    let after = rest
        .strip_prefix(&[letter])
        .ok_or(AuthError::AttributeExpected(letter))?;
    let after = after
        .strip_prefix(b"=")
        .ok_or(AuthError::EqualsExpected(letter))?;
    let end = after.iter().position(|&byte| byte == b',');
    let (value, next) = after.split_at(end.unwrap_or(after.len()));
    *rest = next.strip_prefix(b",").unwrap_or(next);
    Ok(value)
}

/// The iteration count as libpq 18.6 reads it: white space and a sign may lead, a 64-bit number saturates and is then
/// cut to 32 bits, and what is below one is refused.
fn iteration_count(text: &[u8]) -> Option<u32> {
    let start = text
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\t'..=b'\r'))?;
    let text = text.get(start..)?;
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        let digit = i64::from(digit - b'0');
        value = value.saturating_mul(10);
        value = if negative {
            value.saturating_sub(digit)
        } else {
            value.saturating_add(digit)
        };
    }
    let cut = value as i32;
    (cut >= 1).then_some(cut as u32)
}

#[cfg(test)]
#[path = "scram_tests.rs"]
mod tests;
