package territory

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// Suggest gives the territories whose names are nearest to a misspelt one, best
// first, limit at most: what Search finds, then names that are spelt nearly so,
// then names that hold one of the words, mended.
func Suggest(text string, limit int) []Territory {
	q := parseQuery(text)
	if limit <= 0 || q.text == "" {
		return nil
	}
	ix := names()
	found := ix.search(q, "", limit)
	if len(found) < limit {
		found = appendNew(found, ix.near(q.text, "", tolerance(q.text)+1, limit), limit)
	}
	if len(found) < limit {
		found = appendNew(found, ix.misspelt(q, "", limit), limit)
	}
	if len(found) == 0 {
		found = ix.byOneWord(q, limit)
	}
	return copies(found)
}

// misspelt finds names spelt nearly like the query, or else names that hold its
// words once each is mended.
func (ix *index) misspelt(q query, level Level, limit int) []*Territory {
	if found := ix.near(q.text, level, tolerance(q.text), limit); len(found) > 0 {
		return found
	}
	mended, changed := q.mend()
	if !changed {
		return nil
	}
	return ix.search(mended, level, limit)
}

// byOneWord finds names that hold the longest word of the query, mended, that
// any name holds.
func (ix *index) byOneWord(q query, limit int) []*Territory {
	mended, _ := q.mend()
	slices.SortStableFunc(mended.words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, word := range mended.words {
		if found := ix.search(query{text: word, words: []string{word}}, "", limit); len(found) > 0 {
			return found
		}
	}
	return nil
}

// near gives the places whose names are at most so many mistakes away from a
// folded text, the nearest first.
func (ix *index) near(text string, level Level, mistakes, limit int) []*Territory {
	byDistance := make([][]*Territory, mistakes+1)
	letters := lettersOf(text)
	for i := range ix.keys {
		k := &ix.keys[i]
		if level != "" && k.place.Level != level || letters.differences(k.letters) > 2*mistakes {
			continue
		}
		if d := distance(text, k.name, mistakes); d <= mistakes {
			byDistance[d] = append(byDistance[d], k.place)
		}
	}
	var nearest []*Territory
	for _, places := range byDistance {
		nearest = appendNew(nearest, places, limit)
	}
	return nearest
}

// tolerance is how many mistakes a text of some length may have.
func tolerance(text string) int {
	return min(len(text)/4, 3)
}

// vocabulary is every word of every name, from the most prominent place on.
var vocabulary = sync.OnceValue(func() []string { return wordsOf(names()) })

func wordsOf(ix *index) []string {
	seen := make(map[string]bool)
	var words []string
	for i := range ix.keys {
		for word := range strings.FieldsSeq(ix.keys[i].name) {
			if !seen[word] {
				seen[word] = true
				words = append(words, word)
			}
		}
	}
	return words
}

// mend replaces the words that begin no word of any name by the nearest that
// names hold, and drops those that are near to none.
func (q query) mend() (mended query, changed bool) {
	for _, word := range q.words {
		known := nearestWord(word)
		changed = changed || known != word
		if known != "" {
			mended.words = append(mended.words, known)
		}
	}
	mended.text = strings.Join(mended.words, " ")
	return mended, changed && mended.text != ""
}

// nearestWord gives the word itself when a word of a name begins so, and else
// the first of the nearest words within tolerance, or nothing.
func nearestWord(word string) string {
	nearest, mistakes := "", tolerance(word)
	letters := lettersOf(word)
	for _, known := range vocabulary() {
		if strings.HasPrefix(known, word) {
			return word
		}
		if letters.differences(lettersOf(known)) > 2*mistakes {
			continue
		}
		if d := distance(word, known, mistakes); d < mistakes || d == mistakes && nearest == "" {
			nearest, mistakes = known, d
		}
	}
	return nearest
}

// letterSet has one bit for each letter or digit that a text holds.
type letterSet uint64

func lettersOf(folded string) letterSet {
	var set letterSet
	for i := range len(folded) {
		set |= 1 << (folded[i] % 64)
	}
	return set
}

// differences counts the letters that only one of two texts holds. One mistake
// makes two at most, so texts with more than twice as many are further apart.
func (s letterSet) differences(other letterSet) int {
	return bits.OnesCount64(uint64(s ^ other))
}

// longestName is a length in bytes that no folded name reaches.
const longestName = 100

// distance counts the mistakes between two texts: a letter too many, one that
// misses, one for another, two swapped. It gives up over the limit, and then
// returns more than it.
func distance(a, b string, limit int) int {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	if len(a) == 0 || len(b) == 0 {
		return max(len(a), len(b))
	}
	if len(b) >= longestName {
		return limit + 1
	}
	var rows [3][longestName]int
	before, above, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+1)
			if a[i-1] == b[j-1] {
				row[j] = above[j-1]
			} else if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit {
			return limit + 1
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
