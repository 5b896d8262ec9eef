package team

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const lettersPath = adminPath + "/messages"

// services are the French names of what functions do, for who administers the
// platform without having written it.
var services = map[string]string{
	"registration": "Signatures", "booking": "Rencontres et inscriptions", "cohort": "Cohortes et candidatures", "partner": "Messages des partenaires",
	"publishing": "Ressources", "bilan": "Bilan", "notify": "Courriels", "team": "Équipe", "site": "Pages du site",
}

func serviceLabel(name string) string {
	if label := services[name]; label != "" {
		return label
	}
	return name
}

// lettersView is what functions failed at for good, and what has just been done.
type lettersView struct {
	Letters []letterView
	Done    string
}

type letterView struct {
	function.Letter
	N       int // in the list, from 1
	Service string
	Gone    bool // the changes have left the stream
}

func (s *service) lettersPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderLetters(w, r, http.StatusOK, nil)
}

func (s *service) renderLetters(w http.ResponseWriter, r *http.Request, status int, faults fault.Fields) error {
	waiting, err := s.deadLetters.List(r.Context())
	if err != nil {
		return err
	}
	view := lettersView{Done: r.URL.Query().Get("fait")}
	for i, letter := range waiting {
		view.Letters = append(view.Letters, letterView{letter, i + 1, serviceLabel(letter.Function), !letter.Until.IsZero() && !s.now().Before(letter.Until)})
	}
	return s.pages.Render(w, r, status, "letters", web.Page{Title: "Messages non traités", Private: true, Form: web.Form{Faults: faults}, Data: view})
}

func (s *service) runLetterAgain(w http.ResponseWriter, r *http.Request) error {
	return s.dealWithLetter(w, r, "relance", func(ctx context.Context, letter function.Letter) error {
		if err := s.noteLetter(ctx, "letter.run_again", letter); err != nil {
			return err
		}
		return s.deadLetters.RunAgain(ctx, letter.ID)
	})
}

func (s *service) forgetLetter(w http.ResponseWriter, r *http.Request) error {
	return s.dealWithLetter(w, r, "oubli", func(ctx context.Context, letter function.Letter) error {
		if err := s.noteLetter(ctx, "letter.forgotten", letter); err != nil {
			return err
		}
		return s.deadLetters.Forget(ctx, letter.ID)
	})
}

// dealWithLetter finds the letter of the form and leads back to the list. What
// somebody else has dealt with is said there.
func (s *service) dealWithLetter(w http.ResponseWriter, r *http.Request, done string, deal func(context.Context, function.Letter) error) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	waiting, err := s.deadLetters.List(r.Context())
	if err != nil {
		return err
	}
	err = function.ErrNoLetter
	if at := slices.IndexFunc(waiting, func(l function.Letter) bool { return l.ID == values.Get("id") }); at >= 0 {
		err = deal(r.Context(), waiting[at])
	}
	if f := fault.As(err); f != nil {
		var faults fault.Fields
		faults.Add("", f.Detail)
		return s.renderLetters(w, r, web.Status(f), faults)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, lettersPath+"?fait="+done, http.StatusSeeOther)
	return nil
}

// notedLetter is what the trail keeps of a letter: never its reason, in which a
// service may have said a name.
type notedLetter struct {
	Service  string         `json:"service"`
	Schedule string         `json:"schedule,omitempty"`
	Due      time.Time      `json:"due,omitzero"`
	Table    function.Table `json:"table,omitempty"`
	Notice   string         `json:"notice,omitempty"`
	GivenUp  time.Time      `json:"given_up_at"`
}

// noteLetter writes the entry before the letter is dealt with, as no
// transaction holds both: an entry without its change is better than a change
// without its entry.
func (s *service) noteLetter(ctx context.Context, action string, l function.Letter) error {
	var writes dynamo.Writes
	writes.Add(s.audit.Entry(ctx, action, l.ID, notedLetter{l.Function, l.Schedule, l.Due, l.Table, l.Notice, l.At}, nil))
	return writes.Commit(ctx, s.audit.Table.Client)
}
