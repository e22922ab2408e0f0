//! The HTTP client for one gateway: HTTP/1.1, each request sent once, and a limit on everything:
//! connections, time to connect, bytes of the response.
//!
//! It follows no redirect, uses no proxy and sends nothing twice: a connection that breaks is an
//! error, and the workers decide what follows. The timeout of a whole call is the guard's. The
//! client is hyper-util's, which is in this binary for the server anyway; TLS is rustls with the
//! system's certificates.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;

/// The limits of an [`HttpClient`].
#[derive(Clone, Copy, Debug)]
pub struct HttpClientOptions {
    /// The most connections at once; a request beyond that waits for one.
    pub connections_max: usize,
    pub connect_timeout: Duration,
    /// The most bytes of a response's body.
    pub response_bytes_max: usize,
}

/// The connections of the default options.
pub(crate) const CONNECTIONS_MAX: usize = 256;

impl Default for HttpClientOptions {
    fn default() -> Self {
        let (connect_timeout, response_bytes_max) = (Duration::from_secs(3), 1024 * 1024);
        Self { connections_max: CONNECTIONS_MAX, connect_timeout, response_bytes_max }
    }
}

/// A client for the gateway at one URL.
#[derive(Debug)]
pub struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: Base,
    connections: Semaphore,
    options: HttpClientOptions,
}

#[derive(Debug)]
struct Base {
    /// Scheme and authority, such as `https://host:port`.
    origin: String,
    /// The path without a slash at its end; empty if there is none.
    prefix: String,
}

/// Why there can be no client for a URL.
#[derive(Debug, thiserror::Error)]
pub enum InvalidUrl {
    /// The text is not repeated, since it may hold a secret.
    #[error("expected http://HOST[:PORT][/PATH] or https://…, without user, query or fragment")]
    Form,
    #[error("the system's certificates cannot be read: {0}")]
    Certificates(String),
}

/// Why there is no response. The request may have arrived all the same.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// There was no connection, it broke, or what came was not HTTP.
    #[error("no answer: {0}")]
    Connection(String),
    /// The body is longer than this limit, or broke off.
    #[error("the answer is broken off or longer than {0} bytes")]
    Body(usize),
}

/// A request to the gateway. `Host` and `User-Agent` are added when it is sent.
#[derive(Debug)]
pub(crate) struct GatewayRequest {
    pub(crate) method: Method,
    /// Path and query below the client's URL, such as `/charges/…`.
    pub(crate) path: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

/// A response that came back whole.
#[derive(Debug)]
pub(crate) struct GatewayResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl HttpClient {
    /// A client for the gateway at this URL.
    ///
    /// # Errors
    /// The URL is not of the form that is expected, or it is HTTPS and the system has no
    /// certificates.
    pub fn new(url: &str, options: HttpClientOptions) -> Result<Self, InvalidUrl> {
        let base = Base::parse(url)?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_keepalive(Some(Duration::from_secs(30)));
        http.set_connect_timeout(Some(options.connect_timeout));
        let https = HttpsConnectorBuilder::new().with_tls_config(tls(&base)?);
        let connector = https.https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(options.connections_max)
            .retry_canceled_requests(false)
            .build(connector);
        Ok(Self { client, base, connections: Semaphore::new(options.connections_max), options })
    }

    /// The path as it stands in the request's first line: the path of the client's URL, then this
    /// one.
    pub(crate) fn full_path(&self, path: &str) -> String {
        format!("{}{path}", self.base.prefix)
    }

    /// Sends a request once and reads the whole response.
    pub(crate) async fn send(&self, request: GatewayRequest) -> Result<GatewayResponse, HttpClientError> {
        let _connection = self.connections.acquire().await.expect("never closed");
        let GatewayRequest { method, path, headers: own_headers, body } = request;
        let uri = format!("{}{}", self.base.origin, self.full_path(&path));
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(headers) = request.headers_mut() {
            headers
                .insert(USER_AGENT, HeaderValue::from_static(concat!("earmark/", env!("CARGO_PKG_VERSION"))));
            headers.extend(own_headers.into_iter().map(|(name, value)| (Some(name), value)));
            headers.remove(HOST);
        }
        // Neither text repeats the request: hyper's errors name what broke, not what was sent.
        let lost = |error: &dyn std::error::Error| HttpClientError::Connection(causes(error));
        let request = request.body(Full::new(body)).map_err(|error| lost(&error))?;
        let response = self.client.request(request).await.map_err(|error| lost(&error))?;
        let (head, body) = response.into_parts();
        let bytes_max = self.options.response_bytes_max;
        let mut body = Limited::new(body, bytes_max);
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| HttpClientError::Body(bytes_max))?;
            if let Ok(piece) = frame.into_data() {
                bytes.extend_from_slice(&piece);
            }
        }
        Ok(GatewayResponse { status: head.status, headers: head.headers, body: bytes.freeze() })
    }
}

/// An error and its causes, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// TLS 1.2 and 1.3 by rustls with ring. The provider is named, so that it does not depend on what
/// else is in the binary.
fn tls(base: &Base) -> Result<rustls::ClientConfig, InvalidUrl> {
    let wrong = |error: &dyn std::error::Error| InvalidUrl::Certificates(causes(error));
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    if base.origin.starts_with("https:") {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let why = found.errors.first().map_or("there are none".to_owned(), |error| causes(error));
            return Err(InvalidUrl::Certificates(why));
        }
    }
    let versions =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(|error| wrong(&error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl Base {
    fn parse(url: &str) -> Result<Self, InvalidUrl> {
        let uri: Uri = url.parse().map_err(|_| InvalidUrl::Form)?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"));
        let (Some(scheme), Some(authority)) = (scheme, uri.authority()) else { return Err(InvalidUrl::Form) };
        let plain = !authority.as_str().contains('@') && !authority.host().is_empty();
        if !plain || uri.query().is_some() || url.contains('#') {
            return Err(InvalidUrl::Form);
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { origin: format!("{scheme}://{authority}"), prefix })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn get(path: &str) -> GatewayRequest {
        GatewayRequest { method: Method::GET, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    /// The URL of a server that answers each connection's first request with these bytes and closes
    /// it, and the requests that it gets.
    async fn server(answer: Vec<u8>) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/base", listener.local_addr().unwrap());
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut seen = vec![0; 4_096];
                let count = socket.read(&mut seen).await.unwrap();
                let _ = sender.send(String::from_utf8_lossy(&seen[..count]).into_owned());
                let _ = socket.write_all(&answer).await;
            }
        });
        (url, receiver)
    }

    #[tokio::test]
    async fn a_request_goes_out_once_and_below_the_base_url() {
        let (url, mut seen) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()).await;
        let client = HttpClient::new(&url, HttpClientOptions::default()).unwrap();
        let answer = client.send(get("/charges?x=1")).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"ok"[..]));
        let request = seen.recv().await.unwrap();
        assert!(request.starts_with("GET /base/charges?x=1 HTTP/1.1\r\n"), "{request}");
        assert!(seen.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_response_that_is_too_long_or_breaks_off_is_an_error() {
        let options = HttpClientOptions { response_bytes_max: 100, ..HttpClientOptions::default() };
        let long = [b"HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n", &[b'x'; 101][..]].concat();
        let endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffff\r\n";
        let endless = [&endless[..], &[b'x'; 1_000]].concat();
        let short = b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nx".to_vec();
        for answer in [long, endless, short] {
            let (url, _seen) = server(answer).await;
            let client = HttpClient::new(&url, options).unwrap();
            assert!(matches!(client.send(get("/")).await, Err(HttpClientError::Body(100))));
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed_and_a_hang_up_not_tried_again() {
        let redirect = b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_vec();
        let (url, mut seen) = server(redirect).await;
        let client = HttpClient::new(&url, HttpClientOptions::default()).unwrap();
        assert_eq!(client.send(get("/")).await.unwrap().status.as_u16(), 302);
        let (url, mut hung_up) = server(Vec::new()).await;
        let client = HttpClient::new(&url, HttpClientOptions::default()).unwrap();
        assert!(matches!(client.send(get("/")).await, Err(HttpClientError::Connection(_))));
        for seen in [&mut seen, &mut hung_up] {
            assert!(seen.recv().await.is_some());
            assert!(seen.try_recv().is_err());
        }
    }

    #[test]
    fn only_plain_urls_are_taken() {
        for (url, full) in [
            ("http://127.0.0.1:9000", "/x"),
            ("https://pay.example.com/", "/x"),
            ("http://[::1]:1/a/b/", "/a/b/x"),
        ] {
            let base = Base::parse(url).unwrap();
            assert_eq!(format!("{}/x", base.prefix), full, "{url}");
        }
        for wrong in
            ["", "pay.example.com", "ftp://x", "http://", "https://u:p@x/", "http://x/?q", "http://x/#f"]
        {
            assert!(Base::parse(wrong).is_err(), "{wrong}");
        }
    }
}
