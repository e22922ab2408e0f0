//! What does the client make of a server's bytes, however they are cut, and of a connection that
//! ends too early?

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::net::SocketAddr;
use std::time::Duration;

use earmark_load::{Client, ClientError, Connection, Request};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const DEADLINE: Duration = Duration::from_secs(20);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n";

/// A server that writes the given pieces, one packet each, to every connection after the first
/// bytes of a request, and then closes it.
async fn serve_pieces<const N: usize>(pieces: [&'static [u8]; N]) -> SocketAddr {
    serve(async move |mut stream: TcpStream| {
        let mut request = [0; 4_096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        for piece in pieces {
            stream.write_all(piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

async fn serve<F>(answer: F) -> SocketAddr
where
    F: AsyncFn(TcpStream) + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            answer(stream).await;
        }
    });
    address
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

#[test]
fn pipelined_answers_in_odd_pieces_are_told_apart() {
    run(async {
        let address = serve_pieces([
            b"HTTP/1.1 201 Created\r\nContent-Le",
            b"ngth: 5\r\n\r\nhel",
            b"loHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r",
            b"\n2\r\nde\r\n0\r\n\r\nHTTP/1.1 409 Conflict\r\ncontent-length: 2\r\nidempotency-replayed: true\r\n\r\n{}",
        ])
        .await;
        let mut connection = Connection::open(address, DEADLINE).await.unwrap();
        connection.send(&[REQUEST, REQUEST, REQUEST].concat()).await.unwrap();
        let first = connection.receive().await.unwrap();
        assert_eq!((first.status, first.body, first.replayed), (201, &b"hello"[..], false));
        let second = connection.receive().await.unwrap();
        assert_eq!((second.status, second.body), (200, &b"abcde"[..]));
        let third = connection.receive().await.unwrap();
        assert_eq!((third.status, third.body, third.replayed), (409, &b"{}"[..], true));
        assert!(matches!(connection.receive().await, Err(ClientError::Broken(_))));
    });
}

#[test]
fn connection_that_ends_inside_an_answer_is_broken() {
    for piece in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"[..],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 O",
        b"",
    ] {
        run(async move {
            let address = serve_pieces([piece]).await;
            let mut connection = Connection::open(address, DEADLINE).await.unwrap();
            let error = connection.exchange(REQUEST).await.unwrap_err();
            assert!(matches!(error, ClientError::Broken(_)), "{error}");
        });
    }
}

#[test]
fn answers_beyond_the_limit_are_refused() {
    for pieces in [
        [&b"HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n"[..], b"", b"", b""],
        [
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\n",
            &[b'x'; 64],
            b"\r\n40\r\n",
            &[b'x'; 64],
        ],
    ] {
        run(async move {
            let address = serve_pieces(pieces).await;
            let connection = Connection::open(address, DEADLINE).await.unwrap();
            let error = connection.with_body_bytes_max(100).exchange(REQUEST).await.unwrap_err();
            assert!(matches!(error, ClientError::TooLarge(100)), "{error}");
        });
    }
}

#[test]
fn heads_without_an_end_are_refused() {
    run(async {
        let address = serve_pieces([b"HTTP/1.1 200 OK\r\nx: ", &[b'x'; 40_000]]).await;
        let mut connection = Connection::open(address, DEADLINE).await.unwrap();
        let error = connection.exchange(REQUEST).await.unwrap_err();
        assert!(matches!(error, ClientError::Malformed("head too long")), "{error}");
    });
}

#[test]
fn silence_ends_at_the_deadline() {
    run(async {
        let address = serve(async |stream: TcpStream| {
            tokio::time::sleep(Duration::from_secs(600)).await;
            drop(stream);
        })
        .await;
        let mut connection = Connection::open(address, Duration::from_millis(50)).await.unwrap();
        assert!(matches!(connection.exchange(REQUEST).await, Err(ClientError::Timeout(50))));
    });
}

#[test]
fn refused_connection_is_known_not_to_have_been_used() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = Client::new(address, "token").get("/").await.unwrap_err();
        assert!(matches!(error, ClientError::Connect(_)), "{error}");
    });
}

#[test]
fn client_sends_key_token_version_and_body_and_reads_headers() {
    run(async {
        let address = serve(async |mut stream: TcpStream| {
            let mut request = vec![0; 4_096];
            let read = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let body = json!({ "code": "already_exists", "request": request }).to_string();
            let length = body.len();
            let answer =
                format!("HTTP/1.1 409 Conflict\r\nETag: \"7\"\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let request =
            Request::new("POST", "/v1/orders").with_key("key-1").with_version(3).with_body(&json!({"a": 1}));
        let response = Client::new(address, "secret").send(&request).await.unwrap();
        assert_eq!(
            (response.status, response.header("etag"), response.code()),
            (409, Some("\"7\""), "already_exists")
        );
        let echo = response.json().unwrap()["request"].as_str().unwrap().to_owned();
        for part in [
            "POST /v1/orders HTTP/1.1\r\n",
            "authorization: Bearer secret\r\n",
            "idempotency-key: key-1\r\n",
            "if-match: \"3\"\r\n",
            "content-length: 7\r\n\r\n{\"a\":1}",
        ] {
            assert!(echo.contains(part), "{echo}");
        }
    });
}
