//! How somebody likes the pages.

use axum::http::header;

use crate::{
    api::ApiError,
    ui::{form::Form, frame::Theme, rows::Done, session, visit::Visit},
};

/// Light, dark, or as the system has it.
pub async fn set(_: Visit, form: Form) -> Result<Done, ApiError> {
    let theme = Theme::named(form.get("theme").unwrap_or_default());
    let cookie = session::preference("picket-theme", theme.name());
    Ok(Done::back(&form, "").cookie(cookie.map(|cookie| (header::SET_COOKIE, cookie))))
}
