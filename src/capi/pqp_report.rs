//! The connect report for C: what was tried, how long each part took, and how it ended.
//!
//! A report is a copy: it does not change when the connection does, outlives it, and may be read by any thread.

use std::ffi::{c_char, c_int};

use super::guard::{catch, see_conn};
use super::types::PGconn;
use crate::connect::report::{self, Attempt, FailureKind, Origin, Outcome, PHASES, Role, Span};

/// A part of an attempt: the index into `pqp_attempt.phases`.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum pqp_phase {
    /// The host's name is looked up.
    PQP_PHASE_LOOKUP = 0,
    /// connect(2), for Unix sockets too.
    PQP_PHASE_TCP = 1,
    /// Encryption is asked for and its handshake done.
    PQP_PHASE_TLS = 2,
    /// From the StartupMessage to AuthenticationOk.
    PQP_PHASE_AUTHENTICATION = 3,
    /// From there to ReadyForQuery: the backend starts.
    PQP_PHASE_STARTUP = 4,
    /// The server is asked for its role (target_session_attrs).
    PQP_PHASE_ROLE_CHECK = 5,
    /// How many there is room for.
    PQP_PHASES = 8,
}

/// How an attempt ended.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum pqp_outcome {
    /// It goes on.
    PQP_OUTCOME_UNDER_WAY = 0,
    /// The session is up.
    PQP_OUTCOME_CONNECTED = 1,
    /// It failed.
    PQP_OUTCOME_FAILED = 2,
}

/// What kind of server it is.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum pqp_role {
    /// It has not said.
    PQP_ROLE_UNKNOWN = 0,
    /// It takes writes.
    PQP_ROLE_PRIMARY = 1,
    /// It follows another one.
    PQP_ROLE_STANDBY = 2,
}

/// The kind of a failure.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum pqp_failure {
    /// Something that has no kind of its own, or no failure.
    PQP_FAILURE_OTHER = 0,
    /// The host has no address.
    PQP_FAILURE_LOOKUP = 1,
    /// connect(2), or what leads to it, failed: os_errno says why.
    PQP_FAILURE_NETWORK = 2,
    /// The time was over.
    PQP_FAILURE_TIMEOUT = 3,
    /// The server closed the connection, or it broke.
    PQP_FAILURE_CLOSED = 4,
    /// The server has no encryption and nothing else would do.
    PQP_FAILURE_ENCRYPTION_REFUSED = 5,
    /// TLS failed; tls_alert is what the server said.
    PQP_FAILURE_TLS = 6,
    /// The server's certificate was refused.
    PQP_FAILURE_CERTIFICATE = 7,
    /// We could not, or would not, authenticate as the server asked.
    PQP_FAILURE_AUTHENTICATION = 8,
    /// A password was asked for and none was there.
    PQP_FAILURE_PASSWORD_MISSING = 9,
    /// The server said no: sqlstate says why.
    PQP_FAILURE_SERVER = 10,
    /// The server is of another kind than target_session_attrs wants.
    PQP_FAILURE_ROLE = 11,
    /// The server does not keep to the protocol, or is none.
    PQP_FAILURE_PROTOCOL = 12,
    /// The server at a Unix socket runs as another user than requirepeer says.
    PQP_FAILURE_PEER = 13,
    /// A hook of the application refused, failed, or answered nonsense.
    PQP_FAILURE_APPLICATION = 14,
    /// An option's value, or a file it names, is of no use.
    PQP_FAILURE_CONFIGURATION = 15,
    /// Another attempt was faster, or the whole was given up.
    PQP_FAILURE_ABANDONED = 16,
}

/// Where an option's value came from.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum pqp_source {
    /// The default compiled in.
    PQP_SOURCE_DEFAULT = 0,
    /// The caller: connection string, array, or hook.
    PQP_SOURCE_ARGUMENT = 1,
    /// A service file.
    PQP_SOURCE_SERVICE_FILE = 2,
    /// An environment variable.
    PQP_SOURCE_ENVIRONMENT = 3,
    /// The password file.
    PQP_SOURCE_PASSWORD_FILE = 4,
    /// The name of the operating system's account.
    PQP_SOURCE_OS_USER = 5,
    /// Worked out from other options.
    PQP_SOURCE_DERIVED = 6,
    /// The context's default.
    PQP_SOURCE_CONTEXT = 7,
}

/// When a phase began and ended: microseconds since connecting began; -1 where it did not.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct pqp_phase_times {
    /// When it began; -1: it was never come to.
    pub begin_us: i64,
    /// When it ended; -1: it goes on.
    pub end_us: i64,
}

/// One attempt: a dial, or a name that has no address. Times are microseconds since connecting began. Texts are never
/// NULL and belong to the report. Members may be added at the end.
#[allow(non_camel_case_types)]
#[repr(C)]
pub struct pqp_attempt {
    /// The host as given: name, address, or socket directory.
    pub host: *const c_char,
    /// The numeric address; "" for a Unix socket, and where there is none.
    pub hostaddr: *const c_char,
    /// The port as given.
    pub port: *const c_char,
    /// When it began.
    pub begin_us: i64,
    /// When it ended; -1 while it goes on.
    pub end_us: i64,
    /// Each phase, by pqp_phase.
    pub phases: [pqp_phase_times; 8],
    /// The TLS version, such as "TLSv1.3"; "" without TLS.
    pub tls_version: *const c_char,
    /// The cipher suite, as OpenSSL names it; "" without TLS.
    pub tls_cipher: *const c_char,
    /// How the server let us in, or wanted to: "password", "md5", "gss", "sspi", the name of a SASL mechanism, or
    /// "none"; "" before it did.
    pub auth_method: *const c_char,
    /// The part of the error text that this attempt left; "" unless it failed.
    pub message: *const c_char,
    /// The SQLSTATE the server sent; "" where it sent none.
    pub sqlstate: [c_char; 6],
    /// Length of the symmetric key in bits; 0 without TLS.
    pub tls_key_bits: c_int,
    /// The protocol version as PQfullProtocolVersion gives it, 30002 for 3.2; 0 before anything was sent.
    pub protocol_version: c_int,
    /// The server's version as PQserverVersion gives it; 0 where it has not said.
    pub server_version: c_int,
    /// Process id of the backend; 0 where it has not said.
    pub backend_pid: c_int,
    /// What kind of server it is.
    pub role: pqp_role,
    /// How it ended.
    pub outcome: pqp_outcome,
    /// Why it failed.
    pub failure: pqp_failure,
    /// The system's error number; 0 where none belongs to the failure.
    pub os_errno: c_int,
    /// The TLS alert the server sent; -1 where it sent none.
    pub tls_alert: c_int,
}

/// An option that has a value. Texts belong to the report. Members may be added at the end.
#[allow(non_camel_case_types)]
#[repr(C)]
pub struct pqp_option_used {
    /// Its keyword.
    pub keyword: *const c_char,
    /// Its value; "********" for every secret.
    pub value: *const c_char,
    /// Where it came from.
    pub source: pqp_source,
}

/// How connecting went. Made by pqp_connect_report, freed by pqp_report_free.
#[allow(non_camel_case_types)]
pub struct pqp_report {
    attempts: Vec<pqp_attempt>,
    options: Vec<pqp_option_used>,
    omitted: usize,
    started_us: i64,
    duration_us: i64,
    json: Vec<u8>,
    /// What the pointers point to.
    _texts: Vec<Box<[u8]>>,
}

/// Keeps texts for C.
#[derive(Default)]
struct Texts(Vec<Box<[u8]>>);

impl Texts {
    /// The text up to its first NUL, as a C string.
    fn keep(&mut self, text: &[u8]) -> *const c_char {
        let text = text.split(|&b| b == 0).next().unwrap_or_default();
        if text.is_empty() {
            return c"".as_ptr();
        }
        let copy: Box<[u8]> = [text, b"\0"].concat().into();
        let pointer = copy.as_ptr().cast();
        self.0.push(copy);
        pointer
    }
}

fn micros(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn attempt_for_c(report: &report::Report, attempt: &Attempt, texts: &mut Texts) -> pqp_attempt {
    let at = |instant| micros(report.since_start(instant));
    let times = |span: &Span| pqp_phase_times {
        begin_us: at(span.begin),
        end_us: span.end.map_or(-1, at),
    };
    let never = pqp_phase_times {
        begin_us: -1,
        end_us: -1,
    };
    let mut phases = [never; 8];
    for (slot, span) in phases.iter_mut().zip(&attempt.phases) {
        *slot = span.as_ref().map_or(never, times);
    }
    let mut sqlstate = [0; 6];
    for (slot, byte) in sqlstate
        .iter_mut()
        .zip(attempt.cause.sqlstate.iter().flatten())
    {
        *slot = *byte as c_char;
    }
    let version = attempt.protocol_version;
    let tls = attempt.tls.clone().unwrap_or_default();
    pqp_attempt {
        host: texts.keep(&attempt.host),
        hostaddr: texts.keep(&attempt.hostaddr),
        port: texts.keep(&attempt.port),
        begin_us: at(attempt.span.begin),
        end_us: attempt.span.end.map_or(-1, at),
        phases,
        tls_version: texts.keep(&tls.version),
        tls_cipher: texts.keep(&tls.cipher),
        auth_method: texts.keep(&attempt.auth_method),
        message: texts.keep(&attempt.message),
        sqlstate,
        tls_key_bits: tls.key_bits as c_int,
        protocol_version: ((version >> 16) * 10_000 + (version & 0xffff)) as c_int,
        server_version: attempt.server_version,
        backend_pid: attempt.backend_pid,
        role: match attempt.role {
            Role::Unknown => pqp_role::PQP_ROLE_UNKNOWN,
            Role::Primary => pqp_role::PQP_ROLE_PRIMARY,
            Role::Standby => pqp_role::PQP_ROLE_STANDBY,
        },
        outcome: match attempt.outcome {
            Outcome::UnderWay => pqp_outcome::PQP_OUTCOME_UNDER_WAY,
            Outcome::Connected => pqp_outcome::PQP_OUTCOME_CONNECTED,
            Outcome::Failed => pqp_outcome::PQP_OUTCOME_FAILED,
        },
        failure: failure_for_c(attempt.cause.kind),
        os_errno: attempt.cause.errno,
        tls_alert: attempt.cause.alert.map_or(-1, c_int::from),
    }
}

fn failure_for_c(kind: FailureKind) -> pqp_failure {
    match kind {
        FailureKind::Other => pqp_failure::PQP_FAILURE_OTHER,
        FailureKind::Lookup => pqp_failure::PQP_FAILURE_LOOKUP,
        FailureKind::Network => pqp_failure::PQP_FAILURE_NETWORK,
        FailureKind::Timeout => pqp_failure::PQP_FAILURE_TIMEOUT,
        FailureKind::Closed => pqp_failure::PQP_FAILURE_CLOSED,
        FailureKind::EncryptionRefused => pqp_failure::PQP_FAILURE_ENCRYPTION_REFUSED,
        FailureKind::Tls => pqp_failure::PQP_FAILURE_TLS,
        FailureKind::Certificate => pqp_failure::PQP_FAILURE_CERTIFICATE,
        FailureKind::Authentication => pqp_failure::PQP_FAILURE_AUTHENTICATION,
        FailureKind::PasswordMissing => pqp_failure::PQP_FAILURE_PASSWORD_MISSING,
        FailureKind::Server => pqp_failure::PQP_FAILURE_SERVER,
        FailureKind::Role => pqp_failure::PQP_FAILURE_ROLE,
        FailureKind::Protocol => pqp_failure::PQP_FAILURE_PROTOCOL,
        FailureKind::Peer => pqp_failure::PQP_FAILURE_PEER,
        FailureKind::Application => pqp_failure::PQP_FAILURE_APPLICATION,
        FailureKind::Configuration => pqp_failure::PQP_FAILURE_CONFIGURATION,
        FailureKind::Abandoned => pqp_failure::PQP_FAILURE_ABANDONED,
    }
}

fn source_for_c(origin: Origin) -> pqp_source {
    match origin {
        Origin::Default => pqp_source::PQP_SOURCE_DEFAULT,
        Origin::Argument => pqp_source::PQP_SOURCE_ARGUMENT,
        Origin::ServiceFile => pqp_source::PQP_SOURCE_SERVICE_FILE,
        Origin::Environment => pqp_source::PQP_SOURCE_ENVIRONMENT,
        Origin::PasswordFile => pqp_source::PQP_SOURCE_PASSWORD_FILE,
        Origin::OsUser => pqp_source::PQP_SOURCE_OS_USER,
        Origin::Derived => pqp_source::PQP_SOURCE_DERIVED,
        Origin::Context => pqp_source::PQP_SOURCE_CONTEXT,
    }
}

fn report_for_c(conn: &PGconn) -> pqp_report {
    let nothing = report::Report::default();
    let report = conn.connection.connect_report().unwrap_or(&nothing);
    let used = conn.connection.options_used();
    let mut texts = Texts::default();
    let attempts = report
        .attempts()
        .iter()
        .map(|attempt| attempt_for_c(report, attempt, &mut texts))
        .collect();
    let options = used
        .iter()
        .map(|option| pqp_option_used {
            keyword: texts.keep(option.keyword.as_bytes()),
            value: texts.keep(&option.value),
            source: source_for_c(option.origin),
        })
        .collect();
    let wall = report.started_at();
    let mut json = report.to_json(&used);
    json.push(0);
    pqp_report {
        attempts,
        options,
        omitted: report.omitted(),
        started_us: wall
            .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok())
            .map_or(-1, micros),
        duration_us: report.duration().map_or(-1, micros),
        json,
        _texts: texts.0,
    }
}

/// Looks at a report; NULL and a panic give `fallback`.
///
/// # Safety
/// `report` is NULL or has not been freed.
unsafe fn see<R>(
    report: *const pqp_report,
    fallback: R,
    f: impl FnOnce(&'static pqp_report) -> R,
) -> R {
    // SAFETY: the caller's promise; nothing that `f` gives outlives the report by the functions' contract.
    match unsafe { report.as_ref() } {
        Some(report) => catch(fallback, || f(report)),
        None => fallback,
    }
}

/// How connecting went, since the last start of it: on success, on failure, and while it goes on. The report is a copy, to
/// be freed with pqp_report_free; NULL for NULL. Any thread may read it; making it needs the connection for itself.
///
/// # Safety
/// `conn` is NULL or a connection that no other thread changes now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_connect_report(conn: *const PGconn) -> *mut pqp_report {
    // SAFETY: the pointer is covered by the contract above.
    unsafe {
        see_conn(conn, std::ptr::null_mut(), |c| {
            Box::into_raw(Box::new(report_for_c(c)))
        })
    }
}

/// Frees a report and everything it has handed out. NULL is nothing.
///
/// # Safety
/// `report` is NULL or from `pqp_connect_report` and not yet freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_report_free(report: *mut pqp_report) {
    catch((), || {
        if !report.is_null() {
            // SAFETY: the pointer is covered by the contract above.
            drop(unsafe { Box::from_raw(report) });
        }
    });
}

/// How many attempts the report has; 0 for NULL.
///
/// # Safety
/// `report` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_report_attempt_count(report: *const pqp_report) -> usize {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see(report, 0, |r| r.attempts.len()) }
}

/// Attempt number i in the order they began, from 0; NULL where there is none. It belongs to the report.
///
/// # Safety
/// `report` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_report_attempt(
    report: *const pqp_report,
    i: usize,
) -> *const pqp_attempt {
    let none = std::ptr::null();
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see(report, none, |r| r.attempts.get(i).map_or(none, |a| a)) }
}

/// How many attempts more there were than a report keeps (1024).
///
/// # Safety
/// `report` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_report_omitted_count(report: *const pqp_report) -> usize {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see(report, 0, |r| r.omitted) }
}

/// How many options have a value; 0 for NULL.
///
/// # Safety
/// `report` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_report_option_count(report: *const pqp_report) -> usize {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see(report, 0, |r| r.options.len()) }
}

/// Option number i of those that have a value, from 0; NULL where there is none. It belongs to the report.
///
/// # Safety
/// `report` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_report_option(
    report: *const pqp_report,
    i: usize,
) -> *const pqp_option_used {
    let none = std::ptr::null();
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see(report, none, |r| r.options.get(i).map_or(none, |o| o)) }
}

/// When connecting began: microseconds since 1970 by the system's clock; -1 where nothing was tried.
///
/// # Safety
/// `report` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_report_started_us(report: *const pqp_report) -> i64 {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see(report, -1, |r| r.started_us) }
}

/// How long connecting took, in microseconds; -1 while it goes on, and where nothing was tried.
///
/// # Safety
/// `report` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_report_duration_us(report: *const pqp_report) -> i64 {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see(report, -1, |r| r.duration_us) }
}

/// The whole report as one JSON object, in UTF-8. The text belongs to the report; NULL for NULL.
///
/// # Safety
/// `report` is NULL or has not been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqp_report_json(report: *const pqp_report) -> *const c_char {
    // SAFETY: the pointer is covered by the contract above.
    unsafe { see(report, std::ptr::null(), |r| r.json.as_ptr().cast()) }
}

const _: () = assert!(PHASES <= 8, "pqp_attempt.phases has room for all");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capi::connect::PQconnectdb;
    use crate::capi::status::PQfinish;
    use std::ffi::CStr;

    #[test]
    fn numbers_are_the_same_in_c() {
        let kinds = [
            FailureKind::Other,
            FailureKind::Lookup,
            FailureKind::Network,
            FailureKind::Timeout,
            FailureKind::Closed,
            FailureKind::EncryptionRefused,
            FailureKind::Tls,
            FailureKind::Certificate,
            FailureKind::Authentication,
            FailureKind::PasswordMissing,
            FailureKind::Server,
            FailureKind::Role,
            FailureKind::Protocol,
            FailureKind::Peer,
            FailureKind::Application,
            FailureKind::Configuration,
            FailureKind::Abandoned,
        ];
        for (number, kind) in kinds.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
            assert_eq!(failure_for_c(kind) as usize, number);
        }
        assert_eq!(
            pqp_phase::PQP_PHASE_ROLE_CHECK as i32,
            report::Phase::RoleCheck as i32
        );
        assert_eq!(source_for_c(Origin::Derived) as i32, Origin::Derived as i32);
    }

    #[test]
    fn a_report_outlives_its_connection() {
        // SAFETY: the texts are NUL-terminated, each pointer is used before it is freed.
        unsafe {
            let conn = PQconnectdb(c"host=/nonexistent port=5001 password=sesame".as_ptr());
            let report = pqp_connect_report(conn);
            PQfinish(conn);
            assert_eq!(pqp_report_attempt_count(report), 1);
            let attempt = &*pqp_report_attempt(report, 0);
            assert_eq!(CStr::from_ptr(attempt.host).to_bytes(), b"/nonexistent");
            assert_eq!(attempt.outcome, pqp_outcome::PQP_OUTCOME_FAILED);
            assert_eq!(attempt.failure, pqp_failure::PQP_FAILURE_NETWORK);
            assert_eq!(attempt.os_errno, libc::ENOENT);
            assert!(pqp_report_attempt(report, 1).is_null());
            assert!(pqp_report_duration_us(report) >= attempt.begin_us);
            let json = CStr::from_ptr(pqp_report_json(report)).to_str().unwrap();
            assert!(json.contains("\"host\":\"/nonexistent\""));
            assert!(!json.contains("sesame"));
            pqp_report_free(report);
            pqp_report_free(std::ptr::null_mut());
            assert!(pqp_connect_report(std::ptr::null()).is_null());
        }
    }
}
