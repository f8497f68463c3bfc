//! The honest request of all benchmarks: a browser's, so that rules have something to look at.

/// Path and query.
pub const TARGET: &str = "/catalog/shoes?size=42&colour=dark+blue&page=2&q=running%20shoes";

/// Headers besides Host.
pub const HEADERS: [(&str, &str); 7] = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Referer", "https://shop.example/catalog/shoes?size=42"),
    ("Cookie", "session=4f1c2a77b08d4e6f9a; consent=yes; cart=3"),
    ("Upgrade-Insecure-Requests", "1"),
];

/// As it goes over the connection.
pub fn bytes() -> Vec<u8> {
    let mut request = format!("GET {TARGET} HTTP/1.1\r\nHost: shop.example\r\n");
    for (name, value) in HEADERS {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.into_bytes()
}

/// Length of a whole response at the front of `bytes`; `None`: more is to come.
///
/// # Errors
///
/// When it is no success, or has neither `Content-Length` nor status 204.
pub fn response_length(bytes: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let (head, _) = bytes.split_at(end);
    let head = std::str::from_utf8(head)?;
    anyhow::ensure!(head.starts_with("HTTP/1.1 20"), "the service answered {:?}", head.lines().next());
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") { value.trim().parse().ok() } else { None }
    });
    let body: usize = match length {
        Some(length) => length,
        None if head.starts_with("HTTP/1.1 204") => 0,
        None => anyhow::bail!("a response without Content-Length"),
    };
    let whole = end + 4 + body;
    Ok((bytes.len() >= whole).then_some(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_end_where_they_say() {
        let with_body = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcHTTP";
        assert_eq!(response_length(with_body).expect("a success"), Some(with_body.len() - 4));
        assert_eq!(response_length(&with_body[..40]).expect("so far so good"), None);
        let empty = b"HTTP/1.1 204 No Content\r\nServer: a\r\n\r\n";
        assert_eq!(response_length(empty).expect("a success"), Some(empty.len()));
        assert!(response_length(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").is_err());
    }
}
