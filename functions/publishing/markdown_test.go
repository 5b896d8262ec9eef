package publishing

import (
	"regexp"
	"strings"
	"testing"
	"time"

	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func TestMarkdownBecomesHTML(t *testing.T) {
	for markdown, want := range map[string]string{
		"# Titre\n\nDeux *mots*.":                               "<h2>Titre</h2>\n<p>Deux <em>mots</em>.</p>\n",
		"#### Trop profond":                                     "<h2>Trop profond</h2>\n",
		"# Un\n\n### Trois":                                     "<h2>Un</h2>\n<h3>Trois</h3>\n",
		"[ici](/agenda) [là](https://ex.fr/?a=1)":               `<p><a href="/agenda">ici</a> <a href="https://ex.fr/?a=1">là</a></p>` + "\n",
		"[x](javascript:alert(1))":                              "<p>x</p>\n",
		"[x](java&#115;cript:alert(1))":                         "<p>x</p>\n",
		"[x](data:text/html;base64,PHNjcmlwdD4=)":               "<p>x</p>\n",
		"<script>alert(1)</script>\n\nsuite":                    "\n<p>suite</p>\n",
		"un <b onclick=x>gras</b>":                              "<p>un gras</p>\n",
		"![photo](https://ailleurs.fr/x.png)":                   `<p><img alt="photo"></p>` + "\n",
		"![photo](/media/med_01JABCDEFGHJKMNPQRSTVWXYZ0/x.png)": `<p><img src="/media/med_01JABCDEFGHJKMNPQRSTVWXYZ0/x.png" alt="photo"></p>` + "\n",
	} {
		got, err := render(markdown)
		if err != nil || string(got) != want {
			t.Errorf("%q:\n%q, not\n%q (%v)", markdown, got, want, err)
		}
	}
	note, err := render("Un fait[^1].\n\n[^1]: Sa source.")
	if err != nil || !strings.Contains(string(note), `<li id="fn:1">`) || !strings.Contains(string(note), `href="#fn:1"`) {
		t.Errorf("%s %v", note, err)
	}
	if got := plain("<p>L’<em>art</em> &amp; la</p><p>manière</p>"); got != "L’art & la manière" {
		t.Errorf("%q", got)
	}
}

// bombs are texts that are known to be slow somewhere, or that try to grow.
var bombs = map[string]string{
	"quotes":           strings.Repeat(">", maxBody-1) + "a",
	"quotes parted":    strings.Repeat("> ", maxBody/2-1) + "a",
	"lists":            strings.Repeat("- ", maxBody/2-1) + "a",
	"numbered lists":   strings.Repeat("1. ", maxBody/3-1) + "a",
	"nested lists":     nestedLists(400),
	"brackets":         strings.Repeat("[", maxBody-1),
	"links":            strings.Repeat("[a](", maxBody/4-1),
	"nested links":     strings.Repeat("[a](b)", maxBody/6),
	"closed brackets":  strings.Repeat("[", maxBody/2) + strings.Repeat("]", maxBody/2),
	"images":           strings.Repeat("![a](", maxBody/5-1),
	"emphasis":         strings.Repeat("*a **a ", maxBody/7),
	"emphasis 2":       strings.Repeat("a**b"+"c* ", maxBody/7),
	"underscores":      strings.Repeat("_", maxBody-1) + "a",
	"stars and words":  strings.Repeat("**x [a*b**c*](d) ", maxBody/18),
	"backticks":        backticks(maxBody),
	"entities":         strings.Repeat("&#0;", maxBody/4),
	"angle":            strings.Repeat("<", maxBody-1),
	"comments":         strings.Repeat("<!--", maxBody/4),
	"html":             strings.Repeat("<a href='", maxBody/9),
	"declarations":     strings.Repeat("<!A ", maxBody/4),
	"cdata":            strings.Repeat("<![CDATA[", maxBody/9-1),
	"tables":           strings.Repeat("|", 2_000) + "\n" + strings.Repeat("|-", 2_000) + "\n" + strings.Repeat("|a\n", 30_000),
	"wide table":       strings.Repeat("a|", 1_000) + "\n" + strings.Repeat("-|", 1_000) + "\n" + strings.Repeat("a\n", 20_000),
	"table in bounds":  strings.Repeat("|", 20) + "\n" + strings.Repeat("|-", 10) + "\n" + strings.Repeat("a\n", 4_900),
	"many in bounds":   strings.Repeat(strings.Repeat("![a](", 150)+strings.Repeat("*a **a ", 1_000)+"\n\n", 12),
	"long title":       "[a]: /b \"" + strings.Repeat("x", 9_000) + "\"\n\n" + strings.Repeat("[a]", 1_900),
	"quotes in bounds": strings.Repeat(strings.Repeat("> ", 12)+"a\n", 3_000),
	"lists in bounds":  strings.Repeat(strings.Repeat("- ", 12)+"a\n", 3_000),
	"references":       references(4_000),
	"footnotes":        strings.Repeat("[^1] ", maxBody/6) + "\n\n[^1]: x",
	"one reference":    "[a]: " + strings.Repeat("x", 40_000) + "\n\n" + strings.Repeat("[a]", 15_000),
	"headings":         strings.Repeat("# a\n", maxBody/4),
	"setext":           strings.Repeat("a\n", 40_000) + "===",
	"strikes":          strings.Repeat("~~a ", maxBody/4),
	"tabs":             strings.Repeat("\t", maxBody-1) + "a",
	"null":             strings.Repeat("\x00", maxBody),
	"escapes":          strings.Repeat("\\", maxBody),
	"too long":         strings.Repeat("a", maxBody+1),
}

func nestedLists(depth int) string {
	var out strings.Builder
	for i := range depth {
		out.WriteString(strings.Repeat("  ", i%200) + "- a\n")
	}
	return out.String()
}

func backticks(size int) string {
	var out strings.Builder
	for i := 1; out.Len() < size-i-2; i++ {
		out.WriteString("e" + strings.Repeat("`", i))
	}
	return out.String()
}

func references(n int) string {
	var out strings.Builder
	for range n {
		out.WriteString("[a]: /b\n[c][a] [d]\n\n")
	}
	return out.String()
}

// TestBombsAreBounded: each is refused or rendered in time and in size. The
// bound is loose, as machines are busy; without the bounds of render, several
// of them take minutes.
func TestBombsAreBounded(t *testing.T) {
	for name, bomb := range bombs {
		began := time.Now()
		out, err := render(bomb)
		took := time.Since(began)
		t.Logf("%-16s %8s %8d bytes %v", name, took.Round(time.Microsecond), len(out), err)
		if took > 3*time.Second || len(out) > 2*maxRendered {
			t.Errorf("%s: %s, %d bytes", name, took, len(out))
		}
	}
	for _, name := range []string{"quotes", "quotes parted", "lists", "brackets", "too long", "images", "wide table", "one reference"} {
		if _, err := render(bombs[name]); err == nil {
			t.Errorf("%s is not refused", name)
		}
	}
	for _, good := range []string{
		strings.Repeat("Un paragraphe, *deux* mots, [un lien](/agenda).\n\n", 1_500),
		"- un\n  - deux\n    - trois\n\n> cité\n> > deux fois\n\n1. a\n2. b\n\n***\n\n---\n\n* * *\n", "x > y > z >>> a\n", "12 - 3 - 4 - 5\n",
	} {
		if _, err := render(good); err != nil {
			t.Errorf("%.40q is refused: %v", good, err)
		}
	}
}

var allowed = map[string]string{
	"p": "", "br": "", "hr": "", "h2": "", "h3": "", "h4": "", "h5": "", "h6": "", "ul": "", "ol": "start", "li": "id", "blockquote": "",
	"pre": "", "code": "", "em": "", "strong": "", "del": "", "sup": "id", "table": "", "thead": "", "tbody": "", "tr": "", "th": "", "td": "",
	"a": "href rel", "img": "src alt",
}

var safeURL = regexp.MustCompile(`(?i)^(https?:|mailto:|[^:]*$|[^:/?#]*[/?#])`)

// unsafe says what a browser could make of rendered HTML that it should not:
// it reads it as browsers do, by another parser than the sanitiser's policy.
func unsafe(rendered string) string {
	nodes, err := nethtml.ParseFragment(strings.NewReader(rendered), &nethtml.Node{Type: nethtml.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return err.Error()
	}
	var look func(*nethtml.Node) string
	look = func(n *nethtml.Node) string {
		if n.Type == nethtml.ElementNode {
			attributes, known := allowed[n.Data]
			if !known {
				return "element " + n.Data
			}
			for _, a := range n.Attr {
				if !strings.Contains(" "+attributes+" ", " "+a.Key+" ") {
					return "attribute " + a.Key + " of " + n.Data
				}
				if (a.Key == "href" || a.Key == "src") && !safeURL.MatchString(strings.TrimSpace(a.Val)) {
					return "address " + a.Val
				}
				if a.Key == "src" && !strings.HasPrefix(a.Val, "/media/") {
					return "picture " + a.Val
				}
			}
		}
		if n.Type == nethtml.CommentNode || n.Type == nethtml.DoctypeNode {
			return "comment"
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			if found := look(child); found != "" {
				return found
			}
		}
		return ""
	}
	for _, n := range nodes {
		if found := look(n); found != "" {
			return found
		}
	}
	return ""
}

func TestUnsafeFindsWhatIs(t *testing.T) {
	for _, bad := range []string{"<script>1</script>", "<p onclick=x>", "<a href='javascript:1'>x</a>", "<a href=' java:1'>", "<img src=/x.png>",
		"<svg><p>", "<!-- -->", "<p style=x>", "<form>", "<iframe>"} {
		if unsafe(bad) == "" {
			t.Errorf("%s passes", bad)
		}
	}
	if found := unsafe(`<p>un <a href="/agenda" rel="nofollow">lien</a></p>`); found != "" {
		t.Error(found)
	}
}

// FuzzMarkdown: whatever is written, nothing unsafe comes out, in bounded time.
func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{"# a\n\n*b* [c](d)", "<script>alert(1)</script>", "[x](javascript:a)", "![a](/media/med_01JABCDEFGHJKMNPQRSTVWXYZ0/x)", "a[^1]\n\n[^1]: <b>",
		"|a|b|\n|-|-|\n|<img src=x onerror=y>|c|", "<svg/onload=1>", "[a]: javascript:x\n\n[a]", "<https://x.fr>", "<a href=\"x\">", "```html\n<script>\n```", "&lt;script&gt;", "[a](<b\"c>)", "\\<b>", "- [ ] a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, markdown string) {
		began := time.Now()
		out, err := render(markdown)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s", took)
		}
		if err != nil {
			return
		}
		if found := unsafe(string(out)); found != "" {
			t.Errorf("%s in %q", found, out)
		}
	})
}
