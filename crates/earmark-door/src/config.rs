//! What does a deployment decide about its door? Values only: the binary parses them from flags,
//! environment and file.

use std::time::Duration;

use crate::secrets::AdminKey;

/// What all interfaces of a process share.
#[derive(Clone, Debug)]
pub struct DoorConfig {
    /// The operator's key, valid beside the keys in the database; `None` if there is none.
    pub admin_key: Option<AdminKey>,
    /// The most requests that are worked on at once; one more is [`crate::Refusal::Overloaded`].
    pub requests_max: usize,
    /// How long a client may take to send a whole body.
    pub body_timeout: Duration,
}

impl Default for DoorConfig {
    fn default() -> Self {
        Self { admin_key: None, requests_max: 4096, body_timeout: Duration::from_secs(15) }
    }
}

/// The limits of connections. The default suits a server that nothing stands before.
#[derive(Clone, Debug)]
pub struct ServeLimits {
    /// The most connections at once; one more waits in the kernel's queue.
    pub connections_max: usize,
    /// How long a client may take to send a request's head.
    pub head_timeout: Duration,
    /// The most bytes of a request's head; more is 431, as are more than 100 fields.
    pub head_bytes_max: usize,
    /// How long requests in flight may go on after the server has begun to stop.
    pub drain_timeout: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections_max: 8192,
            head_timeout: Duration::from_secs(30),
            head_bytes_max: 16 * 1024,
            drain_timeout: Duration::from_secs(20),
        }
    }
}
