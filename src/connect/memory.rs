//! What was learnt about hosts lately, so that one that is down does not cost every connection (`host_recheck_s`).
//!
//! A memory is shared by the connections of a context. It only ever changes the order in which hosts are tried: none is left
//! out. Its lock is never waited for: a child of fork() may have inherited it locked, and then nothing is remembered.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::config::{HostSpec, TargetSessionAttrs};

/// Hosts that are remembered at most; beyond that what is oldest is forgotten.
const HOSTS_MAX: usize = 1024;

/// What a host was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It could not be reached, or does not take anybody.
    Down,
    /// A server that is a primary.
    Primary,
    /// A standby.
    Standby,
    /// A server, and no more is known.
    Up,
}

/// See the module's text.
#[derive(Debug, Default)]
pub struct HostMemory {
    hosts: Mutex<HashMap<Vec<u8>, (Found, Instant)>>,
}

impl HostMemory {
    /// Notes what a host was found to be.
    pub fn note(&self, host: &HostSpec, found: Found, now: Instant) {
        let Ok(mut hosts) = self.hosts.try_lock() else {
            return;
        };
        let key = key(host);
        if hosts.len() >= HOSTS_MAX && !hosts.contains_key(&key) {
            let oldest = hosts.iter().min_by_key(|(_, (_, at))| *at);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                hosts.remove(&oldest);
            }
        }
        hosts.insert(key, (found, now));
    }

    /// Where a host belongs in the order: 0 in its place, 1 behind those, for it was not what is wanted, 2 last, for it was
    /// down. What is older than `recheck` is forgotten.
    pub fn rank(
        &self,
        host: &HostSpec,
        wanted: TargetSessionAttrs,
        recheck: Duration,
        now: Instant,
    ) -> u8 {
        use TargetSessionAttrs as T;
        let Ok(hosts) = self.hosts.try_lock() else {
            return 0;
        };
        let Some(&(found, at)) = hosts.get(&key(host)) else {
            return 0;
        };
        if now.saturating_duration_since(at) >= recheck {
            return 0;
        }
        match (found, wanted) {
            (Found::Down, _) => 2,
            (Found::Primary, T::Standby | T::PreferStandby | T::ReadOnly)
            | (Found::Standby, T::Primary | T::ReadWrite) => 1,
            _ => 0,
        }
    }
}

/// Host and address as they were written, and the port: names of the same machine are told apart.
fn key(host: &HostSpec) -> Vec<u8> {
    [&host.host[..], &host.hostaddr, &host.port_text].join(&0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConnectPlan, RealEnv, Settings};
    use TargetSessionAttrs as T;

    fn host(conninfo: &str) -> HostSpec {
        let settings = Settings::from_conninfo(conninfo.as_bytes(), &RealEnv).unwrap();
        let plan = ConnectPlan::new(settings, &RealEnv).map_err(|r| r.error);
        plan.unwrap().hosts.remove(0)
    }

    #[test]
    fn what_was_learnt_decides_for_as_long_as_it_is_fresh() {
        let (memory, start) = (HostMemory::default(), Instant::now());
        let (a, b) = (host("host=a user=u"), host("host=a port=1 user=u"));
        let recheck = Duration::from_secs(5);
        let rank = |host, wanted, after| {
            memory.rank(host, wanted, recheck, start + Duration::from_secs(after))
        };
        assert_eq!(rank(&a, T::Any, 0), 0);
        memory.note(&a, Found::Down, start);
        assert_eq!((rank(&a, T::Any, 4), rank(&b, T::Any, 4)), (2, 0));
        assert_eq!(rank(&a, T::Any, 5), 0, "it has been forgotten");
        memory.note(&a, Found::Standby, start);
        assert_eq!((rank(&a, T::Any, 1), rank(&a, T::Primary, 1)), (0, 1));
        assert_eq!((rank(&a, T::Standby, 1), rank(&a, T::ReadWrite, 1)), (0, 1));
        memory.note(&a, Found::Primary, start);
        assert_eq!(
            (rank(&a, T::Primary, 1), rank(&a, T::PreferStandby, 1)),
            (0, 1)
        );
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let (memory, start) = (HostMemory::default(), Instant::now());
        let mut one = host("host=a user=u");
        for n in 0..HOSTS_MAX as u64 + 10 {
            one.port_text = n.to_string().into_bytes();
            memory.note(&one, Found::Down, start + Duration::from_micros(n));
        }
        assert_eq!(memory.hosts.lock().unwrap().len(), HOSTS_MAX);
        one.port_text = b"0".to_vec();
        assert_eq!(memory.rank(&one, T::Any, Duration::MAX, start), 0);
    }
}
