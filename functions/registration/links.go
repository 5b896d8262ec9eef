package registration

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// What the link of the mail and the session that it opens are good for.
const (
	mePurpose      auth.Purpose = "me-link"
	sessionPurpose auth.Purpose = "me-session"
)

// A link waits in a mailbox; a session is for the visit.
const (
	linkFor    = time.Hour
	sessionFor = 30 * time.Minute
)

type emailBody struct {
	Email string `json:"email" format:"email"`
}

type linkAnswer struct {
	Status string `json:"status" enum:"accepted"`
}

func (s *service) postLink(w http.ResponseWriter, r *http.Request) error {
	var in emailBody
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	if err := s.sendLink(r.Context(), in.Email, &faults); err != nil {
		return err
	}
	return web.JSON(w, http.StatusAccepted, linkAnswer{"accepted"})
}

// sendLink asks for a mail with a link to one's data. Every address gets one,
// known or not, so that nobody learns which are: the page behind the link says
// what is known. A known person gets it where they signed from, whatever alias
// was typed now: aliases are not everywhere the same mailbox. What belongs to
// it is written with it.
func (s *service) sendLink(ctx context.Context, email string, faults *fault.Fields, also ...types.TransactWriteItem) error {
	address, ok := alliance.ParseEmail(email)
	if !ok {
		faults.Add("email", "Saisissez une adresse e-mail comme nom@exemple.fr")
	}
	if err := faults.Err(); err != nil {
		return err
	}
	person, err := s.person(ctx, alliance.NormaliseEmail(address))
	if err != nil {
		return err
	}
	name := ""
	data := map[string]string{"minutes": strconv.Itoa(int(linkFor / time.Minute))}
	known, err := s.signatories(ctx, person)
	if err != nil {
		return err
	}
	if len(known) > 0 {
		address, name = known[0].Email, known[0].fullName()
		data[mail.About] = alliesPath + "/" + known[0].AllyID
	}
	token, err := s.links.Sign(ctx, mePurpose, person, s.now().Add(linkFor))
	if err != nil {
		return err
	}
	data["link"] = "/mes-donnees?token=" + token
	intent, err := s.mailTo(person, address, name, "my-data-link", data)
	if err != nil {
		return err
	}
	return dynamo.Transact(ctx, s.allies.Client, append(slices.Clip(also), intent)...)
}

// session lets a program, or a browser by its cookie, act for a person.
type session struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in" doc:"Seconds"`
}

func (s *service) postSession(w http.ResponseWriter, r *http.Request) error {
	token, err := decodeToken(r)
	if err != nil {
		return err
	}
	opened, err := s.openSession(r.Context(), token)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, opened)
}

func (s *service) openSession(ctx context.Context, token string) (session, error) {
	person, err := s.links.Open(ctx, mePurpose, token)
	if err != nil {
		return session{}, err
	}
	if err := s.hear(ctx, person); err != nil {
		return session{}, err
	}
	access, err := s.links.Sign(ctx, sessionPurpose, person, s.now().Add(sessionFor))
	return session{access, int(sessionFor / time.Second)}, err
}

// caller is the person whose session the request carries. It returns an
// Unauthenticated fault without one, or when it has ended.
func (s *service) caller(r *http.Request) (person string, err error) {
	person, err = s.links.Open(r.Context(), sessionPurpose, web.BearerToken(r))
	if f := fault.As(err); f != nil {
		return "", fault.New(fault.Unauthenticated, "unauthenticated", "Votre session est absente ou terminée : demandez un nouveau lien vers vos données.")
	}
	return person, err
}
