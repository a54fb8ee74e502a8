//! Private keys under a pass phrase: PKCS#8 with PBES2 (PBKDF2 or scrypt) or PKCS#12's PBE, and the older PEM form.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use des::TdesEde3;
use hmac::Hmac;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::super::der::{Reader, tag};
use super::super::error::Reason;
use super::AskPassword;

/// The pass phrase is wrong, or the key damaged.
const BAD_DECRYPT: Reason = Reason::Text("bad decrypt");
const UNSUPPORTED: Reason = Reason::Text("unsupported encryption of the private key");
const MALFORMED: Reason = Reason::Text("private key cannot be decoded");
const NO_PASSWORD: Reason = Reason::Text("problems getting password");

/// The largest number of rounds a key may ask for: some seconds.
const ROUNDS_MAX: u32 = 20_000_000;
/// The most memory scrypt may ask for, in bytes.
const SCRYPT_MEMORY_MAX: u64 = 256 * 1024 * 1024;

/// How the key is encrypted once there is a key for it.
#[derive(Clone, Copy)]
enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
}

impl Cipher {
    fn key_len(self) -> usize {
        match self {
            Cipher::Aes128 => 16,
            Cipher::Aes192 | Cipher::TripleDes => 24,
            Cipher::Aes256 => 32,
        }
    }

    /// CBC with the padding of PKCS#7.
    fn decrypt(self, key: &[u8], iv: &[u8], text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Reason> {
        fn run<C: KeyIvInit + BlockModeDecrypt>(
            key: &[u8],
            iv: &[u8],
            text: &[u8],
        ) -> Result<Zeroizing<Vec<u8>>, Reason> {
            let cipher = C::new_from_slices(key, iv).map_err(|_| MALFORMED)?;
            let plain = cipher.decrypt_padded_vec::<Pkcs7>(text);
            plain.map(Zeroizing::new).map_err(|_| BAD_DECRYPT)
        }
        let plain = match self {
            Cipher::Aes128 => run::<Decryptor<Aes128>>(key, iv, text),
            Cipher::Aes192 => run::<Decryptor<Aes192>>(key, iv, text),
            Cipher::Aes256 => run::<Decryptor<Aes256>>(key, iv, text),
            Cipher::TripleDes => run::<Decryptor<TdesEde3>>(key, iv, text),
        }?;
        // One wrong pass phrase in 256 leaves padding that looks right.
        match Reader::new(&plain).expect(tag::SEQUENCE) {
            Some(_) => Ok(plain),
            None => Err(BAD_DECRYPT),
        }
    }
}

/// The old form: `DEK-Info: AES-256-CBC,<iv>` and a key made of the pass phrase by MD5 (`EVP_BytesToKey`).
pub(super) fn legacy(
    how: &[u8],
    text: &[u8],
    ask: &mut AskPassword<'_>,
) -> Result<Zeroizing<Vec<u8>>, Reason> {
    let comma = how.iter().position(|&b| b == b',').ok_or(MALFORMED)?;
    let cipher = match &how[..comma] {
        b"AES-128-CBC" => Cipher::Aes128,
        b"AES-192-CBC" => Cipher::Aes192,
        b"AES-256-CBC" => Cipher::Aes256,
        b"DES-EDE3-CBC" => Cipher::TripleDes,
        _ => return Err(UNSUPPORTED),
    };
    let iv = hex(&how[comma + 1..]).ok_or(MALFORMED)?;
    let salt = iv.get(..8).ok_or(MALFORMED)?;
    let password = ask().ok_or(NO_PASSWORD)?;
    let mut key = Zeroizing::new(Vec::with_capacity(48));
    while key.len() < cipher.key_len() {
        let mut hash = Md5::new();
        if let Some(last) = key.len().checked_sub(16) {
            hash.update(&key[last..]);
        }
        hash.update(&password[..]);
        hash.update(salt);
        key.extend_from_slice(&hash.finalize());
    }
    cipher.decrypt(&key[..cipher.key_len()], &iv, text)
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |b: u8| (b as char).to_digit(16);
    text.chunks(2)
        .map(|pair| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8))
        .collect()
}

/// EncryptedPrivateKeyInfo of PKCS#8 (RFC 5208, RFC 8018).
pub(super) fn pkcs8(der: &[u8], ask: &mut AskPassword<'_>) -> Result<Zeroizing<Vec<u8>>, Reason> {
    let (how, text) = parse(der).ok_or(MALFORMED)?;
    let mut how = Reader::new(how);
    let oid = how.expect(tag::OID).ok_or(MALFORMED)?.value;
    match oid {
        // PBES2
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13] => pbes2(&mut how, text, ask),
        // pbeWithSHAAnd3-KeyTripleDES-CBC of PKCS#12
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 3] => pkcs12(&mut how, text, ask),
        _ => Err(UNSUPPORTED),
    }
}

fn parse(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut outer = Reader::new(der).inside(tag::SEQUENCE)?;
    let how = outer.expect(tag::SEQUENCE)?.value;
    Some((how, outer.expect(tag::OCTET_STRING)?.value))
}

/// PBES2's parameters, read.
struct Pbes2<'a> {
    kdf: &'a [u8],
    kdf_parameters: Reader<'a>,
    cipher: &'a [u8],
    iv: &'a [u8],
}

fn parse_pbes2<'a>(how: &mut Reader<'a>) -> Option<Pbes2<'a>> {
    let mut parameters = how.inside(tag::SEQUENCE)?;
    let mut kdf = parameters.inside(tag::SEQUENCE)?;
    let mut cipher = parameters.inside(tag::SEQUENCE)?;
    Some(Pbes2 {
        kdf: kdf.expect(tag::OID)?.value,
        kdf_parameters: kdf.inside(tag::SEQUENCE)?,
        cipher: cipher.expect(tag::OID)?.value,
        iv: cipher.expect(tag::OCTET_STRING)?.value,
    })
}

fn pbes2(
    how: &mut Reader<'_>,
    text: &[u8],
    ask: &mut AskPassword<'_>,
) -> Result<Zeroizing<Vec<u8>>, Reason> {
    let mut found = parse_pbes2(how).ok_or(MALFORMED)?;
    let cipher = match found.cipher {
        [0x60, 0x86, 0x48, 1, 101, 3, 4, 1, 2] => Cipher::Aes128,
        [0x60, 0x86, 0x48, 1, 101, 3, 4, 1, 22] => Cipher::Aes192,
        [0x60, 0x86, 0x48, 1, 101, 3, 4, 1, 42] => Cipher::Aes256,
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7] => Cipher::TripleDes,
        _ => return Err(UNSUPPORTED),
    };
    let mut key = Zeroizing::new(vec![0; cipher.key_len()]);
    let salt = found.kdf_parameters.expect(tag::OCTET_STRING);
    let salt = salt.ok_or(MALFORMED)?.value;
    match found.kdf {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12] => {
            let rounds = found.kdf_parameters.small_integer().ok_or(MALFORMED)?;
            if rounds > ROUNDS_MAX {
                return Err(UNSUPPORTED);
            }
            found.kdf_parameters.optional(tag::INTEGER);
            let digest = match found.kdf_parameters.inside(tag::SEQUENCE) {
                None => 7,
                Some(mut digest) => match digest.expect(tag::OID).map(|e| e.value) {
                    Some([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, n]) => *n,
                    _ => return Err(UNSUPPORTED),
                },
            };
            let password = ask().ok_or(NO_PASSWORD)?;
            macro_rules! derive {
                ($hash:ty) => {
                    pbkdf2::pbkdf2::<Hmac<$hash>>(&password, salt, rounds, &mut key)
                };
            }
            match digest {
                7 => derive!(Sha1),
                8 => derive!(Sha224),
                9 => derive!(Sha256),
                10 => derive!(Sha384),
                11 => derive!(Sha512),
                _ => return Err(UNSUPPORTED),
            }
            .map_err(|_| MALFORMED)?;
        }
        // scrypt (RFC 7914)
        [0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11] => {
            let mut number = || found.kdf_parameters.small_integer().ok_or(MALFORMED);
            let (n, r, p) = (number()?, number()?, number()?);
            if !n.is_power_of_two() || 128 * u64::from(n) * u64::from(r) > SCRYPT_MEMORY_MAX {
                return Err(UNSUPPORTED);
            }
            let parameters = scrypt::Params::new(n.ilog2() as u8, r, p).map_err(|_| UNSUPPORTED)?;
            let password = ask().ok_or(NO_PASSWORD)?;
            scrypt::scrypt(&password, salt, &parameters, &mut key).map_err(|_| UNSUPPORTED)?;
        }
        _ => return Err(UNSUPPORTED),
    }
    cipher.decrypt(&key, found.iv, text)
}

/// PKCS#12's own encryption with SHA-1 and triple DES (RFC 7292, appendix B).
fn pkcs12(
    how: &mut Reader<'_>,
    text: &[u8],
    ask: &mut AskPassword<'_>,
) -> Result<Zeroizing<Vec<u8>>, Reason> {
    let mut parameters = how.inside(tag::SEQUENCE).ok_or(MALFORMED)?;
    let salt = parameters.expect(tag::OCTET_STRING).ok_or(MALFORMED)?.value;
    let rounds = parameters.small_integer().ok_or(MALFORMED)?;
    if rounds > ROUNDS_MAX || salt.is_empty() {
        return Err(UNSUPPORTED);
    }
    let password = ask().ok_or(NO_PASSWORD)?;
    // UTF-16, big-endian, with a zero at the end; bytes that are no UTF-8 stand for themselves.
    let mut wide = Zeroizing::new(Vec::with_capacity(password.len() * 2 + 2));
    match std::str::from_utf8(&password) {
        Ok(text) => wide.extend(text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes)),
        Err(_) => wide.extend(password.iter().chain(&[0]).flat_map(|&b| [0, b])),
    }
    let key = pkcs12_derive(1, &wide, salt, rounds, 24);
    let iv = pkcs12_derive(2, &wide, salt, rounds, 8);
    Cipher::TripleDes.decrypt(&key, &iv, text)
}

/// RFC 7292, appendix B.2, with SHA-1: `id` is 1 for a key and 2 for an initial vector.
fn pkcs12_derive(
    id: u8,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    len: usize,
) -> Zeroizing<Vec<u8>> {
    const BLOCK: usize = 64;
    let fill = |bytes: &[u8]| {
        let len = bytes.len().div_ceil(BLOCK) * BLOCK;
        bytes.iter().copied().cycle().take(len).collect::<Vec<u8>>()
    };
    let mut input = Zeroizing::new(fill(salt));
    input.extend(Zeroizing::new(fill(password)).iter());
    let mut out = Zeroizing::new(Vec::with_capacity(len + 20));
    while out.len() < len {
        let mut a = Sha1::new()
            .chain_update([id; BLOCK])
            .chain_update(&input[..])
            .finalize();
        for _ in 1..rounds {
            a = Sha1::digest(a);
        }
        out.extend_from_slice(&a);
        // Each block of the input grows by the digest, repeated to a block's length, and one.
        let add: Vec<u8> = a.iter().copied().cycle().take(BLOCK).collect();
        for block in input.chunks_mut(BLOCK) {
            let mut carry = 1u16;
            for (byte, add) in block.iter_mut().zip(&add).rev() {
                carry += u16::from(*byte) + u16::from(*add);
                *byte = carry as u8;
                carry >>= 8;
            }
        }
    }
    out.truncate(len);
    out
}
