//! How one machine has come to where it is connected, for another one to come there likewise.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Candidates, Connector, Method, Purpose, RandomBytes, tls};
use crate::config::{ConnectPlan, PolicyEnv};
use crate::net::Address;

/// What a cancel request needs to go where its connection is, encrypted as that is. Nothing is read or looked up again.
#[derive(Clone)]
pub struct Route {
    plan: Arc<ConnectPlan>,
    env: PolicyEnv,
    random: RandomBytes,
    host: usize,
    /// `None` where the application provides the transport.
    address: Option<Address>,
    hostaddr: Vec<u8>,
    is_encrypted: bool,
    tls: Option<tls::Config>,
}

impl Connector {
    /// How it has come to its address; `None` when it never came to one.
    pub fn route(&self) -> Option<Route> {
        let address = match self.provided {
            true => None,
            false => Some(self.address()?.clone()),
        };
        let is_encrypted = self.negotiation.current() == Method::Tls;
        Some(Route {
            plan: Arc::clone(&self.plan),
            env: self.env.clone(),
            random: self.random,
            host: self.candidates.current(),
            address,
            hostaddr: self.hostaddr.clone(),
            is_encrypted,
            tls: self.tls.clone().filter(|_| is_encrypted),
        })
    }

    /// A machine that sends a cancel request to where this one is connected, by the same options (behaviour 273). `None`
    /// when it never came to an address.
    pub fn for_cancel(&self, process_id: i32, key: Zeroizing<Vec<u8>>) -> Option<Connector> {
        Some(self.route()?.for_cancel(process_id, key))
    }
}

impl Route {
    /// A machine that goes this way, and sends a cancel request. What was encrypted is not sent in plain text.
    pub fn for_cancel(self, process_id: i32, key: Zeroizing<Vec<u8>>) -> Connector {
        let candidates = Candidates::only(self.host);
        let purpose = Purpose::Cancel { process_id, key };
        let mut this = Connector::assemble(self.plan, purpose, candidates, None, self.random);
        this.env = self.env;
        this.provided = self.address.is_none();
        this.known_address = self.address.map(Box::new);
        this.hostaddr = self.hostaddr;
        this.tls_only = self.is_encrypted;
        this.tls = self.tls;
        this
    }

    /// The plan.
    pub fn plan(&self) -> &ConnectPlan {
        &self.plan
    }

    /// Where it leads; `None` where the application provides the transport.
    pub fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }

    /// Whether what is sent there is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }
}
