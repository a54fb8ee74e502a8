//! What the application provides in place of the resolver and the socket: addresses and transports.

use super::{Connector, Go, Stage, say};
use crate::connect::error::ConnectError;
use crate::connect::link::Link;
use crate::connect::ping::Impression;
use crate::connect::request::{Answer, Given, Want, WantKind};
use crate::connect::status::ConnStatus;
use crate::net::Transport;

use super::wants::{Asking, nonsense};

impl Connector {
    /// Asks for a transport to the present host. Without one it is dialled in the ordinary way.
    pub(super) fn provide(&mut self, link: &mut Link) -> Go {
        if matches!(self.asking, Asking::Nothing) {
            self.hang_up(link);
            link.session.forget_backend();
            link.status = ConnStatus::Needed;
            self.used_password = false;
            self.impression = Impression::default();
            self.hostaddr.clear();
            self.periods += 1;
        }
        let Some(answer) = self.ask(|c| Want::Dial(c.peer(false))) else {
            return self.stand_still(Stage::Provide);
        };
        let refusal = match answer {
            // Once dialled for us, a host is not dialled by ourselves: the two may be different servers.
            Answer::Default if !self.provided => return self.place(link),
            Answer::Given(Given::Transport(transport)) => return self.take(transport, link),
            Answer::Default => not_dialled(),
            Answer::Refused(text) if text.is_empty() => not_dialled(),
            Answer::Refused(text) => text,
            Answer::Given(_) | Answer::Pending(_) => nonsense(),
        };
        self.record_dial(link);
        self.say_attempt(link);
        link.session.errors.push(&refusal);
        Go::On(Stage::NextHost)
    }

    fn take(&mut self, transport: Transport, link: &mut Link) -> Go {
        self.provided = true;
        self.record_dial(link);
        self.say_attempt(link);
        link.attach(transport, self.plan.is_physical_replication());
        link.status = ConnStatus::Started;
        Go::On(Stage::Connected)
    }

    /// Asks for the addresses of the present host; `None`: they are looked up.
    pub(super) fn ask_addresses(&mut self, port: u16, link: &mut Link) -> Option<Go> {
        if !self.asks.lookup {
            return None;
        }
        if matches!(self.asking, Asking::Nothing) {
            self.periods += 1;
        }
        let Some(answer) = self.ask(|c| Want::Lookup(c.peer(false))) else {
            return Some(self.stand_still(Stage::LookingUp(port)));
        };
        let refusal = match answer {
            Answer::Default => return None,
            Answer::Given(Given::Addresses(addresses)) if !addresses.is_empty() => {
                return Some(self.take_addresses(addresses));
            }
            Answer::Given(Given::Addresses(_)) => no_address(),
            Answer::Refused(text) if text.is_empty() => no_address(),
            Answer::Refused(text) => text,
            Answer::Given(_) | Answer::Pending(_) => nonsense(),
        };
        let host = self.host().host.clone();
        say(link, &ConnectError::NotLookedUp(host, refusal));
        Some(Go::On(Stage::NextHost))
    }

    /// Notes what the time was over for, if it was an answer that was waited for; and whether it was a lookup.
    pub(super) fn time_out_asking(&mut self, link: &mut Link) -> bool {
        let kind = match &self.asking {
            Asking::Wanted(want) => want.kind(),
            Asking::Asked(kind) => *kind,
            Asking::Pending(pending) => pending.kind(),
            Asking::Nothing | Asking::Answered(_) => return false,
        };
        self.forsake();
        if kind == WantKind::Dial {
            self.record_dial(link);
            self.say_attempt(link);
        }
        kind == WantKind::Lookup
    }
}

fn not_dialled() -> Vec<u8> {
    b"the application has not connected to it".to_vec()
}

fn no_address() -> Vec<u8> {
    b"the application knows no address".to_vec()
}
