package registration

import (
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// treatment is an entry of the register of processing
// (https://www.cnil.fr/fr/RGPD-le-registre-des-activites-de-traitement).
type treatment struct {
	ID, Name, Why, Basis string
	What, Who            string
	Kept                 string
}

// treatments are what the tables hold on people, in the order of the page. A
// table with personal data that none of them names fails a test.
var treatments = []treatment{
	{"alliance", "Signatures de la charte", "Savoir qui fait partie de l’alliance, lui écrire, publier la liste des organisations qui l’acceptent.",
		"Votre engagement : la charte que vous signez.",
		"Nom, adresse e-mail, fonction, organisation, territoire, choix de recevoir des nouvelles et de figurer dans la liste.",
		"L’équipe. Le public, pour le nom d’une organisation qui l’accepte.",
		"Jusqu’à votre départ, ou à la fin du délai sans contact. Une signature jamais confirmée : sept jours."},
	{"rencontres", "Réservations et présences", "Tenir les places et les listes d’attente, accueillir, rappeler, demander un retour.",
		"Votre demande : la réservation que vous faites.",
		"Nom, adresse e-mail, organisation, territoire, rôle, besoins d’accessibilité que vous signalez, présence, retour.",
		"L’équipe.", "Un an après la rencontre."},
	{"candidatures", "Candidatures aux cohortes", "Étudier la candidature d’un territoire et prévenir les quatre personnes qu’elle nomme.",
		"L’intérêt légitime du territoire et de l’alliance ; chacune des quatre personnes confirme elle-même.",
		"Nom, adresse e-mail, organisation, rôle.", "L’équipe.", "Jusqu’à votre demande d’effacement, ou 30 jours si personne ne confirme."},
	{"courriels", "Courriels envoyés", "Envoyer une seule fois chaque message, répondre à « je n’ai rien reçu », ne plus écrire à qui ne le veut pas.",
		"L’intérêt légitime de l’alliance.",
		"Avant l’envoi, le message. Après : son objet, sa date et ce qu’il est devenu, sans adresse ni contenu.",
		"L’équipe. Le prestataire d’envoi.", "90 jours ; un refus de recevoir, tant qu’il vaut."},
	{"equipe", "Comptes de l’équipe", "Savoir qui agit au nom de l’association, et qui a changé quoi.",
		"L’intérêt légitime de l’association.", "Nom, adresse e-mail, rôles, dates de connexion ; dans le journal, un numéro de compte.",
		"L’équipe.", "Le temps du contrat ; le journal, trois ans."},
}

type privacyView struct {
	Years      int
	Treatments []treatment
}

// privacyPage is the register of processing, for everyone.
func (s *service) privacyPage(w http.ResponseWriter, r *http.Request) error {
	return s.pages.Render(w, r, http.StatusOK, "privacy", web.Page{
		Title: "Vos données personnelles", Description: "Ce que l’alliance garde sur vous, pourquoi, combien de temps, et vos droits.",
		Data: privacyView{s.retention, treatments},
	})
}
