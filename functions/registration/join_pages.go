package registration

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/placefield"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// joinView is what the form to sign shows besides what was typed.
type joinView struct {
	Charter    charter
	Kinds      []web.Option
	Categories []web.Option
	Territory  placefield.Input
}

var kindOptions = []web.Option{
	{Value: "organisation", Label: "Une organisation", Hint: "Collectivité, association, entreprise, service de l’État…"},
	{Value: "person", Label: "Moi, à titre personnel", Hint: "Vous pourrez citer l’organisation dans laquelle vous agissez."},
}

func (s *service) joinPage(w http.ResponseWriter, r *http.Request) error {
	values := url.Values{
		"kind": {r.URL.Query().Get("kind")}, web.KeyField: {s.newID("form")}, web.OpenedField: {s.opened()},
	}
	return s.renderJoin(w, r, http.StatusOK, web.Form{Values: values})
}

// opened is the instant at which a form is shown, as its hidden field has it.
func (s *service) opened() string { return strconv.FormatInt(s.now().UnixMilli(), 10) }

func (s *service) renderJoin(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	return s.pages.Render(w, r, status, "join", web.Page{
		Title: "Signer la charte", Description: "Rejoignez l’alliance en signant sa charte, pour une organisation ou en votre nom.",
		Form: form, Data: joinView{currentCharter(), kindOptions, categoryLabels, placefield.Ask(form, territoryField,
			"Nom ou code officiel de la commune, de l’intercommunalité, du département ou de la région. Par exemple\u00a0: Figeac, 46102 ou Occitanie.")},
	})
}

func (s *service) joinPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	in := fromForm(values)
	var faults fault.Fields
	s.checkFilledByHand(values, &faults)
	in.check(&faults)
	if err := faults.Err(); err != nil {
		placefield.Advise(values, territoryField, faults)
		return s.renderJoin(w, r, web.Status(fault.As(err)), web.Form{Values: values, Faults: faults})
	}
	asked, err := json.Marshal(in)
	if err != nil {
		return err
	}
	key := values.Get(web.KeyField)
	if key != "" {
		key += string(asked) // back in the browser, then other words: another demand
	}
	if _, err := s.sign(r.Context(), in, key, asked); err != nil {
		return err
	}
	http.Redirect(w, r, "/rejoindre/merci", http.StatusSeeOther)
	return nil
}

func (s *service) thanksPage(w http.ResponseWriter, r *http.Request) error {
	return s.pages.Render(w, r, http.StatusOK, "thanks", web.Page{Title: "Encore une étape : confirmez votre adresse", Private: true})
}

// confirmPage only shows a button: programs that scan mails open links.
func (s *service) confirmPage(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	if token == "" { // the address typed by hand, or cut off by a mail program: say where the link is
		return s.thanksPage(w, r)
	}
	if _, err := s.links.Open(r.Context(), confirmPurpose, token); err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "confirm", web.Page{
		Title: "Confirmer votre signature", Private: true, Data: token,
	})
}

func (s *service) confirmPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	answer, err := s.confirm(r.Context(), values.Get("token"))
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "confirmed", web.Page{
		Title: "Votre adresse est confirmée", Private: true, Data: answer,
	})
}
