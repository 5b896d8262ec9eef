// Package report holds what the function bilan answers: the year's figures as
// they travel in JSON, from which pages, exports and charts are made. It knows
// nothing of how they are counted.
package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Status is where a year stands.
type Status string

// A year is open, then closed once the team has checked it, then published:
// frozen for good.
const (
	Open      Status = "open"
	Closed    Status = "closed"
	Published Status = "published"
)

// Report is the bilan of one year.
type Report struct {
	Year   int    `json:"year"`
	Status Status `json:"status" enum:"open,closed,published"`
	// AsOf is the instant of the answer; for a published year, that of publication.
	AsOf     time.Time         `json:"as_of"`
	Chapters []Chapter         `json:"chapters"`
	Effects  map[string]Effect `json:"effects" doc:"The five effects: alliance, time_saved, belonging, trust, amplification"`
	// Territories are those accompanied in the year, in the order of their
	// codes: the map. They are listed once the year is published.
	Territories []Territory `json:"territories,omitempty"`
	// Corrections are what has changed since publication, the oldest first;
	// the figures above never move.
	Corrections []Correction `json:"corrections"`
	// Hash is set for a published year: see Seal.
	Hash string `json:"hash,omitempty" doc:"SHA-256 of the published year, as docs/data-model.md says how to compute it"`
}

// Territory is an official code with its name.
type Territory struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Chapter is one of the four.
type Chapter struct {
	Number  int      `json:"number"`
	Title   string   `json:"title"`
	Figures []Figure `json:"figures"`
}

// Figure is one figure of a year.
type Figure struct {
	ID      string `json:"id"`
	Section string `json:"section"`
	Label   string `json:"label"`
	Value   int    `json:"value"`
	// Rounded is how the association writes an approximate figure: "une cinquantaine".
	Rounded    string `json:"rounded,omitempty"`
	Unit       string `json:"unit"`
	Previous   *int   `json:"previous,omitempty" doc:"The value of the year before, when it is known"`
	Definition string `json:"definition"`
	Version    int    `json:"version"`
}

// Effect is what participants say that the alliance gives them, 1 to 5.
type Effect struct {
	Mean    float64 `json:"mean" doc:"Rounded to two decimals; 0 without answers"`
	Answers int     `json:"answers"`
}

// Correction says that a fact recorded after publication would change a figure.
type Correction struct {
	Figure    string `json:"figure"`
	Label     string `json:"label"`
	Published int    `json:"published" doc:"The published value, which stays"`
	Now       int    `json:"now" doc:"The value with this correction and those before it"`
	On        string `json:"on" format:"date" doc:"The day on which it was recorded, in Paris"`
	Reason    string `json:"reason"`
	FactID    string `json:"fact_id"`
}

// Years is the list of bilans, the latest first.
type Years struct {
	Items      []Year `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// Year is a bilan in the list.
type Year struct {
	Year   int       `json:"year"`
	Status Status    `json:"status" enum:"open,closed,published"`
	AsOf   time.Time `json:"as_of"`
}

// Canonical is the text of a year that its hash is of: the report without
// "hash" and "corrections", as JSON without white space, names sorted, nothing
// escaped that need not be. jq -cSj 'del(.hash, .corrections)' writes the same.
func (r Report) Canonical() ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	names := map[string]any{}
	if err := decoder.Decode(&names); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	delete(names, "hash")
	delete(names, "corrections")
	var out bytes.Buffer
	encoder := json.NewEncoder(&out) // writes maps with their names sorted
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(names); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// Seal is the hash of the canonical text: 64 hexadecimal digits.
func (r Report) Seal() (string, error) {
	text, err := r.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
