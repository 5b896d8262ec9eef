package territory

// mostNamesakes is more than there are territories of one name.
const mostNamesakes = 100

// Named finds the territories that have this name, as people type it: accents,
// case and hyphens do not matter. Several may: Paris is a commune and a
// département.
func Named(name string) (all []Territory) {
	for _, found := range Search(name, "", mostNamesakes) {
		if Fold(found.Name) == Fold(name) {
			all = append(all, found)
		}
	}
	return all
}
