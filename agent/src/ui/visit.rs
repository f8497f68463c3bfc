//! A request of somebody who is logged in, and what it asks of the API.

use std::{net::IpAddr, sync::Arc};

use axum::{
    body::{Body, to_bytes},
    extract::RawPathParams,
    http::{Method, Request, Response, header, request::Parts},
    response::IntoResponse as _,
};
use bytes::Bytes;
use maud::{Markup, html};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use super::{
    Shared, answer,
    form::Form,
    frame::Frame,
    guard,
    page::Page,
    parts::fresh,
    session::{Cookies, Known},
    target::Target,
};
use crate::{
    api::{ApiError, Caller, Code, client, error::ErrorBody, types::List},
    limits::API_ANSWER,
};

/// Milliseconds that a page counts for, unless it is asked for more. Unit tests want all, on machines that do much else.
const MOMENT: &str = if cfg!(test) { "5000" } else { "30" };
/// … as many as it may be asked for.
pub(super) const PATIENT: &str = "5000";

/// A page of a list of what is stored.
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    pub items: Vec<T>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Rows that can't be read.
    pub unreadable: usize,
}

impl<T> Rows<T> {
    pub const NONE: Self = Self { items: Vec::new(), next: None, unreadable: 0 };

    /// What is said of those that can't be read.
    pub fn note(&self) -> Markup {
        html! {
            @if self.unreadable > 0 {
                p.note { (self.unreadable) " of these can't be read by this version, and are left out; the command below with --json shows them." }
            }
        }
    }
}

/// A request of somebody who is logged in.
#[derive(Clone)]
pub(super) struct Visit {
    pub frame: Arc<Frame>,
    pub ui: Shared,
    pub known: Arc<Known>,
    /// Where the request comes from.
    pub address: IpAddr,
    pieces: Arc<Vec<(String, String)>>,
}

impl Visit {
    /// Who asks; or what they are answered instead: where to log in.
    pub async fn begin(
        ui: Shared,
        pieces: RawPathParams,
        parts: &Parts,
    ) -> Result<Self, axum::response::Response> {
        let here = Target::of(&parts.uri);
        let known = known(&ui, parts).await;
        let Some(known) = known else {
            return Err(if parts.method == Method::GET && guard::follows_link(&parts.headers) {
                answer::again(&here)
            } else if parts.method == Method::GET {
                answer::to(&Target::new("/login").with("back", &here).to_string())
            } else {
                let error =
                    ApiError::new(Code::Unauthorized, "you are not logged in any more, so nothing was done");
                answer::failed(&parts.headers, here, error.hint("log in, and do it again"))
            });
        };
        let frame = match Frame::new(&parts.headers, here, Some(&known)) {
            Ok(frame) => frame,
            Err(error) => return Err(error.into_response()),
        };
        let pieces = pieces.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self {
            frame: Arc::new(frame),
            ui,
            known: Arc::new(known),
            address: address(parts),
            pieces: Arc::new(pieces),
        })
    }

    /// That a form is one of ours, made for this session; gives it.
    pub async fn form(&self, parts: &Parts, body: Body) -> Result<Form, ApiError> {
        guard::same_origin(&parts.headers)?;
        let form = Form::read(body).await?;
        if !form.get("csrf").is_some_and(|token| self.known.csrf.fits(token)) {
            let message = "the form is not of this log-in, so nothing was done";
            return Err(
                ApiError::new(Code::Forbidden, message).hint("go back, reload the page, and do it again")
            );
        }
        Ok(form)
    }

    /// A parameter of the URL; empty when it is not there.
    pub fn parameter(&self, name: &str) -> &str {
        self.frame.here.get(name).unwrap_or_default()
    }

    /// How long things are counted for a page, milliseconds: a moment, unless somebody wants all of it.
    pub fn within(&self) -> (&str, &str) {
        ("within", self.frame.here.get("within").unwrap_or(MOMENT))
    }

    /// A piece of the path, decoded; empty when there is none of this name.
    pub fn piece(&self, name: &str) -> &str {
        self.pieces.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// Asks a route of the API. Empty parameters are left out. Nothing that is given has to live on, so that several
    /// questions can be joined.
    pub fn get<'v, T: DeserializeOwned>(
        &'v self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> impl Future<Output = Result<T, ApiError>> + Send + use<'v, T> {
        let target = target(path, parameters);
        async move { read(self.send(Method::GET, target, Vec::new()).await?).await }
    }

    /// Asks for a list of what is stored. What this version can't read, because another one wrote it or the disk lost it,
    /// is left out, and counted.
    pub fn rows<'v, T: DeserializeOwned>(
        &'v self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> impl Future<Output = Result<Rows<T>, ApiError>> + Send + use<'v, T> {
        let list = self.get::<List<Box<RawValue>>>(path, parameters);
        async move {
            let List { items, next } = list.await?;
            let all = items.len();
            let items: Vec<T> = items.iter().filter_map(|row| serde_json::from_str(row.get()).ok()).collect();
            Ok(Rows { unreadable: all - items.len(), items, next })
        }
    }

    /// The same as [`get`](Self::get); none: there is no such thing.
    pub fn find<'v, T: DeserializeOwned>(
        &'v self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> impl Future<Output = Result<Option<T>, ApiError>> + Send + use<'v, T> {
        let found = self.get(path, parameters);
        async move {
            match found.await {
                Ok(found) => Ok(Some(found)),
                Err(error) if error.code == Code::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        }
    }

    /// Has a route of the API change something.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
        body: Option<&impl Serialize>,
    ) -> Result<T, ApiError> {
        read(self.ask(method, path, parameters, body).await?).await
    }

    /// The same with the answer as it is, which may go on: a tail. An error is one here.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
        body: Option<&impl Serialize>,
    ) -> Result<Response<Body>, ApiError> {
        let body = match body {
            Some(body) => serde_json::to_vec(body).map_err(|error| internal(error.to_string()))?,
            None => Vec::new(),
        };
        self.send(method, target(path, parameters), body).await
    }

    async fn send(&self, method: Method, target: String, body: Vec<u8>) -> Result<Response<Body>, ApiError> {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body))
            .map_err(|error| ApiError::new(Code::BadRequest, error.to_string()))?;
        let response = self.ui.api.answer(self.known.person.clone(), request).await;
        if response.status().is_success() {
            return Ok(response);
        }
        let bytes = whole(response).await?;
        let error: Result<ErrorBody, _> = serde_json::from_slice(&bytes);
        Err(error.map_or_else(|error| internal(format!("the API's error: {error}")), |body| body.error))
    }

    /// Asks for several of a kind at once; answers come in the order of the questions. They end with the visit.
    pub async fn all<T: DeserializeOwned + Send + 'static>(
        &self,
        questions: Vec<(String, Vec<(&'static str, String)>)>,
    ) -> Vec<Result<T, ApiError>> {
        let mut asking = JoinSet::new();
        let count = questions.len();
        for (at, (path, parameters)) in questions.into_iter().enumerate() {
            let visit = self.clone();
            asking.spawn(async move {
                let given: Vec<(&str, &str)> =
                    parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
                (at, visit.get(&path, &given).await)
            });
        }
        let lost = || Err(internal("a question to the API was lost".to_owned()));
        let mut answers: Vec<Result<T, ApiError>> = (0..count).map(|_| lost()).collect();
        while let Some(answer) = asking.join_next().await {
            if let Ok((at, answer)) = answer
                && let Some(place) = answers.get_mut(at)
            {
                *place = answer;
            }
        }
        answers
    }

    /// A page, or the page that says what went wrong.
    pub fn answer(&self, page: Result<Page, ApiError>, parts: &Parts) -> axum::response::Response {
        if fresh::asked(&parts.headers) {
            // What is said once is for the page itself.
            let page = page.unwrap_or_else(|error| Page::error(&error));
            return answer::inside(&self.frame, &page, &parts.headers);
        }
        let mut frame = (*self.frame).clone();
        frame.flash = self.ui.doors.sessions.said(&self.known);
        answer::page(&frame, &page.unwrap_or_else(|error| Page::error(&error)), &parts.headers)
    }
}

/// Who a request's cookie says it is. A token that was taken back lets nobody in any longer.
pub(super) async fn known(ui: &Shared, parts: &Parts) -> Option<Known> {
    let secret = Cookies::of(&parts.headers).session()?;
    let known = ui.doors.sessions.find(secret)?;
    if known.token.as_ref().is_some_and(|token| !ui.api.still(token)) {
        ui.doors.sessions.end(&known);
        return None;
    }
    Some(known)
}

/// The address a request comes from.
pub(super) fn address(parts: &Parts) -> IpAddr {
    match parts.extensions.get::<Caller>() {
        Some(Caller::Remote(address)) => *address,
        _ => IpAddr::from([127, 0, 0, 1]),
    }
}

/// A route with its parameters; empty ones are left out.
fn target(path: &str, parameters: &[(&str, &str)]) -> String {
    let given: Vec<(&str, &str)> =
        parameters.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
    client::target(path, &given)
}

async fn read<T: DeserializeOwned>(response: Response<Body>) -> Result<T, ApiError> {
    let bytes = whole(response).await?;
    serde_json::from_slice(&bytes).map_err(|error| internal(format!("the API's answer: {error}")))
}

async fn whole(response: Response<Body>) -> Result<Bytes, ApiError> {
    to_bytes(response.into_body(), API_ANSWER).await.map_err(|error| internal(error.to_string()))
}

fn internal(message: String) -> ApiError {
    ApiError::new(Code::Internal, message)
}
