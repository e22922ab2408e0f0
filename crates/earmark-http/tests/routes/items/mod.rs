//! Do the calls under `/v1/items` do what the contract says?

mod adjustments;
mod find;
mod list;
mod movements;
mod put;
