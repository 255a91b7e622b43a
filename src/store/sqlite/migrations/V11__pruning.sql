-- Up to this entry it is on record that entries were deleted.
ALTER TABLE tree ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0;
UPDATE tree SET recorded = minimum;
