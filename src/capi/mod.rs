//! Under construction.

pub mod conninfo;
