//! The part of an attempt from the StartupMessage to AuthenticationOk: what it is made of, and what its failure means.

use zeroize::Zeroizing;

use super::{Connector, Go, INVALID_PASSWORD, Stage, say, wants};
use crate::config::{AuthMethod, ChannelBinding, Opt, SslCertMode};
use crate::connect::error::ConnectError;
use crate::connect::link::{FlushOutcome, Link, ReadOutcome};
use crate::connect::memory::Found;
use crate::connect::report::{Cause, Phase};
use crate::connect::request::Want;
use crate::connect::status::{ConnStatus, PollStatus};
use crate::connect::tls;
use crate::protocol::auth::oauth::OauthError;
use crate::protocol::startup::{
    Allowed, BindingPolicy, Credentials, Policy, Startup, Step as StartupStep, Versions,
};
use crate::protocol::startup_error::StartupError;

impl Connector {
    pub(super) fn write_startup(
        &self,
        startup: &Startup,
        link: &mut Link,
    ) -> Result<(), ConnectError> {
        let mut parameters = self
            .plan
            .startup_parameters(&self.env)
            .map_err(|_| ConnectError::OutOfMemory)?;
        if self.without_application_name {
            parameters.retain(|(name, _)| *name != "application_name");
        }
        startup
            .write_message(&mut link.session, &parameters)
            .map_err(|_| ConnectError::StartupPacket)
    }

    pub(super) fn new_startup(&mut self, link: &Link) -> Startup {
        let oauth = self.take_oauth();
        let plan = &self.plan;
        let auth = plan.require_auth;
        let (gss, sspi) = (auth.allows(AuthMethod::Gss), auth.allows(AuthMethod::Sspi));
        let is_negated = plan
            .settings()
            .get(Opt::RequireAuth)
            .is_some_and(|text| text.starts_with(b"!"));
        let allowed = Allowed {
            password: auth.allows(AuthMethod::Password),
            md5: auth.allows(AuthMethod::Md5),
            gss,
            sspi,
            gss_continue: if is_negated { gss && sspi } else { gss || sspi },
            scram: auth.allows(AuthMethod::ScramSha256),
            oauth: auth.allows(AuthMethod::Oauth),
            none: auth.allows(AuthMethod::None),
            other_sasl: is_negated,
        };
        let requirement = || {
            plan.settings()
                .get(Opt::RequireAuth)
                .unwrap_or_default()
                .to_vec()
        };
        Startup::new(
            Policy {
                require_auth: auth.is_restricted().then(|| (requirement(), allowed)),
                channel_binding: match plan.channel_binding {
                    ChannelBinding::Disable => BindingPolicy::Disable,
                    ChannelBinding::Prefer => BindingPolicy::Prefer,
                    ChannelBinding::Require => BindingPolicy::Require,
                },
                certificate_required: plan.sslcertmode == SslCertMode::Require,
                mechanisms: self.sasl.set.choice(),
            },
            tls::channel(link, plan),
            Credentials {
                user: plan.user().to_vec(),
                password: plan
                    .password_for(self.host())
                    .map(|p| Zeroizing::new(p.to_vec())),
                scram_client_key: plan.scram_client_key.as_ref().map(|key| **key),
                scram_server_key: plan.scram_server_key.as_ref().map(|key| **key),
                oauth,
                scram_cache: self.key_cache.clone(),
            },
            Versions {
                min: plan.min_protocol_version.code(),
                max: self.version.unwrap_or(plan.max_protocol_version.code()),
            },
            self.random,
        )
    }

    pub(super) fn startup(&mut self, mut startup: Box<Startup>, link: &mut Link) -> Go {
        loop {
            let outcome = match startup.need().cloned() {
                None => startup.advance(&mut link.session),
                Some(need) => match self.fetch(&need, startup, link) {
                    Ok((same, supply)) => {
                        startup = same;
                        startup.supply(supply, &mut link.session)
                    }
                    Err(go) => return go,
                },
            };
            self.version = Some(link.session.facts.protocol_version);
            self.used_password |= startup.asked_for_password();
            self.impression.auth_requested |= startup.was_requested();
            if let Some(method) = startup.take_method() {
                self.record_method(method);
            }
            match outcome {
                Ok(StartupStep::Authenticated) => {
                    self.end_sasl(&mut startup);
                    link.session.begin_startup();
                    self.record(Phase::Startup);
                    link.status = ConnStatus::AuthOk;
                    return Go::On(Stage::AwaitReady);
                }
                // It may take a while: the server has our answer meanwhile.
                Ok(StartupStep::Needs) => {
                    let _: FlushOutcome = link.flush(false);
                }
                Ok(StartupStep::Progress) => {
                    if link.flush(false) == FlushOutcome::Pending {
                        return Go::Wait(Stage::Startup(startup), PollStatus::Writing);
                    }
                }
                Ok(StartupStep::NeedPassword) => {
                    let secured = link.secured;
                    let Some(answer) = self.ask(|c| Want::Password(c.peer(secured))) else {
                        return self.stand_still(Stage::Startup(startup));
                    };
                    match wants::secret(answer).transpose() {
                        Ok(password) => {
                            self.password_given = password.is_some();
                            startup.set_password(password);
                        }
                        Err(reason) => {
                            self.end_sasl(&mut startup);
                            self.used_password = true;
                            say(link, &ConnectError::NoPassword(reason));
                            return self.fail(link);
                        }
                    }
                }
                Ok(StartupStep::NeedInput) => {
                    if !link.session.output.is_empty() && link.flush(false) == FlushOutcome::Pending
                    {
                        return Go::Wait(Stage::Startup(startup), PollStatus::Writing);
                    }
                    match link.read(self.reads_may_wait(link)) {
                        ReadOutcome::Data => {}
                        ReadOutcome::WouldBlock => {
                            return Go::Wait(Stage::Startup(startup), PollStatus::Reading);
                        }
                        ReadOutcome::Closed => {
                            self.end_sasl(&mut startup);
                            return self.fail(link);
                        }
                    }
                }
                Err(error) => {
                    // What has been answered before is still sent.
                    if !link.session.output.is_empty() {
                        let _: FlushOutcome = link.flush(false);
                    }
                    self.end_sasl(&mut startup);
                    return self.startup_failed(&error, link);
                }
            }
        }
    }

    fn startup_failed(&mut self, error: &StartupError, link: &mut Link) -> Go {
        match error {
            StartupError::Server(fields) => link.session.say_server_error(fields),
            error => link.session.errors.push_with(|out| error.write_text(out)),
        }
        link.cause = Cause::from(error);
        // A token has been got, for the same host and the same encryption (behaviour 381).
        if matches!(error, StartupError::Oauth(OauthError::Retry)) {
            return Go::On(Stage::Dial);
        }
        self.impression.note_sqlstate(error.sqlstate());
        if self.impression.is_cannot_connect_now() {
            self.remember(Found::Down);
            return Go::On(Stage::NextHost);
        }
        // Only before AuthenticationOk, as in the reference (behaviour 62).
        if self.used_password
            && error.sqlstate() == Some(INVALID_PASSWORD)
            && self.host().password.is_some()
            && !self.password_given
            && let Some(file) = self.plan.settings().get(Opt::Passfile)
        {
            say(link, &ConnectError::PasswordFromFile(file.to_vec()));
        }
        // The server may let us in only with encryption, or only without.
        if matches!(error, StartupError::Server(_)) && self.negotiation.give_up() {
            return Go::On(Stage::Dial);
        }
        self.fail(link)
    }
}
