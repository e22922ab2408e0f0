-- Spreads the tables with Citus; see docs/scaling.md. What one order writes by its id lies on one worker, stock by item, keys by key.
-- Tables of one group are colocated: an order with its lines, payments and refunds; an item with its stock; a stream with its events.

-- A foreign key cannot lead from a table that is not spread yet, so they go and come back.
ALTER TABLE stocks DROP CONSTRAINT stocks_sku_fkey;
ALTER TABLE payments DROP CONSTRAINT payments_order_id_fkey;
ALTER TABLE refunds DROP CONSTRAINT refunds_order_id_fkey;

SELECT create_distributed_table('items', 'sku');
SELECT create_distributed_table('stocks', 'sku', colocate_with => 'items');
SELECT create_distributed_table('segment_postings', 'sku', colocate_with => 'items');
SELECT create_distributed_table('orders', 'id');
SELECT create_distributed_table('order_lines', 'order_id', colocate_with => 'orders');
SELECT create_distributed_table('payments', 'order_id', colocate_with => 'orders');
SELECT create_distributed_table('refunds', 'order_id', colocate_with => 'orders');
SELECT create_distributed_table('carts', 'id', colocate_with => 'none');
SELECT create_distributed_table('order_references', 'reference', colocate_with => 'none');
SELECT create_distributed_table('gateway_keys', 'id', colocate_with => 'none');
SELECT create_distributed_table('idempotency', 'digest', colocate_with => 'none');
SELECT create_distributed_table('api_keys', 'id', colocate_with => 'none');
SELECT create_distributed_table('nodes', 'id', colocate_with => 'none');
SELECT create_distributed_table('streams', 'id');
SELECT create_distributed_table('events', 'stream', colocate_with => 'streams');
SELECT create_distributed_table('segments', 'stream', colocate_with => 'streams');

ALTER TABLE stocks ADD CONSTRAINT stocks_sku_fkey FOREIGN KEY (sku) REFERENCES items (sku);
ALTER TABLE payments ADD CONSTRAINT payments_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (id);
ALTER TABLE refunds ADD CONSTRAINT refunds_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (id);
