-- The database that dynoxide starts with (see seed.go). The table is
-- dynoxide's own; the index is ours.
CREATE TABLE _stream_records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    table_name TEXT NOT NULL,
    event_name TEXT NOT NULL,
    keys_json TEXT NOT NULL,
    new_image TEXT,
    old_image TEXT,
    sequence_number TEXT NOT NULL,
    shard_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    user_identity TEXT
);
CREATE INDEX fabrique_stream_order ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
