package feeds

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"
)

// seen is what testdata/read.py tells of a feed.
type seen struct {
	Bozo, Version string
	Namespaces    []string
	Feed          struct{ Title, ID, Updated, Language, Link, Author string }
	Entries       []struct {
		ID, Title, Link, Summary      string
		Permalink                     bool
		Published                     []int
		Tags, Authors, Content        []string
		Enclosures                    [][]string
		Episode, Duration, Transcript *string
	}
}

// readByPython has feedparser read documents.
func readByPython(t *testing.T, documents ...[]byte) []seen {
	t.Helper()
	var paths []string
	for i, document := range documents {
		path := filepath.Join(t.TempDir(), string(rune('a'+i))+".xml")
		if err := os.WriteFile(path, document, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	var feeds []seen
	if err := json.Unmarshal(python(t, "read.py", paths...), &feeds); err != nil {
		t.Fatal(err)
	}
	return feeds
}

const cleanTitle = "La rivière & nous : « épisode » <2>"

func TestAtomByFeedparser(t *testing.T) {
	body, err := Atom(someFeed(), someEntries())
	feed := readByPython(t, written(t, body, err))[0]
	if feed.Bozo != "" || feed.Version != "atom10" || feed.Feed.Title != "Ressources & récits" || feed.Feed.Updated != "2026-03-02T08:30:15Z" ||
		feed.Feed.Link != "https://example.org/ressources" || feed.Feed.Language != "fr" || len(feed.Entries) != 2 {
		t.Fatalf("%+v", feed)
	}
	entry := feed.Entries[0]
	if entry.ID != "tag:example.org,2026:ressource/01B" || entry.Title != cleanTitle || entry.Summary != "L’eau, l’été." ||
		!reflect.DeepEqual(entry.Published, []int{2026, 2, 28, 23, 0, 0}) || !reflect.DeepEqual(entry.Authors, []string{"Camille Le Goff", "Nadia Benali"}) ||
		!reflect.DeepEqual(entry.Tags, []string{"kind:podcast", "fundamental:2"}) || !reflect.DeepEqual(entry.Enclosures, [][]string{{"https://example.org/media/2.mp3?a=1&b=2", "audio/mpeg", "12345678"}}) ||
		len(entry.Content) == 0 || !strings.Contains(entry.Content[0], "<em>nous</em>") {
		t.Errorf("%+v", entry)
	}
}

func TestPodcastByFeedparser(t *testing.T) {
	body, err := Podcast(someShow(), someEntries())
	feed := readByPython(t, written(t, body, err))[0]
	if feed.Bozo != "" || feed.Version != "rss20" || feed.Feed.Title != "Récits de transitions" || feed.Feed.Language != "fr" || len(feed.Entries) != 1 {
		t.Fatalf("%+v", feed)
	}
	entry := feed.Entries[0]
	if entry.ID != "tag:example.org,2026:ressource/01B" || entry.Permalink || entry.Title != cleanTitle ||
		!reflect.DeepEqual(entry.Enclosures, [][]string{{"https://example.org/media/2.mp3?a=1&b=2", "audio/mpeg", "12345678"}}) ||
		entry.Episode == nil || *entry.Episode != "2" || entry.Duration == nil || *entry.Duration != "1862" ||
		entry.Transcript == nil || *entry.Transcript != "https://example.org/media/2.vtt" {
		t.Errorf("%+v", entry)
	}
	for _, space := range []string{"http://www.itunes.com/dtds/podcast-1.0.dtd", "https://podcastindex.org/namespace/1.0"} {
		if !strings.Contains(strings.Join(feed.Namespaces, " "), space) {
			t.Errorf("%v lack %s", feed.Namespaces, space)
		}
	}
}

func TestFeedsByGofeed(t *testing.T) {
	body, err := Atom(someFeed(), someEntries())
	atom, err := gofeed.NewParser().Parse(bytes.NewReader(written(t, body, err)))
	if err != nil || atom.FeedType != "atom" || len(atom.Items) != 2 || atom.Items[0].Title != cleanTitle || atom.Items[0].Authors[1].Name != "Nadia Benali" {
		t.Fatalf("%v %+v", err, atom)
	}
	body, err = Podcast(someShow(), someEntries())
	show, err := gofeed.NewParser().Parse(bytes.NewReader(written(t, body, err)))
	if err != nil || len(show.Items) != 1 || show.ITunesExt == nil {
		t.Fatalf("%v %+v", err, show)
	}
	if it := show.ITunesExt; it.Explicit != "false" || it.Image != "https://example.org/podcast.png" || it.Type != "episodic" || it.Owner.Email != "podcast@example.org" ||
		it.Categories[0].Text != "Society & Culture" || it.Categories[0].Subcategory.Text != "Documentary" {
		t.Errorf("%+v", it)
	}
	if it := show.Items[0].ITunesExt; it.Episode != "2" || it.Season != "1" || it.Duration != "1862" || it.EpisodeType != "full" || it.Image != "https://example.org/media/2.png" {
		t.Errorf("%+v", it)
	}
	guid := show.Extensions["podcast"]["guid"]
	if len(guid) != 1 || guid[0].Value != someShow().GUID {
		t.Errorf("%+v", guid)
	}
	transcript := show.Items[0].Extensions["podcast"]["transcript"]
	if len(transcript) != 1 || !reflect.DeepEqual(transcript[0].Attrs, map[string]string{"url": "https://example.org/media/2.vtt", "type": "text/vtt", "language": "fr"}) {
		t.Errorf("%+v", transcript)
	}
}

func TestFeedsAreTheSameEachTime(t *testing.T) {
	once, err := Atom(someFeed(), someEntries())
	again, _ := Atom(someFeed(), someEntries())
	if err != nil || !bytes.Equal(once, again) {
		t.Error("Atom differs", err)
	}
	once, err = Podcast(someShow(), someEntries())
	again, _ = Podcast(someShow(), someEntries())
	if err != nil || !bytes.Equal(once, again) {
		t.Error("the podcast differs", err)
	}
}

func TestEmptyFeeds(t *testing.T) {
	atom, err := Atom(someFeed(), nil)
	if err != nil || !strings.Contains(string(atom), "<updated>2026-01-01T00:00:00Z</updated>") {
		t.Errorf("%v %s", err, atom)
	}
	show, err := Podcast(someShow(), someEntries()[1:])
	if err != nil || strings.Contains(string(show), "<item>") || !strings.Contains(string(show), "<lastBuildDate>Thu, 01 Jan 2026 00:00:00 +0000</lastBuildDate>") {
		t.Errorf("%v %s", err, show)
	}
}

func TestPodcastRefusesAudioWithoutLength(t *testing.T) {
	for name, spoil := range map[string]func(*Audio){
		"length": func(a *Audio) { a.Bytes = 0 }, "type": func(a *Audio) { a.MIME = "" }, "address": func(a *Audio) { a.URL = "" },
	} {
		entries := someEntries()
		spoil(entries[0].Audio)
		if _, err := Podcast(someShow(), entries); err == nil {
			t.Errorf("audio without %s is written", name)
		}
	}
}

// TestPodcastGUID is the example of the specification of podcast:guid.
func TestPodcastGUID(t *testing.T) {
	for _, address := range []string{"https://podnews.net/rss", "http://podnews.net/rss//", "podnews.net/rss"} {
		if got := PodcastGUID(address); got != "9b024349-ccf0-5f69-a609-6b82873eab3c" {
			t.Errorf("%s: %s", address, got)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x00b\uFFFE", "]]>")
	f.Fuzz(func(t *testing.T, a, b string) {
		entries := someEntries()
		entries[0].Title, entries[0].HTML, entries[0].Summary = a, b, a+b
		entries[0].Categories[0].Term, entries[0].Audio.URL = b, "https://example.org/"+a
		for _, write := range []func() ([]byte, error){func() ([]byte, error) { return Atom(someFeed(), entries) }, func() ([]byte, error) { return Podcast(someShow(), entries) }} {
			body, err := write()
			if err != nil || !utf8.Valid(body) {
				t.Fatalf("%v %q", err, body)
			}
			if _, err := gofeed.NewParser().Parse(bytes.NewReader(body)); err != nil {
				t.Errorf("%q, %q: %v", a, b, err)
			}
		}
	})
}
