//! What is a proof, and what does it report in the end? A name, what it proves, and a type of
//! options that knows how to run it; then one JSON object: the options, the figures, and whether it
//! passed.
//!
//! Invariant: a proof whose negative control was not caught has not passed. Read on in `proofs`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Arg, ArgMatches, Command, value_parser};
use earmark_load::{LoadError, runtime};
use serde::Serialize;

/// A proof, as it is listed.
#[derive(Debug, Clone, Copy)]
pub struct Proof {
    pub name: &'static str,
    /// What it shows, as one sentence.
    pub proves: &'static str,
    pub level: Level,
    /// Defaults in which it differs from other proofs with the same options: name of the option,
    /// value.
    defaults: &'static [(&'static str, &'static str)],
    options: fn(Command) -> Command,
    run: fn(&Proof, &ArgMatches) -> Result<bool, LoadError>,
}

/// When a proof is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// By `cargo xtask test`, with these arguments.
    Test(&'static [&'static str]),
    /// By hand alone, since its figures need a quiet machine.
    ByHand,
}

impl Proof {
    pub(crate) const fn new<O: Prove>(name: &'static str, proves: &'static str, level: Level) -> Proof {
        Proof { name, proves, level, defaults: &[], options: O::augment_args, run: run_and_print::<O> }
    }

    pub(crate) const fn with_defaults(self, defaults: &'static [(&'static str, &'static str)]) -> Proof {
        Proof { defaults, ..self }
    }

    /// The subcommand with the options of this proof.
    pub(crate) fn command(&self) -> Command {
        let earmark = Arg::new("earmark").long("earmark").required(true).value_parser(value_parser!(PathBuf));
        let earmark = earmark.help("The `earmark` binary");
        let command = (self.options)(Command::new(self.name).about(self.proves).arg(earmark));
        self.defaults.iter().fold(command, |command, &(option, value)| {
            command.mut_arg(option, |option| option.default_value(value))
        })
    }

    /// Runs it with the options that are given, and prints its report; true: it passed.
    pub(crate) fn run(&self, matches: &ArgMatches) -> Result<bool, LoadError> {
        (self.run)(self, matches)
    }
}

/// The options of a proof, which run it.
pub(crate) trait Prove: clap::Args + Serialize {
    /// What is measured and found, beside whether it passed.
    type Figures: Serialize;

    /// What all of it may take; None: each wait in it has its own limit.
    const RUN_LIMIT: Option<Duration> = None;

    /// Runs the proof and its control against this binary.
    ///
    /// # Errors
    /// The run could not be finished. What is wrong is in the figures.
    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError>;
}

/// What came of a proof.
#[derive(Debug)]
pub(crate) struct Outcome<Figures> {
    pub(crate) figures: Figures,
    /// Whether all is right without a fault.
    pub(crate) is_right: bool,
    /// Whether the same with a protection off was found wrong; None: there is no such control.
    pub(crate) control_caught: Option<bool>,
}

/// The figures of a proof that is one run, and its control.
#[derive(Debug, Serialize)]
pub(crate) struct RunAndControl<Run> {
    pub(crate) run: Run,
    /// The same with a protection off.
    pub(crate) control: Run,
}

#[derive(Debug, Serialize)]
struct Report<'a, Options, Figures> {
    proof: &'static str,
    options: &'a Options,
    #[serde(flatten)]
    figures: Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_caught: Option<bool>,
    /// Of all runs together.
    wall_ms: u64,
    passed: bool,
}

fn run_and_print<O: Prove>(proof: &Proof, matches: &ArgMatches) -> Result<bool, LoadError> {
    // The command has checked them already.
    let options = O::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    let earmark = matches.get_one::<PathBuf>("earmark").map(PathBuf::as_path).unwrap_or(Path::new("earmark"));
    let start = Instant::now();
    let outcome = runtime::block_on(Box::pin(within(O::RUN_LIMIT, options.prove(earmark))))?;
    let passed = outcome.is_right && outcome.control_caught != Some(false);
    let report = Report {
        proof: proof.name,
        options: &options,
        figures: outcome.figures,
        control_caught: outcome.control_caught,
        wall_ms: start.elapsed().as_millis() as u64,
        passed,
    };
    match serde_json::to_string_pretty(&report) {
        Ok(text) => println!("{text}"),
        Err(error) => return Err(LoadError::Server(format!("the report cannot be written: {error}"))),
    }
    Ok(passed)
}

async fn within<T>(
    limit: Option<Duration>,
    run: impl Future<Output = Result<T, LoadError>>,
) -> Result<T, LoadError> {
    let Some(limit) = limit else { return run.await };
    let late = || LoadError::Server(format!("not finished after {} s", limit.as_secs()));
    tokio::time::timeout(limit, run).await.unwrap_or_else(|_| Err(late()))
}
