//! Is a gateway behind TLS called only if its certificate is trusted? If it is not, it is sent
//! nothing.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::processes::{Gateway, PROTOCOLS, Shop, assert_both_sides_agree};

/// An authority of its own, written as PEM, and what a server for 127.0.0.1 needs.
fn certificate(authority_file: &Path) -> ServerConfig {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(authority_file, authority.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    versions.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap()
}

/// Ends TLS and passes on; gives where it listens, and counts the connections that came through.
async fn in_front_of(gateway: SocketAddr, config: ServerConfig) -> (SocketAddr, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, through) = (listener.local_addr().unwrap(), Arc::new(AtomicU32::new(0)));
    let (acceptor, count) = (TlsAcceptor::from(Arc::new(config)), Arc::clone(&through));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(socket).await else { return };
                count.fetch_add(1, Ordering::SeqCst);
                let mut inside = TcpStream::connect(gateway).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    (address, through)
}

#[tokio::test]
async fn a_trusted_gateway_takes_the_money_and_an_unknown_one_is_sent_nothing() {
    for protocol in PROTOCOLS {
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("authority.pem");
        let gateway = Gateway::start(folder.path(), &[]);
        let (address, through) = in_front_of(gateway.address, certificate(&authority)).await;
        let url = format!("https://{address}");
        let trust = |file: &Path| vec![("SSL_CERT_FILE".to_owned(), file.to_str().unwrap().to_owned())];

        let stranger = folder.path().join("stranger.pem");
        let _ = certificate(&stranger);
        std::fs::create_dir(folder.path().join("one")).unwrap();
        let shop = Shop::open_at(&folder.path().join("one"), &url, protocol, trust(&stranger)).await;
        let order = shop.order("order", 1).await;
        assert_eq!(shop.pay(&order, "pay", "tok_ok").await["status"], "PENDING");
        assert_eq!(through.load(Ordering::SeqCst), 0);
        drop(shop);

        std::fs::create_dir(folder.path().join("two")).unwrap();
        let shop = Shop::open_at(&folder.path().join("two"), &url, protocol, trust(&authority)).await;
        let order = shop.order("order", 1).await;
        assert_eq!(shop.pay(&order, "pay", "tok_ok").await["status"], "SUCCEEDED");
        assert_eq!(assert_both_sides_agree(&shop, &gateway, &[order]).await, (999, 0));
        assert!(through.load(Ordering::SeqCst) > 0);
    }
}
