//! `/v1/customer-tokens`: short-lived credentials for a customer's browser or app.

pub(crate) mod create;
