//! A PostgreSQL for a developer's desk: prints its URL, and ends with its standard input (Ctrl-D) or with Ctrl-C.

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
    // An input that breaks has ended as well.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    Ok(())
}
