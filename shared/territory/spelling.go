package territory

import (
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// Suggest gives the territories whose names are nearest to a misspelt one, best
// first, limit at most: what Search finds, then names that are spelt nearly so,
// or else names that hold some of its words.
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
		found = ix.byFewerWords(q, limit)
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

// byFewerWords finds names that hold some of the words of the query, mended: the
// names that hold the most letters of them first.
func (ix *index) byFewerWords(q query, limit int) []*Territory {
	mended, _ := q.mend()
	byLetters := make([][]*Territory, len(mended.text)+1)
	for i := range ix.keys {
		letters := 0
		for _, word := range mended.words {
			if beginsWord(ix.keys[i].name, word) {
				letters += len(word)
			}
		}
		if len(byLetters[letters]) < limit {
			byLetters[letters] = appendNew(byLetters[letters], []*Territory{ix.keys[i].place}, limit)
		}
	}
	var found []*Territory
	for _, places := range slices.Backward(byLetters[1:]) {
		found = appendNew(found, places, limit)
	}
	return found
}

// near gives the places whose names are at most so many mistakes away from a
// folded text, the nearest first.
func (ix *index) near(text string, level Level, mistakes, limit int) []*Territory {
	byDistance := make([][]*Territory, mistakes+1)
	letters := lettersOf(text)
	for i := range ix.keys {
		k := &ix.keys[i]
		if letters.differences(k.letters) > 2*mistakes || level != "" && k.place.Level != level {
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

// tolerance is how many mistakes a text of some length may have: one from three
// letters on, so that a name of four with a letter missing is still found.
func tolerance(text string) int {
	return min((len(text)+1)/4, 3)
}

// word is one word of a name.
type word struct {
	text    string
	letters letterSet
}

// vocabulary is every word of every name, from the most prominent place on.
var vocabulary = sync.OnceValue(func() []word { return wordsOf(names()) })

func wordsOf(ix *index) []word {
	seen := make(map[string]bool)
	var words []word
	for i := range ix.keys {
		for text := range strings.FieldsSeq(ix.keys[i].name) {
			if !seen[text] {
				seen[text] = true
				words = append(words, word{text: text, letters: lettersOf(text)})
			}
		}
	}
	return words
}

// mostWords is more words than any name has, articles aside.
const mostWords = 12

// mend replaces the words that begin no word of any name by the nearest that
// names hold, and drops those that are near to none.
func (q query) mend() (mended query, changed bool) {
	if len(q.words) > mostWords {
		return q, false
	}
	var words []string
	for _, text := range q.words {
		known := nearestWord(text)
		changed = changed || known != text
		if known != "" {
			words = append(words, known)
		}
	}
	return queryOf(strings.Join(words, " "), words), changed && len(words) > 0
}

// nearestWord gives the text itself when a word of a name begins so, and else
// the first of the nearest words within tolerance, or nothing.
func nearestWord(text string) string {
	nearest, mistakes := "", tolerance(text)
	letters := lettersOf(text)
	for _, known := range vocabulary() {
		if known.letters.holds(letters) && strings.HasPrefix(known.text, text) {
			return text
		}
		if letters.differences(known.letters) > 2*mistakes {
			continue
		}
		if d := distance(text, known.text, mistakes); d < mistakes || d == mistakes && nearest == "" {
			nearest, mistakes = known.text, d
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

// holds reports whether s has all the letters of other.
func (s letterSet) holds(other letterSet) bool {
	return other&^s == 0
}

// differences counts the letters that only one of two texts holds. One mistake
// makes two at most, so texts with more than twice as many are further apart.
func (s letterSet) differences(other letterSet) int {
	return bits.OnesCount64(uint64(s ^ other))
}

// longestName is a length in bytes that no folded name reaches.
const longestName = 100

// distance counts the mistakes between a text and a name: a letter too many, one
// that misses, one for another, two swapped. Over the limit it returns more than
// the limit, no matter how much.
func distance(text, name string, limit int) int {
	if len(text)-len(name) > limit || len(name)-len(text) > limit {
		return limit + 1
	}
	for len(text) > 0 && len(name) > 0 && text[0] == name[0] {
		text, name = text[1:], name[1:]
	}
	for len(text) > 0 && len(name) > 0 && text[len(text)-1] == name[len(name)-1] {
		text, name = text[:len(text)-1], name[:len(name)-1]
	}
	if len(name) >= longestName {
		return limit + 1
	}
	// Row i holds the distances of text[:i] to the starts of name whose lengths
	// are within the limit of i; those just outside count as too far.
	var rows [3][longestName + 1]int
	before, above, row := &rows[0], &rows[1], &rows[2]
	for j := range len(name) + 1 {
		above[j] = j
	}
	for i := 1; i <= len(text); i++ {
		first, last := max(1, i-limit), min(len(name), i+limit)
		row[first-1] = limit + 1
		if first == 1 {
			row[0] = i
		}
		least := row[first-1]
		for j := first; j <= last; j++ {
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+1)
			if text[i-1] == name[j-1] {
				row[j] = above[j-1]
			} else if i > 1 && j > 1 && text[i-1] == name[j-2] && text[i-2] == name[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		row[last+1] = limit + 1
		if least > limit {
			return limit + 1
		}
		before, above, row = above, row, before
	}
	return above[len(name)]
}
