package territory

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold gives the form in which names compare: lower case, no accents, ligatures
// apart, one space for whatever stands between words, and "saint" for "st",
// "sainte" for "ste". Folding twice changes nothing.
func Fold(s string) string {
	folded := make([]byte, 0, len(s)+len(s)/4)
	word := 0 // where the last word begins
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			folded = append(folded, byte(r))
		case 'A' <= r && r <= 'Z':
			folded = append(folded, byte(r)+'a'-'A')
		case r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsNumber(r)) && !unicode.Is(unicode.Lm, r):
			folded = appendPlain(folded, unicode.ToLower(r))
		case unicode.Is(unicode.M, r):
			// An accent written apart from its letter.
		case len(folded) > word:
			folded = append(spell(folded, word), ' ')
			word = len(folded)
		}
	}
	if len(folded) > word {
		return string(spell(folded, word))
	}
	return string(folded[:max(word-1, 0)])
}

// appendPlain appends a lower-case letter without its accents.
func appendPlain(folded []byte, r rune) []byte {
	var letter [utf8.UTFMax]byte
	n := utf8.EncodeRune(letter[:], r)
	parts := norm.NFD.Properties(letter[:n]).Decomposition()
	if len(parts) == 0 {
		return appendBase(folded, r)
	}
	for len(parts) > 0 {
		part, size := utf8.DecodeRune(parts)
		if !unicode.Is(unicode.M, part) {
			folded = appendBase(folded, part)
		}
		parts = parts[size:]
	}
	return folded
}

// appendBase appends a letter that has no accent, a ligature as its letters.
func appendBase(folded []byte, r rune) []byte {
	switch r {
	case 'œ':
		return append(folded, "oe"...)
	case 'æ':
		return append(folded, "ae"...)
	case 'ß':
		return append(folded, "ss"...)
	}
	return utf8.AppendRune(folded, r)
}

// spell writes the word that begins at start in full if it is short for Saint.
func spell(folded []byte, start int) []byte {
	switch string(folded[start:]) {
	case "st":
		return append(folded[:start], "saint"...)
	case "ste":
		return append(folded[:start], "sainte"...)
	}
	return folded
}

// Words are those of a search, folded as names are.
func Words(search string) []string { return strings.Fields(Fold(search)) }

// HasWords tells whether a text has all these folded words, or has them in its
// own: whoever searches "tour" finds "Tourcoing".
func HasWords(text string, words []string) bool {
	if len(words) == 0 {
		return true
	}
	text = Fold(text)
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
}
