//! The options that are ours, judged and typed.
//!
//! They stand behind libpq's in the table (see [`super::options`]) and are judged after them, so that of several errors
//! libpq's own is told. What they do is the matter of the rooms that connect and wait.

use super::error::ConfigError;
use super::numbers::parse_int_option;
use super::options::Opt;
use super::settings::Settings;
use super::text::error_with;
use super::values::{Enumerated, HostProbe};

/// The extensions of a plan, each `None`, or its mildest value, where it was not given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// `connect_deadline_ms`: all attempts together, in milliseconds.
    pub connect_deadline_ms: Option<u32>,
    /// `connect_race_delay_ms`: head start of an address before the next is tried beside it, in milliseconds.
    pub connect_race_delay_ms: Option<u32>,
    /// `host_probe`: whether hosts are asked one after the other.
    pub host_probe: HostProbe,
    /// `host_recheck_s`: how long what was learnt about a host is remembered, in seconds.
    pub host_recheck_s: Option<u32>,
    /// `read_timeout_ms`: how long a blocking call waits for a silent server, in milliseconds.
    pub read_timeout_ms: Option<u32>,
}

impl Extensions {
    /// The extensions among `settings`, in the order of the table.
    pub(super) fn read(settings: &Settings) -> Result<Extensions, ConfigError> {
        Ok(Extensions {
            connect_deadline_ms: count(settings, Opt::ConnectDeadlineMs)?,
            connect_race_delay_ms: count(settings, Opt::ConnectRaceDelayMs)?,
            host_probe: match settings.get(Opt::HostProbe) {
                None => HostProbe::default(),
                Some(value) => HostProbe::read(Opt::HostProbe, value)?,
            },
            host_recheck_s: count(settings, Opt::HostRecheckS)?,
            read_timeout_ms: count(settings, Opt::ReadTimeoutMs)?,
        })
    }
}

/// The value of an option that is a number and not negative.
fn count(settings: &Settings, option: Opt) -> Result<Option<u32>, ConfigError> {
    let Some(value) = settings.get(option) else {
        return Ok(None);
    };
    match u32::try_from(parse_int_option(value, option)?) {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(error_with(value, |value| ConfigError::InvalidValue {
            option,
            value,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(conninfo: &str) -> Result<Extensions, String> {
        let settings = Settings::parse(conninfo.as_bytes()).unwrap();
        Extensions::read(&settings).map_err(|error| String::from_utf8(error.to_line()).unwrap())
    }

    #[test]
    fn none_is_on_unless_given() {
        let extensions = read("host=h").unwrap();
        assert_eq!(extensions, Extensions::default());
        assert_eq!(extensions.host_probe, HostProbe::Sequential);
        assert_eq!(
            read("host_probe=sequential").unwrap(),
            Extensions::default()
        );
    }

    #[test]
    fn values_are_typed() {
        assert_eq!(
            read(
                "connect_deadline_ms=0 connect_race_delay_ms=' 250 ' host_probe=parallel host_recheck_s=+5 \
                 read_timeout_ms=2147483647"
            ),
            Ok(Extensions {
                connect_deadline_ms: Some(0),
                connect_race_delay_ms: Some(250),
                host_probe: HostProbe::Parallel,
                host_recheck_s: Some(5),
                read_timeout_ms: Some(2_147_483_647),
            })
        );
    }

    #[test]
    fn other_values_are_refused_in_libpqs_words() {
        for keyword in [
            "connect_deadline_ms",
            "connect_race_delay_ms",
            "host_recheck_s",
            "read_timeout_ms",
        ] {
            for value in ["", "x", "1.5", "1s", "2147483648"] {
                assert_eq!(
                    read(&format!("{keyword}='{value}'")),
                    Err(format!(
                        "invalid integer value \"{value}\" for connection option \"{keyword}\"\n"
                    ))
                );
            }
            assert_eq!(
                read(&format!("{keyword}=-1")),
                Err(format!("invalid {keyword} value: \"-1\"\n"))
            );
        }
        for value in ["", "Parallel", "1"] {
            assert_eq!(
                read(&format!("host_probe='{value}'")),
                Err(format!("invalid host_probe value: \"{value}\"\n"))
            );
        }
    }
}
