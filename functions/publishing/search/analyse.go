package search

import (
	"strings"
	"unicode"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/token/elision"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	segments "github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
	"github.com/blevesearch/bleve/v2/registry"

	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

// analyserName names the analyser in the index's own files.
const analyserName = "fabrique"

// french cuts a text into words and gives each word the form in which it is
// compared. It is Bleve's French analyser (its tokenizer, elisions, stop words
// and light stemmer) with what people type besides: no accents at all, "st"
// for "saint", and the inclusive "habitant·es" read as "habitant".
type french struct {
	tokenizer analysis.Tokenizer
	lower     analysis.TokenFilter
	elision   analysis.TokenFilter
	stop      map[string]bool // words that say nothing, with and without accents
	stem      analysis.TokenFilter
}

func newFrench() (*french, error) {
	articles, stop := analysis.NewTokenMap(), analysis.NewTokenMap()
	if err := articles.LoadBytes(fr.FrenchArticles); err != nil {
		return nil, err
	}
	if err := stop.LoadBytes(fr.FrenchStopWords); err != nil {
		return nil, err
	}
	f := &french{
		tokenizer: segments.NewUnicodeTokenizer(),
		lower:     lowercase.NewLowerCaseFilter(),
		elision:   elision.NewElisionFilter(articles),
		stop:      make(map[string]bool, 2*len(stop)),
		stem:      fr.NewFrenchLightStemmerFilter(),
	}
	for _, summer := range []string{"été", "étés", "étée", "étées"} {
		delete(stop, summer) // a season before it is a participle
	}
	for word := range stop {
		f.stop[word], f.stop[territory.Fold(word)] = true, true
	}
	return f, nil
}

// Analyze gives the words of a text that say something, in order; their
// positions count the others too, so that a phrase keeps its gaps.
func (f *french) Analyze(text []byte) analysis.TokenStream { return f.stem.Filter(f.whole(text)) }

// whole gives the same words before they lose their endings.
func (f *french) whole(text []byte) analysis.TokenStream {
	words := f.elision.Filter(f.lower.Filter(f.tokenizer.Tokenize(text)))
	kept := words[:0]
	for _, word := range words {
		term, _, _ := strings.Cut(string(word.Term), "·")
		if f.stop[term] {
			continue
		}
		if term = territory.Fold(term); term == "" || f.stop[term] {
			continue
		}
		word.Term = []byte(term)
		kept = append(kept, word)
	}
	return kept
}

// compounds writes the hyphenated words of a text in one, so that "éco-quartier"
// is found as "écoquartier" too. Parts of one letter are of verbs ("a-t-il").
func compounds(text string) []string {
	var found []string
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !hyphen(r) }) {
		parts := strings.FieldsFunc(field, hyphen)
		if len(parts) < 2 || len(parts) > 4 {
			continue
		}
		joined := strings.Join(parts, "")
		if len([]rune(joined)) >= len(parts)*2 {
			found = append(found, joined)
		}
	}
	return found
}

// hyphen tells the hyphen of keyboards, of typography and the one that does
// not break.
func hyphen(r rune) bool { return r == '-' || r == '\u2010' || r == '\u2011' }

func init() {
	err := registry.RegisterAnalyzer(analyserName, func(map[string]any, *registry.Cache) (analysis.Analyzer, error) {
		return newFrench()
	})
	if err != nil {
		panic(err) // a name taken twice is a mistake of ours
	}
}
