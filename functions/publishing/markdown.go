package publishing

import (
	"bytes"
	"errors"
	"html"
	"html/template"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	nethtml "golang.org/x/net/html"
)

// The bounds of a Markdown text. Without them, a text of 100 KB took goldmark a
// quarter of a minute, and another did not end; within them, the worst text that
// is known takes well under a second (TestBombsAreBounded).
const (
	maxBody     = 100_000 // characters: a special issue has some 60,000
	maxLines    = 5_000
	maxBlock    = 10_000  // characters of lines without an empty one between: quotes, links and marks are sought to its end
	maxNesting  = 12      // quotes and lists that one line opens
	maxBrackets = 2_000   // links, pictures and notes, each of which may repeat a whole block
	maxColumns  = 20      // bars in a line: a row of a table has a cell for each of its heading
	maxRendered = 1 << 20 // bytes of HTML
)

var errBomb = errors.New("markdown: nested too deep, or grows too much")

// writer renders Markdown: the CommonMark rules, tables, notes and struck text.
// HTML within it is left out, and what comes out is sanitised all the same:
// neither has to be perfect for no script to pass.
var writer = sync.OnceValue(func() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Footnote),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(headings{}, 100))),
	)
})

// headings makes the headings of a text stand below the title of its page,
// each level at most one below the one before it.
type headings struct{}

// Transform is what goldmark calls once a text is parsed.
func (headings) Transform(document *ast.Document, _ text.Reader, _ parser.Context) {
	before := 1
	for node := document.FirstChild(); node != nil; node = node.NextSibling() {
		if heading, ok := node.(*ast.Heading); ok {
			heading.Level = min(heading.Level+1, before+1, 6)
			before = heading.Level
		}
	}
}

// policy lets through what Markdown makes and nothing else: no style, no
// class, no form, pictures of our own media only, which is all that the pages'
// content policy would load.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "del",
		"sup", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowURLSchemes("https", "http", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^fn(ref)?\d*:\d+$`)).OnElements("li", "sup")
	p.AllowAttrs("src").Matching(regexp.MustCompile(`^/media/med_[0-9A-Z]{26}/[A-Za-z0-9._-]+$`)).OnElements("img")
	p.AllowAttrs("alt").OnElements("img")
	p.RequireNoReferrerOnLinks(false)
	return p
})

// render makes HTML of a Markdown text. It returns errBomb for one that is
// made to cost much.
func render(markdown string) (template.HTML, error) {
	if !bounded(markdown) {
		return "", errBomb
	}
	var out bytes.Buffer
	if err := writer().Convert([]byte(markdown), &out); err != nil {
		return "", err
	}
	if out.Len() > maxRendered {
		return "", errBomb
	}
	return template.HTML(policy().SanitizeBytes(out.Bytes())), nil //nolint:gosec // sanitised just now
}

// bounded tells whether a text keeps within what can be rendered in time.
func bounded(markdown string) bool {
	block, lines := 0, 0
	for line := range strings.Lines(markdown) {
		lines++
		block += len(line)
		if strings.TrimSpace(line) == "" {
			block = 0
		}
		if block > maxBlock || strings.Count(line, "|") > maxColumns || containers(line) > maxNesting {
			return false
		}
	}
	return lines <= maxLines && utf8.RuneCountInString(markdown) <= maxBody && strings.Count(markdown, "[") <= maxBrackets
}

// containers counts the quotes and lists that a line opens, whatever rules it
// may hold in their place ("* * *").
func containers(line string) (n int) {
	for _, word := range strings.Fields(line) {
		rest := strings.TrimLeft(word, ">")
		n += len(word) - len(rest)
		switch marker := strings.TrimRight(rest, ".)"); {
		case rest == "":
		case rest == "-" || rest == "+" || rest == "*" || marker != rest && len(marker) <= 9 && strings.Trim(marker, "0123456789") == "":
			n++
		default:
			return n
		}
	}
	return n
}

// plain is the text of rendered HTML, for the index and for summaries.
func plain(rendered template.HTML) string {
	var out strings.Builder
	tokens := nethtml.NewTokenizer(strings.NewReader(string(rendered)))
	for {
		switch tokens.Next() {
		case nethtml.ErrorToken:
			return strings.Join(strings.Fields(out.String()), " ")
		case nethtml.TextToken:
			out.WriteString(html.UnescapeString(string(tokens.Raw())))
		case nethtml.StartTagToken, nethtml.EndTagToken, nethtml.SelfClosingTagToken:
			if name, _ := tokens.TagName(); !inline[string(name)] {
				out.WriteByte(' ')
			}
		}
	}
}

// inline are the elements that part no words.
var inline = map[string]bool{"em": true, "strong": true, "del": true, "code": true, "a": true, "sup": true}

// beginning is the start of a text, cut between words, for want of a summary.
func beginning(text string, longest int) string {
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	cut := string([]rune(text)[:longest])
	if space := strings.LastIndexByte(cut, ' '); space > 0 {
		cut = cut[:space]
	}
	return strings.TrimRight(cut, " ,;:") + "…"
}
