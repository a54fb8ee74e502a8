//! Where the value of each option came from, secrets masked.

use crate::config::{ConnectPlan, HostSpec, Opt, Settings, Source};

/// Where a value came from. The numbers are C's and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Origin {
    /// The default compiled in.
    Default = 0,
    /// The caller: connection string, array, or hook.
    Argument = 1,
    /// A service file.
    ServiceFile = 2,
    /// An environment variable.
    Environment = 3,
    /// The password file.
    PasswordFile = 4,
    /// The name of the operating system's account.
    OsUser = 5,
    /// Worked out from other options.
    Derived = 6,
    /// The context's default.
    Context = 7,
}

impl Origin {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Default => "default",
            Origin::Argument => "argument",
            Origin::ServiceFile => "service file",
            Origin::Environment => "environment",
            Origin::PasswordFile => "password file",
            Origin::OsUser => "os user",
            Origin::Derived => "derived",
            Origin::Context => "context",
        }
    }
}

/// What stands in a secret's place.
const MASK: &[u8] = b"********";

/// An option that has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionUsed {
    /// Its keyword.
    pub keyword: &'static str,
    /// Its value; a mask of one length for every secret.
    pub value: Vec<u8>,
    /// Where it came from.
    pub origin: Origin,
}

impl OptionUsed {
    /// The options of a plan, in the table's order.
    pub fn of_plan(plan: &ConnectPlan) -> Vec<OptionUsed> {
        OptionUsed::of(plan.settings(), &plan.hosts)
    }

    /// The options of `settings`, in the table's order; the password file may have passwords for the hosts.
    pub fn of(settings: &Settings, hosts: &[HostSpec]) -> Vec<OptionUsed> {
        let from_file = hosts.iter().any(|host| host.password.is_some());
        let used = |opt: Opt| {
            let origin = match settings.source(opt) {
                _ if opt == Opt::Password && from_file => Origin::PasswordFile,
                Source::Unset => return None,
                Source::Default => Origin::Default,
                Source::OsUser => Origin::OsUser,
                Source::Derived => Origin::Derived,
                Source::Context => Origin::Context,
                Source::Environment => Origin::Environment,
                Source::ServiceFile => Origin::ServiceFile,
                Source::Argument => Origin::Argument,
            };
            Some(OptionUsed {
                keyword: opt.keyword(),
                value: match opt.is_secret() {
                    true => MASK.to_vec(),
                    false => settings.get(opt).unwrap_or_default().to_vec(),
                },
                origin,
            })
        };
        Opt::ALL.into_iter().filter_map(used).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_whatever_their_length() {
        let mut settings = Settings::new();
        settings
            .set(Opt::Password, b"sesame", Source::Environment)
            .unwrap();
        settings.set(Opt::Port, b"1", Source::ServiceFile).unwrap();
        let used = OptionUsed::of(&settings, &[]);
        let shown: Vec<_> = used
            .iter()
            .map(|o| (o.keyword, &o.value[..], o.origin))
            .collect();
        assert!(shown.contains(&("password", MASK, Origin::Environment)));
        assert!(shown.contains(&("port", b"1", Origin::ServiceFile)));
        assert_eq!(shown.len(), 2);
    }
}
