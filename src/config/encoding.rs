//! `client_encoding=auto`: the server's name for the encoding of the process's locale.

/// The encoding's name for a codeset as `nl_langinfo(CODESET)` names it.
pub(super) fn encoding_of_codeset(codeset: &[u8]) -> &'static str {
    let _ = codeset;
    "SQL_ASCII"
}
