//! A request as it was sent, and as a service reads it, with what matched marked where it did.

use maud::{Markup, html};

use crate::{
    event::{Event, printable},
    ui::{
        pages::request,
        parts::{link, marked::marked},
    },
};

/// What matched in a field of the header; what is the same text elsewhere did not.
fn in_field<'e>(event: &'e Event, field: &str) -> impl Iterator<Item = &'e str> + Clone {
    of(event, move |location| {
        location.strip_prefix("headers.").is_some_and(|name| name.eq_ignore_ascii_case(field))
    })
}

/// What matched in the target.
fn in_target(event: &Event) -> impl Iterator<Item = &str> + Clone {
    of(event, |location| {
        let part = location.split('.').next().unwrap_or_default();
        !["headers", "cookies", "body", "files", "response"].contains(&part)
    })
}

fn of(event: &Event, is_there: impl Fn(&str) -> bool + Clone) -> impl Iterator<Item = &str> + Clone {
    event.matches.iter().filter(move |found| is_there(&found.location)).map(|found| found.value.as_str())
}

/// The request as it was sent; and read, where that is something else.
pub(super) fn sent(event: &Event) -> Markup {
    let target = request::target(event);
    let read = decoded(&target);
    html! {
        pre.request {
            span.method { (printable(&event.method)) } " " (marked(&target, in_target(event))) "\n"
            @if let Some(host) = &event.host { span.name { "Host: " } (marked(host, in_field(event, "host"))) "\n" }
            @if let Some(agent) = &event.user_agent { span.name { "User-Agent: " } (marked(agent, in_field(event, "user-agent"))) "\n" }
        }
        @if read != target {
            h3 { "Decoded" }
            pre.request { (marked(&read, in_target(event))) }
        }
        @if event.truncated { p.hint { "Not all of it was judged: its body is longer than the limit, or bytes were missed." } }
    }
}

/// As a service reads it: percent-encoding undone, `+` a space.
fn decoded(target: &str) -> String {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let undone = |text: &str| -> String {
        // One pair without a name: the form's own decoder.
        let escaped = text.replace('&', "%26").replace('=', "%3D");
        form_urlencoded::parse(escaped.as_bytes()).map(|(name, _)| name.into_owned()).collect()
    };
    // In a path + is itself.
    let path = undone(&path.replace('+', "%2B"));
    query.map_or(path.clone(), |query| format!("{path}?{}", undone(query)))
}

/// What the matched piece looked like before rules transformed it, as far as the target has it: as sent, and decoded.
pub(super) fn before(target: &str, value: &str) -> Vec<(&'static str, Markup)> {
    let mut steps = Vec::new();
    let small = value.to_ascii_lowercase();
    for pair in target.split(['?', '&']) {
        let read = decoded(pair);
        if !small.is_empty() && read.to_ascii_lowercase().contains(&small) && pair != value {
            steps.push(("as sent", html! { (link::text(pair)) }));
            if read != pair && read != value {
                steps.push(("decoded", marked(&read, [value])));
            }
            return steps;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::tests::desk::event;

    #[test]
    fn text_is_marked_where_it_matched_and_nowhere_else() {
        let tool = |location: &str| {
            let found = serde_json::json!([{"rule": "r", "name": "n", "tags": {}, "location": location, "value": "sqlmap"}]);
            let fields = serde_json::json!({
                "path": "/sqlmap", "query": "q=sqlmap", "host": "sqlmap.example", "user_agent": "sqlmap/1", "matches": found,
            });
            sent(&event(jiff::Timestamp::UNIX_EPOCH, &fields)).into_string()
        };
        const MARKED: &str = "<mark>sqlmap</mark>";
        for (location, times, around) in [
            ("headers.user-agent", 1, "User-Agent: </span><mark>sqlmap</mark>/1"),
            ("headers.Host", 1, "Host: </span><mark>sqlmap</mark>.example"),
            ("query.q", 2, "/<mark>sqlmap</mark>?q=<mark>sqlmap</mark>"),
            ("cookies.theme", 0, "/sqlmap?q=sqlmap"),
        ] {
            let html = tool(location);
            assert_eq!(html.matches(MARKED).count(), times, "{location}: {html}");
            assert!(html.contains(around), "{location}: {html}");
        }
    }

    #[test]
    fn what_was_sent_is_read_as_a_service_reads_it() {
        let mut asked = 0;
        for (sent, read) in [
            ("/a%20b", "/a b"),
            ("/a+b?q=a+b", "/a+b?q=a b"),
            ("/?q=%3Cscript%3E&r=1%26=", "/?q=<script>&r=1&="),
            ("/%zz?%", "/%zz?%"),
            ("/%C3%28", "/\u{fffd}("),
            ("/?", "/?"),
        ] {
            assert_eq!(decoded(sent), read, "{sent}");
            asked += 1;
        }
        assert_eq!(asked, 6);
        let steps = before("/s?q=1%27%20OR%201=1&x=y", "' or 1=1");
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[1].1.clone().into_string(), "q=1<mark>' OR 1=1</mark>");
    }
}
