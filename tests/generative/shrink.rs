//! Makes a failing list of lines smaller.

/// A list that still `fails`, from which no single line can be taken. `most` bounds the trials.
pub fn shrink(
    lines: &[String],
    mut most: usize,
    mut fails: impl FnMut(&[String]) -> bool,
) -> Vec<String> {
    let mut lines = lines.to_vec();
    let mut size = lines.len().div_ceil(2).max(1);
    loop {
        let mut smaller = false;
        let mut start = 0;
        while start < lines.len() && most > 0 {
            let mut without = lines.clone();
            without.drain(start..(start + size).min(lines.len()));
            most -= 1;
            if fails(&without) {
                lines = without;
                smaller = true;
            } else {
                start += size;
            }
        }
        if most == 0 || (size == 1 && !smaller) {
            return lines;
        }
        if size > 1 {
            size = size.div_ceil(2);
        }
    }
}

#[test]
fn shrinking_finds_the_two_lines_that_matter() {
    let lines: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let fails = |l: &[String]| l.iter().any(|x| x == "7") && l.iter().any(|x| x == "31");
    assert_eq!(shrink(&lines, 1000, fails), ["7", "31"]);
}
