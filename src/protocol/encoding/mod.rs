//! stub until the real room is merged
/// id
pub const SQL_ASCII: i32 = 0;
/// lookup
pub fn id_of_name(name: &[u8]) -> Option<i32> {
    if name == b"UTF8" { Some(6) } else { None }
}
