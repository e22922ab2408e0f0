//! Which proof is wanted? `earmark-prove NAME --earmark BINARY`, with the options of that proof. It
//! prints one JSON object and ends with 0 if nothing is wrong, with 1 otherwise.

use std::process::ExitCode;

use clap::Command;

use crate::proofs::PROOFS;

/// Runs the proof that the arguments of this process name.
pub fn run_command_line() -> ExitCode {
    let matches = command().get_matches();
    let Some((name, matches)) = matches.subcommand() else { return ExitCode::FAILURE };
    let Some(proof) = PROOFS.iter().find(|proof| proof.name == name) else { return ExitCode::FAILURE };
    match proof.run(matches) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("earmark-prove: {error}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    let about = "Proofs against a binary from outside: what was acknowledged is there, once.";
    let command = Command::new("earmark-prove").about(about).subcommand_required(true);
    command.subcommands(PROOFS.iter().map(crate::report::Proof::command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proof_has_valid_options_and_a_name_of_its_own() {
        command().debug_assert();
        for proof in &PROOFS {
            let arguments = ["earmark-prove", proof.name, "--earmark", "earmark"];
            command().try_get_matches_from(arguments).unwrap();
        }
    }

    #[test]
    fn a_proof_of_nodes_has_its_own_defaults() {
        let matches = |name| {
            let arguments = ["earmark-prove", name, "--earmark", "earmark"];
            command().try_get_matches_from(arguments).unwrap().subcommand().unwrap().1.clone()
        };
        assert_eq!(matches("crash").get_one::<u32>("nodes"), Some(&1));
        assert_eq!(matches("crash-nodes").get_one::<u32>("nodes"), Some(&4));
        assert_eq!(matches("crash-nodes").get_one::<u32>("clients"), Some(&256));
    }
}
