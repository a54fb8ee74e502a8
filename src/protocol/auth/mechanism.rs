//! SASL mechanisms, the library's own and an application's, and which of them an offer of the server's means.
//!
//! One rule for all: of the mechanisms that both sides have, the one with the highest priority; among equals, the one
//! that the server names first. The library's own have the priorities that make this libpq's rule (behaviour 127).

use crate::protocol::startup::{Allowed, BindingPolicy};
use crate::protocol::startup_error::StartupError;

/// Priority of SCRAM-SHA-256-PLUS: it comes before all that has the default priority.
pub const PRIORITY_BOUND: i32 = 100;
/// Priority of SCRAM-SHA-256 and OAUTHBEARER.
pub const PRIORITY_DEFAULT: i32 = 0;

/// A mechanism's part in the choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mechanism {
    /// Its registered name, such as `SCRAM-SHA-256`.
    pub name: Vec<u8>,
    /// The higher, the better.
    pub priority: i32,
    /// It gives away too much on a channel that is not encrypted: there it is passed over.
    pub needs_encryption: bool,
    /// Who carries the exchange out.
    pub kind: MechanismKind,
}

/// Who carries an exchange out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MechanismKind {
    /// SCRAM-SHA-256-PLUS.
    ScramPlus,
    /// SCRAM-SHA-256.
    Scram,
    /// OAUTHBEARER.
    Oauth,
    /// The application: a number of its own.
    Application(usize),
}

impl MechanismKind {
    /// Whether it proves that we know a password.
    pub fn uses_password(self) -> bool {
        matches!(self, MechanismKind::ScramPlus | MechanismKind::Scram)
    }

    /// Whether `require_auth` allows it.
    pub fn is_allowed(self, allowed: &Allowed) -> bool {
        match self {
            MechanismKind::ScramPlus | MechanismKind::Scram => allowed.scram,
            MechanismKind::Oauth => allowed.oauth,
            MechanismKind::Application(_) => allowed.other_sasl,
        }
    }
}

/// The mechanisms that a client has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mechanisms(Vec<Mechanism>);

impl Default for Mechanisms {
    fn default() -> Self {
        let own = |name: &str, kind, priority| Mechanism {
            name: name.into(),
            priority,
            needs_encryption: false,
            kind,
        };
        Mechanisms(vec![
            own(
                "SCRAM-SHA-256-PLUS",
                MechanismKind::ScramPlus,
                PRIORITY_BOUND,
            ),
            own("SCRAM-SHA-256", MechanismKind::Scram, PRIORITY_DEFAULT),
            own("OAUTHBEARER", MechanismKind::Oauth, PRIORITY_DEFAULT),
        ])
    }
}

impl Mechanisms {
    /// Adds one; it takes the place of one with the same name.
    pub fn register(&mut self, mechanism: Mechanism) {
        self.0.retain(|known| known.name != mechanism.name);
        self.0.push(mechanism);
    }

    /// Whether the application has added any.
    pub fn has_application(&self) -> bool {
        let is_foreign = |m: &Mechanism| matches!(m.kind, MechanismKind::Application(_));
        self.0.iter().any(is_foreign)
    }

    /// Whether a server that offers `name` makes `best` a worse choice; then it is the new one.
    ///
    /// # Errors
    /// Nobody honest offers it on this channel.
    pub fn consider<'m>(
        &'m self,
        name: &[u8],
        best: Option<&'m Mechanism>,
        is_tls: bool,
        binding: BindingPolicy,
    ) -> Result<Option<&'m Mechanism>, StartupError> {
        let Some(offered) = self.0.iter().find(|m| m.name == name) else {
            return Ok(best);
        };
        if offered.kind == MechanismKind::ScramPlus {
            // A proxy may have taken the encryption away.
            if !is_tls {
                return Err(StartupError::PlusWithoutTls);
            }
            if binding == BindingPolicy::Disable {
                return Ok(best);
            }
        }
        if offered.needs_encryption && !is_tls {
            return Ok(best);
        }
        Ok(match best {
            Some(best) if best.priority >= offered.priority => Some(best),
            _ => Some(offered),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(mechanisms: &Mechanisms, offer: &[&str], is_tls: bool) -> Option<String> {
        let mut best = None;
        for name in offer {
            let binding = BindingPolicy::Prefer;
            best = mechanisms
                .consider(name.as_bytes(), best, is_tls, binding)
                .ok()
                .unwrap();
        }
        best.map(|m| String::from_utf8(m.name.clone()).unwrap())
    }

    #[test]
    fn behaviour_127_among_our_own_the_server_decides_but_for_the_bound_one() {
        let ours = Mechanisms::default();
        let (scram, oauth, plus) = ("SCRAM-SHA-256", "OAUTHBEARER", "SCRAM-SHA-256-PLUS");
        assert_eq!(choose(&ours, &[scram, oauth], false).unwrap(), scram);
        assert_eq!(choose(&ours, &[oauth, scram], false).unwrap(), oauth);
        assert_eq!(choose(&ours, &[oauth, scram, plus], true).unwrap(), plus);
        assert_eq!(choose(&ours, &["X"], true), None);
    }

    #[test]
    fn an_applications_mechanism_has_the_place_its_priority_gives_it() {
        let mut ours = Mechanisms::default();
        assert!(!ours.has_application());
        let mut mine = Mechanism {
            name: b"X-MINE".to_vec(),
            priority: 1,
            needs_encryption: true,
            kind: MechanismKind::Application(0),
        };
        ours.register(mine.clone());
        let offer = ["SCRAM-SHA-256", "X-MINE"];
        assert_eq!(choose(&ours, &offer, true).unwrap(), "X-MINE");
        assert_eq!(choose(&ours, &offer, false).unwrap(), "SCRAM-SHA-256");
        mine.priority = -1;
        ours.register(mine);
        assert_eq!(choose(&ours, &offer, true).unwrap(), "SCRAM-SHA-256");
        assert!(ours.has_application());
    }
}
