//! The raw system and C library calls of this room.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;

use socket2::SockAddr;

use super::lookup::LookupError;

/// Appends the C library's text for an error number.
pub(super) fn strerror(errno: i32, out: &mut Vec<u8>) {
    let mut text = [0u8; 256];
    // SAFETY: the buffer is ours and its true length is passed; the call writes a NUL-terminated text into it.
    let failed = unsafe { libc::strerror_r(errno, text.as_mut_ptr().cast(), text.len()) } != 0;
    match CStr::from_bytes_until_nul(&text) {
        Ok(text) if !text.is_empty() => out.extend_from_slice(text.to_bytes()),
        _ if failed => out.extend_from_slice(format!("operating system error {errno}").as_bytes()),
        _ => {}
    }
}

/// While it lives, this thread's locale is C, and so the operating system's texts are in English.
pub struct English {
    c: libc::locale_t,
    former: libc::locale_t,
}

impl English {
    /// `None` where the C library has no memory for it.
    pub fn begin() -> Option<English> {
        // SAFETY: the mask and the name are the C library's own; a new locale is asked for.
        let c = unsafe { libc::newlocale(libc::LC_ALL_MASK, c"C".as_ptr(), std::ptr::null_mut()) };
        if c.is_null() {
            return None;
        }
        // SAFETY: the locale has just been made, and lives until it is no thread's any more.
        let former = unsafe { libc::uselocale(c) };
        Some(English { c, former })
    }
}

impl Drop for English {
    fn drop(&mut self) {
        // SAFETY: the former locale was this thread's; the other one is ours, and nobody uses it now.
        unsafe {
            libc::uselocale(self.former);
            libc::freelocale(self.c);
        }
    }
}

/// Appends the resolver's text for its error code.
pub(super) fn gai_strerror(code: i32, errno: i32, out: &mut Vec<u8>) {
    if code == libc::EAI_SYSTEM {
        return strerror(errno, out);
    }
    // SAFETY: takes any integer and returns NULL or a static text.
    let text = unsafe { libc::gai_strerror(code) };
    if text.is_null() {
        return out.extend_from_slice(b"Unknown error");
    }
    // SAFETY: not NULL (checked above), NUL-terminated and never freed, as POSIX promises.
    out.extend_from_slice(unsafe { CStr::from_ptr(text) }.to_bytes());
}

/// All stream addresses of `host`; with `numeric` it must be a number.
pub(super) fn getaddrinfo(
    host: &CStr,
    service: &CStr,
    numeric: bool,
) -> Result<Vec<SockAddr>, LookupError> {
    // SAFETY: all-zero bytes are a valid addrinfo: integers 0 and pointers NULL.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = libc::AF_UNSPEC;
    hints.ai_socktype = libc::SOCK_STREAM;
    hints.ai_flags = if numeric { libc::AI_NUMERICHOST } else { 0 };
    let mut list: *mut libc::addrinfo = std::ptr::null_mut();
    // SAFETY: both texts are NUL-terminated, hints and list are ours and live until the call returns.
    let code = unsafe { libc::getaddrinfo(host.as_ptr(), service.as_ptr(), &hints, &mut list) };
    if code != 0 {
        return Err(LookupError {
            code,
            errno: io::Error::last_os_error().raw_os_error().unwrap_or(0),
        });
    }
    let mut found = Vec::new();
    let mut next = list;
    while !next.is_null() {
        // SAFETY: not NULL, and an element of the list that getaddrinfo made and that is freed only below.
        let entry = unsafe { &*next };
        let len = entry.ai_addrlen as usize;
        if !entry.ai_addr.is_null() && len <= size_of::<libc::sockaddr_storage>() {
            let mut storage = socket2::SockAddrStorage::zeroed();
            // SAFETY: the source holds `len` bytes by the resolver's word, the target is a whole sockaddr_storage and
            // `len` was checked to fit; they are different objects.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    entry.ai_addr.cast::<u8>(),
                    std::ptr::from_mut(&mut storage).cast::<u8>(),
                    len,
                );
            }
            // SAFETY: the storage begins with the address just copied, whose length this is.
            found.push(unsafe { SockAddr::new(storage, entry.ai_addrlen) });
        }
        next = entry.ai_next;
    }
    // SAFETY: the list came from getaddrinfo and nothing refers to it any more.
    unsafe { libc::freeaddrinfo(list) };
    Ok(found)
}

/// The numeric text of an internet address; empty when there is none.
pub(super) fn numeric_host(address: &SockAddr) -> Vec<u8> {
    let mut text = [0u8; 128];
    // SAFETY: address and its length belong together in SockAddr; the buffer is ours and its true length is passed; no
    // service text is asked for.
    let code = unsafe {
        libc::getnameinfo(
            address.as_ptr().cast(),
            address.len(),
            text.as_mut_ptr().cast(),
            text.len() as _,
            std::ptr::null_mut(),
            0,
            libc::NI_NUMERICHOST,
        )
    };
    match CStr::from_bytes_until_nul(&text) {
        Ok(text) if code == 0 => text.to_bytes().to_vec(),
        _ => Vec::new(),
    }
}

/// poll(2) on one descriptor; `true` when anything is to be seen on it.
pub(super) fn poll(fd: RawFd, read: bool, write: bool, timeout_ms: i32) -> io::Result<bool> {
    let events = if read { libc::POLLIN } else { 0 } | if write { libc::POLLOUT } else { 0 };
    let mut entry = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    // SAFETY: one entry, ours, and the count says one.
    match unsafe { libc::poll(&mut entry, 1, timeout_ms) } {
        -1 => Err(io::Error::last_os_error()),
        n => Ok(n > 0),
    }
}

/// For send(2): more follows soon. Other systems send at once.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const MSG_MORE: i32 = libc::MSG_MORE;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const MSG_MORE: i32 = 0;

/// What poll(2) shows of a descriptor at once.
pub(super) struct Look {
    /// Something can be read, an end among it.
    pub readable: bool,
    /// The connection is broken, or the peer has closed its side.
    pub hung_up: bool,
}

/// Looks at a descriptor without waiting.
pub(super) fn look(fd: RawFd) -> io::Result<Look> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOSED: i16 = libc::POLLRDHUP;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOSED: i16 = 0;
    let mut entry = libc::pollfd {
        fd,
        events: libc::POLLIN | CLOSED,
        revents: 0,
    };
    // SAFETY: one entry, ours, and the count says one.
    match unsafe { libc::poll(&mut entry, 1, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(Look {
            readable: entry.revents & libc::POLLIN != 0,
            hung_up: entry.revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL | CLOSED) != 0,
        }),
    }
}

/// recv(2) behind the content of `buf`, at most `max` bytes and never beyond its capacity.
pub(super) fn recv_append(
    socket: &socket2::Socket,
    buf: &mut Vec<u8>,
    max: usize,
    flags: i32,
) -> io::Result<usize> {
    let spare: &mut [MaybeUninit<u8>] = buf.spare_capacity_mut();
    let room = spare.len().min(max);
    let got = socket.recv_with_flags(&mut spare[..room], flags)?;
    // SAFETY: recv(2) has written the first `got` bytes of the spare capacity, and `got` is at most its length.
    unsafe { buf.set_len(buf.len() + got) };
    Ok(got)
}

/// Ends the descriptor's non-blocking mode, in one system call where fcntl(2) takes two.
pub(super) fn set_blocking(fd: RawFd) -> io::Result<()> {
    let nonblocking: libc::c_int = 0;
    // SAFETY: FIONBIO reads one int, which is ours and lives through the call.
    match unsafe { libc::ioctl(fd, libc::FIONBIO, &nonblocking) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// setsockopt(2) with an int.
pub(super) fn set_int_option(fd: RawFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    // SAFETY: the value lives through the call and its size is passed.
    let result = unsafe {
        libc::setsockopt(
            fd,
            level,
            name,
            std::ptr::from_ref(&value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The user id of the process on the other end of a Unix socket.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn peer_uid(fd: RawFd) -> io::Result<u32> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: both targets are ours and live through the call.
    match unsafe { libc::getpeereid(fd, &mut uid, &mut gid) } {
        0 => Ok(uid),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The user id of the process on the other end of a Unix socket.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn peer_uid(fd: RawFd) -> io::Result<u32> {
    let mut credentials = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut len = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the target is ours and `len` is its size.
    let result = unsafe {
        libc::getsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            std::ptr::from_mut(&mut credentials).cast(),
            &mut len,
        )
    };
    if result == 0 {
        Ok(credentials.uid)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Has `handler` run in each child of fork(3) from now on. `false` when there is no memory for that.
///
/// `handler` must do nothing but what a signal handler may, and must stay where it is for as long as the process runs.
pub(super) fn at_fork_in_child(handler: extern "C" fn()) -> bool {
    // SAFETY: the handler's address stays good, for the library is linked never to be unloaded; that it does only what is
    // allowed in a child is promised by the one caller, `fork::watch`.
    unsafe { libc::pthread_atfork(None, None, Some(handler)) == 0 }
}

/// The largest buffer offered to the user database, in bytes.
const USER_ENTRY_MAX: usize = 1024 * 1024;

/// The user's name in the user database; `None` when it has no such user.
///
/// # Errors
/// The error number of a database that cannot be read.
pub(super) fn user_name(uid: u32) -> Result<Option<Vec<u8>>, i32> {
    let mut buffer: Vec<u8> = vec![0; 1024];
    loop {
        // SAFETY: all-zero bytes are a valid passwd: integers 0 and pointers NULL.
        let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
        let mut found: *mut libc::passwd = std::ptr::null_mut();
        // SAFETY: entry, buffer and found are ours and outlive the call; the buffer's true length is passed.
        let code = unsafe {
            libc::getpwuid_r(
                uid,
                &mut entry,
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                &mut found,
            )
        };
        match code {
            0 if found.is_null() => return Ok(None),
            0 => {
                // SAFETY: a found entry's name is a NUL-terminated text inside `buffer`, which still lives.
                return Ok(Some(
                    unsafe { CStr::from_ptr(entry.pw_name) }.to_bytes().to_vec(),
                ));
            }
            libc::ERANGE if buffer.len() < USER_ENTRY_MAX => buffer.resize(buffer.len() * 2, 0),
            libc::EINTR => {}
            errno => return Err(errno),
        }
    }
}

/// The first step of a [`send_cancel`] that failed, and its error number.
pub(super) type CancelFailure = (&'static [u8], i32);

/// While it lives, what happens to `errno` in this thread is passing.
pub(super) struct ErrnoKept(i32);

impl ErrnoKept {
    pub(super) fn begin() -> ErrnoKept {
        ErrnoKept(errno())
    }
}

impl Drop for ErrnoKept {
    fn drop(&mut self) {
        // SAFETY: the C library's errno location is valid for the calling thread for as long as it runs.
        unsafe { *errno_location() = self.0 };
    }
}

#[cfg(any(target_os = "netbsd", target_os = "openbsd", target_os = "android"))]
use libc::__errno as errno_location;
#[cfg(target_os = "linux")]
use libc::__errno_location as errno_location;
#[cfg(any(
    target_os = "freebsd",
    target_os = "dragonfly",
    target_vendor = "apple"
))]
use libc::__error as errno_location;

fn errno() -> i32 {
    // SAFETY: the C library's errno location is valid for the calling thread for as long as it runs.
    unsafe { *errno_location() }
}

#[cfg(not(target_vendor = "apple"))]
const CLOEXEC: i32 = libc::SOCK_CLOEXEC;
/// socket(2) takes no flags there; a program started just then keeps the descriptor.
#[cfg(target_vendor = "apple")]
const CLOEXEC: i32 = 0;

/// Sends a cancel request and waits for the server to close, with nothing but async-signal-safe calls: socket(2),
/// setsockopt(2), connect(2), send(2), recv(2), close(2). `errno` is the caller's to keep.
///
/// # Errors
/// The step that failed, as libpq's text goes on behind its beginning, and the error number.
pub(super) fn send_cancel(
    address: &SockAddr,
    options: &[(i32, i32, &'static [u8], i32)],
    packet: &[u8],
) -> Result<(), CancelFailure> {
    let family = libc::c_int::from(address.family());
    // SAFETY: takes integers only.
    let fd = unsafe { libc::socket(family, libc::SOCK_STREAM | CLOEXEC, 0) };
    if fd < 0 {
        return Err((b"socket() failed: ", errno()));
    }
    let result = talk(fd, address, options, packet);
    // SAFETY: the descriptor was opened above and nobody else knows it.
    unsafe { libc::close(fd) };
    result
}

fn talk(
    fd: RawFd,
    address: &SockAddr,
    options: &[(i32, i32, &'static [u8], i32)],
    packet: &[u8],
) -> Result<(), CancelFailure> {
    for &(level, name, failed, value) in options {
        // SAFETY: the value lives through the call and its size is passed.
        let result = unsafe {
            libc::setsockopt(
                fd,
                level,
                name,
                std::ptr::from_ref(&value).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            )
        };
        if result < 0 {
            return Err((failed, errno()));
        }
    }
    // SAFETY: address and length belong together in SockAddr.
    while unsafe { libc::connect(fd, address.as_ptr().cast(), address.len()) } < 0 {
        match errno() {
            libc::EINTR => {}
            // An interrupted connect has gone on by itself and is done by now.
            libc::EISCONN => break,
            error => return Err((b"connect() failed: ", error)),
        }
    }
    // SAFETY: the packet's true length is passed.
    while unsafe { libc::send(fd, packet.as_ptr().cast(), packet.len(), libc::MSG_NOSIGNAL) }
        != packet.len() as isize
    {
        match errno() {
            libc::EINTR => {}
            error => return Err((b"send() failed: ", error)),
        }
    }
    // The server closes when the request has been dealt with; waiting for it keeps a late cancel from hitting the next
    // query. What it says, if anything, does not matter.
    let mut byte = 0u8;
    // SAFETY: one byte, ours, and the length says one.
    while unsafe { libc::recv(fd, std::ptr::from_mut(&mut byte).cast(), 1, 0) } < 0 {
        if errno() != libc::EINTR {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Address;
    use crate::net::socket::Socket;

    #[test]
    fn the_threads_locale_is_c_for_a_while_only() {
        // SAFETY: a null locale only asks for the present one.
        let present = || unsafe { libc::uselocale(std::ptr::null_mut()) } as usize;
        let before = present();
        let inside = {
            let _until_the_end = English::begin();
            present()
        };
        assert_ne!(inside, before);
        assert_eq!(present(), before);
    }

    #[test]
    fn behaviour_342_sending_raises_no_sigpipe() {
        // Rust's test programs ignore SIGPIPE; while it is blocked it stays pending nevertheless.
        // SAFETY: the set is ours and initialised by sigemptyset; only this thread's mask changes.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::sigaddset(&mut set, libc::SIGPIPE);
            libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        }
        let path = std::env::temp_dir().join(format!("pqn{}sigpipe", std::process::id()));
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let address = Address::unix(path.as_os_str().as_encoded_bytes()).unwrap();
        let socket = Socket::new(&address).unwrap();
        socket.connect(&address).unwrap();
        drop(listener.accept().unwrap());
        std::fs::remove_file(&path).unwrap();
        let error = socket.send(b"x", true).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EPIPE));
        // SAFETY: the set is ours; sigpending fills it.
        let pending = unsafe {
            let mut set = std::mem::zeroed();
            libc::sigpending(&mut set);
            libc::sigismember(&set, libc::SIGPIPE)
        };
        assert_eq!(pending, 0);
    }
}
