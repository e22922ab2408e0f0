-- The usual way to take orders in PostgreSQL, as well as we know how: what `cargo xtask bench` measures Earmark against, on the same
-- server with the same settings.
--
-- As narrow as Earmark's own tables are, or narrower: ids and keys of 8 bytes instead of 16, no index but the primary keys (Earmark has
-- some more to be searched by), no column that an order does not need when it is placed.

-- Price and name stand beside the counters, so that one UPDATE checks, reserves and brings back the price. Four fifths of each page are left
-- free: a new version of a row finds room beside the old one and touches no index (HOT), also of one row that everybody wants.
CREATE TABLE stocks (
    sku text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    unit_price bigint NOT NULL,
    on_hand integer NOT NULL,
    reserved integer NOT NULL,
    version integer NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (0 <= reserved AND reserved <= on_hand)
) WITH (fillfactor = 20);

CREATE SEQUENCE order_ids;

CREATE TABLE orders (
    id bigint NOT NULL PRIMARY KEY,
    status smallint NOT NULL,
    customer_id text NOT NULL,
    total bigint NOT NULL,
    reserved_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE order_lines (
    order_id bigint NOT NULL,
    line smallint NOT NULL,
    sku text NOT NULL,
    name text NOT NULL,
    unit_price bigint NOT NULL,
    quantity integer NOT NULL,
    cancelled integer NOT NULL DEFAULT 0,
    shipped integer NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, line)
);

CREATE TABLE idempotency (
    key bigint NOT NULL PRIMARY KEY,
    fingerprint bigint NOT NULL,
    order_id bigint NOT NULL
);

CREATE TABLE events (
    sequence bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    type smallint NOT NULL,
    order_id bigint NOT NULL
);

INSERT INTO stocks
SELECT 'SKU-' || lpad(n::text, 6, '0'), 'Item ' || n, 100 + (n * 7919) % 9901, 1000000000, 0, 1, now()
FROM generate_series(0, 9999) AS n;
