//! Stand-ins for exports that are still being written; this file goes when they come.
#![allow(missing_docs, clippy::missing_safety_doc)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdisplayTuples() -> usize {
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
