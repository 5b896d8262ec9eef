package registration

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// change is what a person changes of their data: what is nil stays.
type change struct {
	AllyID       string              `json:"ally_id,omitempty" doc:"Which signature, for those who have several; the first otherwise"`
	Person       *personChange       `json:"person,omitempty"`
	Organisation *organisationChange `json:"organisation,omitempty"`
	Consents     *consentsChange     `json:"consents,omitempty"`
}

type personChange struct {
	GivenName  *string `json:"given_name,omitempty"`
	FamilyName *string `json:"family_name,omitempty"`
	Role       *string `json:"role,omitempty"`
	Email      *string `json:"email,omitempty" doc:"May only be written otherwise; another address needs a new signature or, for an organisation, the team"`
}

type organisationChange struct {
	Name      *string            `json:"name,omitempty"`
	Category  *alliance.Category `json:"category,omitempty"`
	SIRET     *string            `json:"siret,omitempty"`
	RNA       *string            `json:"rna,omitempty"`
	Territory *string            `json:"territory,omitempty"`
	Website   *string            `json:"website,omitempty"`
}

type consentsChange struct {
	Newsletter *bool `json:"newsletter,omitempty"`
	Directory  *bool `json:"directory,omitempty"`
}

func (s *service) patchMe(w http.ResponseWriter, r *http.Request) error {
	person, err := s.caller(r)
	if err != nil {
		return err
	}
	var in change
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	mine, err := s.change(r.Context(), person, in, &faults)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, mine)
}

var errChanging = fault.New(fault.Unavailable, "busy", "Vos données changent en même temps ailleurs : réessayez dans un instant.")

// change applies a change to one signature and returns the person's data. It
// returns an Invalid fault with all that is wrong, a NotFound fault when the
// person has no such signature, and a Conflict fault "organisation-exists"
// when the organisation would become another ally.
func (s *service) change(ctx context.Context, person string, in change, faults *fault.Fields) (me, error) {
	for range rounds {
		found, err := s.signatures(ctx, person)
		if err != nil {
			return me{}, err
		}
		place := 0
		if in.AllyID != "" {
			place = slices.IndexFunc(found, func(g signature) bool { return g.ally.AllyID == in.AllyID })
		}
		if place < 0 || place >= len(found) {
			return me{}, fault.New(fault.NotFound, "nothing-held", "Aucune signature de la charte n’est liée à cette adresse.")
		}
		changed := in.apply(found[place], faults)
		if err := faults.Err(); err != nil {
			return me{}, err
		}
		changed.signatory.heardOf(s.now())
		err = s.storeChange(ctx, found[place], changed)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			if err != nil {
				return me{}, err
			}
			return s.me(ctx, person)
		}
	}
	return me{}, fault.New(fault.Unavailable, "busy", "Vos données changent en même temps ailleurs : réessayez dans un instant.")
}

// apply returns the signature as changed, with the faults of the result.
func (in change) apply(g signature, faults *fault.Fields) signature {
	if c := in.Person; c != nil {
		p := personInput{GivenName: g.signatory.GivenName, FamilyName: g.signatory.FamilyName, Role: g.signatory.Role}
		set(&p.GivenName, c.GivenName)
		set(&p.FamilyName, c.FamilyName)
		set(&p.Role, c.Role)
		p.checkNames(faults)
		g.signatory.GivenName, g.signatory.FamilyName, g.signatory.Role = p.GivenName, p.FamilyName, p.Role
		if c.Email != nil {
			g.changeEmail(*c.Email, faults)
		}
	}
	if c := in.Consents; c != nil {
		set(&g.signatory.Newsletter, c.Newsletter)
		set(&g.signatory.Directory, c.Directory)
	}
	if g.ally.Kind == string(alliance.Person) {
		return in.applyNamed(g, faults)
	}
	o := *g.mine().Organisation
	if c := in.Organisation; c != nil {
		c.set(&o)
		o.check(faults)
	}
	g.ally.describe(o, g.signatory.Directory)
	g.ally.Claims = g.ally.claims(o)
	return g
}

// claims are those of an organisation as described, and those that came with
// duplicates.
func (a allyItem) claims(o organisationInput) []string {
	claims := claimsOf(alliance.Organisation, &o, "")
	for _, one := range a.Inherited {
		if !slices.Contains(claims, one) {
			claims = append(claims, one)
		}
	}
	return claims
}

// applyNamed changes the organisation that a person ally merely names.
func (in change) applyNamed(g signature, faults *fault.Fields) signature {
	if c := in.Organisation; c != nil {
		o := organisationInput{Name: g.signatory.Organisation, Territory: g.signatory.Territory}
		c.set(&o)
		o.checkNamed(faults)
		g.signatory.Organisation, g.signatory.Territory = o.Name, o.Territory
	}
	return g
}

// changeEmail lets a person write their address otherwise. Another address is
// another person for every table, and must be proved: that takes a signature,
// or a handover.
func (g *signature) changeEmail(email string, faults *fault.Fields) {
	address, ok := alliance.ParseEmail(email)
	switch {
	case !ok:
		faults.Add("person.email", "Saisissez une adresse e-mail comme nom@exemple.fr")
	case alliance.NormaliseEmail(address) == alliance.NormaliseEmail(g.signatory.Email):
		g.signatory.Email = address
	case g.ally.Kind == string(alliance.Organisation):
		faults.Add("person.email", "Pour changer d’adresse, écrivez à l’équipe : elle enverra un lien à la nouvelle, et votre organisation restera alliée.")
	default:
		faults.Add("person.email", "Pour changer d’adresse, quittez l’alliance avec l’ancienne et signez à nouveau avec la nouvelle.")
	}
}

func (c *organisationChange) set(o *organisationInput) {
	set(&o.Name, c.Name)
	set(&o.Category, c.Category)
	set(&o.SIRET, c.SIRET)
	set(&o.RNA, c.RNA)
	set(&o.Territory, c.Territory)
	set(&o.Website, c.Website)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// storeChange writes a changed signature and moves its claims, after what else
// belongs to the change. It returns *dynamo.Refused when the signature has
// changed or left meanwhile, or its person was here.
func (s *service) storeChange(ctx context.Context, old, changed signature, also ...types.TransactWriteItem) error {
	changed.ally.Version++
	changed.place()
	if changed.signatory.Newsletter != old.signatory.Newsletter {
		changed.signatory.NewsletterAt = s.now().UTC()
	}
	writes := dynamo.Writes{Items: also}
	writes.Add(s.allies.Put(changed.signatory, old.signatory.stillSilent()))
	writes.Add(s.allies.Put(changed.ally, old.ally.unchanged()))
	var claimed []int
	for _, claim := range changed.ally.Claims {
		if !slices.Contains(old.ally.Claims, claim) {
			claimed = append(claimed, len(writes.Items))
			writes.Add(s.allies.Put(claimItem{claimKey(claim), changed.ally.AllyID, s.now().UTC()}, dynamo.Absent))
		}
	}
	for _, claim := range old.ally.Claims {
		if !slices.Contains(changed.ally.Claims, claim) {
			writes.Add(s.allies.Delete(claimKey(claim)))
		}
	}
	err := writes.Commit(ctx, s.allies.Client)
	var refused *dynamo.Refused
	if !errors.As(err, &refused) {
		return err
	}
	for _, place := range claimed {
		var claim claimItem
		if taken, readErr := refused.Old(place, &claim); readErr != nil {
			return readErr
		} else if taken && claim.AllyID != changed.ally.AllyID { // not by the same change, posted twice
			return fault.New(fault.Conflict, "organisation-exists", "Une autre organisation de l’alliance porte déjà ce numéro ou ce nom.")
		}
	}
	return err
}
