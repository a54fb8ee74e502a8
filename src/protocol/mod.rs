//! Floor 0: the wire protocol without any input or output of its own.
//!
//! Bytes in, events and bytes out. Nothing here knows a socket, a clock, a file, the environment or a C type.
#![forbid(unsafe_code)]

pub mod auth;
pub mod encoding;
pub mod error_fields;
pub mod error_format;
pub mod escape;
pub mod password;
pub mod types;
