//! How connecting went, for those who ask.

use super::Connection;
use super::connecting::Origin;
use crate::connect::report::{OptionUsed, Report};

impl Connection {
    /// What was tried since the last start of connecting, and how it went; `None` where nothing could be tried.
    pub fn connect_report(&self) -> Option<&Report> {
        match &self.origin {
            Origin::Rejected { .. } => None,
            Origin::Planned(connector) => Some(connector.report()),
        }
    }

    /// The options that have a value, and where it came from; secrets are masked.
    pub fn options_used(&self) -> Vec<OptionUsed> {
        match &self.origin {
            Origin::Rejected { settings, hosts } => OptionUsed::of(settings, hosts),
            Origin::Planned(connector) => OptionUsed::of_plan(connector.plan()),
        }
    }

    /// Both as JSON, one object.
    pub fn connect_report_json(&self) -> Vec<u8> {
        let nothing = Report::default();
        let report = self.connect_report().unwrap_or(&nothing);
        report.to_json(&self.options_used())
    }
}
