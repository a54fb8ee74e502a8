//! `target_session_attrs`: whether the server we got into is of the kind that is wanted (behaviours 109-112).

use crate::config::TargetSessionAttrs;
use crate::protocol::result::QueryResult;
use crate::protocol::session::Facts;
use crate::protocol::types::ExecStatus;

use super::error::ConnectError;
use super::status::ConnStatus;

/// Servers older than this have no standbys one can connect to.
const FIRST_WITH_STANDBYS: i32 = 90_000;

/// What is asked of a server that has not reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// Whether the session can write.
    ReadOnly,
    /// Whether the server is in recovery.
    Recovery,
}

/// What to do about a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Take it.
    Accept,
    /// Try the next host.
    Refuse(ConnectError),
    /// Ask first.
    Ask(Probe),
}

impl Probe {
    /// The query.
    pub fn query(self) -> &'static [u8] {
        match self {
            Probe::ReadOnly => b"SHOW transaction_read_only",
            Probe::Recovery => b"SELECT pg_catalog.pg_is_in_recovery()",
        }
    }

    /// The status while its answer is awaited.
    pub fn status(self) -> ConnStatus {
        match self {
            Probe::ReadOnly => ConnStatus::CheckWritable,
            Probe::Recovery => ConnStatus::CheckStandby,
        }
    }

    /// The verdict when there is no answer.
    pub fn no_answer(self) -> Verdict {
        Verdict::Refuse(ConnectError::ProbeFailed(match self {
            Probe::ReadOnly => "SHOW transaction_read_only",
            Probe::Recovery => "SELECT pg_is_in_recovery()",
        }))
    }

    /// The verdict on its answer.
    pub fn judge(self, wanted: TargetSessionAttrs, answer: &QueryResult) -> Verdict {
        let value = match answer.status == ExecStatus::TuplesOk && answer.rows.rows() == 1 {
            true => answer.rows.value(0, 0),
            false => None,
        };
        let Some(value) = value else {
            return self.no_answer();
        };
        match self {
            Probe::ReadOnly => judge_read_only(wanted, value.starts_with(b"on")),
            Probe::Recovery => judge_standby(wanted, value.starts_with(b"t")),
        }
    }
}

/// The verdict by what the server has reported.
pub(super) fn judge(wanted: TargetSessionAttrs, facts: &Facts) -> Verdict {
    use TargetSessionAttrs::*;
    match wanted {
        Any => Verdict::Accept,
        ReadWrite | ReadOnly => match (facts.default_transaction_read_only, facts.in_hot_standby) {
            (Some(read_only), Some(standby)) => judge_read_only(wanted, read_only || standby),
            _ => Verdict::Ask(Probe::ReadOnly),
        },
        Primary | Standby | PreferStandby => match facts.in_hot_standby {
            _ if facts.server_version < FIRST_WITH_STANDBYS => judge_standby(wanted, false),
            Some(standby) => judge_standby(wanted, standby),
            None => Verdict::Ask(Probe::Recovery),
        },
    }
}

fn judge_read_only(wanted: TargetSessionAttrs, read_only: bool) -> Verdict {
    match (wanted, read_only) {
        (TargetSessionAttrs::ReadWrite, true) => Verdict::Refuse(ConnectError::SessionReadOnly),
        (TargetSessionAttrs::ReadOnly, false) => Verdict::Refuse(ConnectError::SessionNotReadOnly),
        _ => Verdict::Accept,
    }
}

fn judge_standby(wanted: TargetSessionAttrs, standby: bool) -> Verdict {
    match (wanted, standby) {
        (TargetSessionAttrs::Primary, true) => Verdict::Refuse(ConnectError::HotStandby),
        (TargetSessionAttrs::Standby | TargetSessionAttrs::PreferStandby, false) => {
            Verdict::Refuse(ConnectError::NotHotStandby)
        }
        _ => Verdict::Accept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviours_109_and_110_reported_facts_decide_or_a_query_is_needed() {
        use TargetSessionAttrs::*;
        let mut facts = Facts::default();
        assert_eq!(judge(Any, &facts), Verdict::Accept);
        assert_eq!(judge(ReadWrite, &facts), Verdict::Ask(Probe::ReadOnly));
        assert_eq!(
            judge(Primary, &facts),
            Verdict::Accept,
            "a server without a version is an old one"
        );
        facts.server_version = 90_000;
        assert_eq!(judge(Primary, &facts), Verdict::Ask(Probe::Recovery));
        facts.in_hot_standby = Some(true);
        assert_eq!(
            judge(ReadWrite, &facts),
            Verdict::Ask(Probe::ReadOnly),
            "both reports are needed"
        );
        assert_eq!(
            judge(Primary, &facts),
            Verdict::Refuse(ConnectError::HotStandby)
        );
        assert_eq!(judge(PreferStandby, &facts), Verdict::Accept);
        facts.default_transaction_read_only = Some(false);
        assert_eq!(
            judge(ReadWrite, &facts),
            Verdict::Refuse(ConnectError::SessionReadOnly)
        );
        assert_eq!(judge(ReadOnly, &facts), Verdict::Accept);
    }
}
