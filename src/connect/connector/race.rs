//! Several attempts side by side: addresses racing (`connect_race_delay_ms`), and hosts asked all at once
//! (`host_probe=parallel`).
//!
//! Each is a [`Connector`] of its own for one host, with a [`Link`] of its own: a *lane*. The machine they belong to drives
//! them, and what wakes it wakes for all of them.
//!
//! Racing (RFC 8305): a lane for the first host; one for the next address, or host, after the delay, or at once when a lane
//! has failed. A lane holds once its socket is connected, until it is *granted*: only one at a time talks to a server, so
//! no server sees more than one of them log in. If it fails, the next that holds is granted. A name's addresses are each a
//! lane, the families taking turns.
//!
//! Asking all: a lane for each host at once, all granted. The first server that is of the wanted kind is taken.
//!
//! If all fail, the error text has the attempts in the order of the hosts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::wants::Asking;
use super::{Connector, Go, Stage, say};
use crate::config::{HostProbe, TargetSessionAttrs};
use crate::connect::candidates::Candidates;
use crate::connect::error::ConnectError;
use crate::connect::link::Link;
use crate::connect::memory::Found;
use crate::connect::request::{Answer, Want};
use crate::connect::sasl::Forsaken;
use crate::connect::status::{ConnStatus, PollStatus};
use crate::net::composite::Interest;
use crate::net::{Address, Waker};

/// See the module's text.
pub(super) struct Race {
    waiting: VecDeque<Entry>,
    lanes: Vec<Lane>,
    /// Head start of each lane; `None`: they do not race, and all are granted.
    delay: Option<Duration>,
    /// When the next lane starts.
    next_start: Instant,
    /// The lane that talks to its server, of those that race.
    granted: Option<usize>,
    /// The lane that the application has been asked for.
    asking: Option<usize>,
    second_pass: bool,
    waker: Arc<Waker>,
    forsaken: Vec<Forsaken>,
}

impl Race {
    /// Answers nobody waits for any more.
    pub(super) fn forsaken(&mut self) -> &mut Vec<Forsaken> {
        &mut self.forsaken
    }

    /// Whether the application is to be asked, or told, something. Not while it is being asked: an answer has its lane.
    pub(super) fn has_news(&self) -> bool {
        let wants = |lane: &Lane| matches!(lane.machine.asking, Asking::Wanted(_));
        !self.forsaken.is_empty() || (self.asking.is_none() && self.lanes.iter().any(wants))
    }

    /// A child of fork() leaves its parent's sockets alone.
    pub(super) fn disown(&mut self) {
        for lane in &mut self.lanes {
            lane.link.check_owner();
        }
    }
}

/// A host, or one of its addresses, whose turn has not come.
struct Entry {
    host: usize,
    address: Option<Address>,
}

struct Lane {
    machine: Connector,
    link: Link,
    /// What it waits for.
    status: PollStatus,
    /// Place of its host in the order, which is that of the texts.
    place: usize,
    text: Vec<u8>,
}

impl Lane {
    fn is_running(&self) -> bool {
        matches!(self.status, PollStatus::Reading | PollStatus::Writing)
    }

    fn holds(&self) -> bool {
        self.is_running() && matches!(self.machine.stage, Stage::Held)
    }
}

impl Connector {
    /// Whether the plan wants several attempts side by side.
    pub(super) fn wants_race(&self) -> bool {
        let extensions = &self.plan.extensions;
        self.known_address.is_none()
            && (extensions.connect_race_delay_ms.is_some()
                || (extensions.host_probe == HostProbe::Parallel && self.plan.hosts.len() > 1))
    }

    /// Begins the race.
    pub(super) fn begin_race(&mut self, second_pass: bool, link: &mut Link) -> Go {
        let waker = match self.waker() {
            Ok(waker) => waker,
            Err(error) => {
                say(link, &ConnectError::Waker(crate::net::errno_of(&error)));
                return self.fail(link);
            }
        };
        let extensions = &self.plan.extensions;
        let delay = extensions.connect_race_delay_ms.map(u64::from);
        let entry = |&host: &usize| Entry {
            host,
            address: None,
        };
        self.race = Some(Box::new(Race {
            waiting: self.candidates.order().iter().map(entry).collect(),
            lanes: Vec::new(),
            delay: match extensions.host_probe {
                HostProbe::Parallel => None,
                HostProbe::Sequential => delay.map(Duration::from_millis),
            },
            next_start: Instant::now(),
            granted: None,
            asking: None,
            second_pass,
            waker,
            forsaken: Vec::new(),
        }));
        link.status = ConnStatus::Started;
        Go::On(Stage::Racing)
    }

    /// Drives all lanes as far as they go.
    pub(super) fn racing(&mut self, link: &mut Link) -> Go {
        let Some(mut race) = self.race.take() else {
            return self.fail(link);
        };
        if let Some(winner) = self.drive(&mut race) {
            return self.take_winner(*race, winner, link);
        }
        if race.waiting.is_empty() && !race.lanes.iter().any(Lane::is_running) {
            return self.race_failed(*race, link);
        }
        self.race = Some(race);
        Go::Wait(Stage::Racing, PollStatus::Reading)
    }

    /// The lane that is up, if there is one.
    fn drive(&mut self, race: &mut Race) -> Option<usize> {
        for index in 0..race.lanes.len() {
            if race.lanes[index].is_running() && self.advance_lane(race, index) {
                return Some(index);
            }
        }
        loop {
            let now = Instant::now();
            let is_idle = !race.lanes.iter().any(Lane::is_running);
            let to_grant = match (race.delay, race.granted) {
                (Some(_), None) => race.lanes.iter().position(Lane::holds),
                _ => None,
            };
            let index = if let Some(index) = to_grant {
                race.granted = Some(index);
                race.lanes[index].machine.grant();
                index
            } else if race.delay.is_none() || is_idle || race.next_start <= now {
                let entry = race.waiting.pop_front()?;
                race.next_start = now + race.delay.unwrap_or_default();
                self.start_lane(race, entry)
            } else {
                return None;
            };
            if self.advance_lane(race, index) {
                return Some(index);
            }
        }
    }

    fn start_lane(&self, race: &mut Race, entry: Entry) -> usize {
        let candidates = Candidates::only_in_pass(entry.host, race.second_pass);
        let mut machine = Connector::assemble(
            Arc::clone(&self.plan),
            super::Purpose::Session,
            candidates,
            self.shuffler.clone(),
            self.random,
        );
        machine.env = self.env.clone();
        machine.asks = self.asks;
        machine.set_sasl(self.sasl.set.clone());
        machine.key_cache = self.key_cache.clone();
        machine.shared_tls = self.shared_tls.clone();
        machine.memory = self.memory.clone();
        machine.known_address = entry.address.map(Box::new);
        machine.begin_as_lane(&self.waiting, &race.waker, race.delay.is_some());
        let mut link = Link::default();
        link.status = ConnStatus::Needed;
        let order = self.candidates.order();
        race.lanes.push(Lane {
            machine,
            link,
            status: PollStatus::Writing,
            place: order.iter().position(|&h| h == entry.host).unwrap_or(0),
            text: Vec::new(),
        });
        race.lanes.len() - 1
    }

    /// Takes steps in one lane; whether it is up.
    fn advance_lane(&mut self, race: &mut Race, index: usize) -> bool {
        let lane = &mut race.lanes[index];
        if matches!(lane.machine.asking, Asking::Wanted(_)) || race.asking == Some(index) {
            return false;
        }
        lane.status = lane.machine.advance_in_time(&mut lane.link);
        let (host, spare) = (
            lane.machine.candidates.current(),
            std::mem::take(&mut lane.machine.spare),
        );
        for address in spare.into_iter().rev() {
            race.waiting.push_front(Entry {
                host,
                address: Some(address),
            });
        }
        race.forsaken.append(&mut lane.machine.forsaken);
        match lane.status {
            PollStatus::Ok => return true,
            PollStatus::Failed | PollStatus::Active => {
                lane.text = lane.link.session.errors.text().to_vec();
                // Nobody outside has its descriptor.
                lane.link.drop_transport();
                if race.granted == Some(index) {
                    race.granted = None;
                }
                // Nothing is gained by waiting for more.
                race.next_start = Instant::now();
            }
            PollStatus::Reading | PollStatus::Writing => {}
        }
        false
    }

    fn take_winner(&mut self, mut race: Race, winner: usize, link: &mut Link) -> Go {
        let mut lane = race.lanes.swap_remove(winner);
        for loser in &mut race.lanes {
            if loser.is_running() {
                // It had a head start, and has not even connected.
                if race.delay.is_some_and(|delay| !delay.is_zero())
                    && loser.place < lane.place
                    && matches!(loser.machine.stage, Stage::Connecting | Stage::LookingUp(_))
                {
                    loser.machine.remember(Found::Down);
                }
                loser.machine.stand_down(&mut loser.link);
            }
            self.forsaken.extend(loser.machine.take_forsaken());
            self.merge_report(&mut loser.machine);
        }
        self.merge_report(&mut lane.machine);
        self.forsaken.append(&mut race.forsaken);
        link.take_place_of(lane.link);
        let machine = &mut lane.machine;
        self.candidates
            .settle(machine.candidates.current(), machine.address().cloned());
        self.hostaddr = std::mem::take(&mut machine.hostaddr);
        self.used_password = machine.used_password;
        self.password_given = machine.password_given;
        self.provided = machine.provided;
        self.negotiation = std::mem::take(&mut machine.negotiation);
        self.tls = machine.tls.take();
        self.impression = std::mem::take(&mut machine.impression);
        Go::On(Stage::Ended)
    }

    fn race_failed(&mut self, mut race: Race, link: &mut Link) -> Go {
        self.collect_texts(&mut race, link);
        let prefers = self.plan.target_session_attrs == TargetSessionAttrs::PreferStandby;
        if prefers && !race.second_pass {
            return self.begin_race(true, link);
        }
        self.fail(link)
    }

    fn collect_texts(&mut self, race: &mut Race, link: &mut Link) {
        race.lanes.sort_by_key(|lane| lane.place);
        for lane in &mut race.lanes {
            link.session
                .errors
                .append_with(|out| out.extend_from_slice(&lane.text));
            link.cause = lane.link.cause;
            lane.machine.forsake();
            self.forsaken.extend(lane.machine.take_forsaken());
            self.used_password |= lane.machine.used_password;
            self.merge_report(&mut lane.machine);
            if lane.machine.impression.ping() != super::Ping::NoResponse {
                self.impression = lane.machine.impression.clone();
            }
        }
        self.forsaken.append(&mut race.forsaken);
    }

    /// The time for all of them is over.
    pub(super) fn race_timed_out(&mut self, link: &mut Link) {
        let Some(mut race) = self.race.take() else {
            return;
        };
        for lane in race.lanes.iter_mut().filter(|lane| lane.is_running()) {
            lane.machine.time_out(&mut lane.link);
            lane.text = lane.link.session.errors.text().to_vec();
            lane.link.drop_transport();
        }
        self.collect_texts(&mut race, link);
    }

    /// What the race waits for.
    pub(super) fn race_interests(&mut self, interests: &mut Vec<Interest>) -> Option<Instant> {
        let race = self.race.as_mut()?;
        let mut deadline = match race.waiting.is_empty() {
            true => None,
            false => Some(race.next_start),
        };
        for lane in race.lanes.iter_mut().filter(|lane| lane.is_running()) {
            if lane.holds() {
                continue;
            }
            if lane.machine.is_waiting_for_socket(&lane.link) {
                interests.push(Interest {
                    fd: lane.machine.awaited(&lane.link),
                    read: lane.status == PollStatus::Reading,
                    write: lane.status == PollStatus::Writing,
                });
            }
            deadline = match (deadline, lane.machine.deadline()) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        deadline
    }

    /// What a lane wants of the application.
    pub(super) fn take_want_of_lane(&mut self) -> Option<Want> {
        let race = self.race.as_mut().filter(|race| race.asking.is_none())?;
        for (index, lane) in race.lanes.iter_mut().enumerate() {
            if let Some(want) = lane.machine.take_want() {
                race.asking = Some(index);
                return Some(want);
            }
        }
        None
    }

    /// Hands an answer to the lane it is for; gives it back when there is none.
    pub(super) fn answer_lane(&mut self, answer: Answer) -> Option<Answer> {
        let Some(race) = &mut self.race else {
            return Some(answer);
        };
        let Some(lane) = race.asking.take().and_then(|i| race.lanes.get_mut(i)) else {
            return Some(answer);
        };
        lane.machine.answer(answer);
        None
    }

    /// Goes on beyond the connected socket.
    fn grant(&mut self) {
        self.holds_back = false;
        self.periods += 1;
    }

    /// Ends an attempt that nobody wants any more, with a good-bye where the server has let us in.
    fn stand_down(&mut self, link: &mut Link) {
        self.forsake();
        let logged_in = matches!(
            link.status,
            ConnStatus::AuthOk
                | ConnStatus::CheckWritable
                | ConnStatus::CheckStandby
                | ConnStatus::Consume
        );
        if logged_in {
            super::say_good_bye(link);
        }
        link.drop_transport();
    }
}

/// The addresses of a name with the families taking turns, each in the order given (RFC 8305, section 4).
pub(super) fn interleave(addresses: Vec<Address>) -> Vec<Address> {
    let Some(first) = addresses.first().map(Address::is_ipv6) else {
        return addresses;
    };
    let (one, other): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|a| a.is_ipv6() == first);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut merged = Vec::new();
    loop {
        let before = merged.len();
        merged.extend(one.next());
        merged.extend(other.next());
        if merged.len() == before {
            return merged;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::lookup;

    #[test]
    fn families_take_turns() {
        let address = |text: &str| lookup::numeric(text.as_bytes(), 1).unwrap().remove(0);
        let shown = |texts: &[&str]| {
            let merged = interleave(texts.iter().map(|t| address(t)).collect());
            let texts = merged.iter().map(Address::numeric_text);
            String::from_utf8(texts.collect::<Vec<_>>().join(&b' ')).unwrap()
        };
        assert_eq!(
            shown(&["::1", "::2", "::3", "127.0.0.1", "127.0.0.2"]),
            "::1 127.0.0.1 ::2 127.0.0.2 ::3"
        );
        assert_eq!(shown(&["127.0.0.1", "::1"]), "127.0.0.1 ::1");
        assert_eq!(shown(&[]), "");
    }
}
