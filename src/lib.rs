//! libpq-porcelain: PostgreSQL's C client library on a Rust core.
//!
//! The crate is a house with floors; a lower floor never imports a higher one (`tests/house.rs` checks it):
//!
//! | floor | module | holds |
//! |---|---|---|
//! | 0 | [`protocol`] | bytes in, events and bytes out: framing, authentication exchanges, queries, rows, encodings |
//! | 1 | [`config`] | connection options: table, strings, URIs, files, environment |
//! | 1 | [`net`] | sockets, readiness, name lookup, transports |
//! | 2 | [`connect`] | candidates, one attempt's machine, cancel requests |
//! | 3 | [`client`] | `Connection` and its blocking and non-blocking calls |
//! | 5 | [`capi`] | the `extern "C"` functions of `libpq.so.5` |
#![deny(unsafe_code)]

pub mod capi;
pub mod client;
pub mod config;
pub mod connect;
pub mod net;
pub mod protocol;
