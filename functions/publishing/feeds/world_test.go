package feeds

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var paris = func() *time.Location {
	location, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	return location
}()

// someEntries are an article and an episode, with what XML must escape and what
// it cannot hold.
func someEntries() []Entry {
	return []Entry{
		{
			ID: "tag:example.org,2026:ressource/01B", URL: "https://example.org/ressources/la-riviere", Title: "La rivière & nous : « épisode\x00 » <2>",
			Summary: "L’eau\u0008, l’été\uFFFE.", HTML: "<p>L’eau &amp; <em>nous</em>]]></p>", Authors: []string{"Camille Le Goff", "Nadia Benali"}, Language: "fr",
			Categories: []Category{{"kind:podcast", "Podcast"}, {"fundamental:2", "Coopérer & tenir le cap"}}, Licence: "https://creativecommons.org/licenses/by-sa/4.0/",
			Published: time.Date(2026, 3, 1, 0, 0, 0, 0, paris), Updated: time.Date(2026, 3, 2, 9, 30, 15, 999, paris),
			Audio: &Audio{
				URL: "https://example.org/media/2.mp3?a=1&b=2", MIME: "audio/mpeg", Bytes: 12_345_678, Duration: 1861*time.Second + 600*time.Millisecond, Season: 1, Episode: 2,
				Image: "https://example.org/media/2.png", Transcript: "https://example.org/media/2.vtt", TranscriptMIME: "text/vtt",
			},
		},
		{
			ID: "tag:example.org,2026:ressource/01A", URL: "https://example.org/ressources/les-sols", Title: "Les sols", Summary: "Sous nos pieds.", Authors: []string{"Yves Caron"}, Language: "fr",
			Categories: []Category{{"kind:article", "Article"}}, Published: time.Date(2026, 1, 15, 0, 0, 0, 0, paris), Updated: time.Date(2026, 1, 15, 0, 0, 0, 0, paris),
		},
	}
}

func someFeed() Feed {
	return Feed{
		ID: "tag:example.org,2026:ressources", Title: "Ressources & récits", Subtitle: "Ce que l’alliance apprend", Author: "La Fabrique des transitions",
		Self: "https://example.org/ressources/feed.atom", Home: "https://example.org/ressources", Language: "fr", Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

func someShow() Show {
	return Show{
		GUID: PodcastGUID("https://example.org/podcast.rss"), Title: "Récits de transitions", Description: "Un mois, une voix.", Author: "La Fabrique des transitions",
		OwnerName: "L’équipe", OwnerEmail: "podcast@example.org", Self: "https://example.org/podcast.rss", Home: "https://example.org/ressources?kind=podcast",
		Image: "https://example.org/podcast.png", Language: "fr", Category: "Society & Culture", Subcategory: "Documentary",
		Licence: "CC-BY-SA-4.0", LicenceURL: "https://creativecommons.org/licenses/by-sa/4.0/", Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

func written(t *testing.T, body []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// shelf is a repository in memory.
type shelf struct {
	records []Record
	asked   int
}

func (s *shelf) repository(pageSize int) *Repository {
	return &Repository{
		Name: "Ressources de la Fabrique", BaseURL: "https://example.org/oai", Publisher: "La Fabrique des transitions", AdminEmail: "contact@example.org",
		Earliest: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), PageSize: pageSize, Changes: s.changes, Record: s.record,
		Sets: []Set{{"kind", "Par nature"}, {"kind:article", "Articles"}, {"kind:podcast", "Podcasts"}, {"fundamental:1", "Fondamental 1"}, {"dimension:5", "Dimension 5"}},
		Now:  func() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, paris) },
	}
}

func (s *shelf) record(_ context.Context, identifier string) (Record, bool, error) {
	at := slices.IndexFunc(s.records, func(r Record) bool { return r.Identifier == identifier })
	if at < 0 {
		return Record{}, false, nil
	}
	return s.records[at], true, nil
}

func place(r Record) string { return r.Changed.UTC().Format("20060102150405.000") + r.Identifier }

func (s *shelf) changes(_ context.Context, within Interval, after string, limit int) ([]Record, string, error) {
	s.asked++
	if after != "" && !strings.Contains(after, "oai:") {
		return nil, "", ErrCursor
	}
	var page []Record
	for _, r := range slices.SortedFunc(slices.Values(s.records), func(a, b Record) int { return cmp.Compare(place(a), place(b)) }) {
		if place(r) <= after || r.Changed.Before(within.From) || !within.Until.IsZero() && r.Changed.After(within.Until) {
			continue
		}
		if len(page) == limit {
			return page, place(page[limit-1]), nil
		}
		page = append(page, r)
	}
	return page, "", nil
}

// stocked has n records, one every six hours from 1 February; every seventh is
// deleted, every third a podcast.
func stocked(n int) *shelf {
	s := &shelf{}
	for i := range n {
		entry := someEntries()[1]
		kind := "article"
		if i%3 == 0 {
			entry, kind = someEntries()[0], "podcast"
		}
		entry.Title = fmt.Sprintf("%s %d", entry.Title, i)
		s.records = append(s.records, Record{
			Identifier: fmt.Sprintf("oai:example.org:%03d", i), Changed: time.Date(2026, 2, 1, 6*i, 0, 0, 500, time.UTC), Deleted: i%7 == 6,
			Sets: []string{"kind:" + kind, "fundamental:1"}, Type: "Text", Coverage: []string{"L’Île-d’Yeu"}, Entry: entry,
		})
	}
	return s
}

// harvested is what tests read of an answer.
type harvested struct {
	Request struct {
		Attrs []xml.Attr `xml:",any,attr"`
	} `xml:"request"`
	Errors []struct {
		Code string `xml:"code,attr"`
	} `xml:"error"`
	Headers []oaiHeader `xml:"ListIdentifiers>header"`
	Records []struct {
		Header   oaiHeader `xml:"header"`
		Metadata *struct {
			Titles []string `xml:"dc>title"`
		} `xml:"metadata"`
	} `xml:"ListRecords>record"`
	One *struct {
		Header   oaiHeader `xml:"header"`
		Metadata *struct{} `xml:"metadata"`
	} `xml:"GetRecord>record"`
	Sets   []oaiSet `xml:"ListSets>set"`
	Tokens []struct {
		Token  string `xml:",chardata"`
		Cursor int    `xml:"cursor,attr"`
	} `xml:"ListRecords>resumptionToken"`
}

// serve answers requests like a function's route does.
func serve(t *testing.T, o *Repository) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := o.Serve(w, r); err != nil {
			t.Error(err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
}

// ask sends a request, keeps the answer to be validated, and reads it.
func ask(t *testing.T, o *Repository, r *http.Request) harvested {
	t.Helper()
	w := httptest.NewRecorder()
	serve(t, o).ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != OAIType {
		t.Fatalf("%s: %d %s", r.URL, w.Code, w.Header())
	}
	var h harvested
	if err := xml.Unmarshal(w.Body.Bytes(), &h); err != nil {
		t.Fatalf("%s: %v", r.URL, err)
	}
	if folder := answersFolder; folder != "" {
		name := filepath.Join(folder, fmt.Sprintf("%04d.xml", len(answers(t))))
		if err := os.WriteFile(name, w.Body.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func get(t *testing.T, o *Repository, query string) harvested {
	t.Helper()
	return ask(t, o, httptest.NewRequest(http.MethodGet, "/oai?"+query, nil))
}

// without ends a test that needs what is not there: in continuous integration
// it fails, for that installs all.
func without(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s: not there", what)
	}
	t.Skipf("%s: not there", what)
}

const tools = "../../../.tools"

// python runs a program of testdata with the packages of tests/requirements.txt.
func python(t *testing.T, program string, arguments ...string) []byte {
	t.Helper()
	command := filepath.Join(tools, "python", "bin", "python")
	if err := exec.CommandContext(t.Context(), command, "-c", "import feedparser, sickle").Run(); err != nil {
		without(t, "Python with feedparser and sickle (make .tools/python)")
	}
	run := exec.CommandContext(t.Context(), command, append([]string{filepath.Join("testdata", program)}, arguments...)...)
	run.Stderr = os.Stderr
	said, err := run.Output()
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	return said
}
