//! Forms: each carries its token, and where it stood.

use maud::{Markup, html};

use crate::ui::frame::Frame;

/// A form that does something.
pub fn post(frame: &Frame, action: &str, class: &str, fields: &Markup) -> Markup {
    named(frame, action, class, None, fields)
}

/// The same with an id, so that fields and buttons elsewhere on the page belong to it.
pub fn named(frame: &Frame, action: &str, class: &str, id: Option<&str>, fields: &Markup) -> Markup {
    html! {
        form.(class) method="post" action=(action) id=[id] {
            input type="hidden" name="csrf" value=(frame.csrf);
            input type="hidden" name="back" value=(frame.here);
            (fields)
        }
    }
}

/// A form behind a click: what can't be undone is asked for twice, without a script.
pub fn confirmed(label: &str, form: &Markup) -> Markup {
    html! {
        details.confirm { summary.button { (label) } div.panel { (form) } }
    }
}

/// A line of text.
pub fn text(label: &str, name: &str, value: &str, placeholder: &str) -> Markup {
    html! {
        label.field { span { (label) } input type="text" name=(name) value=(value) placeholder=(placeholder) maxlength="1000"; }
    }
}

/// A choice: values and what they are called. The chosen one is the one that is so now.
pub fn choice(label: &str, name: &str, choices: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        label.field {
            span { (label) }
            select name=(name) {
                @for (value, called) in choices {
                    option value=(value) selected[*value == chosen] { (called) }
                }
            }
        }
    }
}

/// How long something is blocked, as seconds; 0 is for good.
pub const DURATIONS: [(&str, &str); 6] = [
    ("600", "10 minutes"),
    ("3600", "1 hour"),
    ("86400", "1 day"),
    ("604800", "7 days"),
    ("2592000", "30 days"),
    ("0", "for good"),
];
