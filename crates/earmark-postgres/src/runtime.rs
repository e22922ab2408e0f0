//! On what does the writer's thread wait for the database? On a runtime of its own, which carries
//! the bytes of its connection while the thread waits, and only then.

use tokio::runtime::{Builder, Runtime};

/// A runtime that may be dropped anywhere. The drop of tokio's own waits for its threads, and
/// panics within a task.
pub(crate) struct WriterRuntime(Option<Runtime>);

impl WriterRuntime {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self(Some(Builder::new_current_thread().enable_all().build()?)))
    }

    pub(crate) fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.0.as_ref().expect("only drop takes the runtime").block_on(work)
    }
}

impl Drop for WriterRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
