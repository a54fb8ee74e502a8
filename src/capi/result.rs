//! Manual section "Retrieving Query Result Information".

use super::guard::ConnRef;
use super::types::PGresult;
use crate::protocol::result::QueryResult;

/// Gives a fresh result to C.
pub(super) fn hand_out(conn: &mut ConnRef, result: QueryResult) -> *mut PGresult {
    let hooks = conn.whole(|c| c.hooks);
    PGresult::bare(result, hooks).into_raw()
}
