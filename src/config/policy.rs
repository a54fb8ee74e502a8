//! What a context changes about where values come from: an [`Env`] that looks away where it is told to.

use std::io::BufRead;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::env::{Env, FileStat, Locale, RealEnv};
use super::error::ConfigError;
use super::options::Opt;

/// Whether a kind of file is read, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FilePolicy {
    /// As libpq does it.
    #[default]
    Usual,
    /// Never, whoever names one.
    Never,
    /// This one, in place of those in the home directory, the system's and what the environment names. One that the caller's
    /// options name comes before it.
    Only(Vec<u8>),
}

/// A certificate and its private key, in PEM.
pub type Identity = (Arc<[u8]>, Arc<Zeroizing<Vec<u8>>>);

/// Where values come from, beside what the caller says. The default is libpq's way.
#[derive(Clone, Default)]
pub struct Policy {
    /// No environment variable is read, `HOME` included: the home directory is then the user database's.
    pub ignore_environment: bool,
    /// Service files.
    pub service_file: FilePolicy,
    /// Password files.
    pub password_file: FilePolicy,
    /// The directory of the Unix socket where no host is given.
    pub socket_dir: Option<Vec<u8>>,
    /// Authorities to trust, in PEM, where `sslrootcert` is not given: in place of the file in the home directory.
    pub roots: Option<Arc<[u8]>>,
    /// Certificate and private key, in PEM, where `sslcert` and `sslkey` are not given: likewise.
    pub identity: Option<Identity>,
    /// Values that stand in for the compiled-in ones.
    defaults: Vec<(Opt, Zeroizing<Vec<u8>>)>,
}

impl Policy {
    /// Sets what stands in for the compiled-in value of an option; `None` takes that back.
    pub fn set_default(&mut self, opt: Opt, value: Option<Zeroizing<Vec<u8>>>) {
        self.defaults.retain(|(known, _)| *known != opt);
        if let Some(value) = value {
            self.defaults.push((opt, value));
        }
    }

    /// All that stands in for compiled-in values.
    pub(super) fn defaults(&self) -> impl Iterator<Item = (Opt, &[u8])> {
        self.defaults
            .iter()
            .map(|(opt, value)| (*opt, value.as_slice()))
    }

    /// What stands in for the compiled-in value of an option.
    pub fn default_for(&self, opt: Opt) -> Option<&[u8]> {
        let found = self.defaults.iter().find(|(known, _)| *known == opt);
        found.map(|(_, value)| value.as_slice())
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy")
            .field("ignore_environment", &self.ignore_environment)
            .field("service_file", &self.service_file)
            .field("password_file", &self.password_file)
            .finish_non_exhaustive()
    }
}

/// The process's surroundings, as far as a policy lets them be seen.
#[derive(Clone, Debug, Default)]
pub struct PolicyEnv {
    policy: Option<Arc<Policy>>,
}

impl PolicyEnv {
    /// The surroundings under `policy`.
    pub fn new(policy: Arc<Policy>) -> PolicyEnv {
        PolicyEnv {
            policy: Some(policy),
        }
    }

    fn ignores_environment(&self) -> bool {
        self.policy.as_ref().is_some_and(|p| p.ignore_environment)
    }
}

impl Env for PolicyEnv {
    fn var(&self, name: &str) -> Option<Vec<u8>> {
        match self.ignores_environment() {
            true => None,
            false => RealEnv.var(name),
        }
    }

    fn pg_variables(&self, see: &mut dyn FnMut(&[u8], &[u8])) {
        if !self.ignores_environment() {
            RealEnv.pg_variables(see);
        }
    }

    fn open(&self, path: &[u8]) -> Option<Box<dyn BufRead>> {
        RealEnv.open(path)
    }

    fn stat(&self, path: &[u8]) -> Option<FileStat> {
        RealEnv.stat(path)
    }

    fn os_user_name(&self) -> Result<Vec<u8>, ConfigError> {
        RealEnv.os_user_name()
    }

    fn account_home(&self) -> Option<Vec<u8>> {
        RealEnv.account_home()
    }

    fn locale(&self) -> Locale {
        RealEnv.locale()
    }

    fn warn(&self, line: &[u8]) {
        RealEnv.warn(line);
    }

    fn policy(&self) -> Option<&Policy> {
        self.policy.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::env::fake::FakeEnv;
    use super::super::plan::ConnectPlan;
    use super::super::settings::{Settings, Source};
    use super::*;

    fn world(policy: Policy) -> FakeEnv {
        let env = FakeEnv::new()
            .var("PGSERVICE", "s")
            .var("PGPASSFILE", "/env/pass")
            .file("/home/osuser/.pg_service.conf", 0o600, "[s]\nport=1\n")
            .file("/only/service", 0o600, "[s]\nport=2\n")
            .file("/home/osuser/.pgpass", 0o600, "*:*:*:*:home\n")
            .file("/env/pass", 0o600, "*:*:*:*:env\n")
            .file("/only/pass", 0o600, "*:*:*:*:only\n");
        FakeEnv { policy, ..env }
    }

    fn settings(policy: Policy, conninfo: &str) -> Result<Settings, ConfigError> {
        Settings::from_conninfo(conninfo.as_bytes(), &world(policy))
    }

    fn port(policy: Policy) -> Vec<u8> {
        let settings = settings(policy, "").unwrap();
        settings.get(Opt::Port).unwrap().to_vec()
    }

    fn password(policy: Policy, conninfo: &str) -> Option<Vec<u8>> {
        let env = world(policy.clone());
        let plan = ConnectPlan::new(settings(policy, conninfo).unwrap(), &env).unwrap();
        plan.password_for(&plan.hosts[0]).map(<[u8]>::to_vec)
    }

    #[test]
    fn service_files_are_read_or_not_or_another_one() {
        assert_eq!(port(Policy::default()), b"1");
        let never = Policy {
            service_file: FilePolicy::Never,
            ..Policy::default()
        };
        assert_eq!(port(never.clone()), b"5432");
        assert!(matches!(
            settings(never, "service=s"),
            Err(ConfigError::ServiceNotFound { .. })
        ));
        let only = Policy {
            service_file: FilePolicy::Only(b"/only/service".to_vec()),
            ..Policy::default()
        };
        assert_eq!(port(only), b"2");
    }

    #[test]
    fn password_files_are_read_or_not_or_another_one() {
        let with = |password_file| Policy {
            password_file,
            ..Policy::default()
        };
        assert_eq!(password(Policy::default(), "").unwrap(), b"env");
        assert_eq!(password(with(FilePolicy::Never), ""), None);
        let given = "passfile=/home/osuser/.pgpass";
        assert_eq!(password(with(FilePolicy::Never), given), None);
        let only = with(FilePolicy::Only(b"/only/pass".to_vec()));
        assert_eq!(password(only.clone(), "").unwrap(), b"only");
        assert_eq!(password(only, given).unwrap(), b"home");
    }

    #[test]
    fn defaults_stand_behind_everything_but_the_compiled_in_ones() {
        let mut policy = Policy {
            service_file: FilePolicy::Never,
            socket_dir: Some(b"/run/here".to_vec()),
            ..Policy::default()
        };
        policy.set_default(Opt::Port, Some(Zeroizing::new(b"7".to_vec())));
        policy.set_default(Opt::Passfile, Some(Zeroizing::new(b"/none".to_vec())));
        assert_eq!(policy.default_for(Opt::Port), Some(&b"7"[..]));
        let found = settings(policy.clone(), "").unwrap();
        assert_eq!(found.get(Opt::Port), Some(&b"7"[..]));
        assert_eq!(found.source(Opt::Port), Source::Context);
        assert_eq!(found.get(Opt::Passfile), Some(&b"/env/pass"[..]));
        let plan = ConnectPlan::new(found, &world(policy.clone())).unwrap();
        assert_eq!(plan.hosts[0].host, b"/run/here");
        let found = settings(policy.clone(), "port=8").unwrap();
        assert_eq!(found.get(Opt::Port), Some(&b"8"[..]));
        policy.set_default(Opt::Port, None);
        assert_eq!(policy.default_for(Opt::Port), None);
    }

    #[test]
    fn without_the_environment_the_home_directory_is_the_accounts() {
        let policy = Policy {
            ignore_environment: true,
            ..Policy::default()
        };
        let env = PolicyEnv::new(Arc::new(policy));
        assert_eq!(env.var("PATH"), None);
        assert_eq!(env.home_dir(), RealEnv.account_home());
        assert_eq!(PolicyEnv::default().var("PATH"), RealEnv.var("PATH"));
    }
}
