//! Under construction.
#![allow(unsafe_code)]

pub mod pqp_version;
pub mod version;
