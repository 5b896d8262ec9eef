package booking

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// checkText notes a text that is missing, too long (in characters) or that
// does not show.
func checkText(faults *fault.Fields, location, text string, longest int, missing string) {
	switch {
	case text == "":
		faults.Add(location, missing)
	case unprintable(text):
		faults.Add(location, "Ce texte contient des caractères qui ne s’affichent pas : saisissez-le à nouveau.")
	case utf8.RuneCountInString(text) > longest:
		faults.Add(location, "Ce texte est trop long : raccourcissez-le.")
	}
}

// unprintable finds what would not show, or would turn the text around it.
func unprintable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r)
	})
}

var slugShape = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func checkSlug(faults *fault.Fields, location, slug string) {
	if slug != "" && (len(slug) > 80 || !slugShape.MatchString(slug)) {
		faults.Add(location, "Saisissez un identifiant en minuscules, chiffres et tirets, comme recits-de-territoire.")
	}
}
