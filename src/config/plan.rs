//! Settings judged and made ready for connecting.
//!
//! The order of the checks is libpq's, for it decides which of several errors is reported. What libpq judges only
//! while it dials (ports, keepalive numbers, `connect_timeout`) is left to the dialler, with helpers beside this.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::build::{DEFAULT_PORT, HAS_GSSAPI, HAS_TLS};
use super::encoding::encoding_of_locale;
use super::env::Env;
use super::error::{ConfigError, ScramSide};
use super::extensions::Extensions;
use super::hosts::{self, HostSpec};
use super::numbers::{SCRAM_KEY_LEN, read_scram_key};
use super::options::Opt;
use super::passfile;
use super::policy::FilePolicy;
use super::require_auth::RequireAuth;
use super::settings::{Settings, Source};
use super::text::{append, copy, error_with};
use super::values::{
    ChannelBinding, Enumerated, GssEncMode, LoadBalanceHosts, ProtocolVersion, SslCertMode,
    SslMode, SslNegotiation, TargetSessionAttrs, TlsVersion,
};

/// A SCRAM key, wiped when dropped.
pub type ScramKey = Zeroizing<[u8; SCRAM_KEY_LEN]>;

/// Name and value of a parameter of the startup packet.
pub type StartupParameter<'a> = (&'static str, Cow<'a, [u8]>);

/// Everything known before the first packet: valid, typed, with the hosts in the order given.
///
/// Invariant: `hosts` is not empty; `user` and `dbname` have values in [`ConnectPlan::settings`].
pub struct ConnectPlan {
    settings: Settings,
    /// The hosts to try.
    pub hosts: Vec<HostSpec>,
    /// `require_auth`.
    pub require_auth: RequireAuth,
    /// `channel_binding`.
    pub channel_binding: ChannelBinding,
    /// `sslmode`.
    pub sslmode: SslMode,
    /// `sslnegotiation`.
    pub sslnegotiation: SslNegotiation,
    /// `ssl_min_protocol_version`.
    pub ssl_min_protocol_version: Option<TlsVersion>,
    /// `ssl_max_protocol_version`.
    pub ssl_max_protocol_version: Option<TlsVersion>,
    /// `sslcertmode`.
    pub sslcertmode: SslCertMode,
    /// `gssencmode`.
    pub gssencmode: GssEncMode,
    /// `target_session_attrs`.
    pub target_session_attrs: TargetSessionAttrs,
    /// `scram_client_key`, decoded.
    pub scram_client_key: Option<ScramKey>,
    /// `scram_server_key`, decoded.
    pub scram_server_key: Option<ScramKey>,
    /// `load_balance_hosts`.
    pub load_balance_hosts: LoadBalanceHosts,
    /// The lowest protocol version accepted.
    pub min_protocol_version: ProtocolVersion,
    /// The protocol version asked for.
    pub max_protocol_version: ProtocolVersion,
    /// The options that libpq 18 has not.
    pub extensions: Extensions,
}

/// Settings that cannot be connected with, as far as they were completed, and why.
#[derive(Debug)]
pub struct Rejected {
    /// The settings, which a failed connection still shows.
    pub settings: Settings,
    /// The hosts, as far as they were made out.
    pub hosts: Vec<HostSpec>,
    /// What is wrong.
    pub error: ConfigError,
}

impl ConnectPlan {
    /// Judges `settings`, fills in what is derived from others, and looks passwords up in the password file.
    ///
    /// Reads the user database, the password file and the locale, and may warn, through `env`. Does not touch the
    /// network.
    ///
    /// # Errors
    /// [`Rejected`] with the first thing wrong in libpq's order.
    pub fn new(mut settings: Settings, env: &dyn Env) -> Result<ConnectPlan, Box<Rejected>> {
        let mut hosts = Vec::new();
        match judge(&mut settings, &mut hosts, env) {
            Ok(judged) => Ok(judged.into_plan(settings, hosts)),
            Err(error) => Err(Box::new(Rejected {
                settings,
                hosts,
                error,
            })),
        }
    }

    /// The settings, with everything that was filled in.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Gives the settings back, for another plan.
    pub fn into_settings(self) -> Settings {
        self.settings
    }

    /// The user name sent to the server.
    pub fn user(&self) -> &[u8] {
        self.settings.get(Opt::User).unwrap_or_default()
    }

    /// The database asked for.
    pub fn dbname(&self) -> &[u8] {
        self.settings.get(Opt::Dbname).unwrap_or_default()
    }

    /// The password for `host`: the password file's where it has one, else the one given; it may be empty.
    pub fn password_for<'a>(&'a self, host: &'a HostSpec) -> Option<&'a [u8]> {
        match &host.password {
            Some(password) => Some(password),
            None => self.settings.get(Opt::Password),
        }
    }

    /// Whether a yes-or-no option (`sslsni`, `gssdelegation`) is on: its value starts with 1.
    pub fn is_on(&self, option: Opt) -> bool {
        self.settings
            .get(option)
            .is_some_and(|value| value.starts_with(b"1"))
    }

    /// Whether the session is to stream WAL: `replication` is something the server reads as true.
    pub fn is_physical_replication(&self) -> bool {
        let value = self.settings.get(Opt::Replication).unwrap_or_default();
        let is_beginning_of = |word: &[u8]| {
            word.get(..value.len())
                .is_some_and(|beginning| value.eq_ignore_ascii_case(beginning))
        };
        match value {
            b"" | b"o" | b"O" => false,
            _ => [&b"true"[..], b"yes", b"on", b"1"]
                .into_iter()
                .any(is_beginning_of),
        }
    }

    /// The parameters of the startup packet in the order they are sent. Behaviours 120 and 121.
    ///
    /// # Errors
    /// [`ConfigError::OutOfMemory`].
    pub fn startup_parameters(
        &self,
        env: &dyn Env,
    ) -> Result<Vec<StartupParameter<'_>>, ConfigError> {
        // An application name that is given but empty still suppresses the fallback.
        let application_name = match self.settings.get(Opt::ApplicationName) {
            None => Opt::FallbackApplicationName,
            Some(_) => Opt::ApplicationName,
        };
        let from_options = [
            ("user", Opt::User),
            ("database", Opt::Dbname),
            ("replication", Opt::Replication),
            ("options", Opt::Options),
            ("application_name", application_name),
            ("client_encoding", Opt::ClientEncoding),
        ];
        let from_environment: [(_, &[u8]); 3] = [
            ("datestyle", b"PGDATESTYLE"),
            ("timezone", b"PGTZ"),
            ("geqo", b"PGGEQO"),
        ];

        let mut parameters = Vec::new();
        parameters
            .try_reserve_exact(from_options.len() + from_environment.len())
            .map_err(|_| ConfigError::OutOfMemory)?;
        for (name, option) in from_options {
            if let Some(value) = self.settings.get_nonempty(option) {
                parameters.push((name, Cow::Borrowed(value)));
            }
        }
        let mut values: [Option<Vec<u8>>; 3] = Default::default();
        let mut outcome = Ok(());
        env.pg_variables(&mut |name, value| {
            let place = from_environment
                .iter()
                .position(|(_, known)| *known == name);
            if let Some(slot) = place.and_then(|place| values.get_mut(place))
                && slot.is_none()
            {
                match copy(value) {
                    Ok(value) => *slot = Some(value),
                    Err(error) => outcome = Err(error),
                }
            }
        });
        outcome?;
        for ((name, _), value) in from_environment.into_iter().zip(values) {
            if let Some(value) = value
                && !value.eq_ignore_ascii_case(b"default")
            {
                parameters.push((name, Cow::Owned(value)));
            }
        }
        Ok(parameters)
    }
}

impl std::fmt::Debug for ConnectPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectPlan")
            .field("settings", &self.settings)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

/// The typed half of a plan.
struct Judged {
    require_auth: RequireAuth,
    channel_binding: ChannelBinding,
    sslmode: SslMode,
    sslnegotiation: SslNegotiation,
    tls_versions: (Option<TlsVersion>, Option<TlsVersion>),
    sslcertmode: SslCertMode,
    gssencmode: GssEncMode,
    target_session_attrs: TargetSessionAttrs,
    scram_keys: (Option<ScramKey>, Option<ScramKey>),
    load_balance_hosts: LoadBalanceHosts,
    protocol_versions: (ProtocolVersion, ProtocolVersion),
    extensions: Extensions,
}

impl Judged {
    fn into_plan(self, settings: Settings, hosts: Vec<HostSpec>) -> ConnectPlan {
        ConnectPlan {
            settings,
            hosts,
            require_auth: self.require_auth,
            channel_binding: self.channel_binding,
            sslmode: self.sslmode,
            sslnegotiation: self.sslnegotiation,
            ssl_min_protocol_version: self.tls_versions.0,
            ssl_max_protocol_version: self.tls_versions.1,
            sslcertmode: self.sslcertmode,
            gssencmode: self.gssencmode,
            target_session_attrs: self.target_session_attrs,
            scram_client_key: self.scram_keys.0,
            scram_server_key: self.scram_keys.1,
            load_balance_hosts: self.load_balance_hosts,
            min_protocol_version: self.protocol_versions.0,
            max_protocol_version: self.protocol_versions.1,
            extensions: self.extensions,
        }
    }
}

/// The checks in libpq's order.
fn judge(
    settings: &mut Settings,
    hosts: &mut Vec<HostSpec>,
    env: &dyn Env,
) -> Result<Judged, ConfigError> {
    hosts::list(settings, hosts, env)?;
    fill_user_and_dbname(settings, env)?;
    find_passwords(settings, hosts, env)?;
    let require_auth = RequireAuth::read(settings.get(Opt::RequireAuth).unwrap_or_default())?;
    let channel_binding = enumerated::<ChannelBinding>(settings, Opt::ChannelBinding)?;
    let sslmode = judge_sslmode(settings)?;
    let sslnegotiation = judge_sslnegotiation(settings, sslmode)?;
    judge_system_roots(settings, sslmode)?;
    let tls_versions = judge_tls_versions(settings)?;
    let sslcertmode = judge_sslcertmode(settings)?;
    let gssencmode = judge_gssencmode(settings)?;
    let target_session_attrs = enumerated(settings, Opt::TargetSessionAttrs)?;
    let scram_keys = (
        scram_key(settings, Opt::ScramClientKey, ScramSide::Client)?,
        scram_key(settings, Opt::ScramServerKey, ScramSide::Server)?,
    );
    let load_balance_hosts = enumerated(settings, Opt::LoadBalanceHosts)?;
    let protocol_versions = judge_protocol_versions(settings)?;
    let extensions = Extensions::read(settings)?;
    if settings.get(Opt::ClientEncoding) == Some(b"auto") {
        let encoding = encoding_of_locale(env);
        settings.set(Opt::ClientEncoding, encoding.as_bytes(), Source::Derived)?;
    }
    Ok(Judged {
        require_auth,
        channel_binding,
        sslmode,
        sslnegotiation,
        tls_versions,
        sslcertmode,
        gssencmode,
        target_session_attrs,
        scram_keys,
        load_balance_hosts,
        protocol_versions,
        extensions,
    })
}

fn fill_user_and_dbname(settings: &mut Settings, env: &dyn Env) -> Result<(), ConfigError> {
    if settings.get_nonempty(Opt::User).is_none() {
        // A connection refused for the lack of a name shows none, not an empty one.
        settings.clear(Opt::User);
        settings.set(Opt::User, &env.os_user_name()?, Source::OsUser)?;
    }
    if settings.get_nonempty(Opt::Dbname).is_none() {
        let user = copy(settings.get(Opt::User).unwrap_or_default())?;
        settings.set(Opt::Dbname, &user, Source::Derived)?;
    }
    Ok(())
}

/// Looks a password up for each host, unless one was given.
fn find_passwords(
    settings: &mut Settings,
    hosts: &mut [HostSpec],
    env: &dyn Env,
) -> Result<(), ConfigError> {
    if settings.get_nonempty(Opt::Password).is_some()
        || env
            .policy()
            .is_some_and(|policy| policy.password_file == FilePolicy::Never)
    {
        return Ok(());
    }
    if settings.get_nonempty(Opt::Passfile).is_none()
        && let Some(mut path) = env.home_dir()
    {
        append(&mut path, b"/.pgpass")?;
        settings.set(Opt::Passfile, &path, Source::Derived)?;
    }
    let Some(path) = settings.get_nonempty(Opt::Passfile) else {
        return Ok(());
    };
    for host in hosts {
        let port = match host.port_text.is_empty() {
            true => DEFAULT_PORT.as_bytes(),
            false => &host.port_text,
        };
        let wanted = passfile::Wanted {
            host: passfile::host_to_match(&host.host, &host.hostaddr),
            port,
            dbname: settings.get(Opt::Dbname).unwrap_or_default(),
            user: settings.get(Opt::User).unwrap_or_default(),
        };
        host.password = passfile::lookup(path, &wanted, env)?;
    }
    Ok(())
}

/// The meaning of an enumerated option, its default filled in where it has no value.
fn enumerated<T: Enumerated>(settings: &mut Settings, option: Opt) -> Result<T, ConfigError> {
    if settings.get(option).is_none() {
        settings.set_compiled(option);
    }
    T::read(option, settings.get(option).unwrap_or_default())
}

fn needs_tls(settings: &Settings, option: Opt) -> ConfigError {
    error_with(settings.get(option).unwrap_or_default(), |value| {
        ConfigError::NeedsTls { option, value }
    })
}

fn judge_sslmode(settings: &mut Settings) -> Result<SslMode, ConfigError> {
    let sslmode = enumerated::<SslMode>(settings, Opt::Sslmode)?;
    match !HAS_TLS && sslmode >= SslMode::Require {
        true => Err(needs_tls(settings, Opt::Sslmode)),
        false => Ok(sslmode),
    }
}

fn judge_sslnegotiation(
    settings: &mut Settings,
    sslmode: SslMode,
) -> Result<SslNegotiation, ConfigError> {
    let negotiation = enumerated::<SslNegotiation>(settings, Opt::Sslnegotiation)?;
    if negotiation == SslNegotiation::Direct {
        if !HAS_TLS {
            return Err(needs_tls(settings, Opt::Sslnegotiation));
        }
        if sslmode < SslMode::Require {
            let sslmode = settings.get(Opt::Sslmode).unwrap_or_default();
            return Err(error_with(sslmode, |sslmode| {
                ConfigError::WeakSslModeForDirect { sslmode }
            }));
        }
    }
    Ok(negotiation)
}

fn judge_system_roots(settings: &Settings, sslmode: SslMode) -> Result<(), ConfigError> {
    if settings.get(Opt::Sslrootcert) != Some(b"system") {
        return Ok(());
    }
    if !HAS_TLS {
        return Err(needs_tls(settings, Opt::Sslrootcert));
    }
    match sslmode {
        SslMode::VerifyFull => Ok(()),
        _ => Err(error_with(
            settings.get(Opt::Sslmode).unwrap_or_default(),
            |sslmode| ConfigError::WeakSslModeForSystemRoots { sslmode },
        )),
    }
}

fn judge_tls_versions(
    settings: &Settings,
) -> Result<(Option<TlsVersion>, Option<TlsVersion>), ConfigError> {
    let read = |option| TlsVersion::read(option, settings.get(option).unwrap_or_default());
    let min = read(Opt::SslMinProtocolVersion)?;
    let max = read(Opt::SslMaxProtocolVersion)?;
    match (min, max) {
        (Some(min), Some(max)) if min > max => Err(ConfigError::TlsVersionRange),
        range => Ok(range),
    }
}

fn judge_sslcertmode(settings: &mut Settings) -> Result<SslCertMode, ConfigError> {
    let mode = enumerated::<SslCertMode>(settings, Opt::Sslcertmode)?;
    match !HAS_TLS && mode == SslCertMode::Require {
        true => Err(needs_tls(settings, Opt::Sslcertmode)),
        false => Ok(mode),
    }
}

fn judge_gssencmode(settings: &mut Settings) -> Result<GssEncMode, ConfigError> {
    let mode = enumerated::<GssEncMode>(settings, Opt::Gssencmode)?;
    match !HAS_GSSAPI && mode == GssEncMode::Require {
        true => {
            let value = settings.get(Opt::Gssencmode).unwrap_or_default();
            Err(error_with(value, |value| ConfigError::NeedsGssapi {
                value,
            }))
        }
        false => Ok(mode),
    }
}

fn scram_key(
    settings: &Settings,
    option: Opt,
    side: ScramSide,
) -> Result<Option<ScramKey>, ConfigError> {
    settings
        .get(option)
        .map(|value| read_scram_key(value, side))
        .transpose()
}

/// The versions of `min_protocol_version` and `max_protocol_version`. Behaviour 115.
fn judge_protocol_versions(
    settings: &Settings,
) -> Result<(ProtocolVersion, ProtocolVersion), ConfigError> {
    let read = |option| {
        settings
            .get(option)
            .map(|value| ProtocolVersion::read(option, value))
            .transpose()
    };
    let min = read(Opt::MinProtocolVersion)?.unwrap_or(ProtocolVersion::V3_0);
    // Without a maximum: the oldest that is new enough, for servers and proxies that cannot negotiate.
    let max = read(Opt::MaxProtocolVersion)?.unwrap_or(min);
    match min > max {
        true => Err(ConfigError::ProtocolVersionRange),
        false => Ok((min, max)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::env::fake::FakeEnv;
    use super::super::hosts::HostKind;
    use super::*;

    fn plan(conninfo: &str, env: &FakeEnv) -> Result<ConnectPlan, String> {
        let settings = Settings::from_conninfo(conninfo.as_bytes(), env).unwrap();
        ConnectPlan::new(settings, env).map_err(|rejected| {
            let mut text = Vec::new();
            rejected.error.write_text(&mut text);
            String::from_utf8(text).unwrap()
        })
    }

    fn refusal(conninfo: &str) -> String {
        plan(conninfo, &FakeEnv::new()).expect_err(conninfo)
    }

    fn startup(conninfo: &str, env: FakeEnv) -> String {
        let plan = plan(conninfo, &env).unwrap();
        let parameters = plan.startup_parameters(&env).unwrap();
        let pair = |(name, value): &StartupParameter<'_>| {
            format!("{name}={}", String::from_utf8_lossy(value))
        };
        parameters.iter().map(pair).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn startup_parameters_are_sent_when_not_empty() {
        // behaviour 120
        assert_eq!(startup("user=u", FakeEnv::new()), "user=u database=u");
        assert_eq!(
            startup(
                "client_encoding=UTF8 application_name=a options=x replication=true dbname=d user=u",
                FakeEnv::new()
            ),
            "user=u database=d replication=true options=x application_name=a client_encoding=UTF8"
        );
        assert_eq!(
            startup(
                "user=u replication='' client_encoding='' options=''",
                FakeEnv::new()
            ),
            "user=u database=u"
        );
    }

    #[test]
    fn physical_replication_is_what_the_server_reads_as_true() {
        let physical = |value: &str| {
            plan(&format!("user=u replication='{value}'"), &FakeEnv::new())
                .unwrap()
                .is_physical_replication()
        };
        for value in ["true", "T", "tr", "Yes", "y", "on", "ON", "1"] {
            assert!(physical(value), "{value}");
        }
        for value in [
            "database", "false", "off", "o", "", "0", "no", "truer", "11",
        ] {
            assert!(!physical(value), "{value}");
        }
    }

    #[test]
    fn fallback_application_name_is_used_where_none_is_given() {
        let fallback = "user=u fallback_application_name=f";
        assert_eq!(
            startup(fallback, FakeEnv::new()),
            "user=u database=u application_name=f"
        );
        assert_eq!(
            startup(&format!("{fallback} application_name=''"), FakeEnv::new()),
            "user=u database=u"
        );
        assert_eq!(
            startup(fallback, FakeEnv::new().var("PGAPPNAME", "")),
            "user=u database=u"
        );
    }

    #[test]
    fn session_variables_are_sent_unless_default() {
        // behaviour 121
        let env = FakeEnv::new()
            .var("PGDATESTYLE", "iso")
            .var("PGTZ", "")
            .var("PGGEQO", "DEFAULT");
        assert_eq!(
            startup("user=u", env),
            "user=u database=u datestyle=iso timezone="
        );
    }

    #[test]
    fn protocol_version_asked_for_follows_both_limits() {
        // behaviour 115
        for (conninfo, min, max) in [
            ("", ProtocolVersion::V3_0, ProtocolVersion::V3_0),
            (
                "min_protocol_version=3.2",
                ProtocolVersion::V3_2,
                ProtocolVersion::V3_2,
            ),
            (
                "max_protocol_version=latest",
                ProtocolVersion::V3_0,
                ProtocolVersion::V3_2,
            ),
        ] {
            let plan = plan(conninfo, &FakeEnv::new()).unwrap();
            assert_eq!(
                (plan.min_protocol_version, plan.max_protocol_version),
                (min, max),
                "{conninfo}"
            );
        }
    }

    #[test]
    fn a_missing_account_matters_only_without_a_user() {
        let mut env = FakeEnv::new();
        env.user = None;
        assert!(plan("user=u", &env).is_ok());
        assert_eq!(
            plan("user=''", &env).unwrap_err(),
            "local user with ID 7 does not exist"
        );
        let settings = Settings::from_conninfo(b"user=''", &env).unwrap();
        let rejected = ConnectPlan::new(settings, &env).unwrap_err();
        assert_eq!(rejected.settings.get(Opt::User), None);
    }

    #[test]
    fn each_host_has_its_own_password() {
        // behaviours 54, 61
        let env = FakeEnv::new().file("/home/osuser/.pgpass", 0o600, "/a:*:*:*:one\n");
        let plan_of = plan("host=/a,/b", &env).unwrap();
        assert_eq!(plan_of.password_for(&plan_of.hosts[0]), Some(&b"one"[..]));
        assert_eq!(plan_of.password_for(&plan_of.hosts[1]), None);
        assert_eq!(plan_of.hosts[1].kind, HostKind::Unix);
        assert_eq!(
            plan_of.settings().get(Opt::Passfile),
            Some(&b"/home/osuser/.pgpass"[..])
        );

        let given = plan("host=/a password=p", &env).unwrap();
        assert_eq!(given.password_for(&given.hosts[0]), Some(&b"p"[..]));
        assert_eq!(given.settings().get(Opt::Passfile), None);
    }

    #[test]
    fn scram_keys_are_decoded() {
        // behaviour 133
        let key = "A".repeat(43) + "=";
        let plan = plan(&format!("scram_client_key={key}"), &FakeEnv::new()).unwrap();
        assert_eq!(
            plan.scram_client_key.as_ref().map(|key| **key),
            Some([0; SCRAM_KEY_LEN])
        );
        assert!(plan.scram_server_key.is_none());
        assert_eq!(
            refusal("scram_client_key=''"),
            "invalid SCRAM client key length: 0"
        );
        assert_eq!(refusal("scram_server_key=x"), "invalid SCRAM server key");
    }

    #[test]
    fn encryption_this_build_has_not_is_refused_by_name() {
        let asked = [
            (
                "sslmode=require",
                HAS_TLS,
                "sslmode value \"require\" invalid when SSL support is not compiled in",
            ),
            (
                "sslmode=verify-full",
                HAS_TLS,
                "sslmode value \"verify-full\" invalid when SSL support is not compiled in",
            ),
            (
                "sslcertmode=require",
                HAS_TLS,
                "sslcertmode value \"require\" invalid when SSL support is not compiled in",
            ),
            (
                "gssencmode=require",
                HAS_GSSAPI,
                "gssencmode value \"require\" invalid when GSSAPI support is not compiled in",
            ),
        ];
        for (conninfo, built_in, text) in asked {
            match plan(conninfo, &FakeEnv::new()) {
                Ok(_) => assert!(built_in, "{conninfo}"),
                Err(refused) => assert_eq!((built_in, refused.as_str()), (false, text)),
            }
        }
        let direct = match HAS_TLS {
            true => {
                "weak sslmode \"allow\" may not be used with sslnegotiation=direct (use \"require\", \"verify-ca\", or \"verify-full\")"
            }
            false => "sslnegotiation value \"direct\" invalid when SSL support is not compiled in",
        };
        assert_eq!(refusal("sslnegotiation=direct sslmode=allow"), direct);
        let system = match HAS_TLS {
            true => {
                "weak sslmode \"allow\" may not be used with sslrootcert=system (use \"verify-full\")"
            }
            false => "sslrootcert value \"system\" invalid when SSL support is not compiled in",
        };
        assert_eq!(refusal("sslrootcert=system sslmode=allow"), system);
    }

    #[test]
    fn weaker_wishes_than_this_build_can_fulfil_are_accepted() {
        for conninfo in [
            "sslmode=prefer",
            "sslmode=allow",
            "gssencmode=prefer",
            "channel_binding=require",
            "sslcertmode=allow",
        ] {
            assert!(plan(conninfo, &FakeEnv::new()).is_ok(), "{conninfo}");
        }
        let plan = plan("", &FakeEnv::new()).unwrap();
        assert_eq!(plan.sslmode == SslMode::Prefer, HAS_TLS);
        assert_eq!(plan.sslcertmode == SslCertMode::Allow, HAS_TLS);
        assert_eq!(plan.channel_binding == ChannelBinding::Prefer, HAS_TLS);
        assert_eq!(plan.gssencmode == GssEncMode::Prefer, HAS_GSSAPI);
    }
}
