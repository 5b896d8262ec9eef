package booking

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"golang.org/x/sync/errgroup"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// attendanceInput is who came.
type attendanceInput struct {
	Attended []string `json:"attended" doc:"Ids of bookings"`
	WalkIns  []walkIn `json:"walk_ins,omitempty" doc:"People who had not booked"`

	page *correction // what the team's page adds; nil from the API, which says everything anew
}

// walkIn is someone who came without a booking.
type walkIn struct {
	GivenName   string `json:"given_name,omitempty"`
	Email       string `json:"email,omitempty"`
	Territory   string `json:"territory,omitempty"`
	QuartetRole string `json:"quartet_role,omitempty" enum:"elected,officer,state,socioeconomic"`
}

type attendanceAnswer struct {
	Session  session `json:"session"`
	Attended int     `json:"attended" doc:"People who came, with those who had not booked"`
	FactID   string  `json:"fact_id"`
}

const maxWalkIns = 500

var (
	errNotBegun = fault.New(fault.Conflict, "session-not-begun", "Cette rencontre n’a pas commencé : les présences se notent à partir de son début.")
	// errOff has the same code, as a session that was cancelled never begins.
	errOff = fault.New(fault.Conflict, errNotBegun.Code, "Cette rencontre est annulée : elle n’a ni présences ni nouvelles inscriptions. Vous pouvez la copier à une autre date.")
)

// noteable tells why attendance cannot be noted; nil when it can.
func (s *service) noteable(item sessionItem) error {
	switch {
	case item.State == cancelled:
		return errOff
	case s.now().Before(item.StartsAt):
		return errNotBegun
	}
	return nil
}

func (s *service) putAttendance(w http.ResponseWriter, r *http.Request) error {
	var in attendanceInput
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	answer, err := s.hold(r.Context(), r.PathValue("id"), in, &faults)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}

// hold records who came to a session that has begun. It may be said again, to
// correct: what is the same changes nothing, and what is not appends a fact
// that corrects the one before.
func (s *service) hold(ctx context.Context, id string, in attendanceInput, faults *fault.Fields) (attendanceAnswer, error) {
	item, err := s.session(ctx, id)
	if err != nil {
		return attendanceAnswer{}, err
	}
	records, err := s.bookings(ctx, id)
	if err != nil {
		return attendanceAnswer{}, err
	}
	in.check(records, faults)
	if err := faults.Err(); err != nil {
		return attendanceAnswer{}, err
	}
	if err := s.noteable(item); err != nil {
		return attendanceAnswer{}, err
	}
	if in.page != nil {
		if in.page.said, err = s.digest(ctx, in, in.page.kept); err != nil {
			return attendanceAnswer{}, err
		}
	}
	stay, again, err := s.correct(ctx, item, records, in.page)
	if err != nil {
		return attendanceAnswer{}, err
	}
	if again {
		return attendanceAnswer{}, s.mark(ctx, records, in.Attended)
	}
	said, err := s.digest(ctx, in, stay.others)
	if err != nil {
		return attendanceAnswer{}, err
	}
	data, noted, err := s.heldFact(ctx, item, records, in, stay)
	if err != nil {
		return attendanceAnswer{}, err
	}
	answer := attendanceAnswer{Attended: data.Attended, FactID: item.HeldFact}
	if item.HeldSaid != said {
		if answer.FactID, err = s.state(ctx, item, in, data, noted, stay.noteBefore(item, records), said); err != nil {
			return attendanceAnswer{}, err
		}
	}
	if err := s.mark(ctx, records, in.Attended); err != nil {
		return attendanceAnswer{}, err
	}
	answer.Session, err = s.shownSession(ctx, id)
	return answer, err
}

// digest tells one attendance from another, and nobody who is in it. before
// are those who were noted already and stay, or their places in the list.
func (s *service) digest(ctx context.Context, in attendanceInput, before any) (string, error) {
	text, err := json.Marshal([]any{append([]string{}, in.Attended...), in.WalkIns, before})
	if err != nil {
		return "", err
	}
	return auth.Hash(ctx, s.identity, "attendance", string(text))
}

// attendanceNoted is what the trail keeps of who came: how many, how many of
// them without a booking, and which bookings.
type attendanceNoted struct {
	People   int      `json:"attended"`
	WalkIns  int      `json:"walk_ins"`
	Bookings []string `json:"bookings"`
}

// noteBefore is what was noted before, nil when nothing was.
func (stay staying) noteBefore(item sessionItem, records []bookingItem) any {
	if item.HeldFact == "" {
		return nil
	}
	before := attendanceNoted{stay.came + stay.walkIns, stay.walkIns, []string{}}
	for _, r := range records {
		if r.Attended {
			before.Bookings = append(before.Bookings, r.ID)
		}
	}
	slices.Sort(before.Bookings)
	return before
}

// state makes the session held, with the fact that tells who came. before is
// what was noted before.
func (s *service) state(ctx context.Context, item sessionItem, in attendanceInput, data heldFact, noted othersItem, before any, said string) (factID string, err error) {
	fact := ledger.New(s.newID("fact"), "booking", heldType, item.ID, item.StartsAt, data)
	update := expression.Set(expression.Name("state"), expression.Value(held)).
		Set(expression.Name("held_fact"), expression.Value(fact.ID)).
		Set(expression.Name("held_said"), expression.Value(said))
	same := expression.Name("state").Equal(expression.Value(item.State))
	if item.HeldFact != "" {
		same = same.And(expression.Name("held_fact").Equal(expression.Value(item.HeldFact)))
	}
	var writes dynamo.Writes
	writes.Add(s.table.Update(item.Key, update, same))
	writes.Add(ledger.Append(s.ledger, fact, s.now()))
	writes.Add(s.table.Put(noted))
	writes.Add(s.audit.Entry(ctx, "session.held", item.ID, before, attendanceNoted{data.Attended, data.WalkIns, append([]string{}, in.Attended...)}))
	return fact.ID, refusedAs(writes.Commit(ctx, s.table.Client), errChanged)
}

// mark notes on each booking whether its holder came. What an earlier attempt
// has noted costs nothing.
func (s *service) mark(ctx context.Context, records []bookingItem, attended []string) error {
	marks, ctx := errgroup.WithContext(ctx)
	marks.SetLimit(askedAtOnce)
	for _, record := range records {
		came := slices.Contains(attended, record.ID)
		if came == record.Attended {
			continue
		}
		marks.Go(func() error {
			var writes dynamo.Writes
			writes.Add(s.table.Update(record.Key, expression.Set(expression.Name("attended"), expression.Value(came)),
				expression.Name("booking_id").Equal(expression.Value(record.ID))))
			return refusedAsDone(writes.Commit(ctx, s.table.Client))
		})
	}
	return marks.Wait()
}

func (in *attendanceInput) check(records []bookingItem, faults *fault.Fields) {
	slices.Sort(in.Attended)
	in.Attended = slices.Compact(in.Attended)
	for _, id := range in.Attended {
		if !slices.ContainsFunc(records, func(r bookingItem) bool { return r.ID == id }) {
			faults.Add("attended", "Aucune réservation de cette rencontre n’a le numéro "+id+".")
		}
	}
	if len(in.WalkIns) > maxWalkIns {
		faults.Add("walk_ins", "Notez 500 personnes sans réservation au plus.")
		return
	}
	for i := range in.WalkIns {
		in.WalkIns[i].check("walk_ins."+strconv.Itoa(i), faults)
	}
}

func (p *walkIn) check(location string, faults *fault.Fields) {
	if p.Email != "" {
		if _, ok := alliance.ParseEmail(p.Email); !ok {
			faults.Add(location+".email", "Saisissez une adresse e-mail comme nom@exemple.fr")
		}
	}
	if p.QuartetRole != "" && !alliance.Role(p.QuartetRole).Valid() {
		faults.Add(location+".quartet_role", "Choisissez elected, officer, state ou socioeconomic.")
	}
	if p.Territory != "" {
		found, err := territory.Lookup(p.Territory)
		if err != nil {
			faults.Add(location+".territory", territory.Advice(err))
			return
		}
		current := found.Current()
		p.Territory = current.Ref()
	}
}
