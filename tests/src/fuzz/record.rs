//! Ring-buffer entries: decoded without reading beyond them; what decodes goes all the way through
//! stream and http.

use picket::{
    capture::Record,
    http::{Connection, Limits as HttpLimits},
    stream::{Limits, Reassembler, StreamStats},
};
use picket_common::conn::Direction;

use super::Input;

/// Input: entries, each behind its length (2 bytes).
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let limits = Limits::default();
    let mut directions = [Reassembler::new(limits), Reassembler::new(limits)];
    let mut connection = Connection::new(HttpLimits::default(), true);
    let mut stats = StreamStats::default();
    let mut out = Vec::new();
    let mut last = 0;
    while !input.is_empty() {
        let len = usize::from(input.u16());
        let entry = input.bytes(len);
        let Ok(record) = Record::decode(entry) else { continue };
        let (peer, segment) = match record {
            Record::Data(peer, now, segment)
            | Record::Pending(peer, now, segment)
            | Record::Plain(peer, now, segment, _) => {
                last = now;
                (peer, Some(segment))
            }
            Record::Adopt(peer, _) | Record::Close(peer, _) => (peer, None),
        };
        // Addresses of any bytes can be said.
        let _ = format!("{} {}", peer.remote_ip(), peer.local_ip());
        let Some(segment) = segment else { continue };
        assert!(segment.data.len() <= entry.len());
        assert!(segment.wire_len as usize >= segment.data.len());
        let direction = segment.direction;
        let way = &mut directions[usize::from(direction == Direction::Egress)];
        way.push(&segment, last, &mut stats, |piece| connection.feed(direction, piece, last, &mut out));
        assert!(way.held() <= limits.out_of_order_bytes);
        out.clear();
    }
    for (way, direction) in directions.iter_mut().zip([Direction::Ingress, Direction::Egress]) {
        way.finish(&mut stats, |piece| connection.feed(direction, piece, last, &mut out));
        assert_eq!(way.held(), 0);
    }
    connection.close(last, &mut out);
    assert_eq!(connection.held(), 0);
}
