//! What the viewer reads: one line an occurrence, who at the left.

use std::{sync::OnceLock, time::Instant};

use crate::say::paint;

/// Who a line is about.
#[derive(Clone, Copy)]
pub enum Who {
    /// The demo itself.
    Demo,
    /// The client that does no harm.
    Honest,
    /// The other one.
    Attacker,
    /// The agent.
    Picket,
}

/// Says what happened, with the seconds since the demo began.
pub fn tell(who: Who, text: &str) {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let seconds = BEGAN.get_or_init(Instant::now).elapsed().as_secs_f64();
    let (name, style) = match who {
        Who::Demo => ("", "1"),
        Who::Honest => ("honest client", "32"),
        Who::Attacker => ("attacker", "31"),
        Who::Picket => ("picket", "36"),
    };
    println!("{seconds:5.1} s  {}  {text}", paint(style, &format!("{name:<13}")));
}

/// A step was observed.
pub fn seen(text: &str) {
    tell(Who::Demo, &format!("{} {}", paint("1;32", "seen:"), paint("1", text)));
}
