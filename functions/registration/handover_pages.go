package registration

import (
	"net/http"
	"net/url"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// handoverRoutes are the pages by which an organisation gets another contact:
// the team's, and those that the link of the mail opens.
var handoverRoutes = []function.Route[service]{
	teamPage(http.MethodGet, alliesPath+"/{id}/contact", function.Team, "What replacing the contact of an organisation does", (*service).handoverPage),
	teamPage(http.MethodPost, alliesPath+"/{id}/contact", function.Team, "Propose to someone to be the contact", (*service).handoverPosted),
	teamPage(http.MethodPost, alliesPath+"/{id}/contact/renvoyer", function.Team, "Send the link to the next contact again", (*service).handoverAgainPosted),
	teamPage(http.MethodPost, alliesPath+"/{id}/contact/retirer", function.Team, "Take the proposal to the next contact back", (*service).withdrawPosted),
	page(http.MethodGet, "/rejoindre/contact", "What being the contact of an organisation means", (*service).offerPage),
	page(http.MethodPost, "/rejoindre/contact", "Become the contact of an organisation", (*service).offerPosted),
}

// handoverView is what the team's page shows besides what was typed.
type handoverView struct {
	ID       string
	Kept     allyLine
	Handover handoverItem // that the next one ends; its ID is empty when none waits
}

func (s *service) handoverPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderHandover(w, r, http.StatusOK, web.Form{Values: url.Values{}})
}

func (s *service) renderHandover(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	g, err := s.organisation(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	_, waits, err := s.handoverOf(r.Context(), g.ally.AllyID)
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, status, "team_handover", web.Page{
		Title: "Remplacer le contact", Private: true, Form: form, Data: handoverView{g.ally.AllyID, viewLine(g.line()), waits},
	})
}

func (s *service) handoverPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	to := personInput{
		GivenName: values.Get("person.given_name"), FamilyName: values.Get("person.family_name"),
		Email: values.Get("person.email"), Role: values.Get("person.role"),
	}
	var faults fault.Fields
	to.check(&faults)
	if len(faults) == 0 {
		ally := r.PathValue("id")
		err = s.propose(r.Context(), ally, to, "ally.contact_proposed")
		if fault.Is(err, errAlreadyContact.Code) {
			faults.Add("person.email", errAlreadyContact.Detail)
		}
	}
	if len(faults) > 0 {
		saidOfSomeoneElse(faults)
		return s.renderHandover(w, r, http.StatusUnprocessableEntity, web.Form{Values: values, Faults: faults})
	}
	return done(w, r, err, "contact")
}

func (s *service) handoverAgainPosted(w http.ResponseWriter, r *http.Request) error {
	return done(w, r, s.proposeAgain(r.Context(), r.PathValue("id")), "contact")
}

func (s *service) withdrawPosted(w http.ResponseWriter, r *http.Request) error {
	return done(w, r, s.withdraw(r.Context(), r.PathValue("id")), "retire")
}

// offerView is what whoever follows the link reads before they accept.
type offerView struct {
	Token        string
	Organisation string
	Charter      string
	Person       handoverItem
	Listed       bool // the organisation, today
}

// offerPage says what being the contact means. It only shows a button, as
// programs that scan mails open links.
func (s *service) offerPage(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	o, err := s.offered(r.Context(), token)
	if err != nil {
		return err
	}
	if o.accepted {
		return s.renderAccepted(w, r, o.ally)
	}
	return s.pages.Render(w, r, http.StatusOK, "offer", web.Page{
		Title: "Devenir le contact de votre organisation", Private: true, Form: web.Form{Values: url.Values{}},
		Data: offerView{token, o.ally.Name, o.ally.CharterVersion, o.item, o.ally.Directory != ""},
	})
}

func (s *service) offerPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	chosen := consents{values.Get("consents.newsletter") != "", values.Get("consents.directory") != ""}
	ally, err := s.accept(r.Context(), values.Get("token"), chosen)
	if err != nil {
		return err
	}
	return s.renderAccepted(w, r, ally)
}

func (s *service) renderAccepted(w http.ResponseWriter, r *http.Request, ally allyItem) error {
	return s.pages.Render(w, r, http.StatusOK, "offer_accepted", web.Page{
		Title: "Vous êtes le contact de votre organisation", Private: true, Data: ally.Name,
	})
}
