package booking

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

const heldType = "session.held.v2"

// heldFact is the data of the fact session.held.v2: what the bilan counts.
type heldFact struct {
	SessionID    string         `json:"session_id"`
	Kind         Kind           `json:"kind"`
	Mode         Mode           `json:"mode"`
	Series       string         `json:"series,omitempty"`
	Cohort       string         `json:"cohort,omitempty"`
	Fundamentals []int          `json:"fundamentals"`
	Dimensions   []int          `json:"narrative_dimensions"`
	StartsAt     time.Time      `json:"starts_at"`
	Minutes      int            `json:"minutes"`
	Booked       int            `json:"booked"`
	Attended     int            `json:"attended"`
	WalkIns      int            `json:"walk_ins"`
	Territories  map[string]int `json:"territories"`
	QuartetRoles map[string]int `json:"quartet_roles"`
	// Participants are pseudonyms, by which people who come several times are
	// counted once; nothing leads from one to a person without the key.
	Participants       []string            `json:"participants"`
	ParticipantsByRole map[string][]string `json:"participants_by_role"`
	// Allies are those of the participants who had signed the charter when
	// attendance was taken: afterwards nobody could tell (docs/adr/0016).
	Allies   []string `json:"allies"`
	Corrects string   `json:"corrects,omitempty"`
}

// attendee is someone who came.
type attendee struct {
	person    string // keyed hash; empty when they left no address
	territory string
	role      string
	ally      bool
}

func (s *service) heldFact(ctx context.Context, item sessionItem, records []bookingItem, in attendanceInput) (heldFact, error) {
	data := heldFact{
		SessionID: item.ID, Kind: item.Kind, Mode: item.Mode, Series: item.Series, Cohort: item.Cohort,
		Fundamentals: append([]int{}, item.Fundamentals...), Dimensions: append([]int{}, item.Dimensions...),
		StartsAt: item.StartsAt, Minutes: int(item.EndsAt.Sub(item.StartsAt) / time.Minute),
		WalkIns: len(in.WalkIns), Territories: map[string]int{}, QuartetRoles: map[string]int{},
		Participants: []string{}, ParticipantsByRole: map[string][]string{}, Allies: []string{}, Corrects: item.HeldFact,
	}
	for _, r := range records {
		if r.State == confirmed {
			data.Booked++
		}
	}
	came, err := s.attendees(ctx, records, in)
	if err != nil {
		return data, err
	}
	for _, one := range came {
		pseudonym := ""
		if one.person != "" {
			if pseudonym, err = auth.Hash(ctx, s.identity, "participant", one.person); err != nil {
				return data, err
			}
		}
		data.count(one, pseudonym)
	}
	data.Participants, data.Allies = sorted(data.Participants), sorted(data.Allies)
	for role, people := range data.ParticipantsByRole {
		data.ParticipantsByRole[role] = sorted(people)
	}
	return data, nil
}

// count adds someone who came; the pseudonym is empty when nobody knows who.
func (f *heldFact) count(one attendee, pseudonym string) {
	f.Attended++
	if one.territory != "" {
		f.Territories[one.territory]++
	}
	if one.role != "" {
		f.QuartetRoles[one.role]++
	}
	if pseudonym == "" {
		return
	}
	f.Participants = append(f.Participants, pseudonym)
	if one.role != "" {
		f.ParticipantsByRole[one.role] = append(f.ParticipantsByRole[one.role], pseudonym)
	}
	if one.ally {
		f.Allies = append(f.Allies, pseudonym)
	}
}

// sorted puts pseudonyms in order, each once.
func sorted(pseudonyms []string) []string {
	slices.Sort(pseudonyms)
	return slices.Compact(pseudonyms)
}

// askedAtOnce bounds how many people are looked up among the allies, or marked
// as having come, at once: a large assembly takes some seconds, and no burst of
// requests.
const askedAtOnce = 16

// attendees are those who came, each asked for among the allies. It costs
// half a read unit for each who left an address.
func (s *service) attendees(ctx context.Context, records []bookingItem, in attendanceInput) ([]attendee, error) {
	var came []attendee
	for _, r := range records {
		if slices.Contains(in.Attended, r.ID) {
			came = append(came, attendee{person: personIn(r.PK), territory: r.Territory, role: r.QuartetRole})
		}
	}
	for _, p := range in.WalkIns {
		one := attendee{territory: p.Territory, role: p.QuartetRole}
		if p.Email != "" {
			var err error
			if one.person, err = personal.Hash(ctx, s.identity, alliance.NormaliseEmail(p.Email)); err != nil {
				return nil, err
			}
		}
		came = append(came, one)
	}
	asked, ctx := errgroup.WithContext(ctx)
	asked.SetLimit(askedAtOnce)
	for i := range came {
		if came[i].person == "" {
			continue
		}
		asked.Go(func() (err error) {
			came[i].ally, err = membership.Holds(ctx, s.allies, came[i].person)
			return err
		})
	}
	return came, asked.Wait()
}
