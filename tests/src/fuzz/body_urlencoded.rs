//! Queries and form bodies.

use picket::rules::bodies::urlencoded::{self, SEPARATOR};

use super::Told;

/// Every piece between separators is one parameter, decoded to no more than it was; something is invalid
/// only where there is a percent sign.
pub fn run(data: &[u8]) {
    let (told, read) = Told::twice(|buffers, sink| urlencoded::read(data, SEPARATOR, buffers, sink));
    let pieces = data.strip_suffix(b"&").unwrap_or(data).split(|&byte| byte == SEPARATOR).count();
    assert_eq!(told.0.len(), if data.is_empty() { 0 } else { 2 * pieces });
    assert!(told.0.iter().map(Vec::len).sum::<usize>() <= data.len());
    assert!(!read.invalid || data.contains(&b'%'));
    assert_eq!(read.over, None);
}
