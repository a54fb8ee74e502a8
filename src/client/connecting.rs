//! stub
/// stub
pub struct Origin;
