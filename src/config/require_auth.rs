//! `require_auth`: the authentication methods a server may use (libpq manual, same keyword).

use super::error::ConfigError;
use super::options::Opt;
use super::text::error_with;

/// An authentication method as `require_auth` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum AuthMethod {
    /// A password in clear text.
    Password,
    /// A password under MD5.
    Md5,
    /// GSSAPI.
    Gss,
    /// SSPI, Windows' GSSAPI.
    Sspi,
    /// SCRAM-SHA-256, with or without channel binding.
    ScramSha256,
    /// OAUTHBEARER.
    Oauth,
    /// No authentication at all.
    None,
}

impl AuthMethod {
    const WORDS: [(&'static str, AuthMethod); 7] = [
        ("password", AuthMethod::Password),
        ("md5", AuthMethod::Md5),
        ("gss", AuthMethod::Gss),
        ("sspi", AuthMethod::Sspi),
        ("scram-sha-256", AuthMethod::ScramSha256),
        ("oauth", AuthMethod::Oauth),
        ("none", AuthMethod::None),
    ];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Which methods are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequireAuth {
    allowed: u8,
    restricted: bool,
}

impl RequireAuth {
    const EVERYTHING: u8 = (1 << AuthMethod::WORDS.len()) - 1;

    /// Every method is allowed, as where the option is not given.
    pub const ANY: RequireAuth = RequireAuth {
        allowed: Self::EVERYTHING,
        restricted: false,
    };

    /// Reads the option; an empty value restricts nothing.
    pub(super) fn read(value: &[u8]) -> Result<RequireAuth, ConfigError> {
        if value.is_empty() {
            return Ok(Self::ANY);
        }
        let negative = value.first() == Some(&b'!');
        let mut named = 0;
        for word in value.split(|&b| b == b',') {
            let name = match (negative, word.strip_prefix(b"!")) {
                (true, Some(name)) => name,
                (false, None) => word,
                (false, Some(_)) => {
                    return Err(error_with(word, |method| {
                        ConfigError::RequireAuthNegativeAmongPlain { method }
                    }));
                }
                (true, None) => {
                    return Err(error_with(word, |method| {
                        ConfigError::RequireAuthPlainAmongNegative { method }
                    }));
                }
            };
            let method = AuthMethod::WORDS
                .iter()
                .find(|(word, _)| word.as_bytes() == name)
                .map(|(_, method)| *method)
                .ok_or_else(|| {
                    error_with(name, |value| ConfigError::InvalidValue {
                        option: Opt::RequireAuth,
                        value,
                    })
                })?;
            if named & method.bit() != 0 {
                return Err(error_with(word, |method| ConfigError::RequireAuthTwice {
                    method,
                }));
            }
            named |= method.bit();
        }
        Ok(RequireAuth {
            allowed: match negative {
                true => Self::EVERYTHING & !named,
                false => named,
            },
            restricted: true,
        })
    }

    /// Whether the server may use `method`; [`AuthMethod::None`] asks whether it may do without.
    pub fn allows(self, method: AuthMethod) -> bool {
        self.allowed & method.bit() != 0
    }

    /// Whether the server must authenticate us somehow.
    pub fn demands_authentication(self) -> bool {
        !self.allows(AuthMethod::None)
    }

    /// Whether the option says anything.
    pub fn is_restricted(self) -> bool {
        self.restricted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_list_allows_only_its_members() {
        // behaviour 123
        let auth = RequireAuth::read(b"md5,scram-sha-256").unwrap();
        assert!(auth.allows(AuthMethod::Md5) && auth.allows(AuthMethod::ScramSha256));
        assert!(!auth.allows(AuthMethod::Password) && auth.demands_authentication());
        assert!(!RequireAuth::read(b"none").unwrap().demands_authentication());
    }

    #[test]
    fn negated_list_allows_everything_else() {
        // behaviour 123
        let auth = RequireAuth::read(b"!password,!md5").unwrap();
        assert!(auth.allows(AuthMethod::ScramSha256) && auth.allows(AuthMethod::None));
        assert!(!auth.allows(AuthMethod::Password) && !auth.allows(AuthMethod::Md5));
        let auth = RequireAuth::read(b"!none").unwrap();
        assert!(auth.demands_authentication() && auth.allows(AuthMethod::Password));
    }

    #[test]
    fn empty_value_restricts_nothing() {
        assert_eq!(RequireAuth::read(b"").unwrap(), RequireAuth::ANY);
        assert!(!RequireAuth::ANY.is_restricted());
    }
}
