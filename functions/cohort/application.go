package cohort

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

// The statuses of an application until the team decides; then it has the
// decision's, or withdrawn.
const (
	draft          = "draft"            // not all four are named
	awaitingFour   = "awaiting_quartet" // named, and not all have confirmed
	complete       = "complete"
	accepted       = "accepted"
	declined       = "declined"
	waitingForSeat = "waiting"
	withdrawn      = "withdrawn"
)

// status follows from who is named, who has confirmed and what was decided.
func (i applicationItem) status() string {
	switch {
	case i.Decision != "":
		return i.Decision
	case len(i.missing()) > 0:
		return draft
	case len(i.unconfirmed()) > 0:
		return awaitingFour
	}
	return complete
}

// missing are the roles that nobody is named for.
func (i applicationItem) missing() []alliance.Role {
	roles := []alliance.Role{}
	for _, role := range alliance.Quartet {
		if _, named := i.Members[role]; !named {
			roles = append(roles, role)
		}
	}
	return roles
}

// unconfirmed are the roles whose holders have not confirmed yet.
func (i applicationItem) unconfirmed() []alliance.Role {
	roles := []alliance.Role{}
	for _, role := range alliance.Quartet {
		if m, named := i.Members[role]; named && m.ConfirmedAt == "" {
			roles = append(roles, role)
		}
	}
	return roles
}

// undecided tells whether it can still be completed: whoever waits for a seat
// may be accepted later, and needs the four for it.
func (i applicationItem) undecided() bool { return i.Decision == "" || i.Decision == waitingForSeat }

// whole tells whether all four are named and have confirmed.
func (i applicationItem) whole() bool { return len(i.missing()) == 0 && len(i.unconfirmed()) == 0 }

// live tells whether it keeps others from applying for the same territory.
func (i applicationItem) live() bool { return i.Decision != declined && i.Decision != withdrawn }

// place is a territory, by its code and its name.
type place struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// applicationView is an application as those who hold its link see it.
type applicationView struct {
	ID          string          `json:"application_id"`
	Cohort      string          `json:"cohort"`
	Territory   place           `json:"territory"`
	Status      string          `json:"status" enum:"draft,awaiting_quartet,complete,accepted,declined,waiting,withdrawn"`
	Missing     []alliance.Role `json:"missing" doc:"Roles that nobody is named for"`
	Unconfirmed []alliance.Role `json:"unconfirmed" doc:"Roles whose holders have not confirmed yet"`
	Notes       []string        `json:"notes" doc:"What is allowed, and yet worth knowing"`
	ManageURL   string          `json:"manage_url,omitempty" format:"uri" doc:"Page to complete the application; its token is good for the API too"`
}

func (i applicationItem) view() applicationView {
	return applicationView{
		ID: i.ID, Cohort: i.Cohort, Territory: place{i.Territory, territoryName(i.Territory)}, Status: i.status(),
		Missing: i.missing(), Unconfirmed: i.unconfirmed(), Notes: append([]string{}, notes(i.Members)...),
	}
}

// What the tokens of an application are good for.
const (
	// managePurpose lets whoever applied complete, remind and withdraw.
	managePurpose auth.Purpose = "application"
	// memberPurpose lets one of the four confirm, and then do the same.
	memberPurpose auth.Purpose = "application-member"
)

// tokenFor is how long the links of an application are good.
const tokenFor = 365 * 24 * time.Hour

// memberSubject is whom the token of one of the four names.
type memberSubject struct {
	Application string        `json:"a"`
	Role        alliance.Role `json:"r"`
	Person      string        `json:"p"`
}

func pagePath(id, token string) string { return "/candidatures/" + id + "?token=" + token }

// teamPath is the page of the team on an application.
func teamPath(item applicationItem) string {
	return teamCohorts + "/" + item.Cohort + "/candidatures/" + item.ID
}

// manageURL is the address of the page of an application, with its token.
func (s *service) manageURL(ctx context.Context, id string) (string, error) {
	token, err := s.links.Sign(ctx, managePurpose, id, s.now().Add(tokenFor))
	return s.origin + pagePath(id, token), err
}

func (s *service) memberToken(ctx context.Context, subject memberSubject) (string, error) {
	text, err := json.Marshal(subject)
	if err != nil {
		return "", err
	}
	return s.links.Sign(ctx, memberPurpose, string(text), s.now().Add(tokenFor))
}

var (
	errNoApplication = fault.New(fault.NotFound, "unknown-application", "Cette candidature n’existe pas ou n’existe plus.")
	errOther         = fault.New(fault.Forbidden, "other-application", "Ce lien est celui d’une autre candidature.")
	errReplaced      = fault.New(fault.Gone, "member-replaced", "Quelqu’un d’autre tient maintenant ce rôle dans la candidature.")
)

// holder opens a token of either purpose for an application. subject has no
// role when the token is that of whoever applied.
func (s *service) holder(ctx context.Context, id, token string) (subject memberSubject, err error) {
	managed, manageErr := s.links.Open(ctx, managePurpose, token)
	if manageErr == nil {
		if managed != id {
			return subject, errOther
		}
		return memberSubject{Application: id}, nil
	}
	text, err := s.links.Open(ctx, memberPurpose, token)
	if err != nil {
		if fault.Is(manageErr, "expired-token") {
			err = manageErr
		}
		return subject, err
	}
	if err := json.Unmarshal([]byte(text), &subject); err != nil {
		return subject, err
	}
	if subject.Application != id {
		return subject, errOther
	}
	return subject, nil
}

// application reads an application, or returns "unknown-application".
func (s *service) application(ctx context.Context, id string) (item applicationItem, err error) {
	found, err := s.table.Get(ctx, applicationKey(id), &item)
	if err == nil && !found {
		err = errNoApplication
	}
	return item, err
}

// opened reads the application that a token is for. It returns
// "member-replaced" when the token names someone who holds no role any more.
func (s *service) opened(ctx context.Context, id, token string) (item applicationItem, subject memberSubject, err error) {
	if subject, err = s.holder(ctx, id, token); err != nil {
		return item, subject, err
	}
	if item, err = s.application(ctx, id); err != nil {
		return item, subject, err
	}
	if subject.Role != "" && item.Members[subject.Role].Person != subject.Person {
		err = errReplaced
	}
	return item, subject, err
}

// checkTerritory finds the territory of today that a code means, and notes
// what keeps it out of a cohort.
func checkTerritory(faults *fault.Fields, code string, in cohortItem) (found territory.Territory) {
	match, err := territory.Lookup(code)
	if err != nil {
		faults.Add("territory", territory.Advice(err))
		return found
	}
	found = match.Current()
	if in.Region != "" && !found.InRegion(in.Region) {
		where := "hors des régions"
		if name := found.RegionName(); name != "" {
			where = "en région " + name
		}
		region, _ := territory.LookupLevel(in.Region, territory.Region)
		faults.Add("territory", found.Name+" se trouve "+where+" : cette cohorte accompagne des territoires de la région "+region.Name+".")
	}
	return found
}
