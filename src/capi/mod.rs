//! Under construction.
#![allow(unsafe_code)]

pub mod encoding;
pub mod escape;
pub mod expbuffer;
mod guard;
