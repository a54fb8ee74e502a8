//! Stand-ins for exports that are still being written; this file goes when they come.
#![allow(missing_docs, clippy::missing_safety_doc)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQchangePassword() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdefaultAuthDataHook() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdefaultSSLKeyPassHook_OpenSSL() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdisplayTuples() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQencryptPassword() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQencryptPasswordConn() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQendcopy() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQfn() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetAuthDataHook() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetSSLKeyPassHook_OpenSSL() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetThreadLock() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetgssctx() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetline() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetlineAsync() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgetssl() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQgssEncInUse() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQinitOpenSSL() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQinitSSL() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQisthreadsafe() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQprint() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQprintTuples() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQputline() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQputnbytes() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQregisterThreadLock() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetAuthDataHook() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetSSLKeyPassHook_OpenSSL() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsetTraceFlags() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsslAttribute() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsslAttributeNames() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsslInUse() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQsslStruct() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQtrace() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQuntrace() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_close() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_creat() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_create() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_export() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_import() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_import_with_oid() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_lseek() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_lseek64() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_open() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_read() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_tell() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_tell64() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_truncate() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_truncate64() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_unlink() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lo_write() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqsignal() -> usize {
    super::guard::catch(0, || 0)
}
