// Package spreadsheet answers a table as a file for a spreadsheet: CSV or
// XLSX, from rows that come one by one. Nothing that people typed becomes a
// formula, and 50,000 rows fit into the answer of a Lambda.
package spreadsheet

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Format is that of the file.
type Format string

// The formats, as addresses end.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// Sheet is one table. A cell is a string (text), an int or a float64 (a
// number), a bool ("oui" or nothing), a time.Time (an instant), a Day, or nil.
type Sheet struct {
	Name   string // of the file, without its extension
	Header []string
	// Rows are read once, in order. An error ends them, and nothing is answered.
	Rows iter.Seq2[[]any, error]
	// UTC has the instants of a CSV in UTC, for the programs that ask the API.
	// Else they are those of Paris, with the offset: people read them.
	UTC bool
	// Filter is what narrowed the list, for the access log of exports: no
	// personal data, so not what a name or an address was searched by.
	Filter any
}

// Day is a date without a time, "2006-01-02"; empty is an empty cell.
type Day string

// longest is how large a file may be, in bytes. A Lambda answers 6 MB at most
// and what is not text in base64, four bytes for three
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const longest = 4_500_000

var errTooLarge = fault.New(fault.TooLarge, "export-too-large", "Ce tableau est trop grand pour un seul fichier : filtrez la liste, puis recommencez.")

// Write answers the table. A CSV is compressed for who accepts it. It returns
// the error of the rows, and the fault "export-too-large".
func (s Sheet) Write(w http.ResponseWriter, r *http.Request, format Format) error {
	return s.answer(w, r, format, nil)
}

// export is what the trail keeps of an export.
type export struct {
	Format Format `json:"format"`
	Filter any    `json:"filter,omitempty"`
	Rows   int    `json:"rows"`
}

// Export answers the table to a member of the team and notes it first in the
// trail: who took which list, narrowed how, and how many rows there were.
func (s Sheet) Export(w http.ResponseWriter, r *http.Request, format Format, trail audit.Trail) error {
	return s.answer(w, r, format, func(rows int) error {
		var writes dynamo.Writes
		writes.Add(trail.Entry(r.Context(), "export", s.Name, nil, export{format, s.Filter, rows}))
		return writes.Commit(r.Context(), trail.Table.Client)
	})
}

// answer makes the whole file before it answers, so that a fault half-way is
// answered as a fault.
func (s Sheet) answer(w http.ResponseWriter, r *http.Request, format Format, note func(rows int) error) error {
	var file bytes.Buffer
	write, mediaType := s.csv, "text/csv; charset=utf-8"
	if format == XLSX {
		write, mediaType = s.xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	compress := format == CSV && acceptsGzip(r)
	rows, err := written(&file, compress, write)
	if err != nil {
		return err
	}
	if file.Len() > longest {
		return errTooLarge
	}
	if note != nil {
		if err := note(rows); err != nil {
			return err
		}
	}
	header := w.Header()
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": s.Name + "." + string(format)}))
	header.Add("Vary", "Accept-Encoding")
	if compress {
		header.Set("Content-Encoding", "gzip")
	}
	return web.Raw(w, http.StatusOK, mediaType, file.Bytes())
}

func written(file *bytes.Buffer, compress bool, write func(io.Writer) (int, error)) (int, error) {
	if !compress {
		return write(file)
	}
	packed := gzip.NewWriter(file)
	rows, err := write(packed)
	if err != nil {
		return rows, err
	}
	return rows, packed.Close()
}

func acceptsGzip(r *http.Request) bool {
	for one := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(one, " ", ""), ";")
		if name == "gzip" && weight != "q=0" {
			return true
		}
	}
	return false
}

func (s Sheet) csv(to io.Writer) (rows int, err error) {
	if _, err := io.WriteString(to, "\ufeff"); err != nil { // or spreadsheets take it for another encoding
		return 0, err
	}
	table := csv.NewWriter(to)
	table.UseCRLF = true // https://www.rfc-editor.org/rfc/rfc4180#section-2
	if err := table.Write(s.Header); err != nil {
		return 0, err
	}
	zone := french.Paris()
	if s.UTC {
		zone = time.UTC
	}
	line := make([]string, 0, len(s.Header))
	for row, err := range s.Rows {
		if err != nil {
			return rows, err
		}
		line = line[:0]
		for _, value := range row {
			text, err := text(value, zone)
			if err != nil {
				return rows, err
			}
			line = append(line, text)
		}
		if err := table.Write(line); err != nil {
			return rows, err
		}
		rows++
	}
	table.Flush()
	return rows, table.Error()
}

// text is a cell in a CSV, its instant as RFC 3339 in a zone.
func text(value any, zone *time.Location) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return Cell(v), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case bool:
		return yes(v), nil
	case time.Time:
		if v.IsZero() {
			return "", nil
		}
		return v.In(zone).Format(time.RFC3339), nil
	case Day:
		return string(v), nil
	}
	return "", fmt.Errorf("spreadsheet: a cell cannot hold a %T", value)
}

func yes(v bool) string {
	if v {
		return "oui"
	}
	return ""
}

// Cell keeps a spreadsheet from taking what someone typed for a formula, in a
// CSV file (https://owasp.org/www-community/attacks/CSV_Injection).
func Cell(typed string) string {
	if typed != "" && strings.ContainsRune("=+-@\t\r", rune(typed[0])) {
		return "'" + typed
	}
	return typed
}

// List makes rows of values that are all there.
func List[T any](values []T, row func(T) []any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, value := range values {
			if !yield(row(value), nil) {
				return
			}
		}
	}
}

// Pages makes rows of a list that is read page by page: next returns the page
// at a cursor and the cursor after it, both empty at the ends.
func Pages[T any](next func(cursor string) ([]T, string, error), row func(T) []any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for cursor := ""; ; {
			page, after, err := next(cursor)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, value := range page {
				if !yield(row(value), nil) {
					return
				}
			}
			if cursor = after; cursor == "" {
				return
			}
		}
	}
}
