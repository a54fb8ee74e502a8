//! Floor 2, being built.
pub mod link;
pub mod status;
