package search

import (
	"context"
	"fmt"
	"html/template"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"
)

// Query is what is asked. The zero value asks for all, the newest first.
type Query struct {
	Text                   string // as typed; of no word, it asks for all
	Kind                   string
	Fundamental, Dimension int    // 0 for any
	Series, Cohort         string // slugs
	Limit                  int    // hits to give, at most 100; 20 when 0
	Offset                 int    // hits to pass over, at most 10,000
}

const (
	defaultLimit = 20
	maxLimit     = 100
	maxOffset    = 10_000
)

// Hit is a document that was found.
type Hit struct {
	Slug    string
	Score   float64       // of no unit; greater is better
	Snippet template.HTML // of the summary or the body, the words in <mark>
}

// Result is a page of what was found: Total counts all of it.
type Result struct {
	Total  int
	Hits   []Hit
	Facets Facets
}

// facetTerms bounds the values counted, the most frequent first: those of kinds,
// fundamentals and dimensions are few, the rest are cohorts.
const facetTerms = 500

// Search gives the documents that answer the query, best first, then newest,
// always in the same order. No query is wrong: what cannot be read is left out.
func (x *Index) Search(ctx context.Context, q Query) (Result, error) {
	read := x.read(q.Text)
	clauses, err := x.clauses(&read)
	if err != nil {
		return Result{}, fmt.Errorf("search: %w", err)
	}
	atLeast := len(clauses) - missing(len(clauses))
	found, err := x.ask(ctx, q, read.query(clauses, atLeast), read)
	if err == nil && found.Total == 0 && atLeast > 1 {
		found, err = x.ask(ctx, q, read.query(clauses, 1), read) // some of the words are better than nothing
	}
	if err != nil {
		return Result{}, fmt.Errorf("search: %w", err)
	}
	result := Result{Total: int(found.Total), Facets: facets(found.Facets["about"])}
	for _, hit := range found.Hits {
		text, _ := hit.Fields["snippet"].(string)
		result.Hits = append(result.Hits, Hit{Slug: hit.ID, Score: hit.Score, Snippet: x.snippet(text, read.terms)})
	}
	return result, nil
}

// clauses reads the words against the index's own lexicon.
func (x *Index) clauses(read *asked) ([]query.Query, error) {
	inner, err := x.bleve.Advanced()
	if err != nil {
		return nil, err
	}
	reader, err := inner.Reader()
	if err != nil {
		return nil, err
	}
	defer func() { _ = reader.Close() }()
	return read.clauses(lexicon{reader})
}

func (x *Index) ask(ctx context.Context, q Query, text query.Query, read asked) (*bleve.SearchResult, error) {
	size := min(q.Limit, maxLimit)
	if size <= 0 {
		size = defaultLimit
	}
	request := bleve.NewSearchRequestOptions(filtered(q, text), size, min(max(q.Offset, 0), maxOffset), false)
	request.Fields = []string{"snippet"}
	request.SortBy([]string{"-_score", "order"})
	if len(read.words) == 0 && len(read.phrases) == 0 {
		request.SortBy([]string{"order"})
	}
	request.AddFacet("about", bleve.NewFacetRequest("about", facetTerms))
	return x.bleve.SearchInContext(ctx, request)
}

// filtered keeps of what a query finds what it filters by; that weighs nothing.
func filtered(q Query, text query.Query) query.Query {
	var filters []query.Query
	is := func(field, value string) {
		term := bleve.NewTermQuery(value)
		term.SetField(field)
		filters = append(filters, term)
	}
	for _, value := range about(Document{Kind: q.Kind, Fundamentals: one(q.Fundamental), Dimensions: one(q.Dimension), Cohort: q.Cohort}) {
		is("about", value)
	}
	if q.Series != "" {
		is("series", q.Series)
	}
	if len(filters) == 0 {
		return text
	}
	both := bleve.NewBooleanQuery()
	both.AddMust(text)
	both.AddFilter(bleve.NewConjunctionQuery(filters...))
	return both
}
