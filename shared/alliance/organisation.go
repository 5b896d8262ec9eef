package alliance

import (
	"regexp"
	"strings"
	"unicode"
)

// Kind is what an ally is.
type Kind string

// The kinds of allies.
const (
	Organisation Kind = "organisation"
	Person       Kind = "person"
)

// Category is the family of an organisation.
type Category string

// Categories are in the order in which pages offer them.
var Categories = []Category{
	"local_authority", "association", "company", "state", "education_research", "network", "other",
}

// ParseSIRET reads a SIRET (14 digits, one place of an organisation) or a
// SIREN (9 digits, the organisation) and returns its digits. Both end in a
// Luhn check digit; the places of La Poste, alone, are checked by the sum of
// their digits instead
// (https://www.insee.fr/fr/metadonnees/definition/c1841, and the note of
// INSEE's Sirene register on SIREN 356000000).
func ParseSIRET(text string) (number string, ok bool) {
	number = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '.' || r == '-' {
			return -1
		}
		return r
	}, text)
	if len(number) != 9 && len(number) != 14 {
		return "", false
	}
	sum := 0
	for _, digit := range number {
		if digit < '0' || digit > '9' {
			return "", false
		}
		sum += int(digit - '0')
	}
	if sum == 0 {
		return "", false
	}
	if len(number) == 14 && strings.HasPrefix(number, laPoste) {
		return number, sum%5 == 0 || luhn(number)
	}
	return number, luhn(number) && (len(number) == 9 || luhn(number[:9]))
}

const laPoste = "356000000"

// luhn checks the last digit of a number (ISO/IEC 7812-1, annex B).
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		digit := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			digit *= 2
			if digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}

// rna is the shape of a number of the national register of associations: W,
// the département (a letter in second place in Corsica and overseas), a number.
var rna = regexp.MustCompile(`^W[0-9][0-9A-Z][0-9]{7}$`)

// ParseRNA reads a number of the Répertoire national des associations. Those
// of Alsace and Moselle have none, so it is never mandatory.
func ParseRNA(text string) (number string, ok bool) {
	number = strings.ToUpper(strings.Join(strings.Fields(text), ""))
	return number, rna.MatchString(number)
}
