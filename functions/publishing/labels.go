package publishing

import (
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

var kindLabels = map[Kind]string{
	Article: "Article", SpecialIssue: "Numéro spécial", Podcast: "Podcast", Case: "Documentation de cas", Video: "Vidéo", Tool: "Outil", Thesis: "Thèse ou mémoire",
}

var fundamentalLabels = []string{
	"S’engager ici et maintenant", "Coopérer et tenir le cap", "Agir de façon systémique et élargir", "Évaluer la valeur créée",
}

var dimensionLabels = []string{
	"Trajectoire", "Communication sincère", "Récits alternatifs", "Raconter la coopération", "Évaluer la valeur",
}

// licenceLinks are where the licences that we know say what they allow.
var licenceLinks = map[string]string{
	"CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/deed.fr", "CC BY-SA 4.0": "https://creativecommons.org/licenses/by-sa/4.0/deed.fr",
	"CC BY-NC-SA 4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/deed.fr", "CC0 1.0": "https://creativecommons.org/publicdomain/zero/1.0/deed.fr",
	"Licence Ouverte 2.0": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
}

// licences are those that the form offers, with what they mean to who does not
// know their codes.
var licences = []web.Option{
	{Value: defaultLicence, Label: "CC BY-SA 4.0 : attribution, partage dans les mêmes conditions"},
	{Value: "CC BY 4.0", Label: "CC BY 4.0 : attribution"},
	{Value: "CC BY-NC-SA 4.0", Label: "CC BY-NC-SA 4.0 : attribution, pas d’utilisation commerciale, partage dans les mêmes conditions"},
	{Value: "CC0 1.0", Label: "CC0 1.0 : domaine public"},
	{Value: "Licence Ouverte 2.0", Label: "Licence Ouverte 2.0 : attribution"},
	{Value: "Tous droits réservés", Label: "Tous droits réservés"},
}

// languages are those that the form offers, by what the alliance writes in.
var languages = []web.Option{
	{Value: "fr", Label: "Français"}, {Value: "en", Label: "Anglais"}, {Value: "de", Label: "Allemand"}, {Value: "es", Label: "Espagnol"},
	{Value: "it", Label: "Italien"}, {Value: "nl", Label: "Néerlandais"}, {Value: "pt", Label: "Portugais"}, {Value: "pl", Label: "Polonais"},
	{Value: "br", Label: "Breton"}, {Value: "eu", Label: "Basque"}, {Value: "ca", Label: "Catalan"}, {Value: "co", Label: "Corse"}, {Value: "oc", Label: "Occitan"},
	{Value: "gcf", Label: "Créole des Antilles"}, {Value: "rcf", Label: "Créole réunionnais"},
}

var (
	stateLabels  = map[string]string{draft: "Brouillon", published: "Publiée", withdrawn: "Retirée"}
	actionLabels = map[string]string{"created": "Écrite", "changed": "Modifiée", published: "Publiée", withdrawn: "Retirée"}
	states       = []string{draft, published, withdrawn}

	// fieldLabels are what the form of a resource calls its fields.
	fieldLabels = map[string]string{
		"kind": "Sorte", "title": "Titre", "summary": "Résumé", "body": "Texte", "authors": "Auteur·ices", "published_on": "Jour de publication",
		"language": "Langue", "fundamentals": "Fondamentaux", "narrative_dimensions": "Dimensions de la mise en récit", "series": "Chantier ou communauté",
		"cohort": "Cohorte", "sessions": "Rencontres dont elle vient", "url": "Adresse du document", "audio": "Enregistrement", "episode": "Numéro de l’épisode",
		"licence": "Licence", "status": "État",
	}

	typeLabels = map[string]string{
		"application/pdf": "Document PDF", "audio/mpeg": "Enregistrement MP3", "audio/mp4": "Enregistrement M4A", "audio/ogg": "Enregistrement Ogg",
		"audio/wav": "Enregistrement WAV", "image/jpeg": "Image JPEG", "image/png": "Image PNG", "image/webp": "Image WebP",
	}
	familyLabels    = map[string]string{"audio": "Enregistrement", "document": "Document", "image": "Image"}
	families        = []string{"document", "audio", "image"}
	fileStateLabels = map[string]string{awaited: "Attendu", ready: "Vérifié", refused: "Refusé"}
	fileStates      = []string{awaited, ready, refused}
)

// formerMember is what pages call someone whose account was erased.
const formerMember = "Ancien compte"

// optionsOf makes the choices of values that have labels.
func optionsOf[V ~string](values []V, labels map[V]string) (list []web.Option) {
	for _, value := range values {
		list = append(list, web.Option{Value: string(value), Label: labels[value]})
	}
	return list
}

// languageName is a language as people call it, that of a country as its own.
func languageName(tag string) string {
	if name := web.LabelOf(languages, tag); name != tag {
		return name
	}
	root, country, _ := strings.Cut(tag, "-")
	if name := web.LabelOf(languages, root); name != root && country != "" {
		return name + " (" + country + ")"
	}
	return tag
}

func typeOptions() (list []web.Option) {
	for name := range mediaTypes {
		list = append(list, web.Option{Value: name, Label: typeLabels[name] + ", " + most(name) + " au plus"})
	}
	slices.SortFunc(list, func(a, b web.Option) int { return strings.Compare(a.Label, b.Label) })
	return list
}

// most is how large a file of a type may be, as people say it.
func most(name string) string {
	return french.Number(int(mediaTypes[name].most/megabyte)) + french.NoBreak + "Mo"
}
