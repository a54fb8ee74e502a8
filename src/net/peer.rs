//! Who is on the other end of a Unix socket, for `requirepeer`.

use super::socket::Socket;
use super::sys;

/// Why the peer's user name is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerError {
    /// The socket told no credentials; error number.
    Credentials(i32),
    /// The user database has no such user; user id.
    NoSuchUser(u32),
    /// The user database could not be read; user id and error number.
    Lookup(u32, i32),
}

/// The name of the user the server runs as.
///
/// # Errors
/// [`PeerError`].
pub fn user_name(socket: &Socket) -> Result<Vec<u8>, PeerError> {
    let uid =
        sys::peer_uid(socket.raw_fd()).map_err(|e| PeerError::Credentials(super::errno_of(&e)))?;
    match sys::user_name(uid) {
        Ok(Some(name)) => Ok(name),
        Ok(None) => Err(PeerError::NoSuchUser(uid)),
        Err(errno) => Err(PeerError::Lookup(uid, errno)),
    }
}
