package team

import (
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// actions are the French names of what the trail notes.
var actions = map[string]string{
	"export":         "Export d’une liste",
	"ally.corrected": "Signature corrigée", "ally.merged": "Signatures fusionnées", "ally.link_sent": "Lien envoyé", "ally.heard_of": "Échange noté", "registration.link_sent": "Lien de confirmation renvoyé", "ally.erased": "Personne effacée",
	"ally.contact_proposed": "Nouveau contact proposé", "ally.contact_proposed_again": "Lien renvoyé au nouveau contact", "ally.contact_withdrawn": "Nouveau contact retiré",
	"session.planned": "Rencontre créée", "session.changed": "Rencontre modifiée", "session.cancelled": "Rencontre annulée", "session.not_held": "Rencontre qui n’a pas eu lieu", "session.held": "Présences notées",
	"series.created": "Série créée", "series.changed": "Série modifiée",
	"cohort.created": "Cohorte créée", "cohort.changed": "Cohorte modifiée",
	"application.accepted": "Candidature acceptée", "application.waiting": "Candidature mise en attente", "application.declined": "Candidature non retenue",
	"application.withdrawn": "Candidature retirée", "application.written": "Message aux quatre", "application.reminded": "Confirmations demandées à nouveau",
	"partner.key.added": "Clé de partenaire ajoutée", "partner.key.removed": "Clé de partenaire retirée", "webhook.judged-again": "Refus jugés à nouveau", "webhook.set-aside": "Refus mis de côté",
	"media.announced": "Fichier annoncé", "media.ready": "Fichier vérifié", "media.refused": "Fichier refusé",
	"booking.made": "Inscription à la main", "booking.cancelled": "Inscription annulée à la main", "booking.link_sent": "Lien d’une inscription renvoyé",
	"suppression.lifted": "Envois repris", "mail.sent_again": "Courriel renvoyé",
	"member.kept_out": "Accès fermé", "member.let_in": "Accès rouvert", "member.signed_out": "Sessions fermées",
	"letter.run_again": "Message relancé", "letter.forgotten": "Message oublié",
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
	"opens_on": "Ouverture", "closes_on": "Clôture", "starts_on": "Début", "ends_on": "Fin", "region": "Région", "attended": "Présences", "walk_ins": "Sans inscription", "bookings": "Réservations présentes",
	"person.given_name": "Prénom", "person.family_name": "Nom", "person.email": "Adresse e-mail", "person.role": "Fonction",
	"organisation.name": "Organisation", "organisation.category": "Type d’organisation", "organisation.territory": "Territoire",
	"organisation.siret": "SIRET", "organisation.rna": "RNA", "organisation.website": "Site web",
	"consents.newsletter": "Nouvelles", "consents.directory": "Liste publique",
	"session": "Rencontre", "reason": "Raison", "records": "Enregistrements", "format": "Format", "rows": "Lignes", "duplicate": "Doublon", "into": "Signature qui reste",
	"programme": "Programme", "scale": "Échelle", "partner": "Partenaire", "join_url": "Lien de connexion", "timezone": "Fuseau horaire", "id": "Numéro",
	"fundamentals": "Fondamentaux", "narrative_dimensions": "Dimensions de la mise en récit", "seats_left": "Places libres", "waiting": "En attente",
	"service": "Service", "schedule": "Tâche", "due": "Échéance", "table": "Table", "notice": "Avis", "given_up_at": "Mis de côté",
	"state": "État", "revision": "Version", "published_on": "Jour de publication", "hash": "Empreinte", "people": "Personnes",
	"summary": "Résumé", "authors": "Auteur·ices", "url": "Adresse du document", "language": "Langue", "licence": "Licence", "sessions": "Rencontres", "episode": "Épisode",
	"audio.url": "Adresse de l’enregistrement", "audio.seconds": "Durée en secondes", "body.characters": "Signes du texte", "body.hash": "Empreinte du texte",
	"type": "Type", "corrects": "Fait corrigé", "data.corrects": "Fait corrigé", "data.corrected_type": "Type du fait annulé", "data.reason": "Raison", "data.title": "Titre", "data.on": "Date", "data.form": "Forme", "data.representative": "Représentative",
	"data.territory": "Territoire", "data.outlet": "Média", "data.url": "Adresse web", "data.beneficiary": "Bénéficiaire", "data.programme": "Programme",
	"data.started_on": "Début", "data.ended_on": "Fin", "data.institution": "Établissement", "data.subject": "Sujet", "data.pairs": "Binômes", "data.participants": "Participant·es",
	"filter.searched": "Recherche", "filter.kind": "Type", "filter.status": "État", "filter.etat": "État", "filter.category": "Catégorie", "filter.region": "Région", "filter.month": "Mois",
	"filter.from": "Du", "filter.until": "Au", "filter.who": "Qui", "filter.action": "Quoi", "filter.subject": "Numéro", "filter.cohort": "Cohorte",
	"filter.code": "Raison du refus", "filter.type": "Type", "filter.state": "État", "filter.year": "Année", "filter.series": "Série", "filter.programme": "Programme",
	"message": "Message", "results.applied": "Notés", "results.unchanged": "Déjà connus", "results.stale": "Dépassés", "results.rejected": "Refusés encore",
	"filter.cause": "Pourquoi", "filter.scale": "Échelle", "filter.mois": "Mois",
}

func fieldLabel(name string) string {
	if label := fields[name]; label != "" {
		return label
	}
	return name
}
