//! Cancel requests: the one over a connection of its own, and the one from a signal handler.
//!
//! The first is [`Connector::for_cancel`], driven like any connect. The second is made here, while there is time, and sent
//! by [`SignalCancel::send`] (behaviours 276, 277). Where the connection is encrypted the second is the first, driven by
//! another thread; libpq 18 sends it in plain text.

use zeroize::Zeroizing;

use crate::net::signal_cancel::SignalCancel;
use crate::protocol::frontend;

use super::connector::Connector;
use super::dial;

impl Connector {
    /// A request that may be sent from a signal handler, to where this connector has connected. `None` where it has not,
    /// or memory is out.
    pub fn signal_cancel(&self, process_id: i32, key: Option<&[u8]>) -> Option<SignalCancel> {
        let route = self.route()?;
        let address = route.address()?;
        let Some(key) = key else {
            return Some(SignalCancel::impossible());
        };
        #[cfg(feature = "tls")]
        if route.is_encrypted() {
            return Some(encrypted::request(route, process_id, key));
        }
        let mut packet = Zeroizing::new(Vec::new());
        frontend::cancel_request(&mut packet, process_id, key).ok()?;
        let options = match address.is_unix() {
            true => Vec::new(),
            false => dial::tcp_options(route.plan())
                .collect::<Result<Vec<_>, _>>()
                .ok()?,
        };
        Some(SignalCancel::plain(address.clone(), &options, packet))
    }
}

/// The request that is encrypted, as an errand of another thread.
#[cfg(feature = "tls")]
mod encrypted {
    use std::time::{Duration, Instant};

    use zeroize::Zeroizing;

    use crate::config::{Opt, parse_int_option};
    use crate::connect::connector::{Mode, Route};
    use crate::connect::link::Link;
    use crate::connect::status::{ConnStatus, PollStatus};
    use crate::net::signal_cancel::{Course, Errand, SignalCancel};
    use crate::net::{self, NetError};

    /// What a request without `connect_timeout` has.
    const PATIENCE: Duration = Duration::from_secs(60);

    struct Request {
        route: Route,
        process_id: i32,
        key: Zeroizing<Vec<u8>>,
    }

    pub(super) fn request(route: Route, process_id: i32, key: &[u8]) -> SignalCancel {
        let plan = route.plan();
        let seconds = plan
            .settings()
            .get(Opt::ConnectTimeout)
            .and_then(|text| parse_int_option(text, Opt::ConnectTimeout).ok())
            .and_then(|seconds| u64::try_from(seconds).ok());
        let deadline_ms = plan.extensions.connect_deadline_ms.map(u64::from);
        let limits = [
            seconds.map(Duration::from_secs),
            deadline_ms.map(Duration::from_millis),
        ];
        let limits = limits.into_iter().flatten().filter(|time| !time.is_zero());
        let patience = limits.min().unwrap_or(PATIENCE);
        let request = Request {
            route,
            process_id,
            key: Zeroizing::new(key.to_vec()),
        };
        SignalCancel::by_helper(Box::new(request), patience)
    }

    impl Errand for Request {
        fn run(&self, course: &Course) -> Result<(), Vec<u8>> {
            let route = self.route.clone();
            let mut connector = route.for_cancel(self.process_id, self.key.clone());
            let mut link = Link::default();
            connector.start(&mut link, Mode::Blocking);
            let mut next = match link.status {
                ConnStatus::Bad => PollStatus::Failed,
                _ => PollStatus::Writing,
            };
            loop {
                let reading = match next {
                    PollStatus::Ok => return Ok(()),
                    PollStatus::Reading => true,
                    PollStatus::Writing => false,
                    PollStatus::Failed | PollStatus::Active => {
                        return Err(link.session.errors.text().to_vec());
                    }
                };
                course.waits();
                let descriptor = connector.descriptor(&link);
                let ready = net::wait(descriptor, reading, !reading, Some(course.end()));
                // Another query may be under way by now.
                if !course.goes_on() {
                    return Err(Vec::new());
                }
                match ready {
                    // Also what is ready too late.
                    Ok(_) if Instant::now() >= course.end() => connector.time_out(&mut link),
                    Ok(_) => {}
                    Err(error) => {
                        let mut text = Vec::new();
                        NetError::Polling(error).write_text(&mut text);
                        text.push(b'\n');
                        return Err(text);
                    }
                }
                next = connector.poll(&mut link);
            }
        }
    }
}
