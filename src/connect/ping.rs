//! What an attempt says about the server, whether or not we got in (behaviour 138).

/// A server's state as a ping sees it, the manual's `PGPing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Ping {
    /// It accepts connections.
    Ok = 0,
    /// It is there but refuses connections for now.
    Reject = 1,
    /// Nobody answered, or not in a way we understand.
    NoResponse = 2,
    /// Nothing was tried: the options are wrong.
    NoAttempt = 3,
}

/// SQLSTATE of a server that is starting up, shutting down or recovering.
const CANNOT_CONNECT_NOW: &[u8] = b"57P03";

/// What was learnt about the server in the last attempt.
#[derive(Clone, Debug, Default)]
pub(super) struct Impression {
    /// The connection came up.
    pub connected: bool,
    /// The server sent an authentication request.
    pub auth_requested: bool,
    /// The SQLSTATE of its last error.
    pub sqlstate: Option<[u8; 5]>,
}

impl Impression {
    /// Notes the SQLSTATE of an error: its first five bytes; a shorter one is none.
    pub fn note_sqlstate(&mut self, sqlstate: Option<&[u8]>) {
        self.sqlstate = sqlstate.and_then(|s| s.first_chunk().copied());
    }

    /// Whether the server said that it is there but takes nobody for now.
    pub fn is_cannot_connect_now(&self) -> bool {
        self.sqlstate
            .is_some_and(|state| state == CANNOT_CONNECT_NOW)
    }

    /// What a ping makes of it.
    pub fn ping(&self) -> Ping {
        match self.sqlstate {
            _ if self.connected || self.auth_requested => Ping::Ok,
            None => Ping::NoResponse,
            Some(_) if self.is_cannot_connect_now() => Ping::Reject,
            Some(_) => Ping::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_138_what_counts_as_alive() {
        let mut impression = Impression::default();
        assert_eq!(impression.ping(), Ping::NoResponse);
        impression.note_sqlstate(Some(b"57P03"));
        assert_eq!(impression.ping(), Ping::Reject);
        impression.note_sqlstate(Some(b"53300"));
        assert_eq!(impression.ping(), Ping::Ok);
        impression.note_sqlstate(Some(b"XX"));
        assert_eq!(impression.ping(), Ping::NoResponse);
        impression.auth_requested = true;
        assert_eq!(impression.ping(), Ping::Ok);
    }
}
