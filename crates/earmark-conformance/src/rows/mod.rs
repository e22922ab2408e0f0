//! Does every row come back exactly as it was saved, whatever is filled in, and after every change?

pub(crate) mod answers;
pub(crate) mod bare;
pub(crate) mod deleted;
pub(crate) mod full;
pub(crate) mod limits;
pub(crate) mod references;
