//! Where does the certificate of a server come from? A new authority signs one for `localhost` and
//! 127.0.0.1.
//!
//! Invariant: the key of the authority is never written to disk, so it signs no other certificate.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};

use crate::error::ClusterError;
use crate::installation::Installation;

/// The certificate of the authority in the data folder, for clients that verify the server.
pub(crate) const AUTHORITY_FILE: &str = "authority.crt";

/// Writes `server.crt`, `server.key` and the certificate of the authority.
pub(crate) fn write(data: &Path, installation: &Installation) -> Result<(), ClusterError> {
    let files = make().map_err(|error| ClusterError::failed("certificate", error.to_string()))?;
    for (name, text) in [("server.crt", &files.certificate), (AUTHORITY_FILE, &files.authority)] {
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
    std::io::Write::write_all(&mut file, files.key.as_bytes()).map_err(ClusterError::file(&path))?;
    installation.hand_over(&path)
}

/// Each is in PEM format.
struct Files {
    authority: String,
    certificate: String,
    key: String,
}

fn make() -> Result<Files, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, "earmark-cluster");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    let certificate = params.signed_by(&key, &authority)?;
    Ok(Files { authority: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
}
