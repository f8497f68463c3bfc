//! Rules that people write with the agent: kept, and put in force.

use crate::{
    api::{ApiError, Code, access::Person, control},
    kept::{KeepError, KeptRule, KeptRules},
};

/// Puts what was changed in force; when that fails, all is as it was before.
pub(super) fn in_force(
    api: &super::Api,
    kept: &KeptRules,
    before: &[KeptRule],
    person: &Person,
    action: &str,
    id: &str,
) -> Result<(), ApiError> {
    reloaded(api, kept, before)?;
    let of = |all: &[KeptRule]| all.iter().find(|kept| kept.id == id).cloned();
    let after = kept.list().ok().and_then(|all| of(&all));
    control::audit_change(&api.desk(), &person.name, action, id, Some(&of(before)), &after);
    Ok(())
}

/// Has the agent read its rules again; when that fails, what is kept is as it was before.
pub(super) fn reloaded(api: &super::Api, kept: &KeptRules, before: &[KeptRule]) -> Result<(), ApiError> {
    if let Err(error) = api.control.reload() {
        kept.put_back(before)?;
        return Err(error);
    }
    Ok(())
}

impl From<KeepError> for ApiError {
    fn from(error: KeepError) -> Self {
        let code = match error {
            KeepError::Rule { .. } | KeepError::Other(_) => Code::BadRule,
            KeepError::Unknown(_) => Code::NotFound,
            KeepError::Full(_) | KeepError::Long => Code::Full,
            KeepError::State(_) => Code::Internal,
        };
        let answer = Self::new(code, super::cut(&error.to_string(), 2000));
        match error {
            KeepError::Rule { docs, .. } => answer.hint(format!("{docs} has the form of a rule")),
            KeepError::Unknown(_) => {
                answer.hint("one that comes with Picket can be switched off; one of a file is changed there")
            }
            _ => answer,
        }
    }
}
