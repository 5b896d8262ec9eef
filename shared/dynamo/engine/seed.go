package engine

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
)

//go:generate sh -c "rm -f streams.db && sqlite3 streams.db < streams.sql && gzip -9n streams.db"

// seed is an empty SQLite database with the table in which dynoxide keeps the
// records of all streams, and an index that dynoxide does not make: without
// it, every write to a table with a stream reads all records that any stream
// ever had, to find the next sequence number, and so does every reader.
// streams.sql is what is in it.
//
//go:embed streams.db.gz
var seed []byte

// sow makes the file of a new database. One that is there is left as it is.
func sow(file string) error {
	unpacked, err := gzip.NewReader(bytes.NewReader(seed))
	if err != nil {
		return err
	}
	content, err := io.ReadAll(unpacked)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the engine's data: %w", err)
	}
	_, err = out.Write(content)
	return errors.Join(err, out.Close())
}
