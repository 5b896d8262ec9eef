package team

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

// words are the French names of the values that fields hold, by the last part
// of the field's name: what people write is shown as it is. Each function knows
// its own, and the tests read them there.
var words = map[string]map[string]string{
	"status": states, "state": states, "decision": states, "etat": states,
	"kind": kinds, "type": kinds, "form": forms, "mode": modes, "scale": scales, "beneficiary": beneficiaries,
	"corrected_type": kinds, "category": categories, "language": languages, "format": {"csv": "CSV", "xlsx": "XLSX"}, "timezone": {"Europe/Paris": "heure de Paris"},
}

var (
	states = map[string]string{
		"draft": "brouillon", "published": "publié", "withdrawn": "retiré", "open": "ouvert", "closed": "clos", "held": "tenu", "planned": "prévu", "full": "complet",
		"awaiting_quartet": "attend les quatre", "complete": "complet", "accepted": "accepté", "declined": "non retenu", "waiting": "en attente",
		"confirmed": "confirmé", "cancelled": "annulé", "pending_confirmation": "attend la confirmation", "announced": "effacement annoncé",
		"awaited": "attendu", "ready": "vérifié", "refused": "refusé",
	}
	// listed are the states by which lists are narrowed, where these have others.
	listed = map[string]string{
		"announced": "annoncées", "open": "candidatures ouvertes", "closed": "candidatures closes", "running": "en cours", "ended": "terminées",
		"a-venir": "à venir", "a-pointer": "à pointer", "tenues": "tenues", "annulees": "annulées", "en-cours": "en cours", "termines": "terminés",
	}
	// kinds are those of sessions, resources, allies, facts and files.
	kinds = map[string]string{
		"permanence": "permanence", "initiation": "session d’initiation", "workshop": "chantier", "community": "communauté apprenante",
		"assembly": "assemblée des allié·es", "general_assembly": "assemblée générale",
		"article": "article", "special_issue": "numéro spécial", "podcast": "podcast", "case": "documentation de cas", "video": "vidéo", "tool": "outil", "thesis": "thèse ou mémoire",
		"organisation": "organisation", "person": "personne",
		"intervention": "intervention publique", "media.appearance": "apparition dans un média", "support.one_off": "appui ponctuel",
		"support.experimental": "accompagnement expérimental", "training": "formation", "fact.voided": "annulation",
		"audio": "enregistrement", "document": "document", "image": "image", "application/pdf": "document PDF",
		"audio/mpeg": "enregistrement MP3", "audio/mp4": "enregistrement M4A", "audio/ogg": "enregistrement Ogg", "audio/wav": "enregistrement WAV",
		"image/jpeg": "image JPEG", "image/png": "image PNG", "image/webp": "image WebP",
	}
	modes  = map[string]string{"online": "en ligne", "onsite": "sur place", "hybrid": "sur place et en ligne"}
	scales = map[string]string{"national": "nationale", "regional": "régionale", "departmental": "départementale"}
	forms  = map[string]string{
		"talk": "conférence", "training": "formation", "panel": "table ronde", "article": "article", "other": "autre",
		"inspiring_talk": "conférence inspirante", "sensitive_analysis": "analyse sensible", "strategic_advice": "conseil stratégique", "facilitation": "animation",
	}
	beneficiaries = map[string]string{"territory": "territoire", "local_media": "média local", "organisation": "organisation", "other": "autre"}
	categories    = map[string]string{
		"local_authority": "collectivité territoriale ou groupement", "association": "association ou fondation", "company": "entreprise, coopérative ou indépendant·e",
		"state": "service ou établissement de l’État", "education_research": "enseignement ou recherche", "network": "réseau ou tête de réseau", "other": "autre",
	}
	languages = map[string]string{
		"fr": "français", "en": "anglais", "de": "allemand", "es": "espagnol", "it": "italien", "nl": "néerlandais", "pt": "portugais", "pl": "polonais",
		"br": "breton", "eu": "basque", "ca": "catalan", "co": "corse", "oc": "occitan", "gcf": "créole des Antilles", "rcf": "créole réunionnais",
	}
)

// versioned ends the type of a fact.
var versioned = regexp.MustCompile(`\.v[0-9]+$`)

// valueLabel is what a field holds, as people read it.
func valueLabel(field, value string) string {
	var list []any
	if strings.HasPrefix(value, "[") && json.Unmarshal([]byte(value), &list) == nil {
		return listLabel(field, list)
	}
	if at, err := time.Parse(time.RFC3339, value); err == nil {
		return french.Date(at) + ", " + french.Hour(at)
	}
	if day, err := time.Parse(time.DateOnly, value); err == nil {
		return french.Date(day)
	}
	last := field[strings.LastIndex(field, ".")+1:]
	switch last {
	case "action":
		return actionLabel(value)
	case "etat":
		if label := listed[value]; label != "" {
			return label
		}
	case "territory":
		return placeLabel(value, "")
	case "region":
		return placeLabel(value, territory.Region)
	case "partner":
		if partner, known := alliance.PartnerNamed(value); known {
			return partner.Label
		}
	}
	if label := words[last][versioned.ReplaceAllString(value, "")]; label != "" {
		return label
	}
	return value
}

// placeLabel is a territory by its name, with its code.
func placeLabel(code string, level territory.Level) string {
	found, err := territory.LookupLevel(code, level)
	if err != nil {
		return code
	}
	return found.Name + " (" + code + ")"
}

// id is that of something: "ses_" and twenty-six characters.
var id = regexp.MustCompile(`^[a-z]+_[0-9A-Za-z]+$`)

// listLabel is a list of values: how many, when they are ids.
func listLabel(field string, list []any) string {
	var labels []string
	for _, one := range list {
		labels = append(labels, valueLabel(field, fmt.Sprint(one)))
	}
	switch {
	case len(list) == 0:
		return "aucun"
	case !slices.ContainsFunc(labels, func(label string) bool { return !id.MatchString(label) }):
		return french.Number(len(list))
	}
	return strings.Join(labels, ", ")
}
