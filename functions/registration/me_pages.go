package registration

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/placefield"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// sessionCookie carries a person's session in a browser. Its prefix keeps
// other hosts and plain HTTP from setting it
// (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes).
const sessionCookie = "__Host-mes-donnees"

// visitor is the person whose session the browser carries.
func (s *service) visitor(r *http.Request) (person string, err error) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return "", fault.New(fault.Unauthenticated, "unauthenticated", "Votre visite est terminée : demandez un nouveau lien vers vos données.")
	}
	return s.links.Open(r.Context(), sessionPurpose, cookie.Value)
}

func setSession(w http.ResponseWriter, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", MaxAge: seconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// meView is what the page of my data shows.
type meView struct {
	mySignature
	KindLabel, CategoryLabel, Place string
	Others                          []mySignature
	Categories                      []web.Option
	Changed                         bool
	Territory                       placefield.Input
}

// mePage shows a button when it is opened from the mail, one's data during a
// visit, and otherwise the form to ask for a link.
func (s *service) mePage(w http.ResponseWriter, r *http.Request) error {
	if token := r.URL.Query().Get("token"); token != "" {
		if _, err := s.links.Open(r.Context(), mePurpose, token); err != nil {
			return err
		}
		return s.pages.Render(w, r, http.StatusOK, "open_me", web.Page{Title: "Ouvrir mes données", Private: true, Data: token})
	}
	person, err := s.visitor(r)
	if fault.As(err) != nil {
		return s.renderAsk(w, r, http.StatusOK, web.Form{Values: url.Values{web.OpenedField: {s.opened()}}})
	}
	if err != nil {
		return err
	}
	return s.renderMe(w, r, person, r.URL.Query().Get("signature"), nil)
}

func (s *service) renderAsk(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	return s.pages.Render(w, r, status, "ask_me", web.Page{
		Title: "Mes données", Description: "Lire, corriger, emporter ou effacer ce que l’alliance sait de vous.", Form: form,
	})
}

// renderMe shows one of a person's signatures; form holds what was typed and
// is refused, nil to show what is stored.
func (s *service) renderMe(w http.ResponseWriter, r *http.Request, person, allyID string, form *web.Form) error {
	mine, err := s.me(r.Context(), person)
	if fault.Is(err, "nothing-held") {
		return s.pages.Render(w, r, http.StatusOK, "nothing_held", web.Page{Title: "Mes données", Private: true})
	}
	if err != nil {
		return err
	}
	view := meView{mySignature: mine.mySignature, Others: mine.Others, Categories: categoryLabels, Changed: r.URL.Query().Has("enregistre")}
	for i, other := range mine.Others {
		if other.AllyID == allyID {
			view.mySignature, view.Others[i] = other, mine.mySignature
		}
	}
	view.KindLabel = "Personne"
	if view.Kind == string(alliance.Organisation) {
		view.KindLabel = "Organisation"
		view.CategoryLabel, view.Place = categoryLabel(string(view.Organisation.Category)), placeName(view.Organisation.Territory)
	}
	status := http.StatusOK
	if form == nil {
		form = &web.Form{Values: view.values()}
	} else {
		status = http.StatusUnprocessableEntity
	}
	view.Territory = askTerritory(*form)
	return s.pages.Render(w, r, status, "me", web.Page{Title: "Mes données", Private: true, Form: *form, Data: view})
}

// values fills the form with what is stored.
func (m mySignature) values() url.Values {
	values := url.Values{
		"ally_id": {m.AllyID}, "person.given_name": {m.Person.GivenName}, "person.family_name": {m.Person.FamilyName},
		"person.role": {m.Person.Role},
	}
	if o := m.Organisation; o != nil {
		values.Set("organisation.name", o.Name)
		values.Set("organisation.category", string(o.Category))
		values.Set("organisation.siret", o.SIRET)
		values.Set("organisation.rna", o.RNA)
		values.Set("organisation.territory", o.Territory)
		values.Set("organisation.website", o.Website)
	}
	if m.Consents.Newsletter {
		values.Set("consents.newsletter", "true")
	}
	if m.Consents.Directory {
		values.Set("consents.directory", "true")
	}
	return values
}

func (s *service) linkPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	var faults fault.Fields
	s.checkFilledByHand(values, &faults)
	err = s.sendLink(r.Context(), values.Get("email"), &faults)
	if len(faults) > 0 {
		return s.renderAsk(w, r, http.StatusUnprocessableEntity, web.Form{Values: values, Faults: faults})
	}
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusAccepted, "link_sent", web.Page{Title: "Regardez votre boîte aux lettres", Private: true})
}

func (s *service) openPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	opened, err := s.openSession(r.Context(), values.Get("token"))
	if err != nil {
		return err
	}
	setSession(w, opened.AccessToken, opened.ExpiresIn)
	http.Redirect(w, r, "/mes-donnees", http.StatusSeeOther)
	return nil
}

func (s *service) changePosted(w http.ResponseWriter, r *http.Request) error {
	person, err := s.visitor(r)
	if err != nil {
		return err
	}
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	var faults fault.Fields
	_, err = s.change(r.Context(), person, changeFromForm(values), &faults)
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		faults.Add("organisation.name", f.Detail)
	}
	if len(faults) > 0 {
		placefield.Advise(values, territoryField, faults)
		return s.renderMe(w, r, person, values.Get("ally_id"), &web.Form{Values: values, Faults: faults})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/mes-donnees?enregistre&signature="+url.QueryEscape(values.Get("ally_id")), http.StatusSeeOther)
	return nil
}

// changeFromForm reads a change out of the page: fields that it does not have
// stay, but for boxes, which browsers only send when they are ticked. What the
// page says to have shown so already stays as well.
func changeFromForm(values url.Values) change {
	field := func(name string) *string {
		if !values.Has(name) || untouched(values, name) {
			return nil
		}
		text := values.Get(name)
		return &text
	}
	box := func(name string) *bool {
		if untouched(values, name) {
			return nil
		}
		ticked := values.Get(name) != ""
		return &ticked
	}
	in := change{
		AllyID: values.Get("ally_id"),
		Person: &personChange{GivenName: field("person.given_name"), FamilyName: field("person.family_name"), Role: field("person.role")},
	}
	in.Consents = &consentsChange{Newsletter: box("consents.newsletter"), Directory: box("consents.directory")}
	if values.Has("organisation.name") {
		in.Organisation = &organisationChange{
			Name: field("organisation.name"), SIRET: field("organisation.siret"), RNA: field("organisation.rna"),
			Territory: field("organisation.territory"), Website: field("organisation.website"),
		}
		if category := field("organisation.category"); category != nil {
			chosen := alliance.Category(*category)
			in.Organisation.Category = &chosen
		}
		if meant := in.Organisation.Territory; meant != nil {
			*meant = placefield.Meant(values, territoryField)
		}
	}
	return in
}

// untouched holds for a field that is sent as the form showed it at first.
func untouched(values url.Values, name string) bool {
	was := "was." + name
	return values.Has(was) && values.Get(was) == values.Get(name)
}

func (s *service) exportPage(w http.ResponseWriter, r *http.Request) error {
	person, err := s.visitor(r)
	if err != nil {
		return err
	}
	all, err := s.export(r.Context(), person)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", `attachment; filename="mes-donnees.json"`)
	return web.Raw(w, http.StatusOK, "application/json", text)
}

func (s *service) leavePage(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.visitor(r); err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "leave", web.Page{Title: "Quitter l’alliance", Private: true})
}

func (s *service) leavePosted(w http.ResponseWriter, r *http.Request) error {
	person, err := s.visitor(r)
	if err != nil {
		return err
	}
	if err := s.leave(r.Context(), person); err != nil {
		return err
	}
	setSession(w, "", -1)
	return s.pages.Render(w, r, http.StatusAccepted, "left", web.Page{Title: "Vos données s’effacent", Private: true})
}

func (s *service) closePosted(w http.ResponseWriter, r *http.Request) error {
	setSession(w, "", -1)
	http.Redirect(w, r, "/mes-donnees", http.StatusSeeOther)
	return nil
}
