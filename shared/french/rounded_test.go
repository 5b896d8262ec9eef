package french_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

func TestRounded(t *testing.T) {
	for n, want := range map[int]string{
		-3: "", 0: "", 7: "", 8: "une dizaine", 10: "une dizaine", 12: "une dizaine", 13: "une quinzaine", 15: "une quinzaine",
		18: "une vingtaine", 20: "une vingtaine", 28: "une trentaine", 30: "une trentaine", 34: "une trentaine", 35: "une quarantaine",
		48: "une cinquantaine", 50: "une cinquantaine", 54: "une cinquantaine", 55: "une soixantaine", 60: "une soixantaine",
		65: "une soixantaine", 66: "environ\u00a070", 80: "environ\u00a080", 89: "environ\u00a090", 90: "une centaine", 100: "une centaine", 109: "une centaine",
		110: "environ\u00a0110", 994: "environ\u00a0990", 1020: "environ\u00a01\u202f000", 1410: "environ\u00a01\u202f400",
	} {
		if got := french.Rounded(n); got != want {
			t.Errorf("%d: %q, not %q", n, got, want)
		}
	}
}

// TestRoundedNeverGoesBack: more is never told as less.
func TestRoundedNeverGoesBack(t *testing.T) {
	worth := map[string]int{"une dizaine": 10, "une quinzaine": 15, "une vingtaine": 20, "une trentaine": 30, "une quarantaine": 40,
		"une cinquantaine": 50, "une soixantaine": 60, "une centaine": 100}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(8, 130).Draw(t, "n")
		value, known := worth[french.Rounded(n)]
		if known && (value*10 > n*13 || value*13 < n*10) {
			t.Errorf("%d is told as %q", n, french.Rounded(n))
		}
	})
}
