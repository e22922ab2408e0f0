//! How is a list read page by page, and compared with the rows that it should give?

use std::fmt::Debug;

use earmark_store::Page;

/// The page sizes that every list is read with. The last one holds everything.
pub(crate) const LIMITS: [usize; 4] = [1, 2, 7, 10_000];

/// Reads a list page by page, beginning at the cursor `first`; `next` makes the next cursor from
/// the last row.
pub(crate) fn pages<T, C>(
    limit: usize,
    first: C,
    next: impl Fn(&T) -> C,
    mut read: impl FnMut(&C) -> Page<T>,
) -> Vec<T> {
    let (mut rows, mut cursor) = (Vec::new(), first);
    loop {
        let page = read(&cursor);
        assert!(page.rows.len() <= limit, "{} rows on a page of {limit}", page.rows.len());
        assert!(!page.more || page.rows.len() == limit, "more rows follow a page that is not full");
        if let Some(last) = page.rows.last() {
            cursor = next(last);
        }
        rows.extend(page.rows);
        if !page.more {
            return rows;
        }
    }
}

/// Compares a list with the rows that it should give; the panic shows the first row that differs.
pub(crate) fn assert_same<T: PartialEq + Debug>(what: &str, found: &[T], wanted: &[T]) {
    if let Some(place) = found.iter().zip(wanted).position(|(found, wanted)| found != wanted) {
        panic!("{what}: row {place} is {:?}, not {:?}", found[place], wanted[place]);
    }
    assert_eq!(found.len(), wanted.len(), "{what}: as many rows");
}
