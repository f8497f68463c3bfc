//! How long judging takes.

use std::{hint::black_box, net::IpAddr};

use anyhow::Result;

use crate::{
    bench::{clock, figures::Series},
    judge::{Judge, Message},
};

/// Who sends the requests that are measured.
const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// Nanoseconds a request, on average over all of them, again and again for at least `floor` nanoseconds.
///
/// # Errors
/// A request that could not be judged.
pub fn mean(judge: &mut dyn Judge, messages: &[Message], floor: u64) -> Result<f64> {
    let start = clock::monotonic();
    let mut judged = 0_u64;
    loop {
        for message in messages {
            black_box(judge.judge(CLIENT, black_box(message))?);
        }
        judged += messages.len() as u64;
        let taken = clock::monotonic() - start;
        if taken >= floor {
            return Ok(taken as f64 / judged as f64);
        }
    }
}

/// Nanoseconds of each request, judged once. The first one is judged before that, too: it pays for what the
/// side before it left in the CPU's caches.
///
/// # Errors
/// A request that could not be judged.
pub fn each(judge: &mut dyn Judge, messages: &[Message]) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(messages.len());
    if let Some(first) = messages.first() {
        judge.judge(CLIENT, first)?;
    }
    for message in messages {
        let start = clock::monotonic();
        black_box(judge.judge(CLIENT, black_box(message))?);
        times.push((clock::monotonic() - start) as f64);
    }
    Ok(times)
}

/// Of the times of several turns, the median of each request: what the machine did besides falls away.
#[must_use]
pub fn by_request(turns: &[Vec<f64>]) -> Vec<f64> {
    let count = turns.iter().map(Vec::len).min().unwrap_or_default();
    (0..count).map(|at| Series::of(turns.iter().filter_map(|turn| turn.get(at).copied())).median()).collect()
}

/// How many requests some rule matches.
///
/// # Errors
/// A request that could not be judged.
pub fn matching(judge: &mut dyn Judge, messages: &[Message]) -> Result<usize> {
    let mut matching = 0;
    for message in messages {
        matching += usize::from(!judge.judge(CLIENT, message)?.rules.is_empty());
    }
    Ok(matching)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Judged;

    struct Counting(u32);

    impl Judge for Counting {
        fn name(&self) -> String {
            "counting".to_owned()
        }

        fn judge(&mut self, _: IpAddr, message: &Message) -> Result<Judged> {
            self.0 += 1;
            let rules = message.target.contains(&b'x').then(|| "x".to_owned()).into_iter().collect();
            Ok(Judged { rules, status: None })
        }
    }

    #[test]
    fn all_are_judged_at_least_once() {
        let messages: Vec<Message> = ["/", "/x"]
            .iter()
            .map(|target| Message::read(format!("GET {target} HTTP/1.0\r\n\r\n").as_bytes()))
            .collect();
        let mut judge = Counting(0);
        assert!(mean(&mut judge, &messages, 0).expect("it judges") > 0.0);
        assert_eq!(judge.0, 2);
        assert_eq!(each(&mut judge, &messages).expect("it judges").len(), 2);
        assert_eq!(matching(&mut judge, &messages).expect("it judges"), 1);
    }

    #[test]
    fn a_stall_in_one_turn_falls_away() {
        assert_eq!(by_request(&[vec![1.0, 9.0], vec![1.0, 2.0], vec![500.0, 2.0]]), [1.0, 2.0]);
        assert!(by_request(&[]).is_empty());
    }
}
