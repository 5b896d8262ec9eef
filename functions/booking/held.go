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
	person string // keyed hash; empty when they left no address
	booked bool
	other
}

// heldFact is what a session that was held states, and who of those who came
// had not booked. before are those of them who were noted already and stay.
func (s *service) heldFact(ctx context.Context, item sessionItem, records []bookingItem, in attendanceInput, before []other) (data heldFact, others []other, err error) {
	data = heldFact{
		SessionID: item.ID, Kind: item.Kind, Mode: item.Mode, Series: item.Series, Cohort: item.Cohort,
		Fundamentals: append([]int{}, item.Fundamentals...), Dimensions: append([]int{}, item.Dimensions...),
		StartsAt: item.StartsAt, Minutes: int(item.EndsAt.Sub(item.StartsAt) / time.Minute),
		WalkIns: len(in.WalkIns) + len(before), Territories: map[string]int{}, QuartetRoles: map[string]int{},
		Participants: []string{}, ParticipantsByRole: map[string][]string{}, Allies: []string{}, Corrects: item.HeldFact,
	}
	for _, r := range records {
		if r.State == confirmed {
			data.Booked++
		}
	}
	came, err := s.attendees(ctx, records, in)
	if err != nil {
		return data, nil, err
	}
	for _, one := range before {
		came = append(came, attendee{other: one})
	}
	others = []other{}
	for _, one := range came {
		if one.person != "" {
			if one.Pseudonym, err = auth.Hash(ctx, s.identity, "participant", one.person); err != nil {
				return data, nil, err
			}
		}
		data.count(one.other)
		if !one.booked {
			others = append(others, one.other)
		}
	}
	data.Participants, data.Allies = sorted(data.Participants), sorted(data.Allies)
	for role, people := range data.ParticipantsByRole {
		data.ParticipantsByRole[role] = sorted(people)
	}
	return data, others, nil
}

// count adds someone who came.
func (f *heldFact) count(one other) {
	f.Attended++
	if one.Territory != "" {
		f.Territories[one.Territory]++
	}
	if one.Role != "" {
		f.QuartetRoles[one.Role]++
	}
	if one.Pseudonym == "" {
		return
	}
	f.Participants = append(f.Participants, one.Pseudonym)
	if one.Role != "" {
		f.ParticipantsByRole[one.Role] = append(f.ParticipantsByRole[one.Role], one.Pseudonym)
	}
	if one.Ally {
		f.Allies = append(f.Allies, one.Pseudonym)
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
			came = append(came, attendee{personIn(r.PK), true, other{Territory: r.Territory, Role: r.QuartetRole}})
		}
	}
	for _, p := range in.WalkIns {
		one := attendee{other: other{Territory: p.Territory, Role: p.QuartetRole}}
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
			came[i].Ally, err = membership.Holds(ctx, s.allies, came[i].person)
			return err
		})
	}
	return came, asked.Wait()
}
