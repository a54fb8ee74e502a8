//! Manual section "Event System".

/// A registered event procedure.
pub(crate) struct EventRegistration;
/// An event procedure's data on a result.
pub(crate) struct ResultEvent;

use super::guard::ConnRef;
/// reset
pub(super) fn fire_connection_reset(_conn: &mut ConnRef) {}
/// destroyed
pub(super) fn fire_connection_destroyed(_conn: &mut ConnRef) {}
