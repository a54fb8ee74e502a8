//! Floor 3: a connection as a program sees it, without any C.
//!
//! [`Connection`] never calls back and never blocks but in one step at a time; the functions of [`blocking`] and
//! [`copy`] that wait work through a [`Handle`], so that notices are shown between the steps, while nobody has the
//! connection borrowed.
#![forbid(unsafe_code)]

pub mod blocking;
pub mod cancel;
pub mod command;
pub mod connecting;
pub mod connection;
pub mod context;
pub mod copy;
pub mod copy_lines;
pub mod error;
pub mod escape;
pub mod factory;
pub mod fastpath;
pub mod hooks;
pub mod large_object;
pub mod password;
pub mod print;
pub mod report;
mod setup;
pub mod watch;

pub use connection::{Connection, Handle};
pub use context::Context;
pub use factory::Factory;
pub use hooks::{Hooks, Target};
