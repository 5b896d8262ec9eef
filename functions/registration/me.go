package registration

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// me is what the alliance knows of a person: the first signature in full, and
// others for the few who signed for several organisations.
type me struct {
	mySignature
	Others []mySignature `json:"others,omitempty"`
}

// mySignature has the shape of what was sent to sign.
type mySignature struct {
	AllyID       string             `json:"ally_id"`
	Kind         string             `json:"kind" enum:"organisation,person"`
	Organisation *organisationInput `json:"organisation,omitempty"`
	Person       personInput        `json:"person"`
	Charter      mySigned           `json:"charter"`
	Consents     consents           `json:"consents"`
	JoinedOn     string             `json:"joined_on" format:"date"`
}

type mySigned struct {
	Version  string    `json:"version"`
	SignedAt time.Time `json:"signed_at"`
}

func (s *service) getMe(w http.ResponseWriter, r *http.Request) error {
	person, err := s.caller(r)
	if err != nil {
		return err
	}
	mine, err := s.me(r.Context(), person)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, mine)
}

// me returns what is known of a person, or a NotFound fault "nothing-held".
func (s *service) me(ctx context.Context, person string) (me, error) {
	found, err := s.signatures(ctx, person)
	if err != nil {
		return me{}, err
	}
	if len(found) == 0 {
		return me{}, fault.New(fault.NotFound, "nothing-held", "Aucune signature de la charte n’est liée à cette adresse.")
	}
	mine := me{mySignature: found[0].mine()}
	for _, other := range found[1:] {
		mine.Others = append(mine.Others, other.mine())
	}
	return mine, nil
}

func (g signature) mine() mySignature {
	mine := mySignature{
		AllyID: g.ally.AllyID, Kind: g.ally.Kind, JoinedOn: g.ally.JoinedOn,
		Person: personInput{
			GivenName: g.signatory.GivenName, FamilyName: g.signatory.FamilyName,
			Email: g.signatory.Email, Role: g.signatory.Role,
		},
		Charter:  mySigned{g.ally.CharterVersion, g.ally.SignedAt},
		Consents: consents{g.signatory.Newsletter, g.signatory.Directory},
	}
	switch {
	case g.ally.Kind == string(alliance.Organisation):
		mine.Organisation = &organisationInput{
			Name: g.ally.Name, Category: alliance.Category(g.ally.Category), SIRET: g.ally.SIRET, RNA: g.ally.RNA,
			Territory: g.ally.Territory, Website: g.ally.Website,
		}
	case g.signatory.Organisation != "" || g.signatory.Territory != "":
		mine.Organisation = &organisationInput{Name: g.signatory.Organisation, Territory: g.signatory.Territory}
	}
	return mine
}

// export is all that every table holds on a person, as it is stored.
type export struct {
	ExportedAt time.Time                   `json:"exported_at"`
	Signatures []mySignature               `json:"signatures"`
	Tables     map[string][]map[string]any `json:"tables" doc:"The person's items, by table"`
}

func (s *service) getExport(w http.ResponseWriter, r *http.Request) error {
	person, err := s.caller(r)
	if err != nil {
		return err
	}
	all, err := s.export(r.Context(), person)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, all)
}

func (s *service) export(ctx context.Context, person string) (export, error) {
	all := export{ExportedAt: s.now().UTC(), Signatures: []mySignature{}, Tables: map[string][]map[string]any{}}
	found, err := s.signatures(ctx, person)
	if err != nil {
		return export{}, err
	}
	for _, one := range found {
		all.Signatures = append(all.Signatures, one.mine())
	}
	for name, table := range s.personal {
		items := []map[string]any{}
		err := table.Partition(ctx, personal.Partition(person), "", func(item map[string]types.AttributeValue) error {
			var plain map[string]any
			err := attributevalue.UnmarshalMap(item, &plain)
			items = append(items, plain)
			return err
		})
		if err != nil {
			return export{}, err
		}
		all.Tables[string(name)] = items
	}
	return all, nil
}
