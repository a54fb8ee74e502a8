//! What the tests that run C programs share: running processes, finding libraries and servers, a scripted server.
#![allow(dead_code)] // each test crate uses its own part of this

pub mod compare;
pub mod differences;
pub mod process;
pub mod programs;
pub mod scripted;
pub mod scripts;
