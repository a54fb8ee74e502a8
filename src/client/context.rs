//! What is global to a process in libpq: policies and hooks, here as many as one likes, which never see each other.
//!
//! A context may be used and changed by any thread. Policies count for connections and factories made afterwards; hooks for
//! whatever is asked afterwards, also by connections that are being made. No lock is held while anything of the application is
//! called.

use std::sync::Arc;

use super::hooks::Hooks;
use crate::config::{Policy, PolicyEnv};
use crate::connect::HostMemory;
use crate::net::shared::Shared;

/// Policies and hooks that connections share. They keep it alive.
#[derive(Default)]
pub struct Context {
    state: Shared<State>,
    hosts: Arc<HostMemory>,
}

#[derive(Clone, Default)]
struct State {
    policy: Arc<Policy>,
    hooks: Arc<Hooks>,
    switches: Switches,
}

/// Switches of a context, all off at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// Texts of the operating system are English whatever the locale says. Ours always are.
    pub english: bool,
    /// `PQsocket` is what libpq 18 has there: always a socket, so without deadlines and with lookups that keep the caller
    /// waiting in `PQconnectPoll`.
    pub classic_socket: bool,
}

impl Context {
    /// One with libpq's ways and no hooks.
    pub fn new() -> Arc<Context> {
        Arc::default()
    }

    /// The surroundings that connections of this context are configured from.
    pub fn env(&self) -> PolicyEnv {
        PolicyEnv::new(self.policy())
    }

    /// The policy.
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.state.get().policy)
    }

    /// The hooks.
    pub fn hooks(&self) -> Arc<Hooks> {
        Arc::clone(&self.state.get().hooks)
    }

    /// The switches.
    pub fn switches(&self) -> Switches {
        self.state.get().switches
    }

    /// What is remembered of hosts.
    pub fn hosts(&self) -> &Arc<HostMemory> {
        &self.hosts
    }

    /// Changes the policy.
    pub fn change_policy(&self, change: impl FnOnce(&mut Policy)) {
        self.state
            .change(|state| change(Arc::make_mut(&mut state.policy)));
    }

    /// Changes the hooks.
    pub fn change_hooks(&self, change: impl FnOnce(&mut Hooks)) {
        self.state
            .change(|state| change(Arc::make_mut(&mut state.hooks)));
    }

    /// Changes the switches.
    pub fn change_switches(&self, change: impl FnOnce(&mut Switches)) {
        self.state.change(|state| change(&mut state.switches));
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("policy", &self.policy())
            .finish_non_exhaustive()
    }
}
