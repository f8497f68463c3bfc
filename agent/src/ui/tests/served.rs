//! The UI of an agent with a past, asked without a connection.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode},
};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use scraper::{Html, Selector};

use crate::{
    api::{
        Caller, Door as _, Inside, Person,
        tests::{InMemory, desk::Ground, runtime},
        types::Role,
    },
    ui::{Ui, guard::Hosts, session::Doors},
};

pub(super) const HOST: &str = "127.0.0.1:7180";
pub(super) const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// An agent, its UI, and a browser's cookie.
pub(super) struct Served {
    pub ground: Ground,
    pub doors: Arc<Doors>,
    router: Router,
    pub cookie: Option<String>,
}

/// An answer, read.
pub(super) struct Got {
    pub status: StatusCode,
    pub response: Response<()>,
    pub text: String,
}

impl Got {
    pub fn beginning(&self) -> String {
        self.text.chars().take(400).collect()
    }

    pub fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).map_or("", |value| value.to_str().expect("a text"))
    }

    pub fn html(&self) -> Html {
        let html = Html::parse_document(&self.text);
        // What a parser has to put right, it may put right otherwise than a browser.
        let wrong: Vec<_> = html.errors.iter().filter(|error| !error.contains("Duplicate")).collect();
        assert!(wrong.is_empty(), "{wrong:?}\n{}…", self.beginning());
        html
    }
}

/// All that a selector takes.
pub(super) fn all<'h>(html: &'h Html, selector: &str) -> Vec<scraper::ElementRef<'h>> {
    html.select(&Selector::parse(selector).expect("a selector")).collect()
}

/// The text of the first that a selector takes, its spaces made single.
pub(super) fn text(html: &Html, selector: &str) -> String {
    let found = all(html, selector);
    let first = found.first().unwrap_or_else(|| panic!("no {selector}"));
    first.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Served {
    /// Nobody is logged in.
    pub fn new() -> Self {
        Self::of(Ground::new())
    }

    pub fn of(ground: Ground) -> Self {
        let doors = Arc::new(Doors::new(format!("http://{HOST}")));
        ground.api.open(Arc::clone(&doors) as Arc<dyn crate::api::Door>);
        let ui = Ui::new(Inside::of(&ground.api), Arc::clone(&doors), Hosts::new(CLIENT, &[]), false);
        let router = ui.router();
        Self { ground, doors, router, cookie: None }
    }

    /// Somebody is.
    pub fn logged_in(role: Role) -> Self {
        Self::of_role(Ground::of(InMemory::shop()), role)
    }

    pub fn of_role(ground: Ground, role: Role) -> Self {
        let mut served = Self::of(ground);
        served.log_in(role);
        served
    }

    pub fn log_in(&mut self, role: Role) {
        let person = Person { name: "alice".to_owned(), role };
        let link = self.doors.link(person).expect("a link");
        let path = link.url.strip_prefix(&format!("http://{HOST}")).expect("a link of this UI").to_owned();
        let got = self.post(&path, &[]);
        assert_eq!((got.status, got.header("location")), (StatusCode::SEE_OTHER, "/"), "{}", got.text);
        let cookie = got.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        self.cookie = Some(cookie);
    }

    pub fn get(&self, target: &str) -> Got {
        self.ask("GET", target, &[], "")
    }

    /// A page that has to be there.
    pub fn page(&self, target: &str) -> Html {
        let got = self.get(target);
        assert_eq!(got.status, StatusCode::OK, "{target}: {}", got.beginning());
        assert_eq!(got.header("content-type"), "text/html; charset=utf-8");
        got.html()
    }

    /// Sends a form as a page of the UI does, without its token.
    pub fn post(&self, target: &str, fields: &[(&str, &str)]) -> Got {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let origin = format!("http://{HOST}");
        self.ask("POST", target, &[("origin", &origin), ("sec-fetch-site", "same-origin")], &body)
    }

    /// Sends a form that is on a page: its hidden fields, and these.
    pub fn submit(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Got {
        let html = self.page(page);
        let hidden = all(&html, &format!("form[action=\"{action}\"] input[type=hidden]"));
        assert!(!hidden.is_empty(), "no form {action} on {page}");
        let mut sent: Vec<(&str, &str)> = Vec::new();
        for input in &hidden {
            let (name, value) = (input.attr("name").expect("a name"), input.attr("value").expect("a value"));
            // Forms to the same place stand on a page more than once.
            if !sent.iter().chain(fields).any(|(known, _)| *known == name) {
                sent.push((name, value));
            }
        }
        sent.extend_from_slice(fields);
        self.post(action, &sent)
    }

    pub fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut request = Request::builder().method(method).uri(target);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", HOST);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        runtime().block_on(async {
            let router = self.router.clone().layer(Extension(Caller::Remote(CLIENT)));
            let response = match TowerToHyperService::new(router).call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let (head, body) = response.into_parts();
            let bytes = to_bytes(body, usize::MAX).await.expect("a body");
            let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
            Got { status: head.status, response: Response::from_parts(head, ()), text }
        })
    }
}
