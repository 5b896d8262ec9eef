package territory

import "testing"

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := unpack(packed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIndex(b *testing.B) {
	a := france()
	for b.Loop() {
		newIndex(a)
	}
}

func BenchmarkVocabulary(b *testing.B) {
	ix := names()
	for b.Loop() {
		wordsOf(ix)
	}
}

func BenchmarkSearch(b *testing.B) {
	for name, query := range map[string]string{
		"name":            "Toulouse",
		"one letter":      "s",
		"commonest":       "saint",
		"digit":           "3",
		"code":            "31555",
		"words":           "metropole lyon",
		"misspelt name":   "Carcasonne",
		"misspelt words":  "metropole de toulose",
		"misspelt longer": "Saint-Germein-des-Prees-sur-Loir",
		"misspelt beyond": "qwertyuiop asdfghjkl zxcvbnm",
		"misspelt often":  "sante marie de la roce sur seinne",
		"twelve words":    "sanit martni leers dupnot villle contry mnot roche vilar beaau pronx cosstes",
		"many words":      "a b c d e f g h i j k l m n o p q r s t u v w x y z",
	} {
		b.Run(name, func(b *testing.B) {
			Search(query, "", 20)
			for b.Loop() {
				Search(query, "", 20)
			}
		})
	}
}

func BenchmarkSuggest(b *testing.B) {
	Suggest("mairie de carcasonne", 5)
	for b.Loop() {
		Suggest("mairie de carcasonne", 5)
	}
}

func BenchmarkLookup(b *testing.B) {
	for name, code := range map[string]string{"known": "31555", "unknown": "31655", "unknown SIREN": "200066364"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _ = Lookup(code)
			}
		})
	}
}

func BenchmarkFold(b *testing.B) {
	for b.Loop() {
		Fold("Saint-Rémy-lès-Chevreuse")
	}
}
