package web

import (
	"embed"
	"net/http"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

//go:embed pages/*.html
var ownFiles embed.FS

// ownPages are those that no function has: what went wrong, and a file that is
// awaited.
var ownPages = NewTemplates(ownFiles)

type explanation struct{ Title, Advice string }

// explanations say what happened and what to do, by status.
var explanations = map[int]explanation{
	http.StatusBadRequest:            {"La demande est illisible", "Revenez à la page précédente, rechargez-la et recommencez."},
	http.StatusUnauthorized:          {"Identifiez-vous pour continuer", "Demandez un nouveau lien par e-mail depuis la page « Mes données », puis revenez ici."},
	http.StatusForbidden:             {"Vous n’avez pas accès à cette page", "Si vous pensez que c’est une erreur, écrivez-nous en citant le numéro ci-dessous."},
	http.StatusNotFound:              {"Cette page n’existe pas", "Vérifiez l’adresse, surtout si vous l’avez recopiée. Sinon, repartez de l’accueil."},
	http.StatusMethodNotAllowed:      {"Cette action n’est pas possible ici", "Repartez de la page qui contient le formulaire ou le bouton."},
	http.StatusConflict:              {"Cette action n’est plus possible", "La situation a changé depuis que vous avez ouvert la page. Rechargez-la pour voir où vous en êtes."},
	http.StatusGone:                  {"Ce lien n’est plus valable", "Les liens reçus par e-mail expirent pour protéger vos données. Demandez-en un nouveau, ou repartez de l’accueil."},
	http.StatusPreconditionFailed:    {"Ces données viennent de changer", "Quelqu’un les a modifiées avant vous. Rechargez la page, puis refaites votre modification."},
	http.StatusRequestEntityTooLarge: {"L’envoi est trop volumineux", "Raccourcissez les textes les plus longs, puis renvoyez le formulaire."},
	http.StatusUnsupportedMediaType:  {"Ce type d’envoi n’est pas accepté", "Utilisez le formulaire de la page plutôt qu’un fichier."},
	http.StatusUnprocessableEntity:   {"Des informations sont à corriger", "Revenez à la page précédente et corrigez ce qui est indiqué."},
	http.StatusTooManyRequests:       {"Trop de demandes en peu de temps", "Patientez un instant, puis renvoyez votre demande."},
	http.StatusServiceUnavailable:    {"Le service est indisponible pour le moment", "Patientez un instant, puis rechargez la page. Ce que nous avons confirmé est bien enregistré."},
}

var unexplained = explanation{"Une erreur s’est produite", "Réessayez dans un instant. Si cela continue, écrivez-nous en citant le numéro ci-dessous."}

// signedOut and signedOutWriting explain a 401 to the team, whom a link to their
// data would not help. Who sent a form signs in elsewhere, so that this tab
// keeps what was typed and can send it again.
var (
	signedOut        = explanation{"Connectez-vous pour continuer", "Ouvrez la page de connexion de l’équipe."}
	signedOutWriting = explanation{"Connectez-vous pour continuer",
		"Connectez-vous dans un nouvel onglet, puis revenez à celui-ci et rechargez la page\u00a0: votre navigateur proposera de renvoyer le formulaire."}
)

type faultData struct {
	explanation
	Detail    string
	Status    int
	Team      bool   // it befalls a page of the team
	SignIn    string // where the team signs in, and comes back from; empty for who sent a form
	Seconds   int    // to wait before trying again; 0 when not known
	Fields    []fault.Field
	RequestID string
}

func renderFault(w http.ResponseWriter, r *http.Request, f *fault.Error) error {
	status := Status(f)
	data := faultData{explanation: unexplained, Detail: detail(f), Status: status, Fields: f.Fields, RequestID: RequestID(r.Context())}
	if known, ok := explanations[status]; ok {
		data.explanation = known
	}
	data.Team = strings.HasPrefix(r.URL.Path, TeamRoot)
	if data.Team && status == http.StatusUnauthorized {
		data.explanation = signedOutWriting
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			data.explanation, data.SignIn = signedOut, signInFrom(r)
		}
	}
	if f.RetryAfter > 0 {
		data.Seconds = int((f.RetryAfter + time.Second - 1) / time.Second)
	}
	return ownPages.Render(w, r, status, "fault", Page{Title: data.Title, Private: true, Data: data})
}
