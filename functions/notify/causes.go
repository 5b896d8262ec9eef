package notify

import "github.com/fabrique-des-transitions/fabrique/shared/web"

// cause says what a mail is for people of the team: by its template.
type cause struct {
	Label string
	Why   string // the action that caused it
	// Again says how what it brought is sent anew, as the mail itself is not
	// kept once it left.
	Again string
	// About is where that is done, when the mail does not name a page itself.
	About string
}

// How what mails brought is sent anew, by the page that they name.
const (
	againSignature = "Depuis la page de la signature, renvoyez à la personne un lien vers ses données : il lui montre où elle en est."
	againBooking   = "Depuis les inscriptions de la rencontre, renvoyez son lien à la personne : jusqu’à la fin, puis pendant soixante jours à qui est noté·e présent·e."
	againSeat      = "Si la personne veut venir tout de même, inscrivez-la depuis la page de la rencontre, tant qu’elle n’a pas commencé."
	againOff       = "La page de la rencontre dit qu’elle est annulée : la personne n’a rien à faire."
	againAsk       = "Depuis la page de la candidature, demandez à nouveau les confirmations : chacun·e reçoit un nouveau lien."
	againWrite     = "Depuis la page de la candidature, écrivez aux quatre : le message porte leur lien."
)

var causes = map[string]cause{
	"confirm-registration": {"Confirmer une signature de la charte", "La personne a rempli le formulaire pour signer la charte.",
		"Le lien est personnel : la personne remplit de nouveau le formulaire, et un nouveau lien part.", web.TeamRoot + "/allies?status=pending_confirmation"},
	"welcome":                  {"Bienvenue dans l’alliance", "La personne a confirmé sa signature de la charte.", againSignature, ""},
	"already-ally":             {"Signature déjà enregistrée", "La personne a signé la charte une seconde fois.", againSignature, ""},
	"organisation-has-contact": {"Organisation déjà alliée", "La personne a signé au nom d’une organisation déjà alliée.", againSignature, ""},
	"my-data-link": {"Lien vers ses données", "La personne, ou l’équipe pour elle, a demandé un lien vers ses données.",
		"Ce lien ne vaut qu’un moment : renvoyez-en un depuis la page de la signature.", ""},
	farewell:            {"Départ de l’alliance", "La personne a quitté l’alliance, et ses données sont effacées.", "Il ne reste rien de cette personne : il n’y a plus rien à lui envoyer.", ""},
	"signatures-merged": {"Deux signatures fusionnées", "L’équipe a fusionné la signature de la personne avec une autre.", againSignature, ""},
	"contact-proposed": {"Devenir le contact d’une organisation", "L’équipe propose à la personne d’être le contact d’une organisation.",
		"Ce lien est personnel : depuis la page de la signature, envoyez-le à nouveau, ou proposez à une autre adresse.", ""},
	"contact-replaced": {"Contact remplacé", "Une autre personne est désormais le contact de l’organisation.",
		"La personne n’est plus le contact : la page de la signature dit qui l’est.", ""},
	"retention-notice":      {"Effacement annoncé, sans nouvelles", "La personne n’a pas donné de nouvelles depuis longtemps : l’effacement de ses données lui est annoncé.", againSignature, ""},
	"booking-confirmed":     {"Place réservée", "La personne s’est inscrite à une rencontre, ou l’équipe l’a inscrite.", againBooking, ""},
	"booking-waiting":       {"En liste d’attente", "La personne s’est inscrite à une rencontre complète.", againBooking, ""},
	"booking-promoted":      {"Place libérée", "Une place s’est libérée pour la personne, qui attendait.", againBooking, ""},
	"booking-cancelled":     {"Réservation annulée", "La personne, ou l’équipe pour elle, a annulé son inscription.", againSeat, ""},
	"booking-reminder":      {"Rappel d’une rencontre", "La rencontre a lieu le lendemain.", againBooking, ""},
	"session-moved":         {"Rencontre déplacée", "L’équipe a modifié la rencontre.", againBooking, ""},
	"session-cancelled":     {"Rencontre annulée", "L’équipe a annulé la rencontre.", againOff, ""},
	"session-thanks":        {"Demande de retour", "La personne est venue à la rencontre.", againBooking, ""},
	"application-confirm":   {"Confirmer son rôle dans une candidature", "La personne est nommée parmi les quatre d’une candidature.", againAsk, ""},
	"application-confirmed": {"Rôle confirmé", "La personne a confirmé son rôle dans une candidature.", againWrite, ""},
	"application-complete":  {"Candidature complète", "La personne a confirmé son rôle, la dernière des quatre.", againWrite, ""},
	"application-accepted":  {"Candidature retenue", "L’équipe a retenu la candidature.", againWrite, ""},
	"application-declined":  {"Candidature non retenue", "L’équipe n’a pas retenu la candidature.", againWrite, ""},
	"application-waiting":   {"Candidature en attente", "L’équipe a mis la candidature en attente.", againWrite, ""},
	"application-withdrawn": {"Candidature retirée", "La candidature a été retirée.", againWrite, ""},
	"application-message":   {"Message de l’équipe sur une candidature", "L’équipe a écrit aux quatre d’une candidature.", againWrite, ""},
	"team-notice":           {"Nouvelle du bilan pour l’équipe", "Une tâche de nuit a clôturé une année ou réparé un chiffre.", "La même nouvelle se lit sur la page des bilans.", web.TeamRoot + "/bilans"},
}

// causeOf is that of a template; of one that is unknown, its name.
func causeOf(template string) cause {
	if known, ok := causes[template]; ok {
		return known
	}
	return cause{Label: template}
}
