//! The values of all options, where each came from, and the rules by which the sources override each other.
//!
//! Precedence (libpq manual, "Parameter Key Words" and following): what the caller says, then the service file, then the
//! environment, then the compiled-in default. Values are not judged here: that is [`super::ConnectPlan`]'s part.

use super::env::Env;
use super::error::ConfigError;
use super::options::{COMPILED, Opt};
use super::policy::FilePolicy;
use super::store::Store;
use super::{keyvalue, service, uri};

/// Where an option's value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It has no value.
    Unset,
    /// The default compiled in.
    Default,
    /// The name of the operating system account.
    OsUser,
    /// The context's default.
    Context,
    /// Worked out from other options, as `dbname` from `user`.
    Derived,
    /// An environment variable.
    Environment,
    /// A service file.
    ServiceFile,
    /// The caller: connection string or array.
    Argument,
}

/// A value for each option, or none.
///
/// Invariant: a slot's source is [`Source::Unset`] exactly when it has no value. Secrets are wiped when they are
/// replaced or dropped, and the type shows nothing of its contents.
pub struct Settings {
    store: Store,
}

/// The arguments of `PQsetdbLogin`, in its order.
#[derive(Clone, Copy, Default)]
pub struct SetdbArgs<'a> {
    /// `pghost`.
    pub host: Option<&'a [u8]>,
    /// `pgport`.
    pub port: Option<&'a [u8]>,
    /// `pgoptions`.
    pub options: Option<&'a [u8]>,
    /// `pgtty`, which has no meaning any more.
    pub tty: Option<&'a [u8]>,
    /// `dbName`, a database or a connection string.
    pub dbname: Option<&'a [u8]>,
    /// `login`.
    pub user: Option<&'a [u8]>,
    /// `pwd`.
    pub password: Option<&'a [u8]>,
}

impl Settings {
    /// No option has a value.
    pub fn new() -> Self {
        Settings {
            store: Store::new(),
        }
    }

    /// The option's value; an empty one is not the same as none.
    pub fn get(&self, opt: Opt) -> Option<&[u8]> {
        self.store.get(opt)
    }

    /// The option's value where it has one that is not empty.
    pub fn get_nonempty(&self, opt: Opt) -> Option<&[u8]> {
        self.get(opt).filter(|value| !value.is_empty())
    }

    /// Where the option's value came from.
    pub fn source(&self, opt: Opt) -> Source {
        self.store.source(opt)
    }

    /// Gives the option a value, replacing any.
    ///
    /// # Errors
    /// [`ConfigError::OutOfMemory`]; the option has no value then.
    pub fn set(&mut self, opt: Opt, value: &[u8], source: Source) -> Result<(), ConfigError> {
        self.store.set(opt, value, source)
    }

    /// Gives the option its compiled-in default, replacing any value.
    pub(super) fn set_compiled(&mut self, opt: Opt) {
        self.store.set_compiled(opt);
    }

    /// Takes the option's value away.
    pub fn clear(&mut self, opt: Opt) {
        self.store.clear(opt);
    }

    /// A copy of all values.
    ///
    /// # Errors
    /// [`ConfigError::OutOfMemory`].
    pub fn try_clone(&self) -> Result<Settings, ConfigError> {
        Ok(Settings {
            store: self.store.try_clone()?,
        })
    }

    /// What a connection string says, and nothing else: no service file, no environment, no defaults.
    /// Libpq's `PQconninfoParse`.
    ///
    /// # Errors
    /// The string's syntax, or an option that does not exist.
    pub fn parse(conninfo: &[u8]) -> Result<Settings, ConfigError> {
        let mut settings = Settings::new();
        // And for what is added to it.
        settings.store.reserve(conninfo.len() + 64)?;
        if uri::is_uri(conninfo) {
            uri::parse(conninfo, &mut settings)?;
        } else {
            keyvalue::parse(conninfo, &mut settings)?;
        }
        Ok(settings)
    }

    /// What a connection string says, completed from service file, environment and defaults. Libpq's `PQconnectdb`.
    ///
    /// # Errors
    /// As [`Settings::parse`], and what is wrong with the service.
    pub fn from_conninfo(conninfo: &[u8], env: &dyn Env) -> Result<Settings, ConfigError> {
        let mut settings = Settings::parse(conninfo)?;
        settings.add_defaults(env)?;
        Ok(settings)
    }

    /// What an array of keywords and values says, completed likewise. Libpq's `PQconnectdbParams`.
    ///
    /// Entries without a value, or with an empty one, are passed over. With `expand_dbname` the first `dbname`
    /// that has a value may be a connection string; its settings stand where it stands in the array.
    ///
    /// # Errors
    /// As [`Settings::from_conninfo`].
    pub fn from_params(
        pairs: &[(&[u8], Option<&[u8]>)],
        expand_dbname: bool,
        env: &dyn Env,
    ) -> Result<Settings, ConfigError> {
        let mut expanded = None;
        if expand_dbname {
            let dbname = pairs
                .iter()
                .enumerate()
                .find_map(|(i, (keyword, value))| match value {
                    Some(value) if *keyword == b"dbname" => Some((i, *value)),
                    _ => None,
                });
            if let Some((i, dbname)) = dbname
                && is_connection_string(dbname)
            {
                expanded = Some((i, Settings::parse(dbname)?));
            }
        }

        let mut settings = Settings::new();
        for (i, (keyword, value)) in pairs.iter().enumerate() {
            let Some(value) = value.filter(|value| !value.is_empty()) else {
                continue;
            };
            if let Some((_, inner)) = expanded.take_if(|(place, _)| *place == i) {
                settings.overlay(&inner)?;
                continue;
            }
            let Some(opt) = Opt::from_keyword(keyword) else {
                return Err(unknown_option(keyword));
            };
            settings.set_explicit(opt, value)?;
        }
        settings.add_defaults(env)?;
        Ok(settings)
    }

    /// What the arguments of `PQsetdbLogin` say, completed likewise.
    ///
    /// A `dbname` that looks like a connection string is read as one; arguments that are not empty override it.
    ///
    /// # Errors
    /// As [`Settings::from_conninfo`].
    pub fn from_setdb(args: SetdbArgs<'_>, env: &dyn Env) -> Result<Settings, ConfigError> {
        let (conninfo, dbname) = match args.dbname {
            Some(text) if is_connection_string(text) => (text, None),
            other => (&b""[..], other),
        };
        let mut settings = Settings::from_conninfo(conninfo, env)?;
        let overrides = [
            (Opt::Dbname, dbname),
            (Opt::Host, args.host),
            (Opt::Port, args.port),
            (Opt::Options, args.options),
            (Opt::User, args.user),
            (Opt::Password, args.password),
        ];
        for (opt, value) in overrides {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                settings.set_explicit(opt, value)?;
            }
        }
        Ok(settings)
    }

    /// What a connection would use if the caller said nothing; trouble with the service is passed over.
    /// Libpq's `PQconndefaults`.
    ///
    /// # Errors
    /// [`ConfigError::OutOfMemory`].
    pub fn defaults(env: &dyn Env) -> Result<Settings, ConfigError> {
        let mut settings = Settings::new();
        if let Err(ConfigError::OutOfMemory) = service::apply(&mut settings, env) {
            return Err(ConfigError::OutOfMemory);
        }
        settings.add_environment_and_compiled(env)?;
        Ok(settings)
    }

    /// Sets what the caller said.
    pub(super) fn set_explicit(&mut self, opt: Opt, value: &[u8]) -> Result<(), ConfigError> {
        self.set(opt, value, Source::Argument)
    }

    /// Sets what a connection string says under a keyword of its own choosing, `requiressl` among them.
    pub(super) fn set_from_string(
        &mut self,
        keyword: &[u8],
        value: &[u8],
    ) -> Result<(), ConfigError> {
        // The manual no longer names requiressl; old connection strings do.
        if keyword == b"requiressl" {
            let mode: &[u8] = match value.first() {
                Some(b'1') => b"require",
                _ => b"prefer",
            };
            return self.set_explicit(Opt::Sslmode, mode);
        }
        match Opt::from_keyword(keyword) {
            Some(opt) => self.set_explicit(opt, value),
            None => Err(unknown_option(keyword)),
        }
    }

    fn overlay(&mut self, other: &Settings) -> Result<(), ConfigError> {
        for opt in Opt::ALL {
            if let Some(value) = other.get(opt) {
                self.set_explicit(opt, value)?;
            }
        }
        Ok(())
    }

    fn add_defaults(&mut self, env: &dyn Env) -> Result<(), ConfigError> {
        service::apply(self, env)?;
        self.add_environment_and_compiled(env)
    }

    fn add_environment_and_compiled(&mut self, env: &dyn Env) -> Result<(), ConfigError> {
        if !self.store.has(Opt::Passfile)
            && let Some(FilePolicy::Only(path)) = env.policy().map(|policy| &policy.password_file)
        {
            self.set(Opt::Passfile, path, Source::Context)?;
        }
        self.add_environment(env)?;
        if let Some(policy) = env.policy() {
            for (opt, value) in policy.defaults() {
                if !self.store.has(opt) && !opt.is_extension() {
                    self.set(opt, value, Source::Context)?;
                }
            }
        }
        for opt in COMPILED {
            if !self.store.has(opt) {
                self.set_compiled(opt);
            }
        }
        // Where the account has no name, connecting says so; asking for the defaults does not.
        if !self.store.has(Opt::User)
            && let Ok(name) = env.os_user_name()
        {
            self.set(Opt::User, &name, Source::OsUser)?;
        }
        self.derive_sslmode()
    }

    /// Adds what the environment says and nobody before it: one pass over the variables.
    fn add_environment(&mut self, env: &dyn Env) -> Result<(), ConfigError> {
        let mut outcome = Ok(());
        let mut requires_ssl = None;
        env.pg_variables(&mut |name, value| {
            if name == b"PGREQUIRESSL" {
                requires_ssl.get_or_insert(value.starts_with(b"1"));
            } else if let Some(opt) = Opt::from_variable(name)
                && !self.store.has(opt)
                && outcome.is_ok()
            {
                outcome = self.set(opt, value, Source::Environment);
            }
        });
        outcome?;
        // An old way to ask for sslmode=require.
        if requires_ssl == Some(true) && !self.store.has(Opt::Sslmode) {
            self.set(Opt::Sslmode, b"require", Source::Environment)?;
        }
        Ok(())
    }

    /// The system's certificates vouch for anybody, so they are of use only with the name checked.
    fn derive_sslmode(&mut self) -> Result<(), ConfigError> {
        if self.get(Opt::Sslrootcert) == Some(b"system")
            && self.source(Opt::Sslmode) == Source::Default
        {
            self.set(Opt::Sslmode, b"verify-full", Source::Derived)?;
        }
        Ok(())
    }

    /// Sets what the caller says after all else has been gathered.
    ///
    /// # Errors
    /// [`ConfigError::OutOfMemory`].
    pub fn set_late(&mut self, opt: Opt, value: &[u8]) -> Result<(), ConfigError> {
        self.set_explicit(opt, value)?;
        self.derive_sslmode()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings::new()
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let set = Opt::ALL.into_iter().filter(|opt| self.get(*opt).is_some());
        f.debug_list().entries(set.map(Opt::keyword)).finish()
    }
}

/// Whether a database name is to be read as a connection string.
fn is_connection_string(text: &[u8]) -> bool {
    uri::is_uri(text) || text.contains(&b'=')
}

fn unknown_option(keyword: &[u8]) -> ConfigError {
    super::text::error_with(keyword, |keyword| ConfigError::UnknownOption { keyword })
}

#[cfg(test)]
mod tests {
    use super::super::env::fake::FakeEnv;
    use super::*;

    fn text(settings: &Settings, opt: Opt) -> Option<String> {
        settings
            .get(opt)
            .map(|value| String::from_utf8_lossy(value).into_owned())
    }

    #[test]
    fn each_source_overrides_the_next() {
        // behaviour 37
        let env = FakeEnv::new()
            .var("PGPORT", "1")
            .var("PGUSER", "env")
            .var("PGSERVICE", "s")
            .var("PGAPPNAME", "env")
            .file(
                "/home/osuser/.pg_service.conf",
                0o600,
                "[s]\nport=2\nuser=svc\n",
            );
        let settings = Settings::from_conninfo(b"port=3", &env).unwrap();
        assert_eq!(text(&settings, Opt::Port).as_deref(), Some("3"));
        assert_eq!(settings.source(Opt::Port), Source::Argument);
        assert_eq!(text(&settings, Opt::User).as_deref(), Some("svc"));
        assert_eq!(settings.source(Opt::User), Source::ServiceFile);
        assert_eq!(settings.source(Opt::ApplicationName), Source::Environment);
        assert_eq!(settings.source(Opt::Krbsrvname), Source::Default);
        assert_eq!(settings.source(Opt::Password), Source::Unset);
    }

    #[test]
    fn the_user_comes_from_the_operating_system_last() {
        let settings = Settings::from_conninfo(b"", &FakeEnv::new()).unwrap();
        assert_eq!(text(&settings, Opt::User).as_deref(), Some("osuser"));
        assert_eq!(settings.source(Opt::User), Source::OsUser);
    }

    #[test]
    fn defaults_pass_over_service_errors_and_keep_the_lines_before_them() {
        // behaviour 41
        let env = FakeEnv::new().var("PGSERVICE", "s").file(
            "/home/osuser/.pg_service.conf",
            0o600,
            "[s]\nport=2\nnonsense\nuser=u\n",
        );
        let settings = Settings::defaults(&env).unwrap();
        assert_eq!(text(&settings, Opt::Port).as_deref(), Some("2"));
        assert_eq!(text(&settings, Opt::User).as_deref(), Some("osuser"));
        assert!(Settings::from_conninfo(b"", &env).is_err());
    }

    #[test]
    fn extensions_are_options_wherever_one_may_be_given() {
        let env = FakeEnv::new().var("PGSERVICE", "s").file(
            "/home/osuser/.pg_service.conf",
            0o600,
            "[s]\nread_timeout_ms=4\nhost_recheck_s=5\n",
        );
        let string = Settings::from_conninfo(b"read_timeout_ms=1", &env).unwrap();
        let uri = Settings::from_conninfo(b"postgresql://h/d?read_timeout_ms=2", &env).unwrap();
        let pairs = [(&b"read_timeout_ms"[..], Some(&b"3"[..]))];
        let array = Settings::from_params(&pairs, false, &env).unwrap();
        let file = Settings::from_conninfo(b"", &env).unwrap();
        for (settings, value) in [(&string, "1"), (&uri, "2"), (&array, "3"), (&file, "4")] {
            assert_eq!(text(settings, Opt::ReadTimeoutMs).as_deref(), Some(value));
            assert_eq!(text(settings, Opt::HostRecheckS).as_deref(), Some("5"));
            assert_eq!(settings.source(Opt::HostRecheckS), Source::ServiceFile);
            assert_eq!(settings.source(Opt::HostProbe), Source::Unset);
        }
    }

    #[test]
    fn debug_output_names_options_and_shows_no_value() {
        let settings = Settings::parse(b"password=sesame host=h").unwrap();
        let shown = format!("{settings:?}");
        assert!(
            shown.contains("password") && !shown.contains("sesame") && !shown.contains("\"h\"")
        );
    }

    #[test]
    fn a_copy_has_the_same_values_and_sources() {
        let settings = Settings::from_conninfo(b"password=p", &FakeEnv::new()).unwrap();
        let copy = settings.try_clone().unwrap();
        for opt in Opt::ALL {
            assert_eq!(
                (copy.get(opt), copy.source(opt)),
                (settings.get(opt), settings.source(opt))
            );
        }
    }
}
