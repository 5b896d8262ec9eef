// Package search finds resources by what people type, in French: accents,
// elisions, plurals, hyphens and simple typing errors are forgiven, phrases
// stand in quotes, the best come first. It knows neither the table nor the
// bucket: docs/adr/0018-search.md says where the index lives.
package search

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/keyword"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"
)

// Document is a published resource, as much of it as is searched.
type Document struct {
	Slug, Kind, Title, Summary string
	Body                       string // plain text
	Authors                    []string
	PublishedOn                string // YYYY-MM-DD
	Fundamentals, Dimensions   []int
	Series, Cohort             string   // slugs
	Places                     []string // names of territories
}

// What is read of a body, in bytes: for words, some 25 pages; for snippets, the
// beginning. A longer body is found by its first pages.
const (
	wordsOf   = 64 << 10
	snippetOf = 8 << 10
)

// putAtOnce is how many documents make one batch: more take more memory while
// they are analysed, fewer leave more segments to merge.
const putAtOnce = 500

// kindWords are what people type for a kind of resource.
var kindWords = map[string]string{
	"article":       "article",
	"special_issue": "numéro spécial hors-série",
	"podcast":       "podcast épisode",
	"case":          "documentation de cas",
	"video":         "vidéo",
	"tool":          "outil",
	"thesis":        "thèse mémoire",
}

// Index finds documents. Its methods may be called at once. It lives in a
// folder of its own in the temporary folder, so that what is searched is mapped
// into memory and not kept in it; Close removes the folder.
type Index struct {
	folder string
	bleve  bleve.Index
	french *french
}

// New gives an empty index.
func New() (*Index, error) {
	folder, err := os.MkdirTemp("", "search-")
	if err != nil {
		return nil, err
	}
	// What is lost with the folder is built again: no batch waits for the disk.
	settings := map[string]any{"unsafe_batch": true}
	inner, err := bleve.NewUsing(filepath.Join(folder, "index"), newMapping(), scorch.Name, scorch.Name, settings)
	return opened(folder, inner, err)
}

func opened(folder string, inner bleve.Index, err error) (*Index, error) {
	if err == nil {
		var analyser *french
		if analyser, err = newFrench(); err == nil {
			return &Index{folder: folder, bleve: inner, french: analyser}, nil
		}
		_ = inner.Close()
	}
	_ = os.RemoveAll(folder)
	return nil, fmt.Errorf("search index: %w", err)
}

// Close ends the index and removes its folder.
func (x *Index) Close() error {
	err := x.bleve.Close()
	if removing := os.RemoveAll(x.folder); err == nil {
		err = removing
	}
	return err
}

// Put adds documents; one whose slug is known replaces the one before.
func (x *Index) Put(docs ...Document) error {
	for len(docs) > 0 {
		batch := x.bleve.NewBatch()
		some := docs[:min(putAtOnce, len(docs))]
		for _, doc := range some {
			if err := batch.Index(doc.Slug, fields(doc)); err != nil {
				return fmt.Errorf("search: %s: %w", doc.Slug, err)
			}
		}
		if err := x.bleve.Batch(batch); err != nil {
			return fmt.Errorf("search: %w", err)
		}
		docs = docs[len(some):]
	}
	return nil
}

// Remove forgets a document; one that is not there is no error.
func (x *Index) Remove(slug string) error { return x.bleve.Delete(slug) }

// versionKey is where the version stands in the index's own files.
var versionKey = []byte("fabrique.version")

// SetVersion remembers how far the index has followed the library: a number
// that the caller counts up with each change. It travels in the snapshot.
func (x *Index) SetVersion(version int64) error {
	return x.bleve.SetInternal(versionKey, binary.BigEndian.AppendUint64(nil, uint64(version)))
}

// Version is what SetVersion was last told, 0 before.
func (x *Index) Version() (int64, error) {
	value, err := x.bleve.GetInternal(versionKey)
	if err != nil || len(value) != 8 {
		return 0, err
	}
	return int64(binary.BigEndian.Uint64(value)), nil
}

// Len is how many documents there are.
func (x *Index) Len() (int, error) {
	count, err := x.bleve.DocCount()
	return int(count), err
}

// fields are what the index reads of a document, by the names of newMapping.
func fields(doc Document) map[string]any {
	body := clip(doc.Body, wordsOf)
	head := append(append([]string{doc.Title, kindWords[doc.Kind], unslug(doc.Series), unslug(doc.Cohort)}, doc.Authors...), doc.Places...)
	text := append(slices.Clone(head), doc.Summary, body)
	text = append(text, compounds(strings.Join(text, " "))...)
	return map[string]any{
		"text": text, "head": head, "snippet": clip(doc.Summary+"\n"+doc.Body, snippetOf),
		"about": about(doc), "series": doc.Series, "order": order(doc),
	}
}

// order sorts the newest first; those of one day by a hash of their slugs,
// which is short and always the same. The digits of the day are turned round,
// so that one column in ascending order says both.
func order(doc Document) string {
	day := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return '0' + '9' - r
		}
		return -1
	}, doc.PublishedOn)
	hash := fnv.New32a()
	hash.Write([]byte(doc.Slug))
	return fmt.Sprintf("%8s%08x", day, hash.Sum32())
}

func unslug(slug string) string { return strings.ReplaceAll(slug, "-", " ") }

// clip gives the beginning of a text, in valid UTF-8.
func clip(text string, bytes int) string {
	return strings.ToValidUTF8(text[:min(len(text), bytes)], "")
}

// newMapping says how each field is kept. All words are in text, with their
// places, for phrases; head holds those of the title and the names again, to weigh
// them more. Only the snippet's text is stored. What a search reads of each
// document that it finds stands in two short columns: order sorts, about filters
// and counts. A column for each facet took twice the time.
func newMapping() *mapping.IndexMappingImpl {
	words := bleve.NewTextFieldMapping()
	words.Analyzer, words.Store, words.IncludeInAll, words.DocValues = analyserName, false, false, false
	stored := bleve.NewTextFieldMapping()
	stored.Index, stored.IncludeInAll, stored.IncludeTermVectors, stored.DocValues = false, false, false, false
	column := bleve.NewTextFieldMapping()
	column.Analyzer, column.Store, column.IncludeInAll, column.IncludeTermVectors, column.SkipFreqNorm = keyword.Name, false, false, false, true

	document := bleve.NewDocumentStaticMapping()
	for _, name := range []string{"text", "head"} {
		document.AddFieldMappingsAt(name, words)
	}
	for _, name := range []string{"about", "order"} {
		document.AddFieldMappingsAt(name, column)
	}
	filter := *column
	filter.DocValues = false
	document.AddFieldMappingsAt("series", &filter)
	document.AddFieldMappingsAt("snippet", stored)
	m := bleve.NewIndexMapping()
	m.DefaultMapping, m.DefaultAnalyzer, m.DefaultField = document, analyserName, "text"
	m.StoreDynamic, m.DocValuesDynamic, m.IndexDynamic = false, false, false
	m.ScoringModel = index.BM25Scoring
	return m
}
