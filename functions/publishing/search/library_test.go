package search

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

var write = flag.Bool("write", false, "write testdata/library.json again")

//go:embed testdata/phrases.json
var phrasesJSON []byte

// phrases are what libraries are made of, written for these tests.
type phrases struct {
	Subjects []struct {
		Name, Theme string
		Sentences   []string
	}
	Places, Regions, Angles, Kinds, First, Last, General, Series, Cohorts []string
}

var readPhrases = sync.OnceValue(func() phrases {
	var p phrases
	if err := json.Unmarshal(phrasesJSON, &p); err != nil {
		panic(err)
	}
	return p
})

// demoLibrary is how many resources the demo library holds: ten of each
// subject and five of each place, so that any query finds others beside the
// one it means.
const demoLibrary = 320

// library makes resources: always the same ones for the same number. Each is
// of a subject, a place and a point of view, and mentions others in passing.
// Beyond the demo library, made-up names of hamlets give the lexicon the length
// that it has in a large library.
func library(n int) []Document {
	p := readPhrases()
	docs := make([]Document, n)
	slugs := map[string]bool{}
	for i := range docs {
		r := rand.New(rand.NewPCG(2040, uint64(i)))
		subject := p.Subjects[i%len(p.Subjects)]
		place := p.Places[(i*7+i/len(p.Subjects)*3)%len(p.Places)]
		if i >= demoLibrary {
			place = pick(r, p.Places)
		}
		title := strings.NewReplacer("{place}", place, "{subject}", subject.Name, "{Subject}", capital(subject.Name)).
			Replace(p.Angles[(i/len(p.Subjects)+i)%len(p.Angles)])
		var body []string
		if i < demoLibrary {
			body = story(r, p, place, 16)
		} else {
			body = append(story(r, p, place, 22), "On y vient de loin : "+hamlet(r)+", "+hamlet(r)+" et "+hamlet(r)+".")
		}
		for _, sentence := range subject.Sentences {
			at := r.IntN(len(body) + 1)
			body = append(body[:at], append([]string{sentence}, body[at:]...)...)
		}
		slug := strings.ReplaceAll(territory.Fold(title), " ", "-")
		if slugs[slug] {
			slug = fmt.Sprintf("%s-%d", slug, i)
		}
		slugs[slug] = true
		docs[i] = Document{
			Slug: slug, Kind: p.Kinds[(i/3+i)%len(p.Kinds)], Title: title,
			Summary: fmt.Sprintf("Région %s : %s raconte comment le territoire a abordé %s. %s",
				pick(r, p.Regions), place, subject.Name, pick(r, p.General)),
			Body:         strings.Join(body, " "),
			Authors:      []string{pick(r, p.First) + " " + pick(r, p.Last), pick(r, p.First) + " " + pick(r, p.Last)}[:1+r.IntN(2)],
			PublishedOn:  time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, r.IntN(2800)).Format(time.DateOnly),
			Fundamentals: []int{1 + r.IntN(4)}, Dimensions: []int{1 + r.IntN(5)},
			Series: pick(r, p.Series), Cohort: pick(r, p.Cohorts), Places: []string{place},
		}
	}
	return docs
}

// story tells of a place in general sentences, with others in passing.
func story(r *rand.Rand, p phrases, place string, sentences int) []string {
	var told []string
	for len(told) < sentences {
		switch r.IntN(6) {
		case 0:
			told = append(told, fmt.Sprintf("Une délégation de %s est venue voir %s.", pick(r, p.Places), place))
		case 1:
			other := p.Subjects[r.IntN(len(p.Subjects))]
			told = append(told, fmt.Sprintf("À %s, on travaille plutôt sur %s.", pick(r, p.Places), other.Name))
		case 2:
			told = append(told, pick(r, p.Subjects[r.IntN(len(p.Subjects))].Sentences))
		default:
			told = append(told, pick(r, p.General))
		}
	}
	return told
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// hamlet makes a name of syllables that could be French.
func hamlet(r *rand.Rand) string {
	syllables := []string{"mon", "vil", "sau", "bel", "ker", "lan", "gou", "cha", "ri", "be", "te", "nac", "zon", "fer", "tou", "pra", "de", "lou", "gny", "res", "val", "mes", "bri", "oux"}
	var name string
	for range 3 + r.IntN(2) {
		name += pick(r, syllables)
	}
	return capital(name)
}

// demo is the demo library, as its file keeps it.
func demo(t testing.TB) []Document {
	t.Helper()
	const path = "testdata/library.json"
	if *write {
		text, err := json.MarshalIndent(library(demoLibrary), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var docs []Document
	if err := json.Unmarshal(text, &docs); err != nil {
		t.Fatal(err)
	}
	return docs
}

func newIndex(t testing.TB, docs []Document) *Index {
	t.Helper()
	x, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := x.Put(docs...); err != nil {
		t.Fatal(err)
	}
	return x
}
