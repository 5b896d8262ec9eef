package search

import (
	"html/template"
	"strings"
	"unicode"
	"unicode/utf8"
)

// snippetLength is about how much of a text a snippet shows, in bytes: two
// lines on a screen.
const snippetLength = 220

// snippet shows the part of a text that holds the most of the terms, each in
// <mark>; the beginning, if it holds none. All of the text is escaped.
func (x *Index) snippet(text string, terms map[string]bool) template.HTML {
	marks := x.marks(text, terms)
	start, end := window(text, best(marks))
	var html strings.Builder
	if start > 0 {
		html.WriteString("… ")
	}
	at := start
	for _, mark := range marks {
		if mark.start < at || mark.end > end {
			continue
		}
		html.WriteString(template.HTMLEscapeString(clean(text[at:mark.start])))
		html.WriteString("<mark>" + template.HTMLEscapeString(text[mark.start:mark.end]) + "</mark>")
		at = mark.end
	}
	html.WriteString(template.HTMLEscapeString(clean(text[at:end])))
	if end < len(text) {
		html.WriteString(" …")
	}
	return template.HTML(html.String()) //nolint:gosec // each part of it was escaped above
}

// mark is a term in a text, by its bounds in bytes.
type mark struct {
	term       string
	start, end int
}

// marks finds the terms in a text. Only words that begin like one of them are
// analysed: all of it would take longer than the search.
func (x *Index) marks(text string, terms map[string]bool) []mark {
	var initials [utf8.RuneSelf]bool
	for term := range terms {
		if term[0] < utf8.RuneSelf {
			initials[term[0]] = true
		}
	}
	var marks []mark
	for at := 0; at < len(text) && len(terms) > 0; {
		length := strings.IndexFunc(text[at:], func(r rune) bool { return !inWord(r) })
		if length < 0 {
			length = len(text) - at
		}
		if length > 0 && (text[at] >= utf8.RuneSelf || initials[text[at]|0x20]) {
			for _, word := range x.french.Analyze([]byte(text[at : at+length])) {
				if terms[string(word.Term)] {
					marks = append(marks, mark{string(word.Term), at + word.Start, at + word.End})
				}
			}
		}
		at += length
		for at < len(text) {
			r, size := utf8.DecodeRuneInString(text[at:])
			if inWord(r) {
				break
			}
			at += size
		}
	}
	return marks
}

// inWord tells what words are of; the dot is that of "habitant·es".
func inWord(r rune) bool {
	return r == '·' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// best is where the part begins that holds the most different terms, the
// earliest of several.
func best(marks []mark) int {
	start, most := 0, 0
	for i, first := range marks {
		seen := map[string]bool{}
		for _, mark := range marks[i:] {
			if mark.end > first.start+snippetLength {
				break
			}
			seen[mark.term] = true
		}
		if len(seen) > most {
			start, most = first.start, len(seen)
		}
	}
	return start
}

// window gives the bounds of the part around a place, between words.
func window(text string, around int) (start, end int) {
	start = max(0, around-snippetLength/4)
	if start+snippetLength > len(text) {
		start = max(0, len(text)-snippetLength)
	}
	if start > 0 {
		if space := strings.IndexFunc(text[start:], unicode.IsSpace); space >= 0 && start+space < around {
			start += space
		}
		for start < len(text) && !utf8.RuneStart(text[start]) {
			start++
		}
	}
	end = min(len(text), start+snippetLength)
	if end < len(text) {
		if space := strings.LastIndexFunc(text[start:end], unicode.IsSpace); space > snippetLength/2 {
			end = start + space
		}
		for end > start && !utf8.RuneStart(text[end]) {
			end--
		}
	}
	return start, end
}

// clean puts a space for what no page shows: line ends and control characters.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
