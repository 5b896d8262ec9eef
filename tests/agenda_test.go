package tests

import (
	"net/http"
	"testing"
	"time"
)

// plan makes a session as a member of the team does.
func (v *visitor) plan(title string, starts time.Time, seats int) {
	v.t.Helper()
	v.asTeam(http.MethodPost, "/v1/sessions", map[string]any{
		"kind": "initiation", "title": title, "starts_at": starts.UTC().Format(time.RFC3339), "ends_at": starts.Add(2 * time.Hour).UTC().Format(time.RFC3339),
		"mode": "hybrid", "place": "Mairie de Figeac", "join_url": "https://visio.example/salle", "capacity": seats,
		"description": "Une matinée pour découvrir les quatre fondamentaux.",
	}, nil)
}

// TestSomeoneBooksWaitsAndCancels goes through the pages of the agenda.
func TestSomeoneBooksWaitsAndCancels(t *testing.T) {
	v := visit(t)
	v.open("/agenda")
	v.reads("Aucune rencontre")
	day := time.Now().AddDate(0, 0, 9)
	v.plan("Découvrir les fondamentaux", day, 1)
	v.open("/agenda?mois=" + day.Format("2006-01"))
	v.reads("Découvrir les fondamentaux")
	v.look("agenda-month") // and then it is seen on a large screen
	v.reads("Dimanche", "Découvrir les fondamentaux")
	v.open("/agenda")
	v.reads("Découvrir les fondamentaux", "1 place libre")
	v.look("agenda")
	v.press("Découvrir les fondamentaux")
	v.reads("Mairie de Figeac", "Réserver une place")
	v.look("session")
	v.press("Réserver ma place")
	v.reads("points sont à corriger", "Saisissez votre prénom.")
	v.book("Ada", "ada@exemple.example")
	v.press("Réserver ma place")
	v.reads("À bientôt, Ada", "Rejoindre en ligne")
	v.look("booking")
	first := v.mail("ada@exemple.example", "Votre place", "/reservations/"+v.lastPart())

	v.open("/agenda")
	v.press("Découvrir les fondamentaux")
	v.reads("Complet", "Rejoindre la liste d’attente")
	v.book("Bob", "bob@exemple.example")
	v.press("M’inscrire sur la liste d’attente")
	v.reads("Vous êtes en position 1")
	v.look("waiting")

	v.open(first)
	v.press("Annuler ma réservation")
	v.reads("Vous n’avez pas de place dans cette rencontre")
	v.look("booking-cancelled")
	v.settle()
	v.mail("bob@exemple.example", "Une place s’est libérée", "")
}

func (v *visitor) book(name, address string) {
	v.t.Helper()
	v.fill("given_name", name)
	v.fill("family_name", "Martin")
	v.fill("email", address)
}
