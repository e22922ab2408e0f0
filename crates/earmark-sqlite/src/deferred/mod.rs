//! How are random keys found without writing a page for each of them?
//!
//! Two look-ups have keys in no order: an idempotency digest, and the orders of a customer. A
//! B-tree over them, written batch by batch, would cost one page for each entry and halve the rate.
//! Instead the rows themselves are appended, their newest entries are held in memory (`tail.rs`),
//! and the B-tree is written later, in key order.
//!
//! A crash loses nothing: what was in memory is read again from the appended rows. `sweep.rs` takes
//! out the entries of rows that are deleted.

mod sweep;
mod tail;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use earmark_core::IdempotencyRecord;
use earmark_core::ids::OrderId;
use earmark_core::text::CustomerId;
use rusqlite::{Connection, OptionalExtension};

use crate::codec;
use crate::error::{DatabaseError, Result};
use crate::rows;
use sweep::Sweep;
use tail::Tail;

/// The hash of a customer's id, and an order's id.
pub(crate) type CustomerKey = (i64, [u8; 16]);

/// The newest orders of all customers, shared with readers.
#[derive(Debug)]
pub(crate) struct CustomerTail(Mutex<Tail<CustomerKey, ()>>);

/// Both deferred indexes, as the writer uses them.
#[derive(Debug)]
pub(crate) struct Deferred {
    idempotency: Tail<[u8; 16], i64>,
    sweep: Sweep,
    /// Digests that the open transaction has looked for and not found.
    absent: HashSet<[u8; 16]>,
    /// The number of the last idempotency row, as the open transaction leaves it.
    last_number: i64,
    committed_number: i64,
    customers: Arc<CustomerTail>,
    committed_sequence: i64,
}

impl CustomerTail {
    fn lock(&self) -> MutexGuard<'_, Tail<CustomerKey, ()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every entry that `snapshot` may lack in its B-tree; `None` if the snapshot is too old to be
    /// completed, so that the caller must take a new one.
    pub(crate) fn all(&self, snapshot: &Connection) -> Result<Option<Vec<CustomerKey>>> {
        let held = reached(snapshot, "customer_orders")?;
        let tail = self.lock();
        Ok((tail.reached() <= held).then(|| tail.keys((i64::MIN, [0; 16])..=(i64::MAX, [u8::MAX; 16]))))
    }

    /// The orders of customers with this hash that `snapshot` may lack in its B-tree; `None` if the
    /// snapshot is too old to be completed.
    pub(crate) fn orders(&self, snapshot: &Connection, customer_hash: i64) -> Result<Option<Vec<OrderId>>> {
        let held = reached(snapshot, "customer_orders")?;
        let tail = self.lock();
        if tail.reached() > held {
            return Ok(None);
        }
        let keys = tail.keys((customer_hash, [0; 16])..=(customer_hash, [u8::MAX; 16]));
        Ok(Some(keys.into_iter().map(|(_, id)| OrderId::from_bytes(id)).collect()))
    }
}

impl Deferred {
    /// Reads what is not in the B-trees yet.
    pub(crate) fn open(connection: &Connection, generation_entries: usize) -> Result<Self> {
        let idempotency = read_idempotency(connection, generation_entries)?;
        let customers = read_customers(connection, generation_entries)?;
        let highest: Option<i64> =
            connection.query_row("SELECT max(number) FROM idempotency", [], |row| row.get(0))?;
        let last_number = highest.unwrap_or(0).max(idempotency.reached());
        let committed_sequence = codec::integer(rows::events::last_sequence(connection)?)?;
        let customers = Arc::new(CustomerTail(Mutex::new(customers)));
        Ok(Self {
            idempotency,
            sweep: Sweep::begin(connection)?,
            absent: HashSet::new(),
            last_number,
            committed_number: last_number,
            customers,
            committed_sequence,
        })
    }

    /// What readers need to see the newest orders of a customer.
    pub(crate) fn customers(&self) -> Arc<CustomerTail> {
        Arc::clone(&self.customers)
    }

    /// The record of a digest, and the number of its row.
    pub(crate) fn find_idempotency(
        &self,
        connection: &Connection,
        digest: &[u8; 16],
    ) -> Result<Option<(i64, IdempotencyRecord)>> {
        let number = match self.idempotency.find(digest) {
            Some(number) => Some(number),
            None => connection
                .prepare_cached("SELECT number FROM idempotency_index WHERE digest = ?1")?
                .query_row([digest], |row| row.get(0))
                .optional()?,
        };
        let Some(number) = number else { return Ok(None) };
        // An entry outlives its row, and the number may belong to another key by now.
        let record = rows::idempotency::find(connection, number)?.filter(|record| record.digest == *digest);
        Ok(record.map(|record| (number, record)))
    }

    /// The record of a digest. That it is absent is remembered for [`Self::add_idempotency`].
    pub(crate) fn load_idempotency(
        &mut self,
        connection: &Connection,
        digest: &[u8; 16],
    ) -> Result<Option<IdempotencyRecord>> {
        let found = self.find_idempotency(connection, digest)?;
        if found.is_none() {
            self.absent.insert(*digest);
        }
        Ok(found.map(|(_, record)| record))
    }

    /// Gives a number to a new idempotency row. There is no unique index, so a digest that is there
    /// already is found out here.
    pub(crate) fn add_idempotency(&mut self, connection: &Connection, digest: [u8; 16]) -> Result<i64> {
        if !self.absent.remove(&digest) && self.find_idempotency(connection, &digest)?.is_some() {
            return Err(DatabaseError::Conflict("an idempotency key is there already".to_owned()));
        }
        self.last_number += 1;
        self.idempotency.add(digest, self.last_number);
        Ok(self.last_number)
    }

    /// Deletes a row, and gives how many were deleted. Its entries stay until the index is swept.
    pub(crate) fn delete_idempotency(&mut self, connection: &Connection, digest: &[u8; 16]) -> Result<usize> {
        let Some((number, _)) = self.find_idempotency(connection, digest)? else { return Ok(0) };
        self.sweep.row_deleted();
        // The same transaction may use the digest again.
        self.absent.insert(*digest);
        Ok(connection.prepare_cached("DELETE FROM idempotency WHERE number = ?1")?.execute([number])?)
    }

    pub(crate) fn add_customer_order(&mut self, customer: &CustomerId, id: OrderId) {
        self.customers.lock().add((codec::customer_hash(customer.as_str()), id.to_bytes()), ());
    }

    /// Writes a slice of each index in the open transaction.
    pub(crate) fn merge(&mut self, connection: &Connection) -> Result<()> {
        let mut insert = connection
            .prepare_cached("INSERT OR REPLACE INTO idempotency_index (digest, number) VALUES (?1, ?2)")?;
        for (digest, number) in self.idempotency.take_slice() {
            insert.execute((digest, number))?;
        }
        if let Some(number) = self.idempotency.ending() {
            reach(connection, "idempotency_index", number)?;
        }
        self.sweep.step(connection, self.last_number + 1)?;
        // A copy, so that readers need not wait for the database.
        let slice = self.customers.lock().take_slice().to_vec();
        let mut insert = connection.prepare_cached(
            "INSERT OR IGNORE INTO customer_orders (customer_hash, order_id) VALUES (?1, ?2)",
        )?;
        for ((customer_hash, id), ()) in slice {
            insert.execute((customer_hash, id))?;
        }
        let ending = self.customers.lock().ending();
        ending.map_or(Ok(()), |sequence| reach(connection, "customer_orders", sequence))
    }

    /// The open transaction was committed; `last_sequence` is the last event in it, if it had one.
    pub(crate) fn committed(&mut self, last_sequence: Option<u64>) -> Result<()> {
        if let Some(sequence) = last_sequence {
            self.committed_sequence = codec::integer(sequence)?;
        }
        self.committed_number = self.last_number;
        self.absent.clear();
        self.sweep.committed();
        self.idempotency.committed(self.committed_number);
        self.customers.lock().committed(self.committed_sequence);
        Ok(())
    }

    /// The open transaction left no trace.
    pub(crate) fn rolled_back(&mut self) {
        self.last_number = self.committed_number;
        self.absent.clear();
        self.sweep.rolled_back();
        self.idempotency.rolled_back();
        self.customers.lock().rolled_back();
    }
}

/// The number up to which a deferred table holds everything.
pub(crate) fn reached(connection: &Connection, name: &str) -> Result<i64> {
    let mut statement = connection.prepare_cached("SELECT reached FROM progress WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0))?)
}

fn reach(connection: &Connection, name: &str, number: i64) -> Result<()> {
    connection.prepare_cached("UPDATE progress SET reached = ?2 WHERE name = ?1")?.execute((name, number))?;
    Ok(())
}

fn read_idempotency(connection: &Connection, generation_entries: usize) -> Result<Tail<[u8; 16], i64>> {
    let reached = reached(connection, "idempotency_index")?;
    let mut tail = Tail::new(generation_entries, reached);
    let mut statement =
        connection.prepare("SELECT digest, number FROM idempotency WHERE number > ?1 ORDER BY number")?;
    let mut rows = statement.query([reached])?;
    while let Some(row) = rows.next()? {
        tail.add(row.get(0)?, row.get(1)?);
    }
    tail.clear_added();
    Ok(tail)
}

fn read_customers(connection: &Connection, generation_entries: usize) -> Result<Tail<CustomerKey, ()>> {
    let reached = reached(connection, "customer_orders")?;
    let mut tail = Tail::new(generation_entries, reached);
    let mut statement = connection.prepare(
        "SELECT o.customer_id, o.id FROM events e CROSS JOIN orders o ON o.id = e.order_id \
         WHERE e.sequence > ?1 AND e.type = 0 AND o.customer_id IS NOT NULL",
    )?;
    let mut rows = statement.query([reached])?;
    while let Some(row) = rows.next()? {
        // It is not parsed, so that one damaged row does not keep the database from being opened.
        let customer =
            row.get_ref(0)?.as_str().map_err(|error| DatabaseError::damaged("a customer id", error))?;
        tail.add((codec::customer_hash(customer), row.get(1)?), ());
    }
    tail.clear_added();
    Ok(tail)
}
