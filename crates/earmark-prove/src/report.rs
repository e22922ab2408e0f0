//! What does a proof with one run and one control say in the end?

use serde::Serialize;

/// The verdict.
#[derive(Debug, Serialize)]
pub(crate) struct Report<Options, Run> {
    pub(crate) proof: &'static str,
    pub(crate) options: Options,
    pub(crate) run: Run,
    /// The same with a protection off.
    pub(crate) control: Run,
    /// Whether that was seen.
    pub(crate) control_caught: bool,
    /// Both together, milliseconds.
    pub(crate) wall_ms: u64,
    pub(crate) passed: bool,
}
