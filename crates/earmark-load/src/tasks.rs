//! How do many requests run at once on the one thread of a run? As tasks, of which only so many are
//! under way, and whose first error ends the run.

use std::future::Future;

use tokio::task::{JoinError, JoinSet};

use crate::error::LoadError;

/// Does something for each item, at most `limit` of them at once; returns what was made of them, in
/// the order in which they ended.
///
/// # Errors
/// The first that occurs; what is under way then is dropped.
pub async fn map<T, M, E, F>(
    limit: usize,
    items: impl IntoIterator<Item = T>,
    act: impl Fn(T) -> F,
) -> Result<Vec<M>, E>
where
    M: Send + 'static,
    E: From<LoadError> + Send + 'static,
    F: Future<Output = Result<M, E>> + Send + 'static,
{
    let mut tasks: JoinSet<Result<M, E>> = JoinSet::new();
    let mut made = Vec::new();
    for item in items {
        if tasks.len() >= limit.max(1)
            && let Some(ended) = tasks.join_next().await
        {
            made.push(result_of(ended)?);
        }
        tasks.spawn(act(item));
    }
    made.extend(join_all(tasks).await?);
    Ok(made)
}

/// Waits for all tasks; returns what they made, in the order in which they ended.
///
/// # Errors
/// The first that occurs; the other tasks are dropped then.
pub async fn join_all<T: 'static, E>(mut tasks: JoinSet<Result<T, E>>) -> Result<Vec<T>, E>
where
    E: From<LoadError> + 'static,
{
    let mut made = Vec::with_capacity(tasks.len());
    while let Some(ended) = tasks.join_next().await {
        made.push(result_of(ended)?);
    }
    Ok(made)
}

/// The result of a task; one that panicked is an error like any other.
///
/// # Errors
/// The task's own, or that it panicked.
pub fn result_of<T, E: From<LoadError>>(ended: Result<Result<T, E>, JoinError>) -> Result<T, E> {
    ended.unwrap_or_else(|error| Err(LoadError::from(error).into()))
}
