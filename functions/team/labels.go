package team

import (
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// actions are the French names of what the trail notes.
var actions = map[string]string{
	"export":         "Export d’une liste",
	"ally.corrected": "Signature corrigée", "ally.merged": "Signatures fusionnées", "ally.link_sent": "Lien envoyé", "ally.erased": "Personne effacée",
	"session.planned": "Rencontre créée", "session.changed": "Rencontre modifiée", "session.cancelled": "Rencontre annulée", "session.held": "Présences notées",
	"booking.made": "Inscription à la main", "booking.cancelled": "Inscription annulée à la main",
	"series.opened": "Série créée", "series.changed": "Série modifiée",
	"cohort.planned": "Cohorte créée", "cohort.changed": "Cohorte modifiée", "application.decided": "Candidature décidée",
	"suppression.lifted": "Envois repris", "mail.sent_again": "Courriel renvoyé",
	"webhook.judged-again": "Refus d’un partenaire jugés à nouveau", "webhook.set-aside": "Refus d’un partenaire mis de côté",
	"partner.key.added": "Clé d’un partenaire ajoutée", "partner.key.removed": "Clé d’un partenaire retirée",
	"member.kept_out": "Accès fermé", "member.let_in": "Accès rouvert", "member.signed_out": "Sessions fermées",
	"bilan.closed": "Bilan clôturé", "bilan.published": "Bilan publié", "fact.recorded": "Fait enregistré",
	"resource.published": "Ressource publiée", "resource.withdrawn": "Ressource retirée", "resource.changed": "Ressource modifiée", "resource.created": "Ressource créée",
}

func actionLabel(action string) string {
	if label := actions[action]; label != "" {
		return label
	}
	return action
}

func actionOptions() (options []web.Option) {
	for action, label := range actions {
		options = append(options, web.Option{Value: action, Label: label})
	}
	slices.SortFunc(options, func(a, b web.Option) int { return strings.Compare(a.Label, b.Label) })
	return options
}

// fields are the French names of what changes.
var fields = map[string]string{
	"title": "Titre", "description": "Description", "starts_at": "Début", "ends_at": "Fin", "capacity": "Places", "mode": "Forme",
	"place": "Lieu", "kind": "Type", "status": "État", "decision": "Décision", "note": "Mot", "seats": "Places", "name": "Nom",
	"slug": "Identifiant", "series": "Série", "cohort": "Cohorte", "active_from": "Depuis", "active_to": "Jusqu’à",
	"opens_on": "Ouverture", "closes_on": "Clôture", "starts_on": "Début", "ends_on": "Fin", "region": "Région", "attended": "Présences",
	"person.given_name": "Prénom", "person.family_name": "Nom", "person.email": "Adresse e-mail", "person.role": "Fonction",
	"organisation.name": "Organisation", "organisation.category": "Type d’organisation", "organisation.territory": "Territoire",
	"organisation.siret": "SIRET", "organisation.rna": "RNA", "organisation.website": "Site web",
	"consents.newsletter": "Nouvelles", "consents.directory": "Liste publique",
	"session": "Rencontre", "reason": "Raison", "records": "Enregistrements", "format": "Format", "rows": "Lignes", "duplicate": "Doublon", "into": "Signature qui reste",
	"filter.searched": "Recherche", "filter.kind": "Type", "filter.status": "État", "filter.category": "Catégorie", "filter.region": "Région", "filter.month": "Mois",
}

func fieldLabel(name string) string {
	if label := fields[name]; label != "" {
		return label
	}
	return name
}
