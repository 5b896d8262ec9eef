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

// heldFact is what a session that was held states, and what is noted of it for
// a correction. stay are those of an earlier fact who are counted still.
func (s *service) heldFact(ctx context.Context, item sessionItem, records []bookingItem, in attendanceInput, stay staying) (data heldFact, noted othersItem, err error) {
	data = heldFact{
		SessionID: item.ID, Kind: item.Kind, Mode: item.Mode, Series: item.Series, Cohort: item.Cohort,
		Fundamentals: append([]int{}, item.Fundamentals...), Dimensions: append([]int{}, item.Dimensions...),
		StartsAt: item.StartsAt, Minutes: int(item.EndsAt.Sub(item.StartsAt) / time.Minute),
		WalkIns: len(in.WalkIns) + len(stay.others), Territories: map[string]int{}, QuartetRoles: map[string]int{},
		Participants: []string{}, ParticipantsByRole: map[string][]string{}, Allies: []string{}, Corrects: item.HeldFact,
	}
	for _, r := range records {
		if r.State == confirmed {
			data.Booked++
		}
	}
	data.Booked = max(data.Booked, stay.booked) // nobody books once it has begun
	came, err := s.attendees(ctx, records, in)
	if err != nil {
		return data, noted, err
	}
	for _, one := range stay.others {
		came = append(came, attendee{other: one})
	}
	key, said := in.page.form()
	noted = othersItem{Key: othersKey(item.ID), Form: key, Said: said, People: []other{}, Came: slices.Clone(stay.gone), Booked: data.Booked}
	for _, one := range came {
		if one.person != "" {
			if one.Pseudonym, err = s.pseudonym(ctx, one.person); err != nil {
				return data, noted, err
			}
		}
		data.count(one.other)
		if one.booked {
			noted.Came = append(noted.Came, one.other)
		} else {
			noted.People = append(noted.People, one.other)
		}
	}
	for _, one := range stay.gone {
		if !slices.Contains(data.Participants, one.Pseudonym) { // else they are said to have come, once more
			data.count(one)
		}
	}
	data.Participants, data.Allies = sorted(data.Participants), sorted(data.Allies)
	for role, people := range data.ParticipantsByRole {
		data.ParticipantsByRole[role] = sorted(people)
	}
	return data, noted, nil
}

// pseudonym is how facts name a person.
func (s *service) pseudonym(ctx context.Context, person string) (string, error) {
	return auth.Hash(ctx, s.identity, "participant", person)
}

// gone are those of the people who came whose booking is no more: they were
// erased since, or it is too long ago. Their presence counts for ever, and
// cannot be corrected: nobody knows whose it was.
func (s *service) gone(ctx context.Context, came []other, persons []string) (gone []other, err error) {
	if len(came) == 0 {
		return nil, nil
	}
	known := map[string]bool{}
	for _, person := range persons {
		pseudonym, err := s.pseudonym(ctx, person)
		if err != nil {
			return nil, err
		}
		known[pseudonym] = true
	}
	for _, one := range came {
		if !known[one.Pseudonym] {
			gone = append(gone, one)
		}
	}
	return gone, nil
}

// besides is how many came to a session, besides those whose bookings say so:
// without a booking, and with one that is no more.
func (s *service) besides(ctx context.Context, id string, records []bookingItem) (walkIns, gone int, err error) {
	var noted othersItem
	if _, err := s.table.Get(ctx, othersKey(id), &noted); err != nil {
		return 0, 0, err
	}
	persons := make([]string, len(records))
	for i, record := range records {
		persons[i] = personIn(record.PK)
	}
	nobody, err := s.gone(ctx, noted.Came, persons)
	return len(noted.People), len(nobody), err
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
