//! Starts a PostgreSQL for development and prints its URL. It runs until its standard input ends
//! (Ctrl-D) or until Ctrl-C.

use std::io::Read;
use std::process::ExitCode;

use earmark_cluster::{Cluster, ClusterError};

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("earmark-cluster: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), ClusterError> {
    let cluster = Cluster::start()?;
    println!("{}", cluster.create_database()?);
    // An input that fails has ended as well.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    Ok(())
}
