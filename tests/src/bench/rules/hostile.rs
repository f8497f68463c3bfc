//! Requests made to take engines longer than their length says: runs that patterns start over in, nested
//! brackets, keywords again and again, many small values, deep JSON.

use std::fmt::Write as _;

use super::requests::request;

/// Bytes of a run. All engines look at so many; and libmodsecurity with CRS takes a second and more for some
/// of these already, eight times as long for twice as many bytes.
const LONG: usize = 2_000;

/// Pieces that are repeated to a long query value.
const PIECES: [&str; 24] = [
    "a",
    "%20",
    "1",
    "(",
    "((a",
    "[",
    "{",
    "<",
    "<!--",
    "%3Cscript%3E",
    "'",
    "''",
    "%22",
    "\\",
    "../",
    "..%5C",
    "%252e",
    "select+",
    "union+select+",
    "or+1=1+",
    "/*",
    "$(",
    "%7B%7B",
    "a=b;",
];

/// A piece, again and again, and then what keeps a pattern from matching.
const TAILS: [&str; 3] = ["", "!", "%00"];

/// The requests, over the wire, each with what it is.
pub fn requests() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for piece in PIECES {
        for tail in TAILS {
            let value = piece.repeat(LONG / piece.len()) + tail;
            all.push((format!("{piece} … {tail}"), request("GET", &format!("/?q={value}"), "", b"")));
        }
    }
    let form = "application/x-www-form-urlencoded";
    for piece in PIECES {
        let body = format!("q={}", piece.repeat(LONG / piece.len()));
        all.push((format!("form: {piece} …"), request("POST", "/", form, body.as_bytes())));
    }
    let many = |name: &str, count: usize| {
        (0..count).fold(String::new(), |mut pairs, n| {
            let _ = write!(pairs, "{name}{n}=select+{n}&");
            pairs
        })
    };
    all.push(("200 parameters".to_owned(), request("GET", &format!("/?{}", many("p", 200)), "", b"")));
    all.push(("2,000 fields of a form".to_owned(), request("POST", "/", form, many("p", 2000).as_bytes())));
    let same = "a=1&".repeat(2000);
    all.push(("2,000 fields of one name".to_owned(), request("POST", "/", form, same.as_bytes())));
    let json = "application/json";
    for depth in [20, 100, 1000] {
        let lists = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        all.push((format!("JSON lists {depth} deep"), request("POST", "/", json, lists.as_bytes())));
        let maps = format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        all.push((format!("JSON maps {depth} deep"), request("POST", "/", json, maps.as_bytes())));
    }
    let open = "[".repeat(20_000);
    all.push(("JSON brackets that never close".to_owned(), request("POST", "/", json, open.as_bytes())));
    let wide = format!("[{}1]", "\"select\",".repeat(3000));
    all.push(("JSON, 3,000 leaves".to_owned(), request("POST", "/", json, wide.as_bytes())));
    let parts = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n".repeat(300) + "--b--\r\n";
    all.push((
        "300 parts".to_owned(),
        request("POST", "/", "multipart/form-data; boundary=b", parts.as_bytes()),
    ));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Message;

    #[test]
    fn hostile_requests_are_whole() {
        let requests = requests();
        assert_eq!(requests.len(), 24 * 3 + 24 + 3 + 6 + 3);
        for (name, request) in requests {
            let message = Message::read(&request);
            assert!(message.complete && !message.target.is_empty(), "{name}");
            assert!(request.len() < 64 * 1024, "{name}: {} bytes", request.len());
        }
    }
}
