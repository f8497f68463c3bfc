//! Business events of calls in a body: each call is one by itself.

use std::sync::Arc;

use super::{
    super::calls::{Call, Calls, Reply},
    Answer, Asked, Login, Outcome, Rules, Told,
    rule::{Kind, Rule},
};
use crate::{limits, user::fields::Fields};

impl Rules {
    /// Which calls these rules are about; none: not about calls.
    pub fn calls<'r>(&'r self, candidates: &'r [usize]) -> Option<impl Fn(&[u8]) -> bool + 'r> {
        let any = self.about_calls(candidates).next().is_some();
        // Comparing costs more the longer a name is; none of those that are asked for is so long.
        any.then_some(move |name: &[u8]| {
            name.len() <= limits::FIELD_NAME && self.about_calls(candidates).any(|rule| rule.has_call(name))
        })
    }

    fn about_calls<'r>(&'r self, candidates: &'r [usize]) -> impl Iterator<Item = &'r Rule> {
        let rules = candidates.iter().filter_map(|&number| self.rules.get(number));
        rules.filter(|rule| rule.is_about_calls())
    }

    /// Adds what these rules make of the calls. Gives what the transaction was for users, if a call says so.
    pub(super) fn of_calls<'r>(
        &'r self,
        candidates: &[usize],
        asked: &Asked<'_>,
        calls: &Calls,
        has_token: &dyn Fn(&Fields) -> bool,
        identify: &dyn Fn(&str) -> Option<Arc<str>>,
        told: &mut Told,
    ) -> Option<&'r Arc<str>> {
        let mut about_users = None;
        let mut logins: Vec<Login> = Vec::new();
        let alone = calls.iter().nth(1).is_none();
        for call in calls.iter() {
            let of_call = asked.of(call, alone, has_token(&call.answer));
            let mut known: Option<&'r Arc<str>> = None;
            for rule in candidates.iter().filter_map(|&number| self.rules.get(number)) {
                let of_users = rule.is_about_users();
                // Of rules about users the first whose call fits says what it is.
                let fits = rule.has_call(&call.name)
                    && !(of_users && known.is_some())
                    && !(rule.second_factor && asked.pending.is_none())
                    && rule.takes(of_call.fields);
                if !fits {
                    continue;
                }
                if of_users {
                    known = Some(&rule.family);
                }
                if of_call.is_for(rule) && rule.answered(&of_call.answer) {
                    self.hold(rule, &of_call, identify, told);
                    logins.extend(told.login.take());
                }
            }
            about_users = about_users.or(known);
        }
        told.login = one_login(logins);
        about_users
    }
}

impl<'a> Asked<'a> {
    /// What of it is about one call. `alone`: there is no other, so that cookies are this one's.
    fn of(&self, call: &'a Call, alone: bool, token: bool) -> Self {
        let answer = Answer {
            json: &call.answer,
            said: &call.said,
            reply: Some(call.reply),
            proof: self.answer.proof && alone,
            session: self.answer.session && alone,
            token,
            ..self.answer
        };
        Self { fields: &call.parameters, answer, ..*self }
    }

    /// What is no login counts when the call went through; who asks for a new password counts in any case.
    fn is_for(&self, rule: &Rule) -> bool {
        rule.kind != Kind::Plain
            || self.answer.reply == Some(Reply::Taken)
            || &*rule.family == "users.password_reset" && self.answer.reply == Some(Reply::Refused)
    }
}

/// Whose session the response begins: several users' is nobody's.
fn one_login(logins: Vec<Login>) -> Option<Login> {
    let mut through = logins.iter().filter(|login| login.outcome == Outcome::Success);
    let Some(first) = through.next() else { return logins.into_iter().next() };
    let same = through.all(|login| login.user == first.user);
    Some(if same { first.clone() } else { Login { user: None, outcome: Outcome::Unknown } })
}
