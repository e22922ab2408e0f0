//! Why did a request get no usable answer, and may its command have been carried out all the same?

/// Why a request got no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection: the request was not sent.
    #[error("cannot connect: {0}")]
    Connect(std::io::Error),
    /// The connection ended before the whole answer was there: the command may have happened.
    #[error("connection broken: {0}")]
    Broken(std::io::Error),
    /// No whole answer in time: the command may have happened.
    #[error("no answer within {0} ms")]
    Timeout(u128),
    /// The answer is larger than the client's limit, in bytes.
    #[error("answer larger than {0} bytes")]
    TooLarge(usize),
    /// The answer is not HTTP/1.1 as this client understands it.
    #[error("malformed answer: {0}")]
    Malformed(&'static str),
    /// The body is not JSON.
    #[error("body is not JSON: {0}")]
    Json(serde_json::Error),
}
