//! Which hosts and addresses are tried, in which order. No system calls; the addresses are handed in.

use crate::net::Address;

use super::chance::Shuffler;

/// The hosts of a plan in the order they are tried, and the addresses of the present one.
#[derive(Debug)]
pub struct Candidates {
    /// Indexes into the plan's hosts.
    order: Vec<usize>,
    /// The same, before what is known of the hosts has changed their order.
    given: Vec<usize>,
    /// Hosts of this pass that have been begun.
    begun: usize,
    /// The host begun last, or the first one before that.
    current: usize,
    addresses: Vec<Address>,
    /// Addresses of the present host that have been begun.
    addresses_begun: usize,
    /// A second pass over all hosts is still to come.
    second_pass_left: bool,
    in_second_pass: bool,
}

impl Candidates {
    /// `count` hosts; with a shuffler in its order, else as given. `two_passes` goes over all of them twice.
    pub fn new(count: usize, shuffler: Option<&mut Shuffler>, two_passes: bool) -> Candidates {
        let mut order: Vec<usize> = (0..count).collect();
        if let Some(shuffler) = shuffler {
            shuffler.shuffle(&mut order);
        }
        Candidates::with_order(order, two_passes)
    }

    /// One host only.
    pub fn only(host: usize) -> Candidates {
        Candidates::with_order(vec![host], false)
    }

    /// One host only, in this pass of two.
    pub fn only_in_pass(host: usize, is_second: bool) -> Candidates {
        let mut this = Candidates::only(host);
        this.in_second_pass = is_second;
        this
    }

    /// The hosts, in the order they are tried.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Puts hosts of a higher rank behind those of a lower; else their order stays. Before the first is begun.
    pub fn sort_by_rank(&mut self, mut rank: impl FnMut(usize) -> u8) {
        self.order.clone_from(&self.given);
        self.order.sort_by_key(|&host| rank(host));
        self.current = self.order.first().copied().unwrap_or(0);
    }

    /// This host was the one, at this address.
    pub fn settle(&mut self, host: usize, address: Option<Address>) {
        self.current = host;
        self.addresses = Vec::from_iter(address);
        self.addresses_begun = self.addresses.len();
    }

    fn with_order(order: Vec<usize>, two_passes: bool) -> Candidates {
        Candidates {
            current: order.first().copied().unwrap_or(0),
            given: order.clone(),
            order,
            begun: 0,
            addresses: Vec::new(),
            addresses_begun: 0,
            second_pass_left: two_passes,
            in_second_pass: false,
        }
    }

    /// Begins anew with the first host, in the same order (behaviour 114).
    pub fn restart(&mut self) {
        self.second_pass_left |= self.in_second_pass;
        self.in_second_pass = false;
        self.begun = 0;
        self.current = self.order.first().copied().unwrap_or(0);
        self.set_addresses(Vec::new());
    }

    /// The host begun last: an index into the plan's hosts.
    pub fn current(&self) -> usize {
        self.current
    }

    /// Whether this is the second pass, which takes any server (behaviour 112).
    pub fn in_second_pass(&self) -> bool {
        self.in_second_pass
    }

    /// Goes to the next host.
    pub fn next_host(&mut self) -> Option<usize> {
        if self.begun == self.order.len() && self.second_pass_left {
            self.second_pass_left = false;
            self.in_second_pass = true;
            self.begun = 0;
        }
        let host = *self.order.get(self.begun)?;
        self.begun += 1;
        self.current = host;
        self.set_addresses(Vec::new());
        Some(host)
    }

    /// The addresses of the present host.
    pub fn set_addresses(&mut self, addresses: Vec<Address>) {
        self.addresses = addresses;
        self.addresses_begun = 0;
    }

    /// Goes to the next address of the present host.
    pub fn next_address(&mut self) -> Option<&Address> {
        let address = self.addresses.get(self.addresses_begun)?;
        self.addresses_begun += 1;
        Some(address)
    }

    /// The address begun last.
    pub fn current_address(&self) -> Option<&Address> {
        self.addresses.get(self.addresses_begun.checked_sub(1)?)
    }

    /// Whether this pass has another address or host.
    pub fn has_more(&self) -> bool {
        self.addresses_begun < self.addresses.len() || self.begun < self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(candidates: &mut Candidates) -> Vec<usize> {
        std::iter::from_fn(|| candidates.next_host()).collect()
    }

    #[test]
    fn behaviour_112_two_passes_and_behaviour_114_restart() {
        let mut candidates = Candidates::new(2, None, true);
        assert_eq!(hosts(&mut candidates), [0, 1, 0, 1]);
        assert!(candidates.in_second_pass());
        candidates.restart();
        assert!(!candidates.in_second_pass());
        assert_eq!(hosts(&mut candidates), [0, 1, 0, 1]);
    }

    #[test]
    fn behaviour_113_the_order_is_shuffled_once() {
        let mut shuffled = Candidates::new(20, Some(&mut Shuffler::new(1)), false);
        let first = hosts(&mut shuffled);
        assert_ne!(first, (0..20).collect::<Vec<_>>());
        shuffled.restart();
        assert_eq!(hosts(&mut shuffled), first);
    }

    #[test]
    fn behaviour_71_all_addresses_come_before_the_next_host() {
        let mut candidates = Candidates::new(2, None, false);
        candidates.next_host();
        let address = || Address::unix(b"/x").unwrap();
        candidates.set_addresses(vec![address(), address()]);
        assert!(candidates.next_address().is_some() && candidates.next_address().is_some());
        assert!(candidates.next_address().is_none());
        assert!(candidates.current_address().is_some());
        assert!(candidates.has_more());
        candidates.next_host();
        assert!(candidates.current_address().is_none());
        assert!(!candidates.has_more());
    }
}
