//! Service files (libpq manual, "The Connection Service File").
//!
//! An INI-like file: the section that bears the service's name holds `keyword=value` lines. No quoting, no white
//! space around the `=`. LDAP lines are not supported: they are refused as libpq without LDAP refuses them.

use zeroize::Zeroizing;

use super::build::SYSCONFDIR;
use super::env::{Env, LineEnd, read_line};
use super::error::ConfigError;
use super::options::Opt;
use super::policy::FilePolicy;
use super::settings::{Settings, Source};
use super::text::{append, copy, error_with, trim_end, trim_start};

/// Longest line that is read, its newline included, in bytes.
const MAX_LINE_BYTES: usize = 1022;

/// Adds to `settings` what the service they name, or `PGSERVICE` names, sets and they do not.
///
/// On an error the settings of the lines before it remain: `PQconndefaults` shows them.
pub(super) fn apply(settings: &mut Settings, env: &dyn Env) -> Result<(), ConfigError> {
    let service = match settings.get(Opt::Service) {
        Some(service) => copy(service)?,
        None => match env.var("PGSERVICE") {
            Some(service) => service,
            None => return Ok(()),
        },
    };

    let policy = env.policy().map(|policy| &policy.service_file);
    if policy == Some(&FilePolicy::Never) {
        return match settings.get(Opt::Service) {
            // Who asks for a service is not to connect without it.
            Some(_) => Err(ConfigError::ServiceNotFound { service }),
            None => Ok(()),
        };
    }

    // A file the user names must be there; the one in the home directory may be missing.
    let named = match settings.get(Opt::Servicefile) {
        Some(path) => Some(copy(path)?),
        None => match policy {
            Some(FilePolicy::Only(path)) => Some(copy(path)?),
            _ => env.var("PGSERVICEFILE"),
        },
    };
    let user_file = match named {
        Some(path) => Some(path),
        None => match env.home_dir() {
            Some(home) => {
                Some(join(&home, b".pg_service.conf")?).filter(|path| env.stat(path).is_some())
            }
            None => None,
        },
    };
    if let Some(path) = user_file
        && read_section(settings, &path, &service, env)?
    {
        return Ok(());
    }

    if matches!(policy, Some(FilePolicy::Only(_))) {
        return Err(ConfigError::ServiceNotFound { service });
    }
    let directory = env
        .var("PGSYSCONFDIR")
        .unwrap_or_else(|| SYSCONFDIR.as_bytes().to_vec());
    let path = join(&directory, b"pg_service.conf")?;
    if env.stat(&path).is_some() && read_section(settings, &path, &service, env)? {
        return Ok(());
    }
    Err(ConfigError::ServiceNotFound { service })
}

/// Reads the section `service` of the file at `path`; says whether there is one.
fn read_section(
    settings: &mut Settings,
    path: &[u8],
    service: &[u8],
    env: &dyn Env,
) -> Result<bool, ConfigError> {
    let Some(mut file) = env.open(path) else {
        return Err(error_with(path, |path| ConfigError::ServiceFileNotFound {
            path,
        }));
    };
    let mut found = false;
    let mut buffer = Zeroizing::new(Vec::new());
    buffer
        .try_reserve_exact(MAX_LINE_BYTES)
        .map_err(|_| ConfigError::OutOfMemory)?;
    let mut line_number = 0;
    loop {
        line_number += 1;
        match read_line(&mut *file, &mut buffer, MAX_LINE_BYTES)? {
            LineEnd::EndOfFile => return Ok(found),
            LineEnd::TooLong => {
                return Err(error_with(path, |path| ConfigError::ServiceLineTooLong {
                    path,
                    line: line_number,
                }));
            }
            LineEnd::Complete => {}
        }
        let line = trim_start(trim_end(before_nul(&buffer)));
        match line.split_first() {
            None | Some((b'#', _)) => {}
            Some((b'[', _)) if found => return Ok(true),
            // What follows the bracket is of no account.
            Some((b'[', header)) => {
                found = header
                    .strip_prefix(service)
                    .is_some_and(|rest| rest.first() == Some(&b']'));
            }
            Some(_) if found => add_setting(settings, line, path, line_number)?,
            Some(_) => {}
        }
    }
}

/// Adds one `keyword=value` line of the section, unless the option has a value.
fn add_setting(
    settings: &mut Settings,
    line: &[u8],
    path: &[u8],
    line_number: usize,
) -> Result<(), ConfigError> {
    let syntax = || {
        error_with(path, |path| ConfigError::ServiceSyntax {
            path,
            line: line_number,
        })
    };
    let equals = line.iter().position(|&b| b == b'=').ok_or_else(syntax)?;
    let (keyword, value) = line.split_at(equals);
    let value = value.get(1..).unwrap_or_default();
    let opt = Opt::from_keyword(keyword).ok_or_else(syntax)?;
    if matches!(opt, Opt::Service | Opt::Servicefile) {
        return Err(error_with(path, |path| ConfigError::ServiceNested {
            option: opt,
            path,
            line: line_number,
        }));
    }
    if settings.get(opt).is_none() {
        settings.set(opt, value, Source::ServiceFile)?;
    }
    Ok(())
}

/// C programs see a line only up to a NUL byte.
fn before_nul(line: &[u8]) -> &[u8] {
    line.split(|&b| b == 0).next().unwrap_or_default()
}

fn join(directory: &[u8], name: &[u8]) -> Result<Vec<u8>, ConfigError> {
    let mut path = copy(directory)?;
    append(&mut path, b"/")?;
    append(&mut path, name)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::super::env::fake::FakeEnv;
    use super::*;

    const HOME_FILE: &str = "/home/osuser/.pg_service.conf";

    /// The port the service `s` sets in a per-user file.
    fn port(file: &str) -> Result<Option<Vec<u8>>, ConfigError> {
        port_in(&FakeEnv::new().file(HOME_FILE, 0o600, file), b"service=s")
    }

    fn port_in(env: &FakeEnv, conninfo: &[u8]) -> Result<Option<Vec<u8>>, ConfigError> {
        let mut settings = Settings::parse(conninfo)?;
        apply(&mut settings, env)?;
        Ok(settings.get(Opt::Port).map(<[u8]>::to_vec))
    }

    fn found(port: &str) -> Result<Option<Vec<u8>>, ConfigError> {
        Ok(Some(port.into()))
    }

    #[test]
    fn the_first_section_of_the_name_counts_and_in_it_the_first_line() {
        // behaviours 48, 49, 52
        assert_eq!(
            port("#c\n\nport=9\n[t]\nport=8\n [s] x\n\tport=1 \nport=2\n[s]\nport=3"),
            found("1")
        );
        assert_eq!(port("[s]\n[s]\nport=3"), Ok(None));
    }

    #[test]
    fn only_the_chosen_section_is_validated() {
        // behaviours 47, 50, 51
        let syntax = |line| ConfigError::ServiceSyntax {
            path: HOME_FILE.into(),
            line,
        };
        assert_eq!(port("[t]\njunk\n[s]\nport=1"), found("1"));
        assert_eq!(port("[s]\nport=1\njunk"), Err(syntax(3)));
        assert_eq!(port("[s]\nport =1"), Err(syntax(2)));
        assert_eq!(port("[s]\nrequiressl=1"), Err(syntax(2)));
        let nested = |option| ConfigError::ServiceNested {
            option,
            path: HOME_FILE.into(),
            line: 2,
        };
        assert_eq!(port("[s]\nservice=t"), Err(nested(Opt::Service)));
        // behaviour 409
        let error = port("[s]\nservicefile=t").unwrap_err();
        assert_eq!(error, nested(Opt::Servicefile));
        assert_eq!(
            error.to_line(),
            b"nested \"servicefile\" specifications not supported in service file \"/home/osuser/.pg_service.conf\", line 2\n"
        );
    }

    #[test]
    fn ldap_lines_are_no_settings() {
        // behaviour 53, of a library without LDAP
        assert!(matches!(
            port("[s]\nldap://h/dc=x?a?one?(f)"),
            Err(ConfigError::ServiceSyntax { .. })
        ));
        assert!(matches!(
            port("[s]\nldap://h"),
            Err(ConfigError::ServiceSyntax { .. })
        ));
    }

    #[test]
    fn a_line_may_have_1022_bytes_with_its_newline() {
        let line = |length: usize, end: &str| format!("[s]\nport={}{end}", "1".repeat(length - 5));
        assert!(port(&line(1022, "")).is_ok() && port(&line(1021, "\n")).is_ok());
        for text in [line(1023, ""), line(1022, "\n"), line(5000, "\n")] {
            assert!(matches!(
                port(&text),
                Err(ConfigError::ServiceLineTooLong { line: 2, .. })
            ));
        }
    }

    #[test]
    fn the_system_file_is_read_where_the_users_has_no_such_section() {
        // behaviour 46
        let env = FakeEnv::new()
            .var("PGSYSCONFDIR", "/etc/pg")
            .file("/etc/pg/pg_service.conf", 0o644, "[s]\nport=7\n[t]\nport=8")
            .file(HOME_FILE, 0o600, "[t]\nport=1");
        assert_eq!(port_in(&env, b"service=s"), found("7"));
        assert_eq!(port_in(&env, b"service=t"), found("1"));
        assert_eq!(
            port_in(&env, b"service=''"),
            Err(ConfigError::ServiceNotFound {
                service: Vec::new()
            })
        );
    }

    #[test]
    fn the_option_names_the_users_file_before_the_environment_does() {
        // behaviour 409
        let env = FakeEnv::new()
            .var("PGSERVICEFILE", "/by_environment")
            .var("PGSYSCONFDIR", "/etc/pg")
            .file("/etc/pg/pg_service.conf", 0o644, "[t]\nport=8")
            .file("/by_option", 0o644, "[s]\nport=2")
            .file("/by_environment", 0o644, "[s]\nport=1");
        assert_eq!(port_in(&env, b"service=s"), found("1"));
        assert_eq!(
            port_in(&env, b"service=s servicefile=/by_option"),
            found("2")
        );
        assert_eq!(
            port_in(&env, b"service=t servicefile=/by_option"),
            found("8")
        );
        assert_eq!(port_in(&env, b"servicefile=/none"), Ok(None));
        for path in ["/none", ""] {
            let missing = ConfigError::ServiceFileNotFound { path: path.into() };
            let conninfo = format!("service=s servicefile='{path}'");
            assert_eq!(port_in(&env, conninfo.as_bytes()), Err(missing));
        }
    }

    #[test]
    fn a_file_named_by_the_environment_must_exist() {
        // behaviour 45
        for path in ["/none", ""] {
            let env =
                FakeEnv::new()
                    .var("PGSERVICEFILE", path)
                    .file(HOME_FILE, 0o600, "[s]\nport=1");
            let missing = ConfigError::ServiceFileNotFound { path: path.into() };
            assert_eq!(port_in(&env, b"service=s"), Err(missing));
        }
    }
}
