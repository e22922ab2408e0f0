//! How do requests and answers share one socket? One after the other, or pipelined: what was read
//! beyond an answer is kept for the next one.
//!
//! Invariant: after an error the connection is of no use, because it is not known where its next
//! answer would begin.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::ClientError;
use super::wire::{AnswerHead, BodyLength, ChunkDecoder, parse_head};

/// The size of the head that an answer may have, bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The size of the body that an answer may have by default, bytes: a page of 200 large orders.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// What the read buffer starts with, bytes: more than the answer to an order of a few lines.
const READ_BYTES: usize = 8 * 1024;

/// One answer, lying in its connection's buffers until the next one is read.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub status: u16,
    /// Whether the answer says `Idempotency-Replayed: true`.
    pub replayed: bool,
    /// The server closes the connection after this answer.
    pub closes: bool,
    /// Status line and headers.
    pub head: &'a [u8],
    /// The body, chunks joined.
    pub body: &'a [u8],
}

/// A keep-alive connection to the server.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    deadline: Duration,
    body_bytes_max: usize,
    /// Bytes read; those before `start` belong to earlier answers.
    input: Vec<u8>,
    start: usize,
    /// A chunked body, joined.
    joined: Vec<u8>,
}

/// Where an answer lies.
struct Found {
    head: AnswerHead,
    head_at: Range<usize>,
    /// In `input`, or None: in `joined`.
    body_at: Option<Range<usize>>,
}

impl Connection {
    /// Connects; `deadline` bounds this and every exchange.
    ///
    /// # Errors
    /// [`ClientError::Connect`], also when it takes too long.
    pub async fn open(address: SocketAddr, deadline: Duration) -> Result<Connection, ClientError> {
        let late = || ClientError::Connect(io::Error::from(io::ErrorKind::TimedOut));
        let connecting = timeout(deadline, TcpStream::connect(address));
        let stream = connecting.await.map_err(|_| late())?.map_err(ClientError::Connect)?;
        stream.set_nodelay(true).map_err(ClientError::Connect)?;
        Ok(Connection {
            stream,
            deadline,
            body_bytes_max: BODY_BYTES_MAX,
            input: Vec::with_capacity(READ_BYTES),
            start: 0,
            joined: Vec::new(),
        })
    }

    /// Refuses answers with a larger body than this.
    #[must_use]
    pub fn with_body_bytes_max(mut self, body_bytes_max: usize) -> Connection {
        self.body_bytes_max = body_bytes_max;
        self
    }

    /// Sends the bytes of one request and reads its answer.
    ///
    /// # Errors
    /// Every error but [`ClientError::Connect`] leaves open whether the command happened.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, ClientError> {
        let found = timeout(self.deadline, async {
            self.stream.write_all(request).await.map_err(ClientError::Broken)?;
            self.find_answer().await
        });
        let found = found.await.map_err(|_| ClientError::Timeout(self.deadline.as_millis()))??;
        Ok(self.answer(&found))
    }

    /// Sends bytes without waiting for an answer: the first half of pipelining.
    ///
    /// # Errors
    /// A broken connection, or a server that does not read.
    pub async fn send(&mut self, requests: &[u8]) -> Result<(), ClientError> {
        let sent = timeout(self.deadline, self.stream.write_all(requests)).await;
        sent.map_err(|_| ClientError::Timeout(self.deadline.as_millis()))?.map_err(ClientError::Broken)
    }

    /// Reads the answer to the oldest request that was sent and not answered.
    ///
    /// # Errors
    /// As [`Connection::exchange`].
    pub async fn receive(&mut self) -> Result<Answer<'_>, ClientError> {
        let found = timeout(self.deadline, self.find_answer()).await;
        let found = found.map_err(|_| ClientError::Timeout(self.deadline.as_millis()))??;
        Ok(self.answer(&found))
    }

    /// True if the server closed the connection while it was idle, as far as is known without
    /// waiting.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        let mut byte = [0_u8; 1];
        match self.stream.try_read(&mut byte) {
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            Ok(_) => true,
        }
    }

    async fn find_answer(&mut self) -> Result<Found, ClientError> {
        if self.start == self.input.len() {
            self.input.clear();
        } else {
            self.input.drain(..self.start);
        }
        self.start = 0;
        let head = loop {
            if !self.input.is_empty()
                && let Some(head) = parse_head(&self.input)?
            {
                break head;
            }
            if self.input.len() > HEAD_BYTES_MAX {
                return Err(ClientError::Malformed("head too long"));
            }
            self.read_more().await?;
        };
        let body_at = match head.body {
            BodyLength::Fixed(bytes) => Some(self.read_fixed(head.bytes, bytes).await?),
            BodyLength::Chunked => {
                self.read_chunks(head.bytes).await?;
                None
            }
        };
        Ok(Found { head, head_at: 0..head.bytes, body_at })
    }

    async fn read_fixed(&mut self, from: usize, bytes: usize) -> Result<Range<usize>, ClientError> {
        if bytes > self.body_bytes_max {
            return Err(ClientError::TooLarge(self.body_bytes_max));
        }
        self.input.reserve((from + bytes).saturating_sub(self.input.len()));
        while self.input.len() < from + bytes {
            self.read_more().await?;
        }
        self.start = from + bytes;
        Ok(from..self.start)
    }

    async fn read_chunks(&mut self, from: usize) -> Result<(), ClientError> {
        self.start = from;
        self.joined.clear();
        let mut decoder = ChunkDecoder::default();
        loop {
            let (used, done) =
                decoder.feed(&self.input[self.start..], &mut self.joined, self.body_bytes_max)?;
            self.start += used;
            if done {
                return Ok(());
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> Result<(), ClientError> {
        if self.input.capacity() == self.input.len() {
            self.input.reserve(READ_BYTES);
        }
        match self.stream.read_buf(&mut self.input).await {
            Ok(0) => Err(ClientError::Broken(io::Error::from(io::ErrorKind::UnexpectedEof))),
            Ok(_) => Ok(()),
            Err(error) => Err(ClientError::Broken(error)),
        }
    }

    fn answer(&self, found: &Found) -> Answer<'_> {
        Answer {
            status: found.head.status,
            replayed: found.head.replayed,
            closes: found.head.closes,
            head: &self.input[found.head_at.clone()],
            body: match &found.body_at {
                Some(at) => &self.input[at.clone()],
                None => &self.joined,
            },
        }
    }
}
