//! Which files are opened, and which are refused?
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use common::{Shop, small};
use earmark_sqlite::{OpenError, SqliteOptions, open};
use earmark_store::migrations::SchemaError;

fn refusal(path: &Path) -> OpenError {
    open(path, SqliteOptions::default()).expect_err("it is refused")
}

#[test]
fn a_second_open_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let first = Shop::open(&path, small());
    let refused = refusal(&path);
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused:?}");
    assert!(refused.to_string().contains("shop.db"), "{refused}");
    drop(first);
    Shop::open(&path, small());
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    drop(Shop::open(&path, small()));
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("INSERT INTO migrations (number, name, checksum) VALUES (9999, 'later', 0)", []).unwrap();
    drop(raw);
    let refused = refusal(&path);
    assert!(matches!(refused, OpenError::Schema(SchemaError::Newer { found: 9999, .. })), "{refused:?}");
    assert!(refused.to_string().contains("newer"), "{refused}");
}

#[test]
fn a_database_whose_migration_is_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    drop(Shop::open(&path, small()));
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("UPDATE migrations SET checksum = checksum + 1", []).unwrap();
    drop(raw);
    let refused = refusal(&path);
    assert!(matches!(refused, OpenError::Schema(SchemaError::Changed { .. })), "{refused:?}");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    std::fs::write(
        &path,
        "a letter to my aunt, long enough to be taken for the header of a database file, it goes on and on",
    )
    .unwrap();
    let refused = refusal(&path);
    assert!(matches!(refused, OpenError::Sqlite(_)), "{refused:?}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("a letter"), "it is left alone");
}

#[test]
fn a_path_that_cannot_be_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let refused = refusal(&folder.path().join("nowhere").join("shop.db"));
    assert!(matches!(refused, OpenError::File { .. }), "{refused:?}");
    assert!(refused.to_string().contains("nowhere"), "{refused}");
}
