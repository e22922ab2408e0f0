//! How does the server show who it is? By a certificate of a fresh authority, for `localhost` and 127.0.0.1.
//!
//! Invariant: the authority's key is never written down; it signs this one certificate.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};

use crate::error::ClusterError;
use crate::installation::Installation;

/// The authority's certificate in the data folder, for clients that verify.
pub(crate) const AUTHORITY_FILE: &str = "authority.crt";

/// Writes `server.crt`, `server.key` and the authority's certificate.
pub(crate) fn write(data: &Path, installation: &Installation) -> Result<(), ClusterError> {
    let made = make().map_err(|error| ClusterError::failed("certificate", error.to_string()))?;
    for (name, text) in [("server.crt", &made.certificate), (AUTHORITY_FILE, &made.authority)] {
        let path = data.join(name);
        std::fs::write(&path, text).map_err(ClusterError::file(&path))?;
    }
    let path = data.join("server.key");
    // The server refuses a key that others can read.
    let mut file = std::fs::File::options();
    let mut file = file
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(ClusterError::file(&path))?;
    std::io::Write::write_all(&mut file, made.key.as_bytes()).map_err(ClusterError::file(&path))?;
    installation.hand_over(&path)
}

struct Made {
    authority: String,
    certificate: String,
    key: String,
}

fn make() -> Result<Made, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, "earmark-cluster");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    let certificate = params.signed_by(&key, &authority)?;
    Ok(Made { authority: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
}
