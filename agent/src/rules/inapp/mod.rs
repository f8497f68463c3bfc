//! In-App WAF: rules, processors and scanners in Datadog's JSON format.

pub mod object;
pub mod processors;
