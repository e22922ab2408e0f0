//! How are requests taken, and connections broken? A loop of its own, since a fault may have to end a connection with a reset.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tower::Service;

use crate::sandbox::{Broken, Sandbox};
use crate::{admin, signed, stripe};

/// How long a request hangs that is never answered.
const SILENCE: Duration = Duration::from_secs(3_600);

/// Marks a response in whose place the connection is reset.
#[derive(Clone, Copy, Debug)]
struct Reset;

pub(crate) fn router(sandbox: Arc<Sandbox>) -> Router {
    Router::new().merge(signed::routes()).merge(stripe::routes()).merge(admin::routes()).with_state(sandbox)
}

/// No answer: a reset, after a long silence or at once.
pub(crate) async fn broken(error: Broken) -> Response {
    if error == Broken::Silence {
        tokio::time::sleep(SILENCE).await;
    }
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Reset);
    response
}

/// Takes connections for ever.
pub(crate) async fn accept(listener: TcpListener, router: Router) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, router.clone()));
            }
            // Out of handles, most likely; others will be closed meanwhile.
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
        // Closing a socket that lingers for no time sends a reset.
        let stream = connection.into_parts().io.into_inner();
        let _ = stream.set_zero_linger();
    }
}

/// The pairs of a query or form.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
}

/// One parameter of a query.
pub(crate) fn parameter(query: &str, name: &str) -> Option<String> {
    pairs(query).find(|(known, _)| known == name).map(|(_, value)| value)
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, after @ ..] = rest {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = escaped.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_as_they_were_written() {
        let query = "query=metadata%5B%27earmark_id%27%5D%3A%27pay_1%27&limit=100&odd=%zz+%";
        assert_eq!(parameter(query, "query").as_deref(), Some("metadata['earmark_id']:'pay_1'"));
        assert_eq!(parameter(query, "limit").as_deref(), Some("100"));
        assert_eq!(parameter(query, "odd").as_deref(), Some("%zz %"));
        assert_eq!(parameter(query, "none"), None);
    }
}
