//! Accepts connections and serves them without axum's own loop, since a fault may have to end a
//! connection with a TCP reset.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tower::Service;

/// How long [`silence`] keeps a request waiting; longer than any client waits.
const SILENCE: Duration = Duration::from_secs(3_600);

/// Marks a response that is not sent: its connection is reset instead.
#[derive(Clone, Copy, Debug)]
struct Reset;

/// Makes [`accept`] reset the connection instead of answering.
pub(crate) fn reset() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Reset);
    response
}

/// Leaves the request without an answer until the client has long given up.
pub(crate) async fn silence() -> Response {
    tokio::time::sleep(SILENCE).await;
    reset()
}

/// Accepts connections for ever and serves each in a task of its own.
pub(crate) async fn accept(listener: TcpListener, router: Router) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, router.clone()));
            }
            // Most likely too many open files; other connections will be closed in the meantime.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn serve(stream: TcpStream, router: Router) {
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let answer = router.clone().call(request.map(Body::new));
        // Boxed, since the connection must be movable to be taken apart.
        Box::pin(async move {
            let response = answer.await.unwrap_or_else(|never: Infallible| match never {});
            let reset = response.extensions().get::<Reset>().is_some();
            if reset { Err(io::Error::other("a fault")) } else { Ok(response) }
        })
    });
    let mut connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if poll_fn(|context| connection.poll_without_shutdown(context)).await.is_err() {
        // Closing a socket whose linger time is zero sends a reset.
        let stream = connection.into_parts().io.into_inner();
        let _ = stream.set_zero_linger();
    }
}
