//! What are the bytes of HTTP/1.1? Requests are written into a buffer that is used again, and
//! answers are read where they lie.
//!
//! Invariant: pure functions of bytes. There is no socket, no clock, and no allocation but the
//! growth of the caller's buffers.

use super::error::ClientError;

/// Headers an answer may have; the server sends about ten.
const HEADERS_MAX: usize = 32;
/// A chunk's size line with its extensions, bytes.
const CHUNK_LINE_BYTES_MAX: usize = 256;

/// The head of a request, except for the length of its body.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    pub method: &'a str,
    /// The path with its query.
    pub path: &'a str,
    /// Sent as the header `host`, with the port.
    pub host: &'a str,
    /// Sent as `Authorization: Bearer …`.
    pub token: Option<&'a str>,
    /// Sent as the header `Idempotency-Key`.
    pub key: Option<&'a [u8]>,
    /// Sent as the header `If-Match`.
    pub if_match: Option<&'a str>,
}

/// Appends a whole request. A body is announced as JSON; a `GET` without one gets no
/// `Content-Length`.
pub fn write_request(out: &mut Vec<u8>, head: &RequestHead<'_>, body: &[u8]) {
    for part in [head.method, " ", head.path, " HTTP/1.1\r\nhost: ", head.host] {
        out.extend_from_slice(part.as_bytes());
    }
    if let Some(token) = head.token {
        write_header(out, "authorization: Bearer ", token.as_bytes());
    }
    if let Some(key) = head.key {
        write_header(out, "idempotency-key: ", key);
    }
    if let Some(version) = head.if_match {
        write_header(out, "if-match: ", version.as_bytes());
    }
    if !body.is_empty() {
        out.extend_from_slice(b"\r\ncontent-type: application/json");
    }
    if !body.is_empty() || !matches!(head.method, "GET" | "DELETE") {
        out.extend_from_slice(b"\r\ncontent-length: ");
        write_number(out, body.len() as u64);
    }
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body);
}

fn write_header(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(value);
}

/// Appends a number in decimal.
pub fn write_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let mut first = digits.len();
    let mut rest = number;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

/// How the end of an answer's body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// After so many bytes.
    Fixed(usize),
    /// Chunks, up to the empty one.
    Chunked,
}

/// What is needed of an answer's head to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerHead {
    pub status: u16,
    /// Bytes of the head, with its empty line.
    pub bytes: usize,
    /// How the body ends.
    pub body: BodyLength,
    /// The server closes the connection after this answer.
    pub closes: bool,
    /// Whether the answer says `Idempotency-Replayed: true`.
    pub replayed: bool,
}

/// Reads an answer's head, or None while it is incomplete.
///
/// # Errors
/// Anything that is not an HTTP/1.1 answer with a length; interim answers (1xx) are not expected
/// and refused.
pub fn parse_head(input: &[u8]) -> Result<Option<AnswerHead>, ClientError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let bytes = match response.parse(input) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(ClientError::Malformed("not an HTTP/1.1 answer")),
    };
    let status = response.code.unwrap_or_default();
    if status < 200 {
        return Err(ClientError::Malformed("interim answer"));
    }
    let mut length = None;
    let mut chunked = false;
    let mut closes = response.version != Some(1);
    let mut replayed = false;
    for header in &*response.headers {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let number = std::str::from_utf8(header.value).ok().and_then(|text| text.parse::<usize>().ok());
            length = Some(number.ok_or(ClientError::Malformed("content-length is no number"))?);
        } else if is("transfer-encoding") {
            chunked = header.value.eq_ignore_ascii_case(b"chunked");
        } else if is("connection") {
            closes |= header.value.eq_ignore_ascii_case(b"close");
        } else if is("idempotency-replayed") {
            replayed = header.value.eq_ignore_ascii_case(b"true");
        }
    }
    let body = match (status, chunked, length) {
        (204 | 304, _, _) => BodyLength::Fixed(0),
        (_, true, _) => BodyLength::Chunked,
        (_, false, Some(length)) => BodyLength::Fixed(length),
        (_, false, None) => return Err(ClientError::Malformed("answer without a length")),
    };
    Ok(Some(AnswerHead { status, bytes, body, closes, replayed }))
}

/// Takes the chunks of a body apart, whatever pieces they arrive in.
#[derive(Debug, Default)]
pub struct ChunkDecoder {
    state: ChunkState,
}

#[derive(Debug, Default)]
enum ChunkState {
    #[default]
    Size,
    Content(usize),
    ContentEnd,
    Trailer,
    Done,
}

impl ChunkDecoder {
    /// Moves what is complete from `input` to `out`; returns the bytes used up, and whether the
    /// body is at its end.
    ///
    /// # Errors
    /// A malformed size line, or more than `body_bytes_max` bytes of content.
    pub fn feed(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        body_bytes_max: usize,
    ) -> Result<(usize, bool), ClientError> {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            match self.state {
                ChunkState::Done => return Ok((used, true)),
                ChunkState::Content(left) => {
                    let take = left.min(rest.len());
                    out.extend_from_slice(&rest[..take]);
                    used += take;
                    if take < left {
                        self.state = ChunkState::Content(left - take);
                        return Ok((used, false));
                    }
                    self.state = ChunkState::ContentEnd;
                }
                ChunkState::Size | ChunkState::ContentEnd | ChunkState::Trailer => {
                    let Some(line) = line_of(rest)? else { return Ok((used, false)) };
                    used += line.len() + 2;
                    self.state = self.after_line(line)?;
                    if let ChunkState::Content(size) = self.state
                        && size > body_bytes_max.saturating_sub(out.len())
                    {
                        return Err(ClientError::TooLarge(body_bytes_max));
                    }
                }
            }
        }
    }

    fn after_line(&self, line: &[u8]) -> Result<ChunkState, ClientError> {
        match self.state {
            ChunkState::Size => {
                let digits = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
                let size =
                    std::str::from_utf8(digits).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
                match size {
                    Some(0) => Ok(ChunkState::Trailer),
                    Some(size) => Ok(ChunkState::Content(size)),
                    None => Err(ClientError::Malformed("chunk size is no number")),
                }
            }
            ChunkState::ContentEnd if line.is_empty() => Ok(ChunkState::Size),
            ChunkState::Trailer if line.is_empty() => Ok(ChunkState::Done),
            ChunkState::Trailer => Ok(ChunkState::Trailer),
            _ => Err(ClientError::Malformed("chunk longer than its size")),
        }
    }
}

/// The line at the start of `input`, without its CR LF; None while its end is not there.
fn line_of(input: &[u8]) -> Result<Option<&[u8]>, ClientError> {
    match input.windows(2).position(|pair| pair == b"\r\n") {
        Some(end) => Ok(Some(&input[..end])),
        None if input.len() > CHUNK_LINE_BYTES_MAX => Err(ClientError::Malformed("chunk line too long")),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(input: &[u8], piece: usize, limit: usize) -> Result<(Vec<u8>, usize), ClientError> {
        let (mut decoder, mut out, mut used, mut end) = (ChunkDecoder::default(), Vec::new(), 0, 0);
        loop {
            end = (end + piece).min(input.len());
            let (taken, done) = decoder.feed(&input[used..end], &mut out, limit)?;
            used += taken;
            if done {
                return Ok((out, used));
            }
            assert!(end < input.len(), "the decoder waits for more than there is");
        }
    }

    #[test]
    fn chunks_are_joined_whatever_the_pieces() {
        let input = b"5\r\nhello\r\n7;name=value\r\n, world\r\n0\r\ntrailer: x\r\n\r\nHTTP/1.1 next";
        for piece in 1..input.len() {
            let (body, used) = decode(input, piece, 100).unwrap();
            assert_eq!(body, b"hello, world");
            assert_eq!(&input[used..], b"HTTP/1.1 next");
        }
    }

    #[test]
    fn bad_chunks_are_refused() {
        for input in [&b"xyz\r\nhello"[..], b"5\r\nhello!\r\n0\r\n\r\n", &[b'1'; 300]] {
            assert!(matches!(decode(input, 1_000, 100), Err(ClientError::Malformed(_))));
        }
        assert!(matches!(decode(b"ffffffff\r\nhello", 1_000, 100), Err(ClientError::TooLarge(100))));
    }

    #[test]
    fn head_tells_status_length_and_flags() {
        let head =
            parse_head(b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nIdempotency-Replayed: true\r\n\r\n")
                .unwrap();
        let head = head.unwrap();
        assert_eq!(
            (head.status, head.body, head.replayed, head.closes),
            (201, BodyLength::Fixed(12), true, false)
        );
        let head = parse_head(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap().unwrap();
        assert_eq!((head.body, head.closes), (BodyLength::Fixed(0), true));
        assert_eq!(parse_head(b"HTTP/1.1 200 OK\r\nConte").unwrap(), None);
    }

    #[test]
    fn answers_without_a_known_end_are_refused() {
        for head in [
            &b"HTTP/1.1 200 OK\r\n\r\n"[..],
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n",
            b"SSH-2.0-OpenSSH\r\n\r\n",
        ] {
            assert!(
                matches!(parse_head(head), Err(ClientError::Malformed(_))),
                "{}",
                String::from_utf8_lossy(head)
            );
        }
    }

    #[test]
    fn request_is_written_as_the_standard_wants_it() {
        let head = RequestHead {
            method: "POST",
            path: "/v1/orders",
            host: "127.0.0.1:80",
            token: Some("t"),
            key: Some(b"k"),
            if_match: None,
        };
        let mut out = Vec::new();
        write_request(&mut out, &head, b"{}");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "POST /v1/orders HTTP/1.1\r\nhost: 127.0.0.1:80\r\nauthorization: Bearer t\r\nidempotency-key: k\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        );
        let mut out = Vec::new();
        write_number(&mut out, 0);
        write_number(&mut out, u64::MAX);
        assert_eq!(out, b"018446744073709551615");
    }
}
