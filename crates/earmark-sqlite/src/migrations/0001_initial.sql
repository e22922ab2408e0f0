-- Rules live in earmark-core; the CHECKs here are the second net. What lies on the path of an order is appended: ids are UUIDv7, so
-- tables keyed by them grow at their end. No index over random keys is written by a batch (see deferred/).
-- Times are microseconds since 1970, money is in minor units, ids are 16 bytes.

CREATE TABLE items (
    sku TEXT NOT NULL PRIMARY KEY CHECK (length(sku) BETWEEN 1 AND 64),
    name TEXT NOT NULL,
    description TEXT,
    unit_price INTEGER NOT NULL CHECK (unit_price >= 0),
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    image_url TEXT,
    metadata TEXT,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Narrow, because each batch writes most of its pages.
CREATE TABLE stocks (
    sku TEXT NOT NULL PRIMARY KEY REFERENCES items (sku),
    on_hand INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    updated_at INTEGER NOT NULL,
    CHECK (0 <= reserved AND reserved <= on_hand AND on_hand <= 1000000000)
) STRICT, WITHOUT ROWID;

CREATE TABLE carts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    version INTEGER NOT NULL CHECK (version > 0),
    customer_id TEXT,
    lines TEXT,
    metadata TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX carts_by_expiry ON carts (expires_at);

-- status, paid_total, refunded_total and expiry_due_at are copies of what is computed, kept to be searched by and checked.
CREATE TABLE orders (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    version INTEGER NOT NULL CHECK (version > 0),
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 5),
    created_sequence INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    placed_total INTEGER NOT NULL CHECK (placed_total >= 0),
    paid_total INTEGER NOT NULL,
    refunded_total INTEGER NOT NULL,
    reserved_until INTEGER NOT NULL,
    expiry_due_at INTEGER,
    confirmed_at_placement INTEGER NOT NULL CHECK (confirmed_at_placement IN (0, 1)),
    confirmed_at INTEGER,
    paid_at INTEGER,
    customer_id TEXT,
    reference TEXT,
    shipping_address TEXT,
    metadata TEXT,
    cancellations TEXT,
    shipments TEXT,
    CHECK (0 <= refunded_total AND refunded_total <= paid_total),
    CHECK (paid_at IS NULL OR confirmed_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_status ON orders (status, id);
CREATE INDEX orders_by_expiry ON orders (expiry_due_at) WHERE expiry_due_at IS NOT NULL;
CREATE UNIQUE INDEX orders_by_reference ON orders (reference) WHERE reference IS NOT NULL;

-- No foreign key to orders: it would look each order up again, line by line. The audit checks it.
CREATE TABLE order_lines (
    order_id BLOB NOT NULL,
    line INTEGER NOT NULL CHECK (line BETWEEN 0 AND 499),
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    unit_price INTEGER NOT NULL CHECK (unit_price >= 0),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    cancelled INTEGER NOT NULL CHECK (cancelled >= 0),
    shipped INTEGER NOT NULL CHECK (shipped >= 0),
    delivered INTEGER NOT NULL CHECK (0 <= delivered AND delivered <= shipped),
    returned INTEGER NOT NULL CHECK (0 <= returned AND returned <= shipped),
    PRIMARY KEY (order_id, line),
    CHECK (cancelled + shipped <= quantity)
) STRICT, WITHOUT ROWID;

CREATE TABLE payments (
    order_id BLOB NOT NULL REFERENCES orders (id),
    attempt INTEGER NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    version INTEGER NOT NULL CHECK (version > 0),
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 3),
    amount INTEGER NOT NULL CHECK (amount > 0),
    token TEXT NOT NULL,
    gateway TEXT NOT NULL,
    gateway_reference TEXT,
    decline_code TEXT,
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    next_attempt_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (order_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX payments_by_id ON payments (id);
CREATE INDEX payments_due ON payments (next_attempt_at) WHERE status = 0;
-- At most one attempt in progress, and never charged twice.
CREATE UNIQUE INDEX payments_pending ON payments (order_id) WHERE status = 0;
CREATE UNIQUE INDEX payments_succeeded ON payments (order_id) WHERE status = 1;

CREATE TABLE refunds (
    order_id BLOB NOT NULL REFERENCES orders (id),
    number INTEGER NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    payment_id BLOB NOT NULL CHECK (length(payment_id) = 16),
    version INTEGER NOT NULL CHECK (version > 0),
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 2),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    reason INTEGER NOT NULL CHECK (reason BETWEEN 0 AND 5),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    next_attempt_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (order_id, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX refunds_by_id ON refunds (id);
CREATE INDEX refunds_due ON refunds (next_attempt_at) WHERE status = 0;

-- type is the place in Fact::TYPES. data is null where the type says all.
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    type INTEGER NOT NULL CHECK (type >= 0),
    actor TEXT NOT NULL,
    order_id BLOB,
    sku TEXT,
    data TEXT
) STRICT;
-- An order's order.created is found through its created_sequence, so a plain placement writes nothing here.
CREATE INDEX events_by_order ON events (order_id) WHERE order_id IS NOT NULL AND type <> 0;
CREATE INDEX events_by_type ON events (type) WHERE type <> 0;

CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    version INTEGER NOT NULL CHECK (version > 0),
    name TEXT,
    role INTEGER NOT NULL CHECK (role BETWEEN 0 AND 1),
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- Used keys, appended as they come. The answer is an order's placement, a payment, or whole.
CREATE TABLE idempotency (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL CHECK (length(digest) = 16),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),
    created_at INTEGER NOT NULL,
    order_id BLOB,
    payment_id BLOB,
    whole BLOB,
    CHECK ((order_id IS NULL) = (whole IS NOT NULL) AND (payment_id IS NULL OR order_id IS NOT NULL))
) STRICT;

-- Deferred: written in key order, behind the path of the orders. An entry whose row is gone counts for nothing.
CREATE TABLE idempotency_index (
    digest BLOB NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE customer_orders (
    customer_hash INTEGER NOT NULL,
    order_id BLOB NOT NULL,
    PRIMARY KEY (customer_hash, order_id)
) STRICT, WITHOUT ROWID;

-- Deferred: which events of a stretch touched an item, appended stretch by stretch.
CREATE TABLE segments (
    segment INTEGER PRIMARY KEY,
    last_sequence INTEGER NOT NULL,
    min_order_id BLOB NOT NULL,
    max_order_id BLOB NOT NULL
) STRICT;
CREATE TABLE segment_postings (
    segment INTEGER NOT NULL,
    sku TEXT NOT NULL,
    postings BLOB NOT NULL,
    PRIMARY KEY (segment, sku)
) STRICT, WITHOUT ROWID;

-- How far the deferred tables reach: a number of an event, or of an idempotency row.
CREATE TABLE progress (
    name TEXT NOT NULL PRIMARY KEY,
    reached INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO progress (name, reached) VALUES ('idempotency_index', 0), ('customer_orders', 0);
