package booking

import (
	"regexp"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

var slugShape = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func checkSlug(faults *fault.Fields, location, slug string) {
	if slug != "" && (len(slug) > 80 || !slugShape.MatchString(slug)) {
		faults.Add(location, "Saisissez un identifiant en minuscules, chiffres et tirets, comme recits-de-territoire.")
	}
}
