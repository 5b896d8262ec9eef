package french

import "fmt"

// rounds are the words by which French counts roughly, and the greatest number
// that each stands for: the nearest of them. "Une douzaine" is left out, as it
// often means twelve exactly.
var rounds = [...]struct {
	upTo int
	word string
}{
	{12, "une dizaine"}, {17, "une quinzaine"}, {24, "une vingtaine"}, {34, "une trentaine"},
	{44, "une quarantaine"}, {54, "une cinquantaine"}, {65, "une soixantaine"},
}

// Rounded writes a number roughly, as French readers say it: "une trentaine".
// What has no such word is rounded to two digits, "environ 80"; below 8 it is
// empty, since so few are counted one by one.
func Rounded(n int) string {
	switch {
	case n < 8:
		return ""
	case n >= 90 && n < 110:
		return "une centaine"
	}
	for _, r := range rounds {
		if n <= r.upTo {
			return r.word
		}
	}
	step := 10
	for n >= 100*step {
		step *= 10
	}
	return fmt.Sprintf("environ%s%s", NoBreak, Number((n+step/2)/step*step))
}
