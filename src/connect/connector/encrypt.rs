//! The part of an attempt between a connected socket and the session's first packet: encryption.

use zeroize::Zeroizing;

use super::{Connector, Go, Stage, say, wait_after_flush, wants};
use crate::config::Opt;
use crate::connect::encryption::{
    self, Answer, Beginning, Begun, Method, Negotiation, PassPhrase, Shake,
};
use crate::connect::error::ConnectError;
use crate::connect::link::Link;
use crate::connect::report::{Cause, Phase};
use crate::connect::request::Want;
use crate::connect::status::{ConnStatus, PollStatus};
use crate::connect::tls;
use crate::protocol::frontend;
use crate::protocol::trace::EncryptionRequest;

impl Connector {
    /// All ways are open that the plan allows to an address.
    pub(super) fn begin_negotiation(&mut self, is_unix: bool) {
        self.negotiation = Negotiation::new(&self.plan, is_unix, false);
        if self.tls_only {
            self.negotiation.only_tls();
        }
    }

    /// Begins in the way that is next: by a request, by a handshake, or by the session's first packet.
    pub(super) fn made(&mut self, link: &mut Link) -> Go {
        let method = match self.negotiation.beginning() {
            Beginning::Session => return self.secured(link),
            Beginning::DirectTls => {
                self.record(Phase::Tls);
                link.status = ConnStatus::SslStartup;
                return Go::Wait(Stage::BeginTls, PollStatus::Writing);
            }
            Beginning::Request(method) => method,
        };
        let (code, status) = match method {
            Method::Gss => (frontend::GSSENC_REQUEST_CODE, ConnStatus::GssStartup),
            Method::Tls | Method::Plain => (frontend::SSL_REQUEST_CODE, ConnStatus::SslStartup),
        };
        self.record(Phase::Tls);
        let session = &mut link.session;
        let mark = session.output.mark();
        if frontend::encryption_request(session.output.buffer(), code).is_err() {
            say(link, &ConnectError::SslPacket);
            return self.fail(link);
        }
        if let Some(trace) = &mut session.trace {
            trace.frontend_untyped(session.output.since(mark));
        }
        link.status = status;
        wait_after_flush(link, Stage::Requested(method))
    }

    /// Reads the answer to a request for encryption, which is one byte.
    pub(super) fn requested(&mut self, method: Method, link: &mut Link) -> Go {
        if let Some(go) = self.read(link, Stage::Requested(method)) {
            return go;
        }
        let Some(&byte) = link.session.input.unparsed().first() else {
            return Go::Wait(Stage::Requested(method), PollStatus::Reading);
        };
        link.session.input.consume_bytes(1);
        if let Some(trace) = &mut link.session.trace {
            let request = match method {
                Method::Gss => EncryptionRequest::GssEnc,
                Method::Tls | Method::Plain => EncryptionRequest::Ssl,
            };
            trace.encryption_answer(request, byte);
        }
        match encryption::read_answer(method, byte) {
            Answer::Handshake => Go::On(Stage::BeginTls),
            Answer::Refused if !self.negotiation.give_up() => {
                say(link, &encryption::refused(method));
                self.fail(link)
            }
            Answer::Refused if self.negotiation.may_stay() => {
                link.status = ConnStatus::Made;
                Go::Wait(Stage::Made, PollStatus::Writing)
            }
            Answer::Refused => Go::On(Stage::Dial),
            Answer::Failed => self.encryption_failed(link),
            Answer::Fatal(error) => {
                say(link, &error);
                self.fail(link)
            }
        }
    }

    pub(super) fn begin_tls(&mut self, link: &mut Link) -> Go {
        let pass_phrase = match self.needs_pass_phrase {
            false => PassPhrase::Unasked,
            true => {
                let Some(answer) = self.ask(|_| Want::PassPhrase) else {
                    return self.stand_still(Stage::BeginTls);
                };
                self.needs_pass_phrase = false;
                match wants::secret(answer) {
                    Some(Ok(phrase)) => PassPhrase::Known(phrase),
                    Some(Err(_)) => PassPhrase::Refused,
                    None => {
                        let given = self.plan.settings().get(Opt::Sslpassword);
                        PassPhrase::Known(Zeroizing::new(given.unwrap_or_default().to_vec()))
                    }
                }
            }
        };
        // A session looks at the files anew each time, or at what its factory knows of them.
        let known = self.tls.take().filter(|_| self.tls_only);
        let (plan, env, shared) = (&self.plan, &self.env, &self.shared_tls);
        let begun = match known {
            Some(config) => tls::start(link, self.host(), config),
            None => tls::begin(link, plan, self.host(), env, pass_phrase, shared),
        };
        match begun {
            Ok(Begun::Ready(config)) => {
                self.tls = Some(config);
                Go::On(Stage::Handshake)
            }
            Ok(Begun::NeedsPassPhrase) => {
                self.needs_pass_phrase = true;
                Go::On(Stage::BeginTls)
            }
            Err(error) => {
                link.session.errors.push_with(|out| error.write_text(out));
                link.cause = Cause::from(&error);
                self.encryption_failed(link)
            }
        }
    }

    pub(super) fn handshake(&mut self, link: &mut Link) -> Go {
        let progress = tls::handshake(link, &self.plan);
        link.secured = matches!(progress, Ok(Shake::Done));
        match progress {
            Ok(Shake::Reading) => Go::Wait(Stage::Handshake, PollStatus::Reading),
            Ok(Shake::Writing) => Go::Wait(Stage::Handshake, PollStatus::Writing),
            // Somebody slipped in bytes that are not encrypted, to have them taken for the server's (behaviour 105).
            Ok(Shake::Done) if !link.session.input.unparsed().is_empty() => {
                say(link, &ConnectError::UnencryptedBytes);
                self.fail(link)
            }
            Ok(Shake::Done) => {
                self.record_tls(link);
                link.status = ConnStatus::Made;
                Go::Wait(Stage::Secured, PollStatus::Writing)
            }
            Err(error) => {
                link.session.errors.push_with(|out| error.write_text(out));
                link.cause = Cause::from(&error);
                self.encryption_failed(link)
            }
        }
    }

    /// The present way has failed on this connection: the next one needs a new connection (behaviour 102).
    fn encryption_failed(&mut self, link: &mut Link) -> Go {
        if self.negotiation.give_up() {
            return Go::On(Stage::Dial);
        }
        self.fail(link)
    }
}
