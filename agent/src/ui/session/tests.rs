//! Links, sessions and tokens of forms over time.

use std::time::{Duration, Instant};

use super::*;
use crate::{
    api::types::Role,
    limits::{UI_LINKS, UI_SESSION_SECONDS, UI_SESSIONS},
};

fn person() -> Person {
    Person { name: "alice".to_owned(), role: Role::Viewer }
}

#[test]
fn a_link_ends_after_a_minute() {
    let links = Links::default();
    let now = Instant::now();
    let secret = links.make_at(person(), now).expect("a link");
    let late = now + Duration::from_secs(UI_LINK_SECONDS);
    assert_eq!(links.take_at(&secret, late), None);
    // Its place is free again.
    for _ in 0..UI_LINKS {
        links.make_at(person(), late).expect("a link");
    }
    assert_eq!(links.make_at(person(), late).expect_err("too many").code, Code::TooMany);
}

#[test]
fn a_session_ends_after_its_time_and_there_are_not_more_than_there_may_be() {
    let sessions = Sessions::default();
    let now = Instant::now();
    let first = sessions.begin_at(person(), None, now).expect("a session");
    let length = Duration::from_secs(UI_SESSION_SECONDS);
    assert!(sessions.find_at(&first, now + length - Duration::from_secs(1)).is_some());
    assert!(sessions.find_at(&first, now + length).is_none());
    let mut last = String::new();
    for number in 0..UI_SESSIONS {
        let at = now + Duration::from_millis(1 + number as u64);
        last = sessions.begin_at(person(), None, at).expect("a session");
    }
    assert_eq!(sessions.count(), UI_SESSIONS);
    assert!(sessions.find_at(&first, now).is_none(), "the one that ends first has ended");
    let known = sessions.find_at(&last, now).expect("a session");
    sessions.say(&known, Flash { wrong: false, text: "done".to_owned() });
    assert_eq!(sessions.said(&known).map(|flash| flash.text).as_deref(), Some("done"));
    assert_eq!(sessions.said(&known), None);
    sessions.end(&known);
    assert!(sessions.find_at(&last, now).is_none());
}

#[test]
fn a_form_of_another_session_does_not_fit() {
    let (one, other) = (Csrf::new().expect("random"), Csrf::new().expect("random"));
    let (first, second) = (one.masked().expect("random"), one.masked().expect("random"));
    assert_ne!(first, second, "the same text would be found out by its length");
    assert!(one.fits(&first) && one.fits(&second));
    assert!(!other.fits(&first));
    for wrong in ["", "AAAA", &first[1..], &format!("{first}AAAA"), "\u{e4}"] {
        assert!(!one.fits(wrong), "{wrong}");
    }
}
