package search

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"

	index "github.com/blevesearch/bleve_index_api"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"
)

// Bounds of what is read of a query. Nobody means more, and each word costs.
const (
	maxText    = 400 // bytes
	maxWords   = 12
	maxPhrases = 4
	maxNear    = 6 // spellings tried for a word
)

// rare is the number of documents below which a word may be a slip: words near
// it are looked for too, and weigh less.
const rare = 3

// Weights of where a word stands, against 1 anywhere in the text.
const (
	inHead   = 3.0
	asNear   = 0.6  // of a word near one that is nowhere
	besides  = 0.05 // of a word near one that is somewhere: below it, whatever else
	asPhrase = 1.5  // for words of a title that follow each other as typed
)

// common is the part of the documents above which a word says nothing of any
// of them: it is left out when another is rarer, for its postings are long. It
// is of no sense in a library of a few documents.
const (
	common = 0.5
	few    = 100
)

// word is one that was typed: the form that is compared, and the one before it
// lost its ending, for an error can hide the ending.
type word struct{ term, whole string }

// asked is a query's text, read.
type asked struct {
	typed   string
	words   []word
	phrases []string // as typed
	terms   map[string]bool
}

// read cuts a text into words and quoted phrases. Quotes that do not close are
// no quotes; signs and operators are no words.
func (x *Index) read(text string) asked {
	text = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("«»“”„", r):
			return '"'
		case unicode.IsControl(r) || r == unicode.ReplacementChar:
			return ' '
		}
		return r
	}, clip(text, maxText))
	a := asked{typed: text, terms: map[string]bool{}}
	parts := strings.Split(text, `"`)
	for i, part := range parts {
		quoted := i%2 == 1 && i < len(parts)-1
		var words []word
		tokens := x.french.whole([]byte(part))
		for _, token := range tokens {
			words = append(words, word{whole: string(token.Term)})
		}
		for i, token := range x.french.stem.Filter(tokens) {
			words[i].term = string(token.Term)
		}
		if quoted && len(words) > 1 && len(a.phrases) < maxPhrases {
			a.phrases = append(a.phrases, part)
			for _, word := range words {
				a.terms[word.term] = true
			}
			continue
		}
		a.words = append(a.words, words[:min(len(words), maxWords-len(a.words))]...)
	}
	return a
}

// lexicon tells which words the library holds.
type lexicon struct{ index.IndexReader }

// known is how many documents hold a word.
func (l lexicon) known(word string) (uint64, error) {
	entries, err := l.FieldDictRange("text", []byte(word), []byte(word))
	if err != nil {
		return 0, err
	}
	defer func() { _ = entries.Close() }()
	entry, err := entries.Next()
	if err != nil || entry == nil {
		return 0, err
	}
	return entry.Count, nil
}

// near gives the words that are one slip away (a letter more, less, other, or
// two swapped), or two slips for long words that have none at one; the least
// slips first, then the most used.
func (l lexicon) near(typed word) ([]string, error) {
	found := map[string]index.DictEntry{}
	for _, form := range []string{typed.term, typed.whole} {
		if err := l.collect(found, form); err != nil {
			return nil, err
		}
	}
	delete(found, typed.term)
	words := slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		return cmp.Or(cmp.Compare(found[a].EditDistance, found[b].EditDistance), cmp.Compare(found[b].Count, found[a].Count), cmp.Compare(a, b))
	})
	for i, other := range words {
		if i == maxNear || found[other].EditDistance > found[words[0]].EditDistance {
			return words[:i], nil
		}
	}
	return words, nil
}

// collect adds the words near a form, each at its least distance.
func (l lexicon) collect(found map[string]index.DictEntry, form string) error {
	slips := 0
	switch letters := len([]rune(form)); {
	case letters >= 8:
		slips = 2
	case letters >= 4:
		slips = 1
	}
	reader, fuzzy := l.IndexReader.(index.IndexReaderFuzzy)
	if slips == 0 || !fuzzy || strings.IndexFunc(form, unicode.IsLetter) < 0 {
		return nil
	}
	entries, _, err := reader.FieldDictFuzzyAutomaton("text", form, slips, "")
	if err != nil {
		return err
	}
	defer func() { _ = entries.Close() }()
	entry, err := entries.Next()
	for ; entry != nil && err == nil; entry, err = entries.Next() {
		if before, ok := found[entry.Term]; !ok || entry.EditDistance < before.EditDistance {
			found[entry.Term] = *entry
		}
	}
	return err
}

// telling gives the words without those that are in most documents, if any are
// left; those are shown all the same.
func (l lexicon) telling(a *asked) ([]word, error) {
	documents, err := l.DocCount()
	if err != nil || documents < few {
		return a.words, err
	}
	var words []word
	for _, word := range a.words {
		count, err := l.known(word.term)
		if err != nil {
			return nil, err
		}
		if float64(count) <= common*float64(documents) {
			words = append(words, word)
		}
		a.terms[word.term] = true
	}
	if len(words) == 0 {
		return a.words, nil
	}
	return words, nil
}

// clauses gives what each word asks for, and marks the terms to show.
func (a *asked) clauses(l lexicon) ([]query.Query, error) {
	words, err := l.telling(a)
	if err != nil {
		return nil, err
	}
	var clauses []query.Query
	for i := 0; i < len(words); i++ {
		clause, err := a.word(l, words[i])
		if err != nil {
			return nil, err
		}
		if i+1 < len(words) { // "éco quartier" is "écoquartier" too
			joined := words[i].whole + words[i+1].term
			count, err := l.known(joined)
			if err != nil {
				return nil, err
			}
			if count > 0 {
				next, err := a.word(l, words[i+1])
				if err != nil {
					return nil, err
				}
				clause = bleve.NewDisjunctionQuery(bleve.NewConjunctionQuery(clause, next), a.term(joined, 1))
				i++
			}
		}
		clauses = append(clauses, clause)
	}
	return clauses, nil
}

// word asks for a word and, if it is rare, for those near it.
func (a *asked) word(l lexicon, typed word) (query.Query, error) {
	count, err := l.known(typed.term)
	if err != nil {
		return nil, err
	}
	exact := a.term(typed.term, 1)
	if count >= rare {
		return exact, nil
	}
	near, err := l.near(typed)
	if err != nil || len(near) == 0 {
		return exact, err
	}
	weight := asNear
	if count > 0 {
		weight = besides
	}
	either := []query.Query{exact}
	for _, other := range near {
		either = append(either, a.term(other, weight))
	}
	return bleve.NewDisjunctionQuery(either...), nil
}

// term asks for one compared form wherever it stands.
func (a *asked) term(term string, weight float64) query.Query {
	a.terms[term] = true
	in := func(field string, boost float64) query.Query {
		q := bleve.NewTermQuery(term)
		q.SetField(field)
		q.SetBoost(weight * boost)
		return q
	}
	return bleve.NewDisjunctionQuery(in("text", 1), in("head", inHead))
}

func phrase(text, field string, boost float64) query.Query {
	q := bleve.NewMatchPhraseQuery(text)
	q.SetField(field)
	q.SetBoost(boost)
	return q
}

// missing is how many of several words a document may lack.
func missing(words int) int {
	if words < 3 {
		return 0
	}
	return words / 3
}

// query asks for all that was typed; at least how many words must be there.
func (a *asked) query(clauses []query.Query, atLeast int) query.Query {
	if len(clauses) == 0 && len(a.phrases) == 0 {
		return bleve.NewMatchAllQuery()
	}
	q := bleve.NewBooleanQuery()
	if len(clauses) > 0 {
		words := bleve.NewDisjunctionQuery(clauses...)
		words.SetMin(float64(atLeast))
		q.AddMust(words)
	}
	for _, text := range a.phrases {
		q.AddMust(phrase(text, "text", 1))
		q.AddShould(phrase(text, "head", inHead))
	}
	if len(a.words) > 1 && len(a.phrases) == 0 {
		q.AddShould(phrase(a.typed, "head", asPhrase))
	}
	return q
}
