//! Service files (libpq manual, "The Connection Service File").
//!
//! An INI-like file: the section that bears the service's name holds `keyword=value` lines. No quoting, no white
//! space around the `=`. LDAP lines are not supported: they are refused as libpq without LDAP refuses them.

use super::build::SYSCONFDIR;
use super::env::{Env, LineEnd, read_line};
use super::error::ConfigError;
use super::options::Opt;
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

    // A file the user names must be there; the one in the home directory may be missing.
    let user_file = match env.var("PGSERVICEFILE") {
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
    let mut buffer = Vec::new();
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
    if opt == Opt::Service {
        return Err(error_with(path, |path| ConfigError::ServiceNested {
            path,
            line: line_number,
        }));
    }
    if settings.get(opt).is_none() {
        settings.set(opt, copy(value)?, Source::ServiceFile);
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
