//! Floor 0: the wire protocol without any input or output of its own.
//!
//! Bytes in, events and bytes out. Nothing here knows a socket, a clock, a file, the environment or a C type.
#![forbid(unsafe_code)]

pub mod auth;
pub mod backend;
pub mod encoding;
pub mod error;
pub mod error_buffer;
pub mod error_fields;
pub mod error_format;
pub mod escape;
pub mod frontend;
pub mod input;
pub mod output;
pub mod password;
pub mod result;
pub mod rows;
pub mod session;
pub mod sink;
pub mod startup;
pub mod startup_error;
pub mod trace;
pub mod types;
