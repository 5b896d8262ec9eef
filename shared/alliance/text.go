package alliance

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// CheckText notes a text of one line that does not show as it should, says
// nothing or is longer than so many characters. missing says in French what to type.
func CheckText(faults *fault.Fields, location, text string, longest int, missing string) {
	switch {
	case Unprintable(text):
		faults.Add(location, "Ce texte contient des caractères qui ne s’affichent pas : saisissez-le à nouveau.")
	case !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }):
		faults.Add(location, missing)
	case utf8.RuneCountInString(text) > longest:
		faults.Add(location, "Ce texte est trop long : raccourcissez-le.")
	}
}

// Unprintable finds what would not show, or would turn the text around it:
// control and format characters (spaces without width, marks of writing
// direction), and ends of line. Joiners alone are part of some scripts.
func Unprintable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		if unicode.Is(unicode.Join_Control, r) {
			return false
		}
		return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	})
}

// The forms of what would name someone. The schemas of events say the same.
const (
	emailPattern = `[^\s@]+@[^\s@]+\.[^\s@]+`
	phonePattern = `(\+33|0033|0)[\s.-]?[1-9]([\s.-]?[0-9]{2}){4}`
)

var namesSomeone = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(emailPattern + "|" + phonePattern) })

// NamesSomeone tells whether a text has an e-mail address or a telephone number
// in it, which has no place in the ledger: facts hold no personal data.
func NamesSomeone(text string) bool { return namesSomeone().MatchString(text) }

// CheckNobody notes a fault when a text names someone (NamesSomeone).
func CheckNobody(faults *fault.Fields, at, text string) {
	if NamesSomeone(text) {
		faults.Add(at, "Retirez l’adresse e-mail ou le numéro de téléphone : un fait ne contient aucune donnée personnelle.")
	}
}
