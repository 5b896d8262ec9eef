package territory

import (
	"slices"
	"strings"
)

// query is what a person typed, ready to be compared with names.
type query struct {
	text    string    // folded
	words   []string  // without articles, unless there is nothing else
	letters letterSet // of the words
	code    string    // in the form of the tables; empty when it cannot be a code
}

func parseQuery(typed string) query {
	if len(typed) > longestQuery {
		return query{}
	}
	text := shortKind(Fold(typed))
	all := strings.Fields(text)
	words := slices.DeleteFunc(slices.Clone(all), isArticle)
	if len(words) == 0 {
		words = all
	}
	q := queryOf(text, words)
	if code := normalise(typed); strings.ContainsAny(code, "0123456789") {
		q.code = code
	}
	return q
}

func queryOf(text string, words []string) query {
	return query{text: text, words: words, letters: lettersOf(strings.Join(words, ""))}
}

// rank says how a name answers the query.
func (q query) rank(k *key) rank {
	switch {
	case !k.letters.holds(q.letters):
		return unrelated
	case strings.HasPrefix(k.name, q.text):
		switch same := len(k.name) == len(q.text); {
		case same && k.alias:
			return sameAlias
		case same:
			return sameName
		case k.alias:
			return wordsInAlias
		}
		return namePrefix
	case !q.inWordsOf(k.name):
		return unrelated
	case k.alias:
		return wordsInAlias
	case beginsWord(k.name, q.text):
		return phraseInName
	}
	return wordsInName
}

// inWordsOf reports whether every word of the query begins a word of the name.
func (q query) inWordsOf(name string) bool {
	for _, word := range q.words {
		if !beginsWord(name, word) {
			return false
		}
	}
	return true
}

// beginsWord reports whether text stands in name at the start of a word.
func beginsWord(name, text string) bool {
	for from := 0; ; {
		i := strings.Index(name[from:], text)
		if i < 0 {
			return false
		}
		if i += from; i == 0 || name[i-1] == ' ' {
			return true
		}
		from = i + 1
	}
}

func isArticle(word string) bool {
	switch word {
	case "l", "le", "la", "les", "d", "de", "du", "des", "et", "a", "au", "aux", "en", "sur", "sous":
		return true
	}
	return false
}

// The kinds of EPCI that official names shorten, folded.
var kinds = []struct{ long, short string }{
	{"communaute de communes", "cc"},
	{"communaute d agglomeration", "ca"},
	{"communaute urbaine", "cu"},
}

// shortKind writes the kind of an EPCI as official names do.
func shortKind(folded string) string {
	for _, kind := range kinds {
		if rest, ok := strings.CutPrefix(folded, kind.long); ok && (rest == "" || rest[0] == ' ') {
			return kind.short + rest
		}
	}
	return folded
}

// withoutKind drops the kind of an EPCI from its folded official name, and the
// articles after it: "ca du grand cahors" is also called "grand cahors".
func withoutKind(name string) string {
	for _, kind := range kinds {
		rest, ok := strings.CutPrefix(name, kind.short+" ")
		if !ok {
			continue
		}
		for {
			word, after, more := strings.Cut(rest, " ")
			if !more || !isArticle(word) {
				return rest
			}
			rest = after
		}
	}
	return name
}
