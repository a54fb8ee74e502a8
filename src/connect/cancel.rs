//! Cancel requests: the one over a connection of its own, and the one from a signal handler.
//!
//! The first is [`super::connector::Connector::for_cancel`], driven like any connect. The second is made here, while there
//! is time, and sent by [`SignalCancel::send`] (behaviours 276, 277).

use zeroize::Zeroizing;

use crate::net::signal_cancel::SignalCancel;
use crate::protocol::frontend;

use super::connector::Connector;
use super::dial;

impl Connector {
    /// A request that may be sent from a signal handler, to where this connector has connected. `None` where it has not,
    /// or memory is out.
    pub fn signal_cancel(&self, process_id: i32, key: Option<&[u8]>) -> Option<SignalCancel> {
        let address = self.address()?.clone();
        let packet = match key {
            None => None,
            Some(key) => {
                let mut packet = Zeroizing::new(Vec::new());
                frontend::cancel_request(&mut packet, process_id, key).ok()?;
                Some(packet)
            }
        };
        let options = match address.is_unix() {
            true => Vec::new(),
            false => dial::tcp_options(self.plan())
                .collect::<Result<Vec<_>, _>>()
                .ok()?,
        };
        Some(SignalCancel::new(address, &options, packet))
    }
}
