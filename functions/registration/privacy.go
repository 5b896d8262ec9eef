package registration

import (
	"fmt"
	"net/http"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// treatment is an entry of the register of processing
// (https://www.cnil.fr/fr/RGPD-le-registre-des-activites-de-traitement).
type treatment struct {
	ID, Name, Why, Basis string
	People               string // whose data they are
	What, Who            string // is kept, and sees it
	Kept                 string // a text of fmt, for as long as Periods say
	Periods              []any
	Rights               string // besides those of all
}

// day is the unit of how long things are kept.
const day = 24 * time.Hour

// treatments are what the platform does with data on people, in the order of
// the page. A table with personal data that none of them names fails a test.
var treatments = []treatment{
	{"alliance", "Signatures de la charte", "Savoir qui fait partie de l’alliance, lui écrire, publier la liste des organisations qui l’acceptent.",
		"Votre engagement : la charte que vous signez (contrat).", "Les personnes qui signent, pour elles ou pour une organisation, et celles à qui l’équipe propose d’être le contact d’une organisation.",
		"Nom, adresse e-mail, fonction, organisation, territoire, choix de recevoir des nouvelles et de figurer dans la liste.",
		"L’équipe. Le public, pour le nom d’une organisation qui l’accepte.",
		"Jusqu’à votre départ, ou à la fin du délai sans contact. Une signature jamais confirmée, ou une proposition jamais acceptée : %d jours.", []any{int(personal.UnconfirmedFor / day)}, ""},
	{"nouvelles", "Nouvelles de l’alliance", "Vous envoyer les nouvelles de l’alliance.", "Votre consentement, que vous retirez quand vous voulez.",
		"Les personnes qui ont signé et coché la case.", "Nom, adresse e-mail, votre choix.", "L’équipe. Le prestataire d’envoi.",
		"Jusqu’à ce que vous vous désabonniez, quittiez l’alliance, ou à la fin du délai sans contact.", nil,
		"Chaque message porte un lien pour se désabonner en un geste."},
	{"rencontres", "Réservations et présences", "Tenir les places et les listes d’attente, accueillir, rappeler, compter les présences.",
		"Votre demande : la réservation que vous faites.", "Les personnes qui réservent ou qui viennent.",
		"Nom, adresse e-mail, organisation, territoire, rôle, besoins d’accessibilité que vous signalez, présence. De qui vient sans réserver : ni nom ni adresse, un pseudonyme au plus.",
		"L’équipe.", "%d jours après la rencontre.", []any{int(personal.BookingFor / day)}, "Le lien de votre réservation permet de l’annuler."},
	{"avis", "Avis sur les rencontres", "Savoir ce que les rencontres apportent.", "Votre consentement : vous répondez si vous voulez.",
		"Les personnes venues à une rencontre qu’elles avaient réservée.", "Avec votre réservation, le mot que vous laissez et le jour de votre réponse. Vos notes sont comptées sans votre nom.",
		"L’équipe.", "Avec la réservation : %d jours après la rencontre. Les notes, sans nom, restent dans les bilans.", []any{int(personal.BookingFor / day)}, ""},
	{"candidatures", "Candidatures aux cohortes", "Étudier la candidature d’un territoire et prévenir les quatre personnes qu’elle nomme.",
		"L’intérêt légitime du territoire et de l’alliance ; chacune des quatre personnes confirme elle-même.", "Les quatre personnes que nomme un territoire.",
		"Nom, adresse e-mail, organisation, rôle, confirmation. Ce que l’équipe a écrit aux quatre.", "L’équipe. Les autres personnes de la candidature, pour les rôles tenus.",
		"Jusqu’à votre demande d’effacement, ou à la fin du délai sans contact. Ce que l’équipe a écrit, jusqu’à l’effacement de la dernière des quatre.", nil,
		"Vous pouvez ne pas confirmer : rien de plus ne vous est alors envoyé que cette demande et ses relances."},
	{"partenaires", "Données reçues des partenaires", "Suivre les cohortes qu’un partenaire anime avec nous.", "L’intérêt légitime des territoires, du partenaire et de l’alliance.",
		"Personne en particulier : des territoires.", "Territoires, dates, étapes ; des quatre rôles, seulement lesquels sont connus. Un nom que le partenaire enverrait n’est pas gardé.",
		"L’équipe. Le partenaire, pour ses propres envois.", "Les messages : %d jours. Ce qu’ils disent des territoires reste dans les bilans.", []any{int(personal.DeliveryFor / day)}, ""},
	{"courriels", "Courriels envoyés et refus de recevoir", "Envoyer une seule fois chaque message, répondre à « je n’ai rien reçu », ne plus écrire à qui ne le veut pas.",
		"L’intérêt légitime de l’alliance.", "Les personnes à qui nous écrivons.",
		"Avant l’envoi, le message. Après : son objet, sa date et ce qu’il est devenu, sans adresse ni contenu. Une adresse qui refuse nos messages : son empreinte.",
		"L’équipe. Le prestataire d’envoi.", "%d jours ; un message qui n’a pas pu partir : %d jours ; un refus de recevoir, tant qu’il vaut.",
		[]any{int(personal.MailFor / day), int(personal.FailedMailFor / day)}, ""},
	{"equipe", "Comptes de l’équipe et journal", "Savoir qui agit au nom de l’association, qui a changé ou exporté quoi.",
		"L’intérêt légitime de l’association.", "Les membres de l’équipe.", "Nom, adresse e-mail, rôles, dates de connexion ; dans le journal, un numéro de compte. D’un accès fermé : l’empreinte du compte.",
		"L’équipe.", "Les comptes : jusqu’à votre demande d’effacement, ou à la fin du délai sans contact. Le journal : %d ans. L’empreinte d’un compte dont l’accès est fermé : tant qu’il l’est, même une fois la personne effacée.", []any{personal.TrailYears},
		"Une connexion aux pages de l’équipe est un contact."},
	{"techniques", "Journaux techniques", "Faire marcher le service, comprendre une panne, arrêter les envois abusifs.",
		"L’intérêt légitime de l’association : la sécurité du service.", "Les personnes qui visitent le site.",
		"Date, page demandée, résultat. Pour limiter les envois, l’empreinte de votre adresse réseau, pendant quelques minutes. Ni nom, ni adresse e-mail, ni ce que vous écrivez.",
		"Les personnes qui exploitent le service. L’hébergeur.", "%d jours.", []any{personal.LogDays}, ""},
}

// For is how long it is kept, in words.
func (t treatment) For() string { return fmt.Sprintf(t.Kept, t.Periods...) }

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
