//! Every path, one row each.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, Request, State},
    http::{HeaderName, HeaderValue, Uri, request::Parts},
    middleware::{self, Next},
    response::Response,
    routing::{MethodRouter, get, post},
};

use super::{
    Shared, Ui, answer, assets,
    form::Form,
    guard, live,
    page::Page,
    pages::{
        actor, actors, detection, detections, endpoints, error, event, events, exclusions, login, overview,
        preferences, protection, respond, rule, rules, service, services, settings, signal, signals, trial,
        user, users,
    },
    session::Flash,
    target::{Target, local},
    views,
    visit::Visit,
};
use crate::api::{ApiError, Code};

/// A path, and what answers.
pub(super) struct Row {
    pub path: &'static str,
    pub to: MethodRouter<Shared>,
}

/// Every path.
pub(super) fn rows() -> Vec<Row> {
    vec![
        page("/", overview::show),
        page("/signals", signals::show),
        action("/signals/triage", signals::triage),
        page("/signals/{id}", signal::show),
        action("/signals/{id}/triage", signal::triage),
        live("/signals/live", live::signals),
        page("/events", events::show),
        page("/events/{id}", event::show),
        live("/events/live", live::events),
        page("/actors", actors::show),
        page("/actors/{ip}", actor::show),
        page("/users", users::show),
        page("/users/{id}", user::show),
        page("/services", services::show),
        page("/services/{name}", service::show),
        action("/services/{name}/policy", service::set_policy),
        page("/endpoints", endpoints::show),
        page("/protection", protection::show),
        page("/protection/denylist", protection::denylist),
        page("/protection/passlist", protection::passlist),
        live("/protection/page", protection::blocking_page::preview),
        action("/block", respond::block),
        action("/unblock", respond::unblock),
        action("/pass", respond::pass),
        action("/unpass", respond::unpass),
        page("/rules", rules::show),
        page("/rules/{id}", rule::show),
        page("/rules/detection", detections::show),
        page("/rules/detection/{id}", detection::show),
        asked("/rules/detection/edit", detection::edit::show),
        action("/rules/detection/switch", detection::edit::switch),
        action("/rules/detection/remove", detection::edit::remove),
        page("/rules/try", trial::show),
        page("/rules/exclusions", exclusions::show),
        page("/rules/exclusions/new", exclusions::new),
        asked("/rules/edit", rule::edit::show),
        action("/rules/switch", rule::edit::switch),
        action("/rules/remove", rule::edit::remove),
        action("/rules/exclusions/make", exclusions::make),
        action("/rules/exclusions/remove", exclusions::remove),
        page("/settings", settings::show),
        action("/settings/reload", settings::reload),
        page("/settings/notifications", settings::notifications),
        action("/settings/notifications/test", settings::test),
        page("/settings/tokens", settings::tokens),
        action("/settings/tokens/add", settings::add_token),
        action("/settings/tokens/remove", settings::remove_token),
        page("/settings/kernel", settings::kernel),
        live("/complete", live::complete),
        action("/views/save", views::save),
        action("/views/remove", views::remove),
        action("/preferences", preferences::set),
        action("/logout", login::log_out),
        Row { path: "/login", to: get(login::show).post(login::with_token) },
        Row { path: "/login/{link}", to: get(login::link).post(login::with_link) },
        Row { path: "/assets/{file}", to: get(assets::serve) },
    ]
}

/// What came of an action: where to go, and what to say there.
pub(super) struct Done {
    to: String,
    said: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Done {
    pub fn new(to: impl ToString, said: impl Into<String>) -> Self {
        Self { to: to.to_string(), said: said.into(), header: None }
    }

    /// With a cookie.
    pub fn cookie(self, header: Option<(HeaderName, HeaderValue)>) -> Self {
        Self { header, ..self }
    }

    /// Back to where the form was.
    pub fn back(form: &Form, said: impl Into<String>) -> Self {
        Self::new(form.get("back").and_then(local).unwrap_or("/"), said)
    }
}

/// What comes of a form that is looked at before it is done.
pub(super) enum Answered {
    Page(Box<Page>),
    Done(Done),
}

impl From<Page> for Answered {
    fn from(page: Page) -> Self {
        Self::Page(Box::new(page))
    }
}

impl From<Done> for Answered {
    fn from(done: Done) -> Self {
        Self::Done(done)
    }
}

/// A page: a question, for those who are logged in.
pub(super) fn page<F, R>(path: &'static str, show: F) -> Row
where
    F: Fn(Visit) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Page, ApiError>> + Send + 'static,
{
    let to = get(|State(ui): State<Shared>, pieces: RawPathParams, request: Request| async move {
        let (parts, _) = request.into_parts();
        match Visit::begin(ui, pieces, &parts).await {
            Ok(visit) => {
                let page = show(visit.clone()).await;
                visit.answer(page, &parts)
            }
            Err(response) => response,
        }
    });
    Row { path, to }
}

/// An action: a form, sent by those who are logged in. What went wrong is said where the form was.
pub(super) fn action<F, R>(path: &'static str, act: F) -> Row
where
    F: Fn(Visit, Form) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Done, ApiError>> + Send + 'static,
{
    let to = post(|State(ui): State<Shared>, pieces: RawPathParams, request: Request| async move {
        let (parts, body) = request.into_parts();
        let visit = match Visit::begin(ui, pieces, &parts).await {
            Ok(visit) => visit,
            Err(response) => return response,
        };
        let form = match visit.form(&parts, body).await {
            Ok(form) => form,
            Err(error) => return visit.answer(Err(error), &parts),
        };
        let sessions = &visit.ui.doors.sessions;
        match act(visit.clone(), form.clone()).await {
            Ok(done) => gone_on(&visit, done),
            Err(error) => match form.get("back").and_then(local) {
                Some(back) => {
                    let hint = error.hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
                    let text = format!("{}.{hint}", error.message);
                    sessions.say(&visit.known, Flash { wrong: true, text });
                    answer::to(back)
                }
                None => visit.answer(Err(error), &parts),
            },
        }
    });
    Row { path, to }
}

/// A page with a form that is looked at before anything is done: sent, it is the page again, with what came of it.
pub(super) fn asked<F, R, A>(path: &'static str, show: F) -> Row
where
    F: Fn(Visit, Form) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<A, ApiError>> + Send + 'static,
    A: Into<Answered>,
{
    let sent = show.clone();
    let to = get(|State(ui): State<Shared>, pieces: RawPathParams, request: Request| async move {
        let (parts, _) = request.into_parts();
        match Visit::begin(ui, pieces, &parts).await {
            Ok(visit) => {
                let came = show(visit.clone(), Form::default()).await;
                answered(&visit, came.map(Into::into), &parts)
            }
            Err(response) => response,
        }
    });
    let to = to.post(|State(ui): State<Shared>, pieces: RawPathParams, request: Request| async move {
        let (parts, body) = request.into_parts();
        let visit = match Visit::begin(ui, pieces, &parts).await {
            Ok(visit) => visit,
            Err(response) => return response,
        };
        let came = match visit.form(&parts, body).await {
            Ok(form) => sent(visit.clone(), form).await,
            Err(error) => Err(error),
        };
        answered(&visit, came.map(Into::into), &parts)
    });
    Row { path, to }
}

fn answered(visit: &Visit, came: Result<Answered, ApiError>, parts: &Parts) -> Response {
    match came {
        Ok(Answered::Page(page)) => visit.answer(Ok(*page), parts),
        Ok(Answered::Done(done)) => gone_on(visit, done),
        Err(error) => visit.answer(Err(error), parts),
    }
}

/// To where a thing that was done leads, with what is said there.
fn gone_on(visit: &Visit, Done { to, said, header }: Done) -> Response {
    if !said.is_empty() {
        visit.ui.doors.sessions.say(&visit.known, Flash { wrong: false, text: said });
    }
    let mut response = answer::to(&to);
    response.headers_mut().extend(header);
    response
}

/// What scripts ask for: an answer that is no page.
pub(super) fn live<F, R>(path: &'static str, tell: F) -> Row
where
    F: Fn(Visit) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    use axum::response::IntoResponse as _;

    let to = get(|State(ui): State<Shared>, pieces: RawPathParams, request: Request| async move {
        let (parts, _) = request.into_parts();
        match Visit::begin(ui, pieces, &parts).await {
            Ok(visit) => tell(visit).await.unwrap_or_else(|error| error.into_response()),
            Err(response) => response,
        }
    });
    Row { path, to }
}

/// Paths to pages, behind what guards them.
pub(super) fn router(ui: &Arc<Ui>) -> Router {
    let mut router = Router::new();
    for Row { path, to } in rows() {
        router = router.route(path, to);
    }
    router
        .fallback(no_such_page)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(Arc::clone(ui), guarded))
        .with_state(Arc::clone(ui))
}

async fn guarded(State(ui): State<Shared>, request: Request<Body>, next: Next) -> Response {
    let mut response = match ui.hosts.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error::plain(&error),
    };
    guard::secure(response.headers_mut(), ui.tls);
    response
}

async fn no_such_page(State(ui): State<Shared>, pieces: RawPathParams, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let shown: String = parts.uri.path().chars().take(100).collect();
    let error = ApiError::new(Code::NotFound, format!("there is no page {shown}"))
        .hint("the list on the left has all");
    match Visit::begin(ui, pieces, &parts).await {
        Ok(visit) => visit.answer(Err(error), &parts),
        Err(response) => response,
    }
}

async fn no_such_method(uri: Uri, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let message = format!("{} is done by a form's button, not by opening it", uri.path());
    let error = ApiError::new(Code::MethodNotAllowed, message).hint("go back to the page with the button");
    answer::failed(&parts.headers, Target::new("/"), error)
}
