//! What does the load generator cost? CPU time a request against a server in another process that
//! does nothing.
//!
//! `cargo run --release -p earmark-load --example client_cost`

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use earmark_load::place::measure_client;

/// As large as the answer to an order of three lines.
const BODY_BYTES: usize = 1_100;
const ORDERS: u64 = 300_000;

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return serve();
    }
    let itself = std::env::current_exe()?;
    let mut server = Command::new(itself).arg("serve").stdout(Stdio::piped()).spawn()?;
    let cost = read_port(&mut server).and_then(|port| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(measure_client(address, ORDERS)?)
    });
    server.kill()?;
    server.wait()?;
    println!("{}", cost?);
    Ok(())
}

fn read_port(server: &mut Child) -> Result<u16, Box<dyn Error>> {
    let mut port = [0; 5];
    server.stdout.take().ok_or("no output")?.read_exact(&mut port)?;
    Ok(std::str::from_utf8(&port)?.parse()?)
}

/// Answers every read of every connection with the same order; one thread, so that it costs little
/// itself.
fn serve() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        print!("{:05}", listener.local_addr()?.port());
        std::io::stdout().flush()?;
        let body = "x".repeat(BODY_BYTES);
        let answer =
            format!("HTTP/1.1 201 Created\r\ncontent-length: {BODY_BYTES}\r\nx-request-id: 1\r\n\r\n{body}");
        let answer: &'static [u8] = answer.leak().as_bytes();
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(keep_answering(stream, answer));
        }
    })
}

async fn keep_answering(mut stream: tokio::net::TcpStream, answer: &'static [u8]) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut request = vec![0; 4_096];
    while let Ok(Ok(1..)) = tokio::time::timeout(Duration::from_secs(60), stream.read(&mut request)).await {
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}
