package engine

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func TestSeedIsWhatItsSourceSays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tables.db")
	if err := sow(file); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("streams.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, statements, _ := strings.Cut(string(source), "CREATE")
	for statement := range strings.SplitSeq("CREATE"+statements, ";") { // SQLite keeps them word for word
		if text := strings.TrimSpace(statement); text != "" && !bytes.Contains(content, []byte(text)) {
			t.Errorf("the seed lacks %s", text)
		}
	}
	if err := os.WriteFile(file, []byte("used"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sow(file); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(file); err != nil || string(content) != "used" {
		t.Errorf("a database that was there is %d bytes now (%v)", len(content), err)
	}
}

// With the index, the records of a stream are read and numbered as without.
func TestEngineWorksOnTheSeed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tables.db")
	e := start(t, Options{DataFile: file})
	client := dynamodb.NewFromConfig(e.Config())
	if err := CreateTables(t.Context(), client, function.Definitions, areaName); err != nil {
		t.Fatal(err)
	}
	for i := range 12 { // past nine, numbers sort otherwise than their text
		put(t, client, strconv.Itoa(100+i))
	}
	reader, err := ReadChanges(t.Context(), e.Config(), function.Allies, "Allies", nil)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := reader.Next(t.Context())
	if err != nil || len(batch.Records) != 12 {
		t.Fatalf("%d changes (%v), want 12", len(batch.Records), err)
	}
	for i, r := range batch.Records {
		if got := r.Change.Keys["sk"].String(); got != strconv.Itoa(100+i) {
			t.Errorf("change %d is of %s", i, got)
		}
	}
}
