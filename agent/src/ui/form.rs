//! What a form sends.

use std::time::Duration;

use axum::body::{Body, to_bytes};

use crate::{
    api::{ApiError, Code},
    limits::{API_READ_SECONDS, UI_FORM},
};

/// Fields of a form, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads one, within bounds of size and time.
    pub async fn read(body: Body) -> Result<Self, ApiError> {
        let reading = to_bytes(body, UI_FORM);
        let bytes = match tokio::time::timeout(Duration::from_secs(API_READ_SECONDS), reading).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(_)) => {
                let message = format!("the form is larger than {UI_FORM} bytes, or broke off");
                return Err(ApiError::new(Code::TooLarge, message));
            }
            Err(_) => return Err(ApiError::new(Code::BadRequest, "the form did not come in time")),
        };
        // Browsers send line breaks as CR LF (the HTML standard, section 4.10.22.4).
        let fields = form_urlencoded::parse(&bytes).into_owned();
        Ok(Self(fields.map(|(name, value)| (name, value.replace("\r\n", "\n"))).collect()))
    }

    /// A field that says something.
    pub fn get(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(found, _)| found == name);
        field.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// A field that has to say something.
    pub fn needed(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| ApiError::new(Code::BadRequest, format!("{name} is empty: fill it in")))
    }

    /// All values of a field: of checked boxes.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}
