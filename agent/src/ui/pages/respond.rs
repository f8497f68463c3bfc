//! Keeping somebody out, and letting them in again: forms that stand on several pages, and what they do.

use axum::http::Method;
use maud::{Markup, html};

use crate::{
    api::{
        ApiError, Code,
        types::{BlockBody, BlockView, PassBody, PassView},
    },
    ui::{form::Form, frame::Frame, parts::form, rows::Done, visit::Visit},
};

/// An address or a user, as a choice has them: `net:203.0.113.7`, `user:alice`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Whom {
    value: String,
    name: String,
}

impl Whom {
    pub fn address(address: &str) -> Self {
        Self { value: format!("net:{address}"), name: address.to_owned() }
    }

    pub fn user(id: &str) -> Self {
        Self { value: format!("user:{id}"), name: format!("user {id}") }
    }
}

/// Forms that block and that put on the passlist; behind a click each. `signal`: where a block comes from.
pub(in crate::ui) fn keep_out(
    frame: &Frame,
    whom: &[Whom],
    reason: &str,
    signal: Option<&uuid::Uuid>,
) -> Markup {
    let choices: Vec<(&str, &str)> =
        whom.iter().map(|whom| (whom.value.as_str(), whom.name.as_str())).collect();
    let Some((first, _)) = choices.first() else { return html! {} };
    html! {
        (form::confirmed("Block…", &form::post(frame, "/block", "stack", &html! {
            @if let Some(signal) = signal { input type="hidden" name="signal" value=(signal); }
            (form::choice("Whom", "whom", &choices, first))
            (form::choice("For how long", "seconds", &form::DURATIONS, "3600"))
            (form::text("Reason", "reason", "", reason))
            button.button.danger { "Block" }
        })))
        (form::confirmed("Never block…", &form::post(frame, "/pass", "stack", &html! {
            p.hint { "The passlist wins over the denylist, and over what rules want." }
            (form::choice("Whom", "whom", &choices, first))
            (form::text("What it is", "comment", "", "office, scanner of ours"))
            button.button { "Put on the passlist" }
        })))
    }
}

/// The same for somebody who is not known yet: forms to be filled in.
pub(in crate::ui) fn anybody(frame: &Frame) -> (Markup, Markup) {
    const KINDS: [(&str, &str); 2] = [("net", "Address or network"), ("user", "User")];
    let whom = html! {
        (form::choice("Whom", "kind", &KINDS, "net"))
        label.field { span { "Which" } input type="text" name="name" required maxlength="1000" placeholder="203.0.113.7, 203.0.113.0/24"; }
    };
    let block = form::post(
        frame,
        "/block",
        "stack",
        &html! {
            (whom)
            (form::choice("For how long", "seconds", &form::DURATIONS, "3600"))
            (form::text("Reason", "reason", "", "scans"))
            button.button.danger { "Block" }
        },
    );
    let pass = form::post(
        frame,
        "/pass",
        "stack",
        &html! {
            (whom)
            (form::text("What it is", "comment", "", "office, scanner of ours"))
            button.button { "Put on the passlist" }
        },
    );
    (block, pass)
}

/// A button that ends a block.
pub(in crate::ui) fn end(frame: &Frame, whom: &Whom) -> Markup {
    one(frame, "/unblock", whom, "Unblock")
}

/// A button that takes off the passlist.
pub(in crate::ui) fn end_pass(frame: &Frame, whom: &Whom) -> Markup {
    one(frame, "/unpass", whom, "Take off the passlist:")
}

/// The same in a row that says whom it is about.
pub(in crate::ui) fn end_here(frame: &Frame, whom: &Whom) -> Markup {
    short(frame, "/unblock", whom, "Unblock")
}

/// Likewise.
pub(in crate::ui) fn end_pass_here(frame: &Frame, whom: &Whom) -> Markup {
    short(frame, "/unpass", whom, "Take off")
}

fn short(frame: &Frame, action: &str, whom: &Whom, label: &str) -> Markup {
    form::post(
        frame,
        action,
        "inrow",
        &html! {
            input type="hidden" name="whom" value=(whom.value);
            button.quiet { (label) span.hidden { " " (whom.name) } }
        },
    )
}

fn one(frame: &Frame, action: &str, whom: &Whom, label: &str) -> Markup {
    form::post(
        frame,
        action,
        "one",
        &html! {
            input type="hidden" name="whom" value=(whom.value);
            button.button { (label) " " (whom.name) }
        },
    )
}

/// Blocks an address or user.
pub(in crate::ui) async fn block(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let (net, user) = whom(&form)?;
    let seconds = form.needed("seconds")?;
    let seconds: u64 = seconds
        .parse()
        .map_err(|_| ApiError::new(Code::BadRequest, "for how long: expected seconds, 0 is for good"))?;
    let body = BlockBody {
        net,
        user,
        for_seconds: (seconds > 0).then_some(seconds),
        forever: seconds == 0,
        reason: form.get("reason").map(str::to_owned),
        signal: form.get("signal").and_then(|id| id.parse().ok()),
    };
    let view: BlockView = visit.call(Method::POST, "/v1/denylist", &[], Some(&body)).await?;
    let name = view.user.as_ref().map_or_else(|| view.net.clone(), |user| format!("user {user}"));
    Ok(Done::back(
        &form,
        match view.not_enforced {
            None => format!("{name} is blocked"),
            Some(why) => format!("{name} is on the denylist, and detected, but not kept out: {why}"),
        },
    ))
}

/// Ends a block.
pub(in crate::ui) async fn unblock(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let name = end_at::<BlockView>(&visit, &form, "/v1/denylist").await?;
    Ok(Done::back(&form, format!("{name} is not blocked any longer")))
}

/// Puts somebody on the passlist.
pub(in crate::ui) async fn pass(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let (net, user) = whom(&form)?;
    let name = net.clone().or_else(|| user.clone()).unwrap_or_default();
    let body = PassBody { net, user, comment: form.get("comment").map(str::to_owned) };
    let _: PassView = visit.call(Method::POST, "/v1/passlist", &[], Some(&body)).await?;
    Ok(Done::back(&form, format!("{name} is on the passlist: never blocked")))
}

/// Takes somebody off the passlist.
pub(in crate::ui) async fn unpass(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let name = end_at::<PassView>(&visit, &form, "/v1/passlist").await?;
    Ok(Done::back(&form, format!("{name} is not on the passlist any longer")))
}

/// Takes an entry off a list; gives its name.
async fn end_at<T: serde::de::DeserializeOwned>(
    visit: &Visit,
    form: &Form,
    path: &str,
) -> Result<String, ApiError> {
    let (net, user) = whom(form)?;
    let parameters =
        [("net", net.as_deref().unwrap_or_default()), ("user", user.as_deref().unwrap_or_default())];
    let _: T = visit.call(Method::DELETE, path, &parameters, None::<&()>).await?;
    Ok(net.or(user).unwrap_or_default())
}

/// An address or a user, as the choice has them; or as somebody wrote them.
fn whom(form: &Form) -> Result<(Option<String>, Option<String>), ApiError> {
    let whom = match form.get("whom") {
        Some(whom) => whom.split_once(':'),
        None => Some((form.needed("kind")?, form.needed("name")?)),
    };
    match whom {
        Some(("net", net)) => Ok((Some(net.to_owned()), None)),
        Some(("user", user)) => Ok((None, Some(user.to_owned()))),
        _ => Err(ApiError::new(Code::BadRequest, "whom: not one of those that can be chosen")),
    }
}
