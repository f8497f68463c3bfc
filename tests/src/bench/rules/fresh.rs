//! Clean GETs that are not the same one again and again: what is kept from request to request helps an engine
//! only with what really comes again.

use super::{
    random::Random,
    requests::{BROWSER, request, with_fields},
};

const WORDS: [&str; 12] = [
    "blaue", "schuhe", "winter", "mantel", "leather", "kids", "table", "garden", "price", "asc", "rating",
    "size",
];

/// A visitor's: path and query are new each time, the header fields are always those of the same browser.
pub fn parameters(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(seed);
    (0..count).map(|_| request("GET", &target(&mut random), "", b"")).collect()
}

/// Everyone's: the values of the header fields are new each time as well, but for their shape.
pub fn throughout(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(seed);
    let mut one = || {
        let target = target(&mut random);
        let values = BROWSER.map(|(name, value)| (name, renumbered(&mut random, name, value)));
        let fields = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        with_fields("GET", &target, &fields, "", b"")
    };
    (0..count).map(|_| one()).collect()
}

fn target(random: &mut Random) -> String {
    let (a, b, sort, color) =
        (random.one(&WORDS), random.one(&WORDS), random.one(&WORDS), random.one(&WORDS));
    let (number, page, size) = (random.below(1_000_000), random.below(1000), random.below(100_000));
    format!("/products/{a}-{b}-{number}?page={page}&sort={sort}&color={color}{number}&size={size}")
}

/// The value with other digits, and something before it where there would be none.
fn renumbered(random: &mut Random, name: &str, value: &str) -> String {
    let mut other: String = match name {
        "Host" => format!("shop-{:06}.example", random.below(1_000_000)),
        "Connection" => format!("keep-alive, x{:06}", random.below(1_000_000)),
        "Accept-Encoding" => format!("{value};q=0.{:06}", random.below(1_000_000)),
        _ => value.to_owned(),
    };
    if name == "Cookie" {
        other = format!("session={:016x}{:016x}; theme=dark; lang=de", random.next(), random.next());
    } else if matches!(name, "User-Agent" | "Referer" | "Accept" | "Accept-Language") {
        other = other.chars().map(|c| if c.is_ascii_digit() { digit(random) } else { c }).collect();
        other.push_str(&format!("{:06}", random.below(1_000_000)));
    }
    other
}

fn digit(random: &mut Random) -> char {
    char::from(b'0' + u8::try_from(random.below(10)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::judge::Message;

    #[test]
    fn nothing_comes_again_that_should_not() {
        const COUNT: usize = 500;
        let kept = parameters(1, COUNT);
        assert_eq!(kept.iter().collect::<BTreeSet<_>>().len(), COUNT);
        let read = |requests: Vec<Vec<u8>>| requests.iter().map(|r| Message::read(r)).collect::<Vec<_>>();
        let different = |messages: &[Message], at: usize| {
            messages.iter().map(|message| message.fields[at].value.clone()).collect::<BTreeSet<_>>().len()
        };
        let (kept, new) = (read(kept), read(throughout(1, COUNT)));
        for (at, (name, _)) in BROWSER.iter().enumerate() {
            assert_eq!(different(&kept, at), 1, "{name}");
            // Six digits: two of five hundred may well be the same.
            assert!(different(&new, at) >= COUNT - 10, "{name}");
        }
        assert!(new.iter().all(|message| message.complete && message.fields.len() == 8));
    }
}
