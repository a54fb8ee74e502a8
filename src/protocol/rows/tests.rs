//! Unit tests of the row store.

use super::arena::ALIGN;
use super::*;

fn data_row(values: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = (values.len() as u16).to_be_bytes().to_vec();
    for value in values {
        match value {
            Some(v) => {
                body.extend_from_slice(&(v.len() as i32).to_be_bytes());
                body.extend_from_slice(v);
            }
            None => body.extend_from_slice(&(-1i32).to_be_bytes()),
        }
    }
    let mut message = vec![b'D'];
    message.extend_from_slice(&(body.len() as i32 + 4).to_be_bytes());
    message.extend_from_slice(&body);
    message
}

/// Feeds `stream` in pieces of `piece` bytes and stores every row.
fn store_all(stream: &[u8], piece: usize, columns: usize, aligned: bool) -> (RowStore, Input) {
    let mut input = Input::default();
    let mut rows = RowStore::new(columns, aligned);
    for mut part in stream.chunks(piece) {
        while !part.is_empty() {
            let (block, room) = input.space(|data, _| rows.adopt_block(data)).unwrap();
            let n = room.min(part.len());
            block.extend_from_slice(&part[..n]);
            part = &part[n..];
            assert_eq!(rows.take_rows(&mut input, usize::MAX), RowsStep::Done);
        }
    }
    rows.finish(&mut input).unwrap();
    (rows, input)
}

#[test]
fn values_are_the_same_however_the_bytes_arrive() {
    let count = 3000;
    let mut stream = Vec::new();
    for i in 0..count {
        let text = format!("row {i}");
        stream.extend(data_row(&[
            Some(text.as_bytes()),
            None,
            Some(b""),
            Some(&[b'x'; 40][..i % 40]),
        ]));
    }
    for (piece, aligned) in [
        (1, false),
        (7, false),
        (4096, false),
        (1 << 20, false),
        (7, true),
        (1 << 20, true),
    ] {
        let (rows, _) = store_all(&stream, piece, 4, aligned);
        assert_eq!(rows.rows(), count);
        for i in 0..count {
            assert_eq!(
                rows.value_with_nul(i, 0).unwrap(),
                format!("row {i}\0").as_bytes()
            );
            assert_eq!((rows.value(i, 1), rows.length(i, 1)), (None, -1));
            assert_eq!(rows.value_with_nul(i, 2).unwrap(), b"\0");
            assert_eq!(
                rows.value_with_nul(i, 3).unwrap(),
                [&[b'x'; 40][..i % 40], b"\0"].concat()
            );
            if aligned {
                assert_eq!(rows.value(i, 0).unwrap().as_ptr() as usize % ALIGN, 0);
            }
        }
        assert_eq!(rows.value(count, 0), None);
        assert_eq!(rows.value(0, 4), None);
    }
}

#[test]
fn a_value_past_the_message_is_refused_and_no_row_is_kept() {
    for bad in [&b"\x7f\xff\xff\xff"[..], b"\0\0\0\x01", b"\0\0"] {
        let mut message = vec![b'D', 0, 0, 0, 6 + bad.len() as u8, 0, 1];
        message.extend_from_slice(bad);
        let mut input = Input::default();
        let mut rows = RowStore::new(1, false);
        input
            .space(|_, _| ())
            .unwrap()
            .0
            .extend_from_slice(&message);
        assert_eq!(
            rows.take_rows(&mut input, 9),
            RowsStep::Failed(RowError::InsufficientData)
        );
        assert_eq!(rows.rows(), 0);
    }
}

#[test]
fn set_value_appends_and_replaces_and_keeps_old_values_in_place() {
    let (mut rows, _) = store_all(&[data_row(&[Some(b"a"), None])].concat(), 3, 2, false);
    let old = rows.value(0, 0).unwrap().as_ptr();
    rows.set_value(1, 1, Some(b"new")).unwrap();
    rows.set_value(0, 1, Some(b"")).unwrap();
    assert_eq!(rows.value(0, 0).unwrap().as_ptr(), old);
    assert_eq!(
        (rows.rows(), rows.value(1, 0), rows.value(1, 1)),
        (2, None, Some(&b"new"[..]))
    );
    assert_eq!(rows.value_with_nul(0, 1), Some(&b"\0"[..]));
    assert_eq!(rows.set_value(3, 0, None), Err(RowError::FieldCount));
    assert_eq!(rows.set_value(0, 2, None), Err(RowError::FieldCount));
}

#[test]
fn a_copy_has_the_same_values_in_memory_of_its_own() {
    for aligned in [false, true] {
        let stream = data_row(&[Some(b"a"), None]).repeat(900);
        let (mut rows, _) = store_all(&stream, 100, 2, aligned);
        let untouched = rows.try_clone().unwrap();
        assert_eq!(untouched.value(899, 0), Some(&b"a"[..]));
        assert_eq!((untouched.rows(), untouched.value(899, 1)), (900, None));
        rows.set_value(899, 1, Some(b"set")).unwrap();
        let copy = rows.try_clone().unwrap();
        rows.set_value(5, 0, Some(b"changed")).unwrap();
        assert_eq!(copy.rows(), 900);
        for row in 0..900 {
            assert_eq!(copy.value_with_nul(row, 0), Some(&b"a\0"[..]));
            let second = (row == 899).then_some(&b"set"[..]);
            assert_eq!(copy.value(row, 1), second);
        }
        assert_ne!(
            copy.value(0, 0).unwrap().as_ptr(),
            rows.value(0, 0).unwrap().as_ptr()
        );
    }
}

#[test]
fn large_results_take_their_blocks_with_them() {
    let row = data_row(&[Some(&[b'y'; 1000])]);
    let stream = row.repeat(5000);
    let (rows, input) = store_all(&stream, 1 << 20, 1, false);
    assert!(
        rows.memory() < stream.len() * 115 / 100 + 8 * 5000 + 70_000,
        "{}",
        rows.memory()
    );
    assert!(input.capacity() <= LARGEST_KEPT);
}

const LARGEST_KEPT: usize = 1024 * 1024;

#[test]
fn the_first_aligned_block_grows_where_it_is_until_blocks_are_mapped() {
    let count = 40_000;
    let stream: Vec<u8> = (0..count as u64)
        .flat_map(|i| data_row(&[Some(&i.to_be_bytes()), None, Some(b"four")]))
        .collect();
    let (rows, _) = store_all(&stream, 8192, 3, true);
    assert!(rows.first.data.capacity() >= 256 * 1024);
    assert!(!rows.blocks.is_empty());
    for i in 0..count {
        assert_eq!(rows.value(i, 0).unwrap(), (i as u64).to_be_bytes());
        assert_eq!((rows.value(i, 1), rows.length(i, 1)), (None, -1));
        assert_eq!(rows.value_with_nul(i, 2).unwrap(), b"four\0");
        for column in [0, 2] {
            assert_eq!(rows.value(i, column).unwrap().as_ptr() as usize % ALIGN, 0);
        }
    }
}

#[test]
fn behaviour_240_there_are_at_most_as_many_rows_as_an_int_counts() {
    // So many rows would not fit any machine's memory: as if all but one had come, without columns.
    let mut input = Input::default();
    let mut rows = RowStore::new(0, false);
    rows.rows = i32::MAX as usize - 1;
    rows.closed_rows = rows.rows;
    for _ in 0..2 {
        let (block, _) = input.space(|_, _| ()).unwrap();
        block.extend_from_slice(&data_row(&[]));
    }
    let too_many = RowsStep::Failed(RowError::TooManyRows);
    assert_eq!(rows.take_rows(&mut input, 9), too_many);
    assert_eq!(rows.rows, i32::MAX as usize);
}

#[test]
fn values_of_blocks_out_of_reach_are_found_by_address() {
    for aligned in [false, true] {
        let mut input = Input::default();
        let mut rows = RowStore::new(2, aligned);
        for i in 0..2000 {
            let text = format!("row {i}");
            let message = data_row(&[Some(text.as_bytes()), None]);
            let (block, _) = input.space(|data, _| rows.adopt_block(data)).unwrap();
            block.extend_from_slice(&message);
            assert_eq!(rows.take_rows(&mut input, 9), RowsStep::Done);
            if i == 900 {
                rows.make_far().unwrap();
            }
        }
        rows.finish(&mut input).unwrap();
        assert_eq!(rows.view().rows, 0, "the short way does not lead there");
        for i in 0..2000 {
            let text = format!("row {i}\0");
            assert_eq!(rows.value_with_nul(i, 0), Some(text.as_bytes()));
            assert_eq!((rows.value(i, 1), rows.length(i, 1)), (None, -1));
        }
        rows.set_value(1999, 1, Some(b"set")).unwrap();
        assert_eq!(rows.value(1999, 1), Some(&b"set"[..]));
    }
}

#[test]
fn lengths_of_16_mib_and_more_are_kept() {
    let long = vec![b'z'; (16 << 20) + 5];
    for aligned in [false, true] {
        let stream = [
            data_row(&[Some(b"short"), Some(&long)]),
            data_row(&[Some(&long[..3]), Some(b"")]),
        ]
        .concat();
        let (rows, _) = store_all(&stream, 1 << 20, 2, aligned);
        assert_eq!(rows.value_with_nul(0, 0), Some(&b"short\0"[..]));
        assert_eq!(rows.length(0, 1), long.len() as i32);
        assert!(rows.value(0, 1) == Some(&long[..]));
        assert_eq!((rows.length(1, 0), rows.length(1, 1)), (3, 0));
        assert_eq!(rows.view().lengths, 0, "lengths are asked of the store");
    }
}

/// Numbers that only look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % end
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let len = match self.below(40) {
            0..6 => return None,
            6..34 => self.below(36),
            34..39 => self.below(90),
            _ => self.below(5000),
        };
        Some((0..len).map(|_| self.below(255) as u8 + 1).collect())
    }
}

/// What NULLs point to reads as "", and its length as 0.
fn assert_empty_value(rows: &RowStore) {
    let (data, at) = rows.find_block(0, rows.empty_address()).unwrap();
    assert_eq!(data[at - WORD..=at], [0; WORD + 1]);
}

#[test]
fn rows_of_any_width_are_what_was_sent() {
    let mut dice = Dice(1);
    for columns in (1..=20).chain([33, 60]) {
        for aligned in [false, true] {
            let sent: Vec<Vec<Option<Vec<u8>>>> = (0..300)
                .map(|_| (0..columns).map(|_| dice.value()).collect())
                .collect();
            let stream: Vec<u8> = sent
                .iter()
                .flat_map(|row| data_row(&row.iter().map(Option::as_deref).collect::<Vec<_>>()))
                .collect();
            let piece = [1 << 20, 5000, 331][dice.below(3)];
            let (rows, _) = store_all(&stream, piece, columns, aligned);
            assert_eq!((rows.rows(), rows.columns()), (sent.len(), columns));
            assert_empty_value(&rows);
            let places = rows.view();
            for (r, row) in sent.iter().enumerate() {
                for (c, value) in row.iter().enumerate() {
                    assert_eq!(rows.value(r, c), value.as_deref(), "{columns}: {r} {c}");
                    let with_nul = rows.value_with_nul(r, c);
                    assert!(with_nul.is_none_or(|v| v.ends_with(b"\0")));
                    if aligned && let Some(v) = with_nul {
                        assert_eq!(v.as_ptr().addr() % ALIGN, 0);
                    }
                    let entry = rows.near[r * columns + c];
                    assert_eq!(entry == places.empty, value.is_none());
                }
            }
        }
    }
}

/// What storing the row at the front says, the first time and once more.
fn refused(message: &[u8], columns: usize, aligned: bool) -> [RowsStep; 2] {
    let mut input = Input::default();
    let mut rows = RowStore::new(columns, aligned);
    for part in message.chunks(1 << 20) {
        let mut part = part;
        while !part.is_empty() {
            let (block, room) = input.space(|_, _| ()).unwrap();
            let n = room.min(part.len());
            block.extend_from_slice(&part[..n]);
            part = &part[n..];
        }
    }
    let first = rows.take_rows(&mut input, 9);
    let again = rows.take_rows(&mut input, 9);
    assert_eq!(rows.rows(), 0);
    assert!(rows.long.is_empty());
    [first, again]
}

/// The message, with so many bytes more of it.
fn longer(mut message: Vec<u8>, more: &[u8]) -> Vec<u8> {
    message.extend_from_slice(more);
    let length = (message.len() - 1) as u32;
    message[1..5].copy_from_slice(&length.to_be_bytes());
    message
}

#[test]
fn a_row_that_cannot_be_stored_stays_as_it_is() {
    for behind in [&b""[..], b"C\0\0\0\x0dSELECT 1\0"] {
        for columns in [1, 3, 8, 9, 12] {
            let mut values = vec![None; columns];
            values[columns / 2] = Some(&b"something"[..]);
            for aligned in [false, true] {
                for more in [5, 1] {
                    let mut message = longer(data_row(&values), &b"\0\0\0\x01x"[..more]);
                    message.extend_from_slice(behind);
                    let step = RowsStep::Failed(RowError::TrailingData);
                    assert_eq!(refused(&message, columns, aligned), [step; 2]);
                }
                let mut message = data_row(&values);
                let (last, len) = (columns / 2 == columns - 1, message.len());
                let word = if last { len - 13 } else { len - 4 };
                message[word..word + 4].copy_from_slice(&40_000u32.to_be_bytes());
                message.extend_from_slice(behind);
                let step = RowsStep::Failed(RowError::InsufficientData);
                assert_eq!(refused(&message, columns, aligned), [step; 2]);
            }
        }
    }
}

#[test]
fn a_long_length_that_is_none_is_not_kept() {
    // Without their first bytes these length words would be those of a good row.
    let half = vec![b'h'; 9 << 20];
    let mut message = data_row(&[Some(&half), Some(&half)]);
    message[7] = 1;
    for aligned in [false, true] {
        let step = RowsStep::Failed(RowError::InsufficientData);
        assert_eq!(refused(&message, 2, aligned), [step; 2]);
    }
}

/// What comes behind the rows.
const COMPLETE: &[u8] = b"C\0\0\0\x0dSELECT 1\0";

/// How many bytes of rows are taken by the short way.
fn few(rows: &mut RowStore, bytes: &[u8], limit: usize) -> Option<usize> {
    let rest = rows.take_few(bytes, limit)?;
    assert!(bytes.ends_with(rest));
    Some(bytes.len() - rest.len())
}

/// What is at the front of a connection's block.
fn received(bytes: &[u8]) -> Input {
    let mut input = Input::default();
    input.space(|_, _| ()).unwrap().0.extend_from_slice(bytes);
    input
}

#[test]
fn a_single_row_is_copied_and_the_next_one_takes_its_place() {
    let stream: Vec<Vec<u8>> = (0..40)
        .map(|i| data_row(&[Some(&[b'v'; 90][..i * 2]), None, Some(b"")]))
        .collect();
    let mut rows = RowStore::new(3, false);
    let mut kept = None;
    for (i, message) in stream.iter().enumerate() {
        // Whether anything is behind it makes no difference for a row that is to be alone.
        let behind = [&b""[..], COMPLETE, &stream[0]][i % 3];
        let bytes = [message, behind].concat();
        assert_eq!(few(&mut rows, &bytes, 1), Some(message.len()));
        assert_eq!(rows.rows(), 1);
        let value = [&[b'v'; 90][..i * 2], b"\0"].concat();
        assert_eq!(rows.value_with_nul(0, 0), Some(&value[..]));
        assert_eq!((rows.value(0, 1), rows.length(0, 1)), (None, -1));
        assert_eq!(rows.value_with_nul(0, 2), Some(&b"\0"[..]));
        assert_empty_value(&rows);
        let view = rows.view();
        assert_eq!((view.rows, view.lengths, view.columns), (1, 1, 3));
        assert!(
            !bytes
                .as_ptr_range()
                .contains(&rows.value(0, 0).unwrap().as_ptr())
        );
        assert_eq!(few(&mut rows, &bytes, 1), None, "it holds a row");
        // Room that suffices is used again.
        let held = rows.first.data.as_ptr();
        if let Some((before, capacity)) = kept
            && capacity >= message.len() + BEHIND
        {
            assert_eq!(held, before);
        }
        kept = Some((held, rows.first.data.capacity()));
        rows.trim();
        rows.restart(3, false);
    }
}

#[test]
fn a_few_rows_are_copied_when_their_end_is_seen() {
    let messages: Vec<Vec<u8>> = (0..9)
        .map(|i| data_row(&[Some(format!("row {i}").as_bytes()), None]))
        .collect();
    let all = messages.concat();
    let wanted = |limit: usize| messages.iter().take(limit).map(Vec::len).sum::<usize>();
    for limit in 1..12 {
        let mut rows = RowStore::new(2, false);
        let taken = few(&mut rows, &[&all, COMPLETE].concat(), limit);
        assert_eq!(taken, Some(wanted(limit)), "{limit}");
        assert_eq!(rows.rows(), limit.min(9));
        for i in 0..rows.rows() {
            let text = format!("row {i}\0");
            assert_eq!(rows.value_with_nul(i, 0), Some(text.as_bytes()));
            assert_eq!((rows.value(i, 1), rows.length(i, 1)), (None, -1));
        }
    }
    let mut rows = RowStore::new(2, false);
    for kind in [&b""[..], b"S", b"N", b"A", b"E", b"D", b"Z"] {
        let bytes = [&all, kind].concat();
        assert_eq!(few(&mut rows, &bytes, usize::MAX), None, "more may come");
    }
    assert_eq!(few(&mut rows, COMPLETE, usize::MAX), Some(0));
    assert_eq!((few(&mut rows, b"", 1), rows.rows()), (None, 0));
    // Not for this way: too much, rows that are aligned, rows without columns.
    let large = data_row(&[Some(&[b'x'; KEPT_BYTES]), None]);
    assert_eq!(few(&mut rows, &large, 1), None);
    let many = [&all.repeat(KEPT_BYTES / all.len() + 1), COMPLETE].concat();
    assert_eq!(few(&mut rows, &many, usize::MAX), None);
    assert_eq!(few(&mut RowStore::new(2, true), &all, 1), None);
    assert_eq!(few(&mut RowStore::new(0, false), &data_row(&[]), 1), None);
}

/// DataRows of two columns that no honest server sends, or that have come in part.
fn bad_rows() -> Vec<Vec<u8>> {
    let good = data_row(&[Some(b"abc"), Some(b"de")]);
    let with = |at: usize, bytes: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        bad
    };
    let mut all: Vec<Vec<u8>> = (1..good.len()).map(|n| good[..n].to_vec()).collect();
    let length = good.len() as u32 - 1;
    let small = [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        9,
        10,
        14,
        15,
        length - 1,
        length + 1,
    ];
    let huge = [16, 24, 30, 31, 32].map(|bits| ((1u64 << bits) - 1) as u32);
    let above = huge.map(|number| number.wrapping_add(1));
    for number in small.into_iter().chain(huge).chain(above) {
        // The message's own length, and that of the first and of the last value.
        all.extend([1, 7, 14].map(|at| with(at, &number.to_be_bytes())));
    }
    // Both at once, so that their sum leaves 32 bits.
    let mut both = with(7, &[0x7f, 0xff, 0xff, 0xff]);
    both[1..5].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff]);
    all.push(both);
    for count in [0u16, 1, 3, 0x7fff, 0x8000, 0xffff] {
        all.push(with(5, &count.to_be_bytes()));
    }
    all
}

#[test]
fn a_bad_row_is_left_where_it_is_and_refused_as_without_this_way() {
    let good = data_row(&[Some(b"x"), None]);
    let mut refused = 0;
    for bad in bad_rows() {
        for before in [0, 1, 3] {
            for behind in [&b""[..], COMPLETE, &good] {
                let bytes = [&good.repeat(before), &bad[..], behind].concat();
                for limit in [1, 2, usize::MAX] {
                    let mut plain = RowStore::new(2, false);
                    let mut plain_input = received(&bytes);
                    let step = plain.take_rows(&mut plain_input, limit);
                    let mut rows = RowStore::new(2, false);
                    let mut input = received(&bytes);
                    match few(&mut rows, input.unparsed(), limit) {
                        None => {
                            refused += 1;
                            assert_eq!(rows.rows(), 0, "{bytes:?}");
                            assert_eq!(input.unparsed(), bytes);
                            assert_eq!(rows.take_rows(&mut input, limit), step, "{bytes:?}");
                        }
                        Some(taken) => {
                            // Then what was taken is what the other way takes before it stops.
                            input.consume_bytes(taken);
                            assert!(plain_input.unparsed() == input.unparsed(), "{bytes:?}");
                        }
                    }
                    assert_eq!(rows.rows(), plain.rows(), "{bytes:?}");
                    assert_eq!(input.unparsed().len(), plain_input.unparsed().len());
                    rows.finish(&mut input).unwrap();
                    plain.finish(&mut plain_input).unwrap();
                    for (row, column) in (0..rows.rows()).flat_map(|r| [(r, 0), (r, 1)]) {
                        assert_eq!(rows.value(row, column), plain.value(row, column));
                        assert_eq!(rows.length(row, column), plain.length(row, column));
                    }
                    let most = 2 * bytes.len() + (KEPT_ENTRIES + 64) * 8 + KEPT_BYTES;
                    assert!(rows.memory() < most, "{} for {bytes:?}", rows.memory());
                }
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn rows_are_found_wherever_the_receive_block_goes() {
    for far in [false, true] {
        let message = |i: usize| data_row(&[Some(format!("row {i}").as_bytes()), None]);
        let mut rows = RowStore::new(2, false);
        let mut input = Input::default();
        for i in 0..40 {
            // Behind the tenth row a notice makes the block grow as far as it will, and then leave it to the rows.
            let notice = match i == 10 {
                true => [&b"N\0\x20\0\x04"[..], &vec![b'n'; 2 << 20][..]].concat(),
                false => Vec::new(),
            };
            let bytes = [message(i), notice.clone()].concat();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (block, room) = input.space(|data, _| rows.adopt_block(data)).unwrap();
                let n = room.min(rest.len());
                block.extend_from_slice(&rest[..n]);
                rest = &rest[n..];
                assert_eq!(rows.take_rows(&mut input, 9), RowsStep::Done);
            }
            input.consume_bytes(notice.len());
            if far && i == 5 {
                rows.make_far().unwrap();
            }
            assert_eq!(rows.closed_rows, if i < 10 { 0 } else { 11 });
        }
        rows.finish(&mut input).unwrap();
        for i in 0..40 {
            let text = format!("row {i}\0");
            assert_eq!(rows.value_with_nul(i, 0), Some(text.as_bytes()));
            assert_eq!((rows.value(i, 1), rows.length(i, 1)), (None, -1));
        }
    }
}

#[test]
fn the_last_block_may_move_and_nulls_stay_where_they_point() {
    for far in [false, true] {
        let stream: Vec<u8> = (0..60_000)
            .flat_map(|i| data_row(&[Some(format!("row {i}").as_bytes()), None]))
            .collect();
        let (mut rows, _) = store_all(&stream, 1 << 20, 2, false);
        if far {
            rows.make_far().unwrap();
        }
        let first_row = rows.last().rows.start;
        assert!(first_row > 0);
        let before = rows.last().address();
        let last = rows.blocks.last_mut().unwrap();
        // Both are there at once, so it cannot be where it was.
        let elsewhere = last.data.clone();
        let old = core::mem::replace(&mut last.data, elsewhere);
        rows.moved(first_row, before).unwrap();
        drop(old);
        for i in [0, first_row - 1, first_row, 59_999] {
            let text = format!("row {i}\0");
            assert_eq!(rows.value_with_nul(i, 0), Some(text.as_bytes()));
            assert_eq!((rows.value(i, 1), rows.length(i, 1)), (None, -1));
        }
        assert_empty_value(&rows);
    }
}
