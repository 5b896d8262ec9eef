package alliance

import "slices"

// Partner is an organisation whose own system posts cohort data.
type Partner struct {
	// Name stands in the path of its webhooks and in the name of its secret.
	Name string
	// Label is what pages call it.
	Label string
	// Regions are the codes of the regions whose territories it may enrol.
	Regions []string
	// Cohorts are the slugs that it may announce by itself, before the team
	// has created anything under them.
	Cohorts []string
}

// Partners are those that the alliance works with. Whoever adds one also fills
// its secret (docs/operations.md).
var Partners = []Partner{
	{Name: "occitanie", Label: "Région Occitanie, agence de l’énergie et du climat", Regions: []string{"76"}, Cohorts: []string{"occitanie"}},
	// The massif spreads over four regions.
	{Name: "massif-central", Label: "Massif central", Regions: []string{"84", "27", "75", "76"}, Cohorts: []string{"massif-central"}},
}

// PartnerNamed finds a partner by its name.
func PartnerNamed(name string) (Partner, bool) {
	at := slices.IndexFunc(Partners, func(p Partner) bool { return p.Name == name })
	if at < 0 {
		return Partner{}, false
	}
	return Partners[at], true
}
