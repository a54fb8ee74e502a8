//! The part of an attempt after ReadyForQuery: whether the server is of the kind that is wanted.

use super::{Connector, Go, Stage, refuse_server, wait_after_flush};
use crate::config::TargetSessionAttrs;
use crate::connect::link::Link;
use crate::connect::report::Phase;
use crate::connect::status::ConnStatus;
use crate::connect::target::{self, Probe, Verdict};
use crate::protocol::session::NextResult;

impl Connector {
    pub(super) fn check_target(&mut self, link: &mut Link) -> Go {
        let verdict = match self.wanted() {
            TargetSessionAttrs::Any => Verdict::Accept,
            wanted => target::judge(wanted, &link.session.facts),
        };
        match verdict {
            Verdict::Accept => self.succeed(link),
            Verdict::Refuse(error) => {
                self.remember_refused(&error);
                refuse_server(&error, link)
            }
            Verdict::Ask(probe) => {
                if let Err(error) = link.session.send_query(probe.query()) {
                    link.session.errors.push_with(|out| error.write_text(out));
                    return self.fail(link);
                }
                self.record(Phase::RoleCheck);
                link.status = probe.status();
                wait_after_flush(link, Stage::Probing(probe))
            }
        }
    }

    /// What kind of server is wanted in this pass.
    pub(super) fn wanted(&self) -> TargetSessionAttrs {
        match self.candidates.in_second_pass() {
            true => TargetSessionAttrs::Any,
            false => self.plan.target_session_attrs,
        }
    }

    pub(super) fn probing(&mut self, probe: Probe, link: &mut Link) -> Go {
        loop {
            let answer = match link.session.next_result() {
                NextResult::Pending => match self.read(link, Stage::Probing(probe)) {
                    Some(go) => return go,
                    None => continue,
                },
                NextResult::None => None,
                NextResult::Ready(answer) => Some(answer),
            };
            if link.session.is_lost() {
                link.drop_transport();
                return self.fail(link);
            }
            let verdict = match &answer {
                Some(answer) => probe.judge(self.wanted(), answer),
                None => probe.no_answer(),
            };
            self.record_role(probe, &verdict);
            link.session.fetched.extend(answer);
            return match verdict {
                Verdict::Refuse(error) => {
                    self.remember_refused(&error);
                    refuse_server(&error, link)
                }
                Verdict::Accept | Verdict::Ask(_) => {
                    link.status = ConnStatus::Consume;
                    Go::On(Stage::Consume)
                }
            };
        }
    }

    pub(super) fn consume(&mut self, link: &mut Link) -> Go {
        loop {
            match link.session.next_result() {
                NextResult::Pending => {
                    if let Some(go) = self.read(link, Stage::Consume) {
                        return go;
                    }
                }
                NextResult::None => return self.succeed(link),
                NextResult::Ready(_) if link.session.is_lost() => {
                    link.drop_transport();
                    return self.fail(link);
                }
                NextResult::Ready(result) => link.session.fetched.push(result),
            }
        }
    }
}
