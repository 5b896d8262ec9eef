package feeds

import (
	"encoding/xml"
	"time"
)

// Feed is what an Atom feed says of itself.
type Feed struct {
	ID              string // permanent, a URI
	Title, Subtitle string
	Author          string // of entries that name none
	Self, Home      string // URLs of the feed and of the page it follows
	Language        string
	Since           time.Time // when it is as of while it is empty
}

type atomFeed struct {
	XMLName  xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Language string      `xml:"xml:lang,attr,omitempty"`
	ID       string      `xml:"id"`
	Title    string      `xml:"title"`
	Subtitle string      `xml:"subtitle,omitempty"`
	Updated  string      `xml:"updated"`
	Author   atomPerson  `xml:"author"`
	Links    []atomLink  `xml:"link"`
	Entries  []atomEntry `xml:"entry"`
}

type atomEntry struct {
	Language   string         `xml:"xml:lang,attr,omitempty"`
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Authors    []atomPerson   `xml:"author"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Summary    *atomText      `xml:"summary"`
	Content    *atomText      `xml:"content"`
}

type atomPerson struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel    string `xml:"rel,attr"`
	Type   string `xml:"type,attr,omitempty"`
	Href   string `xml:"href,attr"`
	Length int64  `xml:"length,attr,omitempty"`
}

type atomCategory struct {
	Term  string `xml:"term,attr"`
	Label string `xml:"label,attr,omitempty"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// Atom writes a feed of the entries, in the order that they have (RFC 4287).
func Atom(feed Feed, entries []Entry) ([]byte, error) {
	document := atomFeed{
		Language: feed.Language, ID: feed.ID, Title: feed.Title, Subtitle: feed.Subtitle,
		Updated: instant(newest(entries, feed.Since)), Author: atomPerson{feed.Author},
		Links: []atomLink{{Rel: "self", Type: "application/atom+xml", Href: feed.Self}, {Rel: "alternate", Type: "text/html", Href: feed.Home}},
	}
	for _, entry := range entries {
		document.Entries = append(document.Entries, atomOf(entry))
	}
	return write(document)
}

func atomOf(entry Entry) atomEntry {
	written := atomEntry{
		Language: entry.Language, ID: entry.ID, Title: entry.Title,
		Published: instant(entry.Published), Updated: instant(entry.Updated),
		Links: []atomLink{{Rel: "alternate", Type: "text/html", Href: entry.URL}},
	}
	for _, author := range entry.Authors {
		written.Authors = append(written.Authors, atomPerson{author})
	}
	if audio := entry.Audio; audio != nil {
		written.Links = append(written.Links, atomLink{Rel: "enclosure", Type: audio.MIME, Href: audio.URL, Length: audio.Bytes})
	}
	if entry.Licence != "" { // RFC 4946
		written.Links = append(written.Links, atomLink{Rel: "license", Href: entry.Licence})
	}
	for _, category := range entry.Categories {
		written.Categories = append(written.Categories, atomCategory(category))
	}
	if entry.Summary != "" {
		written.Summary = &atomText{"text", entry.Summary}
	}
	if entry.HTML != "" {
		written.Content = &atomText{"html", entry.HTML}
	}
	return written
}

// instant writes a time as RFC 3339 does, in UTC, to the second.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }
