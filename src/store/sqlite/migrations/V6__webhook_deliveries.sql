-- Deliveries stay for a while after they ended, so that they can be looked at and sent again.
-- While a delivery waits, `ended` is NULL; an ended one is due never (the largest number).
ALTER TABLE delivery ADD COLUMN ended INTEGER;
ALTER TABLE delivery ADD COLUMN error TEXT;     -- why the latest attempt failed
CREATE INDEX delivery_of ON delivery (webhook, number);
CREATE INDEX delivery_ended ON delivery (webhook, number) WHERE ended IS NOT NULL;
