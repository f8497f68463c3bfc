//! Fields of transactions that are no event, most of them without making the event.

use super::{
    super::{Field, Fields, Value},
    Known, id, kind, service, session, user, whole,
};
use crate::event::{Kind, Plain};

impl Fields for Plain<'_> {
    fn any(&self, field: &Field, found: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        let Some(known) = field.known else { return !self.lacks(field) && self.event().any(field, found) };
        let transaction = &self.transaction;
        let response = transaction.response;
        let value = match known {
            // What would make an event of it.
            Known::Matches
            | Known::RuleId
            | Known::RuleName
            | Known::RuleTag(_)
            | Known::Location
            | Known::MatchedValue
            | Known::Business
            | Known::BusinessAttribute(_)
            | Known::BusinessName => None,
            Known::Anomalies | Known::AnomalyKind | Known::AnomalyDetail
                if transaction.request.anomalies.is_empty()
                    && response.is_none_or(|response| response.anomalies.is_empty()) =>
            {
                None
            }
            Known::Id => return id(&self.stamp.id, found),
            Known::Kind => Some(kind(Kind::Transaction)),
            Known::ClientIp => Some(Value::Address(transaction.client_ip.to_canonical())),
            Known::PeerIp => Some(Value::Address(transaction.peer.ip().to_canonical())),
            Known::PeerPort => whole(transaction.peer.port().into()),
            Known::Status => response.and_then(|response| whole(response.status.into())),
            Known::ResponseBytes => response.and_then(|response| whole(response.body.wire_len)),
            Known::Path => Some(Value::Text(self.path())),
            Known::UserAgent => self.user_agent().map(Value::Text),
            Known::Endpoint => self.observed.endpoint.as_deref().map(Value::Text),
            Known::Session | Known::SessionId => {
                self.observed.session.as_ref().and_then(|known_session| session(known_session, known))
            }
            Known::User | Known::UserId | Known::UserClaimed | Known::UserSource => {
                self.observed.user.as_ref().and_then(|known_user| user(known_user, known))
            }
            Known::ServiceName
            | Known::ServicePort
            | Known::ServicePid
            | Known::ServiceExe
            | Known::ServiceContainer
            | Known::ServicePod
            | Known::ServiceCgroup => service(transaction.service, known),
            _ => return self.event().any(field, found),
        };
        value.is_some_and(found)
    }
}

impl Plain<'_> {
    /// Whether it can't have a field of its author's choice: those of matches and of what happened to the business.
    fn lacks(&self, field: &Field) -> bool {
        field.path.list().is_some()
    }
}
