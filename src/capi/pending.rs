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
pub unsafe extern "C" fn PQencryptPassword() -> usize {
    super::guard::catch(0, || 0)
}
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQencryptPasswordConn() -> usize {
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
pub unsafe extern "C" fn pqsignal() -> usize {
    super::guard::catch(0, || 0)
}
