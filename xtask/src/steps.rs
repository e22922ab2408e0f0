//! How does a run of many steps look? Each step says its name before and its time after; the first
//! failure ends the run.
//!
//! Invariant: a run that says "0 failed" has run each of its steps to its end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The steps of a run that are done.
pub(crate) struct Steps {
    started: Instant,
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// A run with no step yet.
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), done: Vec::new() }
    }

    /// Runs one step. Its error ends the run, and names the step.
    pub(crate) fn run<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n==> {name}");
        let started = Instant::now();
        let result = step();
        let took = started.elapsed();
        if result.is_err() {
            println!("<== {name}: FAILED after {}", seconds(took));
            println!("{} steps passed, 1 failed ({name})", self.done.len());
        } else {
            println!("<== {name}: {}", seconds(took));
            self.done.push((name.to_owned(), took));
        }
        result.with_context(|| format!("step `{name}` failed"))
    }

    /// Prints each step with its time, and the sum.
    pub(crate) fn finish(self, title: &str) {
        let width = self.done.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        println!("\n{title}");
        for (name, took) in &self.done {
            println!("  {name:width$}  {:>9}", seconds(*took));
        }
        println!("{title}: {} steps passed, 0 failed, {}", self.done.len(), seconds(self.started.elapsed()));
    }
}

fn seconds(duration: Duration) -> String {
    format!("{}.{} s", duration.as_secs(), duration.subsec_millis() / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_step_ends_the_run_and_is_named() {
        let mut steps = Steps::new();
        steps.run("first", || Ok(())).unwrap();
        let error = steps.run("second", || -> Result<()> { anyhow::bail!("broken") }).unwrap_err();
        assert_eq!(format!("{error:#}"), "step `second` failed: broken");
        assert_eq!(steps.done.len(), 1);
    }
}
