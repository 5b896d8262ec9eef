package alliance

import (
	"regexp"

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
