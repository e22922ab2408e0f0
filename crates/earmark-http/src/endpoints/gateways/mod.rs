//! `/v1/gateways/{name}`: what payment gateways send us.

pub(crate) mod receive_notification;
