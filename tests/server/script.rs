//! The steps of a scripted server that send something, as bytes.

/// The bytes a step sends.
pub fn bytes(step: &str) -> Vec<u8> {
    let (name, rest) = step.split_once(':').unwrap_or((step, ""));
    let two = || rest.split_once(':').unwrap_or((rest, ""));
    match name {
        "raw" => unescape(rest),
        "msg" => message(unescape(two().0)[0], &unescape(two().1)),
        "auth" => {
            let mut body = two().0.parse::<u32>().unwrap().to_be_bytes().to_vec();
            body.extend(unescape(two().1));
            message(b'R', &body)
        }
        "err" => {
            let mut body = b"SFATAL\0VFATAL\0C".to_vec();
            body.extend(two().0.as_bytes());
            body.extend(b"\0M");
            body.extend(unescape(two().1));
            body.extend(b"\0\0");
            message(b'E', &body)
        }
        "ps" => {
            let mut body = unescape(two().0);
            body.push(0);
            body.extend(unescape(two().1));
            body.push(0);
            message(b'S', &body)
        }
        "key" => message(
            b'K',
            &[4711u32.to_be_bytes(), 815u32.to_be_bytes()].concat(),
        ),
        "z" => message(b'Z', b"I"),
        "row" => {
            let value = unescape(rest);
            let mut out = message(
                b'T',
                b"\0\x01c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0",
            );
            let mut row = vec![0, 1];
            row.extend((value.len() as u32).to_be_bytes());
            row.extend(value);
            out.extend(message(b'D', &row));
            out.extend(message(b'C', b"SHOW\0"));
            out
        }
        _ => panic!("no such step: {step}"),
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend((body.len() as u32 + 4).to_be_bytes());
    out.extend(body);
    out
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match rest.next().unwrap() {
            b's' => b' ',
            b'n' => b'\n',
            b'r' => b'\r',
            b'\\' => b'\\',
            b'x' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => panic!("no such escape: {other}"),
        });
    }
    out
}
