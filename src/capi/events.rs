//! Manual section "Event System".

/// A registered event procedure.
pub(crate) struct EventRegistration;
/// An event procedure's data on a result.
pub(crate) struct ResultEvent;
