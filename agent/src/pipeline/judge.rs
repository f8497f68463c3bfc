//! rules, event, respond: what a worker does with requests and responses.

use std::{
    net::IpAddr,
    sync::{Arc, mpsc::TrySendError},
};

use super::{
    connection::{Connection, Judged, Told},
    settings::Settings,
    shared::Shared,
    transaction::Transaction,
};
use crate::{
    capture::record::Peer,
    http::{Output, Request, Response},
    rules::program::{
        run::{Facts, Scratch},
        verdict::Verdict,
    },
    service::Service,
    time::Ktime,
};

/// One worker's judgement.
pub struct Judge {
    shared: Arc<Shared>,
    settings: Arc<Settings>,
    scratch: Scratch,
}

impl Judge {
    /// Judges by the settings in force.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        let scratch = Scratch::sharing(Arc::clone(&shared.collections));
        Self { settings: shared.settings(), shared, scratch }
    }

    /// Takes over settings that were reloaded.
    pub fn refresh(&mut self) {
        self.settings = self.shared.settings();
    }

    /// The settings in force for this worker.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes what the http stage found on a connection.
    pub fn output(&mut self, connection: &mut Connection, output: Output) {
        match output {
            Output::Request(request) => self.request(connection, request),
            Output::Response(response) => self.response(connection, response),
            Output::Unanswered { number, at, reason } => {
                if let Some(judged) = take(connection, number) {
                    self.finish(connection, judged, Err((reason, at)));
                }
            }
            Output::Ignore { .. } => self.shared.counters.not_http.add(1),
            Output::Skip { .. } => {}
        }
    }

    /// Ends what still waits on a connection that is not followed any longer.
    pub fn abandon(&mut self, connection: &mut Connection, now: Ktime, reason: &'static str) {
        while let Some(judged) = connection.open.pop_front() {
            self.finish(connection, judged, Err((reason, now)));
        }
    }

    /// A request is judged when it is complete, not when it is answered: a block must not wait.
    fn request(&mut self, connection: &mut Connection, request: Box<Request>) {
        let shared = &self.shared;
        shared.counters.requests.add(1);
        if !request.anomalies.is_empty() {
            shared.counters.malformed.add(1);
        }
        let peer_ip = connection.peer.remote_ip();
        let peer = connection.peer;
        let service = service_of(shared, connection);
        service.note_request(request.ended);
        let client_ip = self.settings.client_ip.resolve(peer_ip, request.head_fields());
        let (verdict, saved) = match &self.settings.engine {
            Some(engine) => engine.judge_request(&request, &facts(&peer, client_ip), &mut self.scratch),
            None => (Verdict::default(), None),
        };
        let matches = verdict.matches();
        let told = Told::of(&verdict);
        let mut blocked = false;
        if !matches.is_empty() {
            shared.counters.events.add(1);
            service.note_event();
            // What CRS only takes note of is no attack yet.
            if !verdict.in_app.is_empty() || told.would_block {
                blocked = shared.attack(peer_ip, client_ip, request.ended, &matches);
            }
        }
        connection.open.push_back(Judged { request, matches, verdict: told, saved, client_ip, blocked });
    }

    fn response(&mut self, connection: &mut Connection, response: Box<Response>) {
        self.shared.counters.responses.add(1);
        if let Some(judged) = take(connection, response.number) {
            self.finish(connection, judged, Ok(response));
        }
    }

    /// event: hands the transaction over to be printed, if it is worth it.
    fn finish(
        &mut self,
        connection: &mut Connection,
        mut judged: Judged,
        response: Result<Box<Response>, (&'static str, Ktime)>,
    ) {
        if response.is_err() {
            self.shared.counters.unanswered.add(1);
        }
        if let (Some(saved), Some(engine)) = (judged.saved.take(), &self.settings.engine) {
            let response = response.as_deref().ok();
            let said = engine.judge_response(&judged.request, *saved, response, &mut self.scratch);
            let none = judged.matches.is_empty();
            judged.matches = said.matches();
            judged.verdict = Told::of(&said);
            if none && !judged.matches.is_empty() {
                self.shared.counters.events.add(1);
                service_of(&self.shared, connection).note_event();
            }
        }
        if judged.matches.is_empty() && !self.settings.all {
            return;
        }
        let transaction = Transaction {
            service: Arc::clone(service_of(&self.shared, connection)),
            peer: connection.peer,
            client_ip: judged.client_ip,
            request: judged.request,
            response,
            matches: judged.matches,
            verdict: judged.verdict,
            blocked: judged.blocked,
        };
        match self.shared.events.try_send(Some(transaction)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.shared.counters.output_dropped.add(1);
            }
        }
    }
}

/// Who talks to whom.
fn facts(peer: &Peer, client: IpAddr) -> Facts {
    Facts {
        client,
        client_port: peer.tuple.remote_port,
        server: peer.local_ip(),
        server_port: peer.tuple.local_port,
        time: jiff::Timestamp::now().as_second(),
        peer: peer.remote_ip(),
    }
}

/// Whose connection it is. A service that was not found is asked for again: its process may just have
/// been starting.
fn service_of<'c>(shared: &Shared, connection: &'c mut Connection) -> &'c Arc<Service> {
    let known = connection.service.take().filter(|service| service.is_known());
    let service = known.unwrap_or_else(|| shared.services.resolve(&connection.peer));
    connection.service.insert(service)
}

/// The request with this number, out of those that wait for their response.
fn take(connection: &mut Connection, number: u64) -> Option<Judged> {
    let at = connection.open.iter().position(|judged| judged.request.number == number)?;
    connection.open.remove(at)
}
