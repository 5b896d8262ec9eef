package search

import (
	"strings"
	"testing"
)

// wanted is a query as people type it, and the document of the demo library
// that it means: the one whose title holds both texts, which is one alone.
type wanted struct {
	why, text      string
	subject, place string
	filter         Query
}

// asPeopleType are the queries. Ten documents of the library are of the same
// subject as the one meant, five are of the same place, and many more mention
// either in passing.
var asPeopleType = []wanted{
	{why: "accents", text: "desimpermeabilisation des cours d'ecole Epinal", subject: "cours d’école", place: "Épinal"},
	{why: "accents", text: "ecole bitume Lorient", subject: "cours d’école", place: "Lorient"},
	{why: "accents", text: "renovation thermique Clamecy", subject: "rénovation thermique", place: "Clamecy"},
	{why: "accents", text: "fertilité des sols bar le duc", subject: "fertilité", place: "Bar-le-Duc"},
	{why: "accents", text: "SOBRIETE FONCIERE PERIGUEUX", subject: "sobriété foncière", place: "Périgueux"},
	{why: "accents", text: "prevention inondation Foix", subject: "inondations", place: "Foix"},
	{why: "accents", text: "theatre forum Fougeres", subject: "théâtre-forum", place: "Fougères"},
	{why: "accents", text: "foret durable Clamecy", subject: "forêts", place: "Clamecy"},
	{why: "elision", text: "l'eau partagée à Lisieux", subject: "partage de l’eau", place: "Lisieux"},
	{why: "elision", text: "partage de l’eau Crest", subject: "partage de l’eau", place: "Crest"},
	{why: "elision", text: "l’économie de fonctionnalité d’Autun", subject: "économie de la fonctionnalité", place: "Autun"},
	{why: "elision", text: "qu'est-ce que l'adaptation au changement climatique à Thiers", subject: "adaptation", place: "Thiers"},
	{why: "elision", text: "dialogue elus services de l'Etat Dieppe", subject: "dialogue", place: "Dieppe"},
	{why: "elision", text: "l'ile d'yeu réseau de chaleur", subject: "réseaux de chaleur", place: "L’Île-d’Yeu"},
	{why: "elision", text: "Yeu tiers-lieu", subject: "tiers-lieux", place: "L’Île-d’Yeu"},
	{why: "plurals", text: "zone humide Ungersheim", subject: "zones humides", place: "Ungersheim"},
	{why: "plurals", text: "une friche industrielle à Briançon", subject: "friches", place: "Briançon"},
	{why: "plurals", text: "mobilité douce Guéret", subject: "mobilités douces", place: "Guéret"},
	{why: "plurals", text: "haie bocagère Colmar", subject: "haies bocagères", place: "Colmar"},
	{why: "plurals", text: "petite ligne ferroviaire Gap", subject: "lignes ferroviaires", place: "Gap"},
	{why: "plurals", text: "monnaies locales complémentaires Abbeville", subject: "monnaie locale", place: "Abbeville"},
	{why: "plurals", text: "projets alimentaires territoriaux Dieppe", subject: "projet alimentaire", place: "Dieppe"},
	{why: "plurals", text: "communauté d'énergie citoyenne Lannemezan", subject: "communautés d’énergie", place: "Lannemezan"},
	{why: "plurals", text: "reconversions des friches Épinal", subject: "friches", place: "Épinal"},
	{why: "hyphens", text: "Loos en Gohelle cours d'école", subject: "cours d’école", place: "Loos-en-Gohelle"},
	{why: "hyphens", text: "saint-etienne eolien", subject: "éolien", place: "Saint-Étienne"},
	{why: "hyphens", text: "Saint Dié des Vosges tiers lieux", subject: "tiers-lieux", place: "Saint-Dié-des-Vosges"},
	{why: "hyphens", text: "théâtreforum Mouans Sartoux", subject: "théâtre-forum", place: "Mouans-Sartoux"},
	{why: "hyphens", text: "St-Omer rénovation", subject: "rénovation", place: "Saint-Omer"},
	{why: "hyphens", text: "co-voiturage Clamecy", subject: "covoiturage", place: "Clamecy"},
	{why: "hyphens", text: "Grandesynthe haies", subject: "haies", place: "Grande-Synthe"},
	{why: "hyphens", text: "Puy‑Saint‑André trame verte", subject: "trame verte", place: "Puy-Saint-André"},
	{why: "typing", text: "covoiturge Foix", subject: "covoiturage", place: "Foix"},
	{why: "typing", text: "developement éolien Fécamp", subject: "éolien", place: "Fécamp"},
	{why: "typing", text: "innondations Rochefort", subject: "inondations", place: "Rochefort"},
	{why: "typing", text: "mise en resit Ambert", subject: "mise en récit", place: "Ambert"},
	{why: "typing", text: "alimantation sécurité sociale Douarnenez", subject: "sécurité sociale", place: "Douarnenez"},
	{why: "typing", text: "transmision des ferme Autun", subject: "transmission", place: "Autun"},
	{why: "typing", text: "bocageres Plougernau", subject: "haies bocagères", place: "Plouguerneau"},
	{why: "typing", text: "fonctionalité Alés", subject: "fonctionnalité", place: "Alès"},
	{why: "typing", text: "cooperration acteur Colmare", subject: "coopération entre acteurs", place: "Colmar"},
	{why: "typing", text: "participation citoyene Nevres", subject: "participation citoyenne", place: "Nevers"},
	{why: "typing", text: "trait de cotte Lisieux", subject: "trait de côte", place: "Lisieux"},
	{why: "typing", text: "tourbieres et zones humdies à Tramayes", subject: "zones humides", place: "Tramayes"},
	{why: "names", text: "Jérôme Muller", subject: "cours d’école", place: "Loos-en-Gohelle", filter: Query{Kind: "article"}},
	{why: "names", text: "Kervella énergie citoyenne", subject: "communautés d’énergie", place: "Lisieux"},
	{why: "names", text: "Solène Dupont Moretti alimentation", subject: "sécurité sociale", place: "Fécamp"},
	{why: "names", text: "Quéméner inondations", subject: "inondations", place: "Clamecy"},
	{why: "names", text: "le goff benedicte climat theatre", subject: "théâtre-forum", place: "Apt"},
	{why: "names", text: "Etchegarray gestion des forêts", subject: "forêts", place: "Clamecy"},
	{why: "names", text: "entretien de Camille Nguyen sur la coopération", subject: "coopération entre acteurs", place: "Colmar"},
	{why: "names", text: "Karim Lefevre train", subject: "lignes ferroviaires", place: "Gap"},
	{why: "territories", text: "Florac trait de côte", subject: "trait de côte", place: "Florac-Trois-Rivières"},
	{why: "territories", text: "Charleville récit", subject: "mise en récit", place: "Charleville-Mézières"},
	{why: "territories", text: "dans la ville de Béthune, les anciens mineurs", subject: "passé minier", place: "Béthune"},
	{why: "territories", text: "Romans sur Isere covoiturage rural", subject: "covoiturage", place: "Romans-sur-Isère"},
	{why: "territories", text: "chaufferie bois Redon", subject: "réseaux de chaleur", place: "Redon"},
	{why: "territories", text: "Massif central Ambert sols", subject: "fertilité", place: "Ambert"},
	{why: "territories", text: "écran et scène à Niort : le climat", subject: "théâtre-forum", place: "Niort"},
	{why: "phrases", text: `"passé minier" Coutances`, subject: "passé minier", place: "Coutances"},
	{why: "phrases", text: `«mise en récit» Crest`, subject: "mise en récit", place: "Crest"},
	{why: "phrases", text: `"coopération entre acteurs" Millau`, subject: "coopération entre acteurs", place: "Millau"},
	{why: "phrases", text: `"sobriété foncière" "Grande-Synthe"`, subject: "sobriété foncière", place: "Grande-Synthe"},
	{why: "phrases", text: `"carnet de route" covoiturage`, subject: "covoiturage", place: "Clamecy"},
	{why: "facets", text: "récit", subject: "mise en récit", place: "Auch", filter: Query{Kind: "article", Cohort: "occitanie-2024"}},
	{why: "facets", text: "eau podcast usages", subject: "partage de l’eau", place: "Langouët"},
	{why: "facets", text: "thèse friches", subject: "friches", place: "Correns"},
	{why: "facets", text: "outil éolien", subject: "éolien", place: "Tramayes"},
	{why: "facets", text: "haies", subject: "haies bocagères", place: "Colmar", filter: Query{Series: "evaluation", Kind: "case"}},
	{why: "inclusive", text: "habitant·es éolien Annemasse", subject: "éolien", place: "Annemasse"},
	{why: "inclusive", text: "agriculteurs et agricultrices, sols, Fécamp", subject: "fertilité", place: "Fécamp"},
	{why: "words of the text", text: "scolytes épicéas Apt", subject: "forêts", place: "Apt"},
	{why: "words of the text", text: "passoires thermiques caméra Foix", subject: "rénovation thermique", place: "Foix"},
	{why: "words of the text", text: "jurés tirés au sort Douarnenez", subject: "participation citoyenne", place: "Douarnenez"},
	{why: "words of the text", text: "légumerie des collèges à Mende", subject: "projet alimentaire", place: "Mende"},
}

// TestQuality tells how high the document that is meant stands: the mean of
// one over its rank.
func TestQuality(t *testing.T) {
	docs := demo(t)
	x := newIndex(t, docs)
	sums, counts := map[string]float64{}, map[string]int{}
	var sum float64
	for _, w := range asPeopleType {
		slug := meant(t, docs, w)
		w.filter.Text, w.filter.Limit = w.text, maxLimit
		result, err := x.Search(t.Context(), w.filter)
		if err != nil {
			t.Fatalf("%s: %v", w.text, err)
		}
		rank := 0
		for i, hit := range result.Hits {
			if hit.Slug == slug {
				rank = i + 1
				break
			}
		}
		if rank != 1 {
			t.Logf("%-10s %q: rank %d of %d (%s, %s)", w.why, w.text, rank, result.Total, w.subject, w.place)
			for _, hit := range result.Hits[:min(2, len(result.Hits))] {
				t.Logf("           %.2f %s", hit.Score, hit.Slug)
			}
		}
		counts[w.why]++
		if rank > 0 {
			sum += 1 / float64(rank)
			sums[w.why] += 1 / float64(rank)
		}
	}
	for why, count := range counts {
		t.Logf("%-18s %2d queries, mean reciprocal rank %.3f", why, count, sums[why]/float64(count))
	}
	mean := sum / float64(len(asPeopleType))
	t.Logf("%d queries over %d resources, mean reciprocal rank %.3f", len(asPeopleType), len(docs), mean)
	if len(asPeopleType) < 60 || len(docs) < 300 || mean <= 0.85 {
		t.Error("the library is searched worse than it was: 0.85 is the least")
	}
}

func meant(t *testing.T, docs []Document, w wanted) string {
	t.Helper()
	var found []string
	for _, doc := range docs {
		if strings.Contains(strings.ToLower(doc.Title), w.subject) && doc.Places[0] == w.place {
			found = append(found, doc.Slug)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%q: %d documents are meant (%s, %s)", w.text, len(found), w.subject, w.place)
	}
	return found[0]
}
