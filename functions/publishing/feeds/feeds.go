// Package feeds writes what is published for machines: Atom for feed readers,
// RSS for podcast players, OAI-PMH for the harvesters of libraries. What it
// writes depends on what it is given alone, to the byte, so that an ETag of it
// holds.
//
// The formats are structures of encoding/xml: the libraries that write feeds
// know neither the elements of Podcasting 2.0 nor several authors, and put the
// present time where ours must come from the entries.
package feeds

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"time"
)

// Types of what is written.
const (
	AtomType    = "application/atom+xml; charset=utf-8"
	PodcastType = "application/rss+xml; charset=utf-8"
	OAIType     = "text/xml; charset=utf-8"
)

// Entry is one published resource.
type Entry struct {
	ID             string // permanent, a URI: tag:example.org,2026:ressource/01H…
	URL            string // its page
	Title, Summary string // plain text
	HTML           string // its body, sanitised; may be empty
	Authors        []string
	Language       string // such as fr
	Categories     []Category
	Licence        string    // URL of it
	Published      time.Time // in Paris: dc:date is its day there
	Updated        time.Time // after Published, or the same
	Audio          *Audio    // of an episode
}

// Category is what an entry is about: a term for machines, a label for people.
type Category struct{ Term, Label string }

// Audio is what an episode plays.
type Audio struct {
	URL, MIME      string
	Bytes          int64 // of the file, as it is served
	Duration       time.Duration
	Season         int // 0 for none
	Episode        int // 0 for none
	Image          string
	Transcript     string // URL
	TranscriptMIME string // text/vtt, text/html, application/x-subrip or application/json
}

// write gives the document, without the characters that XML cannot hold:
// encoding/xml puts U+FFFD for each of them.
func write(document any) ([]byte, error) {
	body, err := xml.MarshalIndent(document, "", " ")
	if err != nil {
		return nil, fmt.Errorf("feeds: %w", err)
	}
	body = bytes.ReplaceAll(body, []byte("\uFFFD"), nil)
	return append([]byte(xml.Header), append(body, '\n')...), nil
}

// newest is when the latest of the entries was updated, or since if there are
// none.
func newest(entries []Entry, since time.Time) time.Time {
	for _, entry := range entries {
		if entry.Updated.After(since) {
			since = entry.Updated
		}
	}
	return since
}
