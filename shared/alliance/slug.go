package alliance

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

var slugShape = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const maxSlug = 80

// CheckSlug notes a slug that is no lower-case letters, digits and hyphens.
// An empty one is left to the caller.
func CheckSlug(faults *fault.Fields, location, slug string) {
	if slug != "" && (len(slug) > maxSlug || !slugShape.MatchString(slug)) {
		faults.Add(location, "Saisissez un identifiant en minuscules, chiffres et tirets, comme recits-de-territoire.")
	}
}

// pageNames are the last words of pages that stand beside those of things: the
// form of a new cohort is at /equipe/cohortes/nouvelle, where a cohort of that
// name could never be opened.
var pageNames = []string{"nouvelle"}

// Reserved tells whether a slug is the name of a page, so that nothing may have it.
func Reserved(slug string) bool { return slices.Contains(pageNames, slug) }

// CheckNewSlug is CheckSlug of what is to be called so, which may not have the
// name of a page either.
func CheckNewSlug(faults *fault.Fields, location, slug string) {
	if CheckSlug(faults, location, slug); Reserved(slug) {
		faults.Add(location, "Choisissez un autre identifiant : «\u00a0"+slug+"\u00a0» est déjà le nom d’une page du site.")
	}
}

// ligatures are letters that Unicode does not take apart.
var ligatures = strings.NewReplacer("œ", "oe", "Œ", "oe", "æ", "ae", "Æ", "ae", "ß", "ss")

// Slug makes the identifier of a French title: without accents, words by
// hyphens, an elision parted from its word, cut between words at 80
// characters. It is empty when the title has neither a Latin letter nor a digit.
func Slug(title string) string {
	var words []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	for _, r := range norm.NFKD.String(ligatures.Replace(title)) {
		r = unicode.ToLower(r)
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			word.WriteRune(r)
		case r != '·' && !unicode.Is(unicode.Mn, r): // accents, and the dot of "allié·es", part no word
			end()
		}
	}
	end()
	slug := ""
	for _, w := range words {
		switch {
		case slug == "":
			slug = w[:min(len(w), maxSlug)]
		case len(slug)+1+len(w) <= maxSlug:
			slug += "-" + w
		default:
			return slug
		}
	}
	return slug
}
