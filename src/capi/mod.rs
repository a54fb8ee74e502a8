//! Floor 5: the `extern "C"` functions of `libpq.so.5`, one file per chapter of libpq's manual.
//!
//! The only room that sees raw pointers from callers. Every exported body goes through [`guard`]: NULL handles and
//! panics give the function's failure value. What a function does stands below, in `client`; here it is only
//! converted from and to C.
#![allow(unsafe_code)]
#![allow(non_snake_case)] // parameter names are the manual's

pub(crate) mod alloc;
pub mod r#async;
pub mod auth_hook;
pub mod build_result;
pub mod cancel;
pub mod connect;
pub mod conninfo;
pub mod control;
pub mod copy;
pub mod copy_lines;
pub mod encoding;
pub mod escape;
pub mod escape_conn;
pub mod events;
pub mod exec;
pub mod expbuffer;
pub mod fastpath;
pub mod gss;
pub(crate) mod guard;
pub mod lobj;
pub mod notice;
pub mod notify;
pub mod oauth;
pub(crate) mod pager;
pub(crate) mod params;
pub mod password;
pub mod pipeline;
pub mod pqp_bulk;
pub mod pqp_conn;
pub mod pqp_context;
pub mod pqp_event;
pub mod pqp_factory;
pub mod pqp_hooks;
pub mod pqp_report;
pub mod pqp_request;
pub mod pqp_sasl;
pub mod pqp_status;
pub mod pqp_transport;
pub mod pqp_version;
pub mod print;
pub(crate) mod ptr;
mod quick;
pub mod result;
pub(crate) mod spare;
pub mod ssl;
pub mod status;
pub(crate) mod stdio;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_server;
pub mod threads;
pub mod trace;
mod tty;
pub mod types;
pub mod version;
