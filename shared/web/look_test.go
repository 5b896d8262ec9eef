package web

import (
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// maxStylesheet is what all pages may load for their looks, in bytes.
const maxStylesheet = 20_000

// stylesheet is the stylesheet as it is written.
func stylesheet(t *testing.T) string {
	t.Helper()
	content, err := assetFiles.ReadFile("assets/fabrique.css")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestTheStylesheetIsSmallAndAsksNobodyElse(t *testing.T) {
	css := string(assets()["fabrique.css"].content)
	if len(css) < 10_000 || len(css) > maxStylesheet {
		t.Errorf("%d bytes", len(css))
	}
	for _, found := range regexp.MustCompile(`url\("?([a-z]+:)?[^)]*`).FindAllString(css, -1) {
		if !strings.HasPrefix(found, `url("data:`) {
			t.Errorf("it loads %s", found)
		}
	}
}

var customProperty = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6});`)

// palettes are the colours in the light and in the dark.
func palettes(css string) map[string]map[string]string {
	light, dark := map[string]string{}, map[string]string{}
	before, after, _ := strings.Cut(css, "prefers-color-scheme: dark")
	for _, m := range customProperty.FindAllStringSubmatch(before, -1) {
		light[m[1]], dark[m[1]] = m[2], m[2]
	}
	after, _, _ = strings.Cut(after, "\n}\n")
	for _, m := range customProperty.FindAllStringSubmatch(after, -1) {
		dark[m[1]] = m[2]
	}
	return map[string]map[string]string{"light": light, "dark": dark}
}

// TestContrasts computes what WCAG asks for (https://www.w3.org/TR/WCAG22/#contrast-minimum):
// 4.5 for text, 3 for what tells where a control or the focus is.
func TestContrasts(t *testing.T) {
	text := [][2]string{
		{"ink", "paper"}, {"ink", "card"}, {"ink", "sprout"}, {"ink", "mist"}, {"ink", "straw"}, {"ink", "clay"},
		{"soft", "paper"}, {"soft", "card"}, {"soft", "sprout"}, {"leaf", "paper"}, {"leaf", "card"}, {"leaf", "sprout"},
		{"on-leaf", "leaf"}, {"on-leaf", "leaf-deep"}, {"sky", "paper"}, {"sky", "card"}, {"sky", "sprout"}, {"sky", "mist"},
		{"ochre", "straw"}, {"brick", "paper"}, {"brick", "clay"}, {"on-brick", "brick"}, {"on-soil", "soil"},
	}
	shapes := [][2]string{{"edge", "paper"}, {"edge", "card"}, {"focus", "paper"}, {"focus", "card"}, {"focus", "sprout"}, {"focus-soil", "soil"}}
	for name, colours := range palettes(stylesheet(t)) {
		check := func(pairs [][2]string, least float64) {
			for _, pair := range pairs {
				if ratio := contrast(t, colours[pair[0]], colours[pair[1]]); ratio < least {
					t.Errorf("%s: %s on %s: %.2f", name, pair[0], pair[1], ratio)
				}
			}
		}
		check(text, 4.5)
		check(text[:1], 7)
		check(shapes, 3)
	}
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssRule    = regexp.MustCompile(`([^{}]+)\{([^{}]*)\}`)
	cssInk     = regexp.MustCompile(`(?:^|[;\s])color: var\(--([a-z-]+)\)`)
	cssGround  = regexp.MustCompile(`(?:^|[;\s])background: var\(--([a-z-]+)\)`)
)

// TestContrastsOfTheRules reads the pairs from the stylesheet, so that who adds
// a rule need not think of the list above: a colour of text meets the ground
// of its own rule or, when that says none, those of pages and cards.
func TestContrastsOfTheRules(t *testing.T) {
	css := cssComment.ReplaceAllString(stylesheet(t), "")
	pairs := map[[2]string]string{}
	for _, rule := range cssRule.FindAllStringSubmatch(css, -1) {
		ink, ground := cssInk.FindStringSubmatch(rule[2]), cssGround.FindStringSubmatch(rule[2])
		switch {
		case ink == nil || strings.Contains(rule[2], `content: "";`): // no text
		case ground != nil:
			pairs[[2]string{ink[1], ground[1]}] = rule[1]
		case !strings.HasPrefix(ink[1], "on-"):
			pairs[[2]string{ink[1], "paper"}], pairs[[2]string{ink[1], "card"}] = rule[1], rule[1]
		}
	}
	if len(pairs) < 15 {
		t.Errorf("only %d pairs were understood", len(pairs))
	}
	for name, colours := range palettes(css) {
		for pair, selector := range pairs {
			if ratio := contrast(t, colours[pair[0]], colours[pair[1]]); ratio < 4.5 {
				t.Errorf("%s: %s on %s: %.2f in %s", name, pair[0], pair[1], ratio, strings.TrimSpace(selector))
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is that of WCAG (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance).
func luminance(t *testing.T, colour string) (l float64) {
	t.Helper()
	if len(colour) == 4 {
		colour = "#" + strings.Repeat(colour[1:2], 2) + strings.Repeat(colour[2:3], 2) + strings.Repeat(colour[3:4], 2)
	}
	if len(colour) != 7 {
		t.Fatalf("no colour: %q", colour)
	}
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			l += weight * c / 12.92
		} else {
			l += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return l
}

func TestAssetsAreKeptForAYearAtTheirAddress(t *testing.T) {
	path, err := assetPath("fabrique.css")
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(path, assetPrefix)
	for _, c := range []struct {
		file, caching, match string
		status               int
	}{
		{name, "public, max-age=31536000, immutable", "", 200},
		{name, "public, max-age=31536000, immutable", `"` + assets()["fabrique.css"].hash + `"`, 304},
		{"fabrique.css", "public, max-age=60", "", 200},
		{"fabrique.0123456789ab.css", "public, max-age=60", "", 200}, // of an older page
		{"nothing.css", "", "", 404}, {"../serve.go", "", "", 404}, {"", "", "", 404},
	} {
		r := httptest.NewRequest(http.MethodGet, "/assets/x", nil)
		r.SetPathValue("file", c.file)
		r.Header.Set("If-None-Match", c.match)
		w := httptest.NewRecorder()
		err := Assets(w, r)
		if c.status == http.StatusNotFound {
			if !fault.Is(err, "asset-not-found") {
				t.Errorf("%s: %v", c.file, err)
			}
			continue
		}
		if err != nil || w.Code != c.status || w.Header().Get("Cache-Control") != c.caching {
			t.Errorf("%s: %v %d %v", c.file, err, w.Code, w.Header())
		}
		if c.status == http.StatusOK && w.Header().Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("%s: %s", c.file, w.Header().Get("Content-Type"))
		}
	}
	if _, err := assetPath("nothing.css"); err == nil {
		t.Error("a page may link to what is not there")
	}
}

func BenchmarkRender(b *testing.B) {
	pages := NewTemplates(ownFiles)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	page := Page{Title: "Essai", Data: faultData{explanation: unexplained, Detail: "Une phrase.", Status: 404}}
	b.ReportAllocs()
	for b.Loop() {
		if err := pages.Render(httptest.NewRecorder(), r, http.StatusNotFound, "fault", page); err != nil {
			b.Fatal(err)
		}
	}
}
