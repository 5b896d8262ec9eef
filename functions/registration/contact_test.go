package registration

import (
	"context"
	"errors"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// rewriting is an action that writes a whole signatory from what it read.
type rewriting func(ctx context.Context, s *service, kept, duplicate confirmation, person string) error

var electedRole = "élue"

var rewritings = map[string]rewriting{
	"changed": func(ctx context.Context, s *service, _, _ confirmation, person string) error {
		_, err := s.change(ctx, person, change{Person: &personChange{Role: &electedRole}}, &fault.Fields{})
		return err
	},
	"corrected": func(ctx context.Context, s *service, kept, _ confirmation, _ string) error {
		return corrects(ctx, s, kept.AllyID, change{Person: &personChange{Role: &electedRole}})
	},
	"merged": func(ctx context.Context, s *service, kept, duplicate confirmation, _ string) error {
		m, err := s.merger(ctx, kept.AllyID, duplicate.AllyID)
		if err != nil {
			return err
		}
		return s.merge(ctx, kept.AllyID, duplicate.AllyID, m.seen())
	},
}

// corrects corrects a signature as the page does.
func corrects(ctx context.Context, s *service, ally string, in change) error {
	for {
		old, err := s.signatureOf(ctx, ally)
		if err != nil {
			return err
		}
		err = s.correct(ctx, old, in, &fault.Fields{})
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
	}
}

// correctUnguarded is what correct does, but for the condition on the contact.
func correctUnguarded(ctx context.Context, s *service, kept, _ confirmation, _ string) error {
	old, err := s.signatureOf(ctx, kept.AllyID)
	if err != nil {
		return err
	}
	changed := old
	changed.signatory.Role = electedRole
	changed.ally.Version++
	var writes dynamo.Writes
	writes.Add(s.allies.Put(changed.signatory, dynamo.Exists))
	writes.Add(s.allies.Put(changed.ally, old.ally.unchanged()))
	return writes.Commit(ctx, s.allies.Client)
}

// rewritten is what is left of the contact with someone who had been told of
// their erasure when act rewrites what they signed, while meanwhile happens
// just before a call of this number; happened tells whether there was such a
// call.
func rewritten(t *testing.T, act rewriting, number int, meanwhile func(d *desk, beside *service)) (d *desk, left signatoryItem, happened bool) {
	t.Helper()
	d = newDesk(t, auth.RoleTeam)
	kept := d.join(anOrganisation("Une", "kept@exemple.fr", withSIRET(siret(1))))
	duplicate := d.join(anOrganisation("Une aussi", "duplicate@exemple.fr", withSIRET(siret(2))))
	d.inYears(d.Clock.Now(), 3, -1, 0)
	d.applied()
	beside := d.beside()
	d.during(number, func() {
		happened = true
		d.Clock.Advance(1)
		meanwhile(d, beside)
	})
	ctx := auth.WithMember(t.Context(), d.browser.Member)
	if err := act(ctx, d.service, kept, duplicate, d.personOf("kept@exemple.fr")); err != nil {
		t.Errorf("call %d: %v", number, err)
	}
	d.Faults(nil)
	g, err := d.service.signatureOf(t.Context(), kept.AllyID)
	if err != nil {
		t.Fatal(err)
	}
	return d, g.signatory, happened
}

// opens lets the person of an address open their data.
func opens(email string) func(d *desk, beside *service) {
	return func(d *desk, beside *service) {
		d.t.Helper()
		if err := beside.hear(context.Background(), d.personOf(email)); err != nil {
			d.t.Error(err)
		}
	}
}

// Whenever someone opens their data while what they signed is written anew,
// they were here: they would be erased otherwise.
func TestAContactIsNeverLost(t *testing.T) {
	t.Parallel()
	for name, act := range rewritings {
		for _, email := range []string{"kept@exemple.fr", "duplicate@exemple.fr"} {
			if email == "duplicate@exemple.fr" && name != "merged" {
				continue // which nobody touches
			}
			t.Run(name+", "+email+" is here", func(t *testing.T) {
				t.Parallel()
				for number := 1; ; number++ {
					d, left, happened := rewritten(t, act, number, opens(email))
					if !happened {
						if number < 4 {
							t.Errorf("only %d calls", number-1)
						}
						return
					}
					if !left.LastContactAt.Equal(d.Clock.Now()) || !left.AnnouncedAt.IsZero() {
						t.Errorf("call %d: last heard of at %s, told at %s", number, left.LastContactAt, left.AnnouncedAt)
					}
				}
			})
		}
	}
}

// Without the condition on the contact the same is lost: the test above would
// see it.
func TestWithoutTheConditionAContactIsLost(t *testing.T) {
	t.Parallel()
	const commit = 3 // after the ally and its signatory were read
	d, left, happened := rewritten(t, correctUnguarded, commit, opens("kept@exemple.fr"))
	if !happened || left.LastContactAt.Equal(d.Clock.Now()) || left.AnnouncedAt.IsZero() {
		t.Errorf("the guard is elsewhere than thought: %v, last heard of at %s, told at %s", happened, left.LastContactAt, left.AnnouncedAt)
	}
}

// What the other tables know of someone is older than their being here at
// this moment.
func TestWhatOthersKnowTakesNoContactBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(aPerson("a@exemple.fr"))
	began := w.Clock.Now()
	w.inYears(began, 1, 0, 0)
	w.named("a@exemple.fr")
	w.inYears(began, 3, -1, 0)
	people, err := w.service.people(t.Context())
	if err != nil || len(people) != 1 {
		t.Fatalf("%v %v", people, err)
	}
	w.session("a@exemple.fr")
	for person, p := range people {
		if err := w.service.retain(t.Context(), *p); err != nil {
			t.Error(err)
		}
		left, err := w.service.signatories(t.Context(), person)
		if err != nil || len(left) != 1 || !left[0].LastContactAt.Equal(w.Clock.Now()) {
			t.Errorf("last heard of: %+v %v", left, err)
		}
	}
}
