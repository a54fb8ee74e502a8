//! What a backend tells about itself: ParameterStatus, BackendKeyData, ReadyForQuery.

use zeroize::Zeroizing;

use super::parameters::Parameters;
use crate::protocol::encoding;
use crate::protocol::types::TransactionStatus;

/// The oldest protocol version, 3.0, as major << 16 | minor.
pub const PROTOCOL_3_0: u32 = 196_608;
/// Protocol version 3.2.
pub const PROTOCOL_3_2: u32 = 196_610;

/// The iteration count of SCRAM secrets until the server reports another one.
const DEFAULT_SCRAM_ITERATIONS: i32 = 4096;

/// What the backend has told about itself.
pub struct Facts {
    /// What was reported.
    parameters: Parameters,
    /// The protocol version spoken, as major << 16 | minor.
    pub protocol_version: u32,
    /// Process id of the backend; 0 until it is known.
    pub process_id: i32,
    /// The key for cancel requests, once reported.
    pub cancel_key: Option<Zeroizing<Vec<u8>>>,
    /// State of the last ReadyForQuery.
    pub transaction_status: TransactionStatus,
    /// The client encoding's id.
    pub client_encoding: i32,
    /// `standard_conforming_strings`; off until reported (behaviour 254).
    pub std_strings: bool,
    /// Server version as a number, 180006 for 18.6; 0 until reported.
    pub server_version: i32,
    /// `scram_iterations` (behaviour 255).
    pub scram_iterations: i32,
    /// The encoding or `standard_conforming_strings` was reported since somebody last looked.
    pub escaping_reported: bool,
    /// `default_transaction_read_only`, once reported.
    pub default_transaction_read_only: Option<bool>,
    /// `in_hot_standby`, once reported.
    pub in_hot_standby: Option<bool>,
}

impl Default for Facts {
    fn default() -> Self {
        Facts {
            parameters: Parameters::default(),
            protocol_version: PROTOCOL_3_0,
            process_id: 0,
            cancel_key: None,
            transaction_status: TransactionStatus::Idle,
            client_encoding: encoding::SQL_ASCII,
            std_strings: false,
            escaping_reported: false,
            server_version: 0,
            scram_iterations: DEFAULT_SCRAM_ITERATIONS,
            default_transaction_read_only: None,
            in_hot_standby: None,
        }
    }
}

impl Facts {
    /// The value of a reported parameter with a NUL behind it. Names are case-sensitive (behaviour 251).
    pub fn parameter_with_nul(&self, name: &[u8]) -> Option<&[u8]> {
        self.parameters.get(name)
    }

    /// Takes a ParameterStatus in.
    pub fn set_parameter(&mut self, name: &[u8], value: &[u8]) {
        self.parameters.set(name, value);
        self.escaping_reported |=
            matches!(name, b"client_encoding" | b"standard_conforming_strings");
        let is_on = value == b"on";
        match name {
            b"client_encoding" => {
                self.client_encoding = encoding::from_name(value).unwrap_or(encoding::SQL_ASCII)
            }
            b"standard_conforming_strings" => self.std_strings = is_on,
            b"server_version" => self.server_version = version_number(value),
            b"scram_iterations" => self.scram_iterations = leading_number(value).0,
            b"default_transaction_read_only" => self.default_transaction_read_only = Some(is_on),
            b"in_hot_standby" => self.in_hot_standby = Some(is_on),
            _ => {}
        }
    }
}

/// A server version's text as a number (behaviour 252).
fn version_number(text: &[u8]) -> i32 {
    let mut parts = [0i32; 3];
    let mut count = 0;
    let mut rest = text;
    while count < 3 {
        let (number, len) = leading_number(rest);
        if len == 0 {
            break;
        }
        parts[count] = number;
        count += 1;
        match rest.get(len) {
            Some(b'.') => rest = &rest[len + 1..],
            _ => break,
        }
    }
    let [a, b, c] = parts.map(i64::from);
    let number = match count {
        0 => 0,
        1 => a * 10_000,
        2 if a >= 10 => a * 10_000 + b,
        _ => a * 10_000 + b * 100 + c,
    };
    i32::try_from(number).unwrap_or(0)
}

/// The number that `text` begins with, and its length in bytes.
fn leading_number(text: &[u8]) -> (i32, usize) {
    let len = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = text[..len].iter().try_fold(0i32, |n, &b| {
        n.checked_mul(10)?.checked_add(i32::from(b - b'0'))
    });
    (number.unwrap_or(i32::MAX), len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_252_server_version() {
        for (text, number) in [
            ("9.6.24", 90_624),
            ("9.6", 90_600),
            ("18.6", 180_006),
            ("15.18 (Debian 15.18-0+deb12u1)", 150_018),
            ("19beta1", 190_000),
            ("10.0", 100_000),
            ("", 0),
            ("x", 0),
            ("99999999999999999999", 0),
        ] {
            assert_eq!(version_number(text.as_bytes()), number, "{text}");
        }
    }

    #[test]
    fn a_report_replaces_the_former_value() {
        let mut facts = Facts::default();
        facts.set_parameter(b"TimeZone", b"UTC");
        facts.set_parameter(b"TimeZone", b"GMT");
        facts.set_parameter(b"in_hot_standby", b"off");
        assert_eq!(facts.parameter_with_nul(b"TimeZone"), Some(&b"GMT\0"[..]));
        assert_eq!(facts.parameter_with_nul(b"timezone"), None);
        assert_eq!(facts.in_hot_standby, Some(false));
        assert!(!facts.std_strings);
    }
}
