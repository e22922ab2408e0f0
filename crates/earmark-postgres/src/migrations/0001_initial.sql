-- Rules live in earmark-core; the CHECKs here are the second net. Times are microseconds since 1970, money is in minor units, ids are uuid.
-- Every unique key holds the column by which its table would be spread over machines (see docs/scaling.md), so what must be unique
-- besides its own id has a table of its own. Texts that are compared are compared bytewise, whatever the database's collation.

CREATE TABLE items (
    sku text COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(sku) BETWEEN 1 AND 64),
    name text NOT NULL,
    description text,
    unit_price bigint NOT NULL CHECK (unit_price >= 0),
    active boolean NOT NULL,
    image_url text,
    metadata text,
    created_at bigint NOT NULL
);

-- Most of each page is left free: a new version of a row stays on its page and touches no index, and old ones are cleared away among few rows.
CREATE TABLE stocks (
    sku text COLLATE "C" NOT NULL PRIMARY KEY REFERENCES items (sku),
    on_hand integer NOT NULL,
    reserved integer NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    updated_at bigint NOT NULL,
    CHECK (0 <= reserved AND reserved <= on_hand AND on_hand <= 1000000000)
) WITH (fillfactor = 20);

CREATE TABLE carts (
    id uuid NOT NULL PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    customer_id text COLLATE "C",
    lines text,
    metadata text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX carts_by_expiry ON carts (expires_at, id);

-- status, paid_total, refunded_total and expiry_due_at are copies of what is computed, kept to be searched by and checked.
CREATE TABLE orders (
    id uuid NOT NULL PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    status smallint NOT NULL CHECK (status BETWEEN 0 AND 5),
    created_sequence bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    placed_total bigint NOT NULL CHECK (placed_total >= 0),
    paid_total bigint NOT NULL,
    refunded_total bigint NOT NULL,
    reserved_until bigint NOT NULL,
    expiry_due_at bigint,
    confirmed_at_placement boolean NOT NULL,
    confirmed_at bigint,
    paid_at bigint,
    customer_id text COLLATE "C",
    reference text COLLATE "C",
    shipping_address text,
    metadata text,
    cancellations text,
    shipments text,
    CHECK (0 <= refunded_total AND refunded_total <= paid_total),
    CHECK (paid_at IS NULL OR confirmed_at IS NOT NULL)
);
CREATE INDEX orders_by_status ON orders (status, id);
CREATE INDEX orders_by_expiry ON orders (expiry_due_at, id) WHERE expiry_due_at IS NOT NULL;
CREATE INDEX orders_by_customer ON orders (customer_id, id) WHERE customer_id IS NOT NULL;

CREATE TABLE order_references (
    reference text COLLATE "C" NOT NULL PRIMARY KEY,
    order_id uuid NOT NULL
);

-- No foreign key to orders: it would look each order up again, line by line. The audit checks it.
CREATE TABLE order_lines (
    order_id uuid NOT NULL,
    line smallint NOT NULL CHECK (line BETWEEN 0 AND 499),
    sku text COLLATE "C" NOT NULL,
    name text NOT NULL,
    unit_price bigint NOT NULL CHECK (unit_price >= 0),
    quantity integer NOT NULL CHECK (quantity > 0),
    cancelled integer NOT NULL CHECK (cancelled >= 0),
    shipped integer NOT NULL CHECK (shipped >= 0),
    delivered integer NOT NULL CHECK (0 <= delivered AND delivered <= shipped),
    returned integer NOT NULL CHECK (0 <= returned AND returned <= shipped),
    PRIMARY KEY (order_id, line),
    CHECK (cancelled + shipped <= quantity)
);

CREATE TABLE payments (
    order_id uuid NOT NULL REFERENCES orders (id),
    attempt smallint NOT NULL,
    id uuid NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    status smallint NOT NULL CHECK (status BETWEEN 0 AND 3),
    amount bigint NOT NULL CHECK (amount > 0),
    token text NOT NULL,
    gateway text NOT NULL,
    gateway_reference text,
    decline_code text,
    attempts bigint NOT NULL CHECK (attempts >= 0),
    next_attempt_at bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (order_id, attempt)
);
CREATE INDEX payments_due ON payments (next_attempt_at, order_id) WHERE status = 0;
-- At most one attempt in progress, and never charged twice.
CREATE UNIQUE INDEX payments_pending ON payments (order_id) WHERE status = 0;
CREATE UNIQUE INDEX payments_succeeded ON payments (order_id) WHERE status = 1;

CREATE TABLE refunds (
    order_id uuid NOT NULL REFERENCES orders (id),
    number integer NOT NULL,
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    status smallint NOT NULL CHECK (status BETWEEN 0 AND 2),
    amount bigint NOT NULL CHECK (amount >= 0),
    reason smallint NOT NULL CHECK (reason BETWEEN 0 AND 5),
    attempts bigint NOT NULL CHECK (attempts >= 0),
    next_attempt_at bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (order_id, number)
);
CREATE INDEX refunds_due ON refunds (next_attempt_at, order_id) WHERE status = 0;

-- The ids of payments (kind 0) and refunds (1): each is the key under which a gateway is called, so it must never name two of them.
CREATE TABLE gateway_keys (
    id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 1),
    order_id uuid NOT NULL,
    PRIMARY KEY (id, kind)
);

-- Whoever has locked the row of a stream has the turn: the next numbers are its own until it commits, so their order is the order of commits.
CREATE TABLE streams (
    id smallint NOT NULL PRIMARY KEY,
    last_sequence bigint NOT NULL,
    last_at bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO streams (id, last_sequence, last_at) VALUES (1, 0, 0);

-- type is the place in Fact::TYPES. data is null where the type says all.
CREATE TABLE events (
    stream smallint NOT NULL,
    sequence bigint NOT NULL,
    at bigint NOT NULL,
    type smallint NOT NULL CHECK (type >= 0),
    actor text NOT NULL,
    order_id uuid,
    sku text COLLATE "C",
    data text,
    PRIMARY KEY (stream, sequence)
);
-- An order's order.created is found through its created_sequence, so a plain placement writes nothing here.
CREATE INDEX events_by_order ON events (order_id, sequence) WHERE order_id IS NOT NULL AND type <> 0;
CREATE INDEX events_by_type ON events (stream, type, sequence) WHERE type <> 0;

-- Stretches of events, grouped by item behind the path of an order; see the segments module. What is after the last one is scanned.
-- highest_order_id: of this one and all before it, so that a reader knows when it has the highest ids.
CREATE TABLE segments (
    stream smallint NOT NULL,
    after_sequence bigint NOT NULL CHECK (after_sequence >= 0),
    last_sequence bigint NOT NULL CHECK (last_sequence > after_sequence),
    min_order_id uuid NOT NULL,
    max_order_id uuid NOT NULL,
    highest_order_id uuid NOT NULL CHECK (highest_order_id >= max_order_id),
    PRIMARY KEY (stream, after_sequence)
);

-- The events of a segment that touched an item; form: the postings module.
CREATE TABLE segment_postings (
    sku text COLLATE "C" NOT NULL,
    after_sequence bigint NOT NULL,
    postings bytea NOT NULL,
    PRIMARY KEY (sku, after_sequence)
);

CREATE TABLE api_keys (
    id uuid NOT NULL PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    name text,
    role smallint NOT NULL CHECK (role BETWEEN 0 AND 1),
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    created_at bigint NOT NULL,
    revoked_at bigint
);

-- Used keys. The answer is an order's placement, a payment, or whole.
CREATE TABLE idempotency (
    digest uuid NOT NULL PRIMARY KEY,
    fingerprint uuid NOT NULL,
    created_at bigint NOT NULL,
    order_id uuid,
    payment_id uuid,
    whole text,
    CHECK ((order_id IS NULL) = (whole IS NOT NULL) AND (payment_id IS NULL OR order_id IS NOT NULL))
);

-- How far each node has come: the number of its last batch, written with it, so that a COMMIT without an answer is not guessed about.
CREATE TABLE nodes (
    id uuid NOT NULL PRIMARY KEY,
    batch bigint NOT NULL,
    seen_at timestamptz NOT NULL
) WITH (fillfactor = 10);
