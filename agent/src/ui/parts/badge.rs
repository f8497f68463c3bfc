//! Badges: severity, status, and short words. Never by colour alone: each has a shape or says its word.

use maud::{Markup, html};

use crate::detect::{
    Severity,
    signals::{Signal, Status},
};

/// How bad: a shape, a colour and the word.
pub fn severity(severity: Severity) -> Markup {
    named(severity.name())
}

/// The same by its name.
pub fn named(severity: &str) -> Markup {
    let known = Severity::ALL.iter().any(|known| known.name() == severity);
    let class = if known { severity } else { "info" };
    html! { span.severity.(class) { span.shape aria-hidden="true" {} (severity) } }
}

/// How far people are with a signal.
pub fn status(signal: &Signal) -> Markup {
    let class = match signal.status {
        Status::Open => "open",
        Status::UnderReview => "review",
        Status::Archived => "archived",
    };
    html! { span.status.(class) { (crate::cli::signals::status(signal)) } }
}

/// What is done about attacks: `off`, `monitor`, `block`.
pub fn mode(mode: &str) -> Markup {
    let class = match mode {
        "block" => "open",
        "monitor" => "review",
        _ => "archived",
    };
    html! { span.status.(class) { (mode) } }
}

/// A short word.
pub fn word(word: &str) -> Markup {
    html! { span.word { (word) } }
}

/// A short word about what is dangerous, or kept out.
pub fn loud(word: &str) -> Markup {
    html! { span.word.loud { (word) } }
}

/// Short words with how often each, the most first.
pub fn counts<'n>(counts: impl IntoIterator<Item = (&'n str, u64)>) -> Markup {
    let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
    counts.sort_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then(a.cmp(b)));
    html! {
        @if counts.is_empty() { span.none { "—" } }
        @for (name, count) in counts { (word(&format!("{} {}", crate::event::printable(name), crate::cli::screen::grouped(count)))) }
    }
}

/// A status code of HTTP; none: no response was seen.
pub fn code(status: Option<u16>) -> Markup {
    let Some(status) = status else { return html! { span.code.none title="no response was seen" { "—" } } };
    let class = match status {
        500.. => "failed",
        400.. => "refused",
        300.. => "moved",
        _ => "fine",
    };
    html! { span.code.(class) { (status) } }
}
