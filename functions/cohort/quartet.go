package cohort

import (
	"context"
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// member is one of the four, as an application names them.
type member struct {
	GivenName    string `json:"given_name" maxLength:"100"`
	FamilyName   string `json:"family_name" maxLength:"100"`
	Email        string `json:"email" format:"email"`
	Organisation string `json:"organisation" maxLength:"200"`
}

// quartet is the four, as far as they are known.
type quartet struct {
	Elected       *member `json:"elected,omitempty"`
	Officer       *member `json:"officer,omitempty"`
	State         *member `json:"state,omitempty"`
	Socioeconomic *member `json:"socioeconomic,omitempty"`
}

// named is the quartet by role, without those who are not named.
func (q quartet) named() map[alliance.Role]*member {
	all := map[alliance.Role]*member{}
	for role, m := range map[alliance.Role]*member{
		alliance.Elected: q.Elected, alliance.Officer: q.Officer, alliance.State: q.State, alliance.Socioeconomic: q.Socioeconomic,
	} {
		if m != nil {
			all[role] = m
		}
	}
	return all
}

const (
	maxPerson       = 100
	maxOrganisation = 200
	// rolesEach is how many roles one person may hold: in a small territory the
	// one may be the other, but one person is no quartet.
	rolesEach = 2
)

// check tidies the quartet and notes every fault.
func (q quartet) check(faults *fault.Fields) {
	for _, role := range alliance.Quartet {
		if m := q.named()[role]; m != nil {
			m.check("quartet."+string(role), faults)
		}
	}
}

func (m *member) check(location string, faults *fault.Fields) {
	for _, text := range []*string{&m.GivenName, &m.FamilyName, &m.Organisation} {
		*text = strings.TrimSpace(*text)
	}
	alliance.CheckText(faults, location+".given_name", m.GivenName, maxPerson, "Saisissez son prénom.")
	alliance.CheckText(faults, location+".family_name", m.FamilyName, maxPerson, "Saisissez son nom.")
	alliance.CheckText(faults, location+".organisation", m.Organisation, maxOrganisation, "Saisissez son organisation.")
	if address, ok := alliance.ParseEmail(m.Email); ok {
		m.Email = address
	} else {
		faults.Add(location+".email", "Saisissez une adresse e-mail comme nom@exemple.fr")
	}
}

// hashes are the people whom the quartet names.
func (s *service) hashes(ctx context.Context, q quartet) (map[alliance.Role]string, error) {
	people := map[alliance.Role]string{}
	for role, m := range q.named() {
		person, err := personal.Hash(ctx, s.identity, alliance.NormaliseEmail(m.Email))
		if err != nil {
			return nil, err
		}
		people[role] = person
	}
	return people, nil
}

// checkDistinct notes a person who would hold more than two roles. members are
// those of the application, as they would be.
func checkDistinct(members map[alliance.Role]memberIn, faults *fault.Fields) {
	held := map[string]int{}
	for _, role := range alliance.Quartet {
		m, named := members[role]
		if !named {
			continue
		}
		if held[m.Person]++; held[m.Person] > rolesEach {
			faults.Add("quartet."+string(role)+".email", "Une même personne ne peut pas tenir plus de deux des quatre rôles : donnez une autre adresse.")
		}
	}
}

// notes say what is allowed, and yet worth knowing.
func notes(members map[alliance.Role]memberIn) (said []string) {
	held := map[string][]string{}
	for _, role := range alliance.Quartet {
		if m, named := members[role]; named {
			held[m.Person] = append(held[m.Person], role.Label())
		}
	}
	for _, roles := range held {
		if len(roles) > 1 {
			said = append(said, "Une même personne tient deux rôles : "+strings.Join(roles, ", ")+".")
		}
	}
	slices.Sort(said)
	return said
}
