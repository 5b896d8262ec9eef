package registration

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
)

// A link that is followed several times at once makes one contact, and tells
// the former one once.
func TestOneHandoverAcceptedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 10 {
		id := w.join(anOrganisation("Une", fmt.Sprintf("a%d@exemple.fr", n), withSIRET(siret(n)))).AllyID
		token := w.propose(id, successor)
		w.only("contact-replaced", func() {
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					if _, err := w.service.accept(context.Background(), token, consents{}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		})
		w.coherent(id)
	}
}

// coherent fails the test unless each organisation has the one contact that it
// names and the claims that it lists, and nobody else has a signature of it.
func (w *world) coherent(ids ...string) {
	w.t.Helper()
	contacts := map[string][]string{}
	allies := map[string]string{}
	var claimed []string
	for _, item := range w.Dump(function.Allies) {
		pk, sk := item["pk"].(string), item["sk"].(string)
		if ally, ok := strings.CutPrefix(sk, "ALLY#"); ok {
			contacts[ally] = append(contacts[ally], strings.TrimPrefix(pk, "PERSON#"))
		}
		if sk == "ALLY" {
			for _, claim := range item["claims"].([]any) {
				claimed = append(claimed, claim.(string))
			}
			allies[strings.TrimPrefix(pk, "ALLY#")] = item["person"].(string)
		}
	}
	if n := w.count(); n.Organisations+n.Persons != len(allies) || len(contacts) != len(allies) {
		w.t.Errorf("%v for %d allies with %d contacts", n, len(allies), len(contacts))
	}
	w.claimsAre(claimed...)
	for ally, person := range allies {
		if !slices.Equal(contacts[ally], []string{person}) {
			w.t.Errorf("%s names %s, and %v signed for it", ally, person, contacts[ally])
		}
	}
	for _, id := range ids {
		if allies[id] == "" {
			w.t.Errorf("%s has left", id)
		}
	}
}

// meanwhiles are what may happen while a handover is accepted. Each says
// whether the organisation may be gone afterwards, and by which faults it may
// be refused.
var meanwhiles = map[string]struct {
	gone   bool
	faults []string
	does   func(h handed, beside *service) error
}{
	"the former contact is erased": {true, []string{"offer-left"}, func(h handed, beside *service) error {
		h.Clock.Advance(time.Second)
		return beside.erase(context.Background(), h.personOf("old@exemple.fr"), h.Clock.Now())
	}},
	"whom it is proposed to is erased": {true, []string{"offer-over"}, func(h handed, beside *service) error {
		h.Clock.Advance(time.Second)
		return beside.erase(context.Background(), h.personOf(successor.Email), h.Clock.Now())
	}},
	"the organisation is merged": {true, []string{"offer-merged"}, func(h handed, beside *service) error {
		return mergeInto(h, beside)
	}},
	"the former contact changes it": {false, nil, func(h handed, beside *service) error {
		number := siret(2)
		_, err := beside.change(context.Background(), h.personOf("old@exemple.fr"), change{Organisation: &organisationChange{SIRET: &number}}, &fault.Fields{})
		return unless(err, "nothing-held")
	}},
	"the team corrects it": {false, nil, func(h handed, beside *service) error {
		number := siret(2)
		return corrects(h.member(), beside, h.id, change{Organisation: &organisationChange{SIRET: &number}})
	}},
	"it is proposed to someone else": {false, []string{"offer-over"}, func(h handed, beside *service) error {
		return beside.propose(h.member(), h.id, personInput{GivenName: "Lou", FamilyName: "Roux", Email: "third@exemple.fr"}, "ally.contact_proposed")
	}},
	"it is taken back": {false, []string{"offer-over"}, func(h handed, beside *service) error {
		return unless(beside.withdraw(h.member(), h.id), "nothing-offered")
	}},
	"it is accepted": {false, nil, func(h handed, beside *service) error {
		_, err := beside.accept(context.Background(), h.token, consents{})
		return err
	}},
	"the former contact is here": {false, nil, func(h handed, beside *service) error {
		return beside.hear(context.Background(), h.personOf("old@exemple.fr"))
	}},
}

// unless is the error, but for a fault with this code.
func unless(err error, code string) error {
	if fault.Is(err, code) {
		return nil
	}
	return err
}

// mergeInto merges the organisation into the other one that there is.
func mergeInto(h handed, beside *service) error {
	m, err := beside.merger(h.member(), h.other, h.id)
	if err != nil {
		return err
	}
	return beside.merge(h.member(), h.other, h.id, m.seen())
}

// handed is a desk at which an organisation is being handed over.
type handed struct {
	*desk
	id, other string // the organisation, and another one
	token     string
}

func (d *desk) member() context.Context {
	return auth.WithMember(context.Background(), d.browser.Member)
}

func newHanded(t *testing.T) handed {
	t.Helper()
	d := newDesk(t, auth.RoleTeam)
	id := d.join(anOrganisation("Une", "old@exemple.fr", withSIRET(siret(1)))).AllyID
	other := d.join(anOrganisation("Une aussi", "other@exemple.fr", withSIRET(siret(3)))).AllyID
	return handed{d, id, other, d.propose(id, successor)}
}

// Whatever happens while a handover is accepted, or starts just before: the
// organisation has one contact, whom it names, or it has left whole; and
// whoever is answered that they are the contact is.
func TestAcceptingWhateverHappensMeanwhile(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range meanwhiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for number := 1; ; number++ {
				h := newHanded(t)
				beside, happened := h.beside(), false
				h.during(number, func() {
					happened = true
					if err := meanwhile.does(h, beside); err != nil {
						t.Errorf("call %d: %v", number, err)
					}
				})
				_, err := h.service.accept(context.Background(), h.token, consents{})
				h.Faults(nil)
				if err != nil && (fault.As(err) == nil || !slices.Contains(meanwhile.faults, fault.As(err).Code)) {
					t.Errorf("call %d: %v", number, err)
				}
				if h.coherent(); !meanwhile.gone {
					h.coherent(h.id)
				}
				if err == nil && !meanwhile.gone && h.signed(h.id).ally.Person != h.personOf(successor.Email) {
					t.Errorf("call %d: told to be the contact, and is not", number)
				}
				if !happened {
					if number < 6 {
						t.Errorf("only %d calls", number-1)
					}
					return
				}
			}
		})
	}
}

// The other way round: a handover is accepted while something else runs.
func TestWhateverRunsWhileAHandoverIsAccepted(t *testing.T) {
	t.Parallel()
	for name, running := range meanwhiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for number := 1; ; number++ {
				h := newHanded(t)
				beside, happened := h.beside(), false
				var accepted error
				h.during(number, func() {
					happened = true
					_, accepted = beside.accept(context.Background(), h.token, consents{})
				})
				err := running.does(h, h.service)
				h.Faults(nil)
				if err = unless(unless(err, "changed-meanwhile"), "already-contact"); err != nil {
					t.Errorf("call %d: %v", number, err)
				}
				if accepted != nil && (fault.As(accepted) == nil || !slices.Contains(running.faults, fault.As(accepted).Code)) {
					t.Errorf("call %d: %v", number, accepted)
				}
				if h.coherent(); !running.gone {
					h.coherent(h.id)
				}
				if !happened {
					return
				}
			}
		})
	}
}

// Two who propose at once to different people: one link is good, whose
// holder is the one that the page names.
func TestProposingToTwoAtOnce(t *testing.T) {
	t.Parallel()
	another := successor
	another.Email = "third@exemple.fr"
	for number := 1; ; number++ {
		d := newDesk(t, auth.RoleTeam)
		id := d.join(anOrganisation("Une", "old@exemple.fr")).AllyID
		beside, happened := d.beside(), false
		d.during(number, func() {
			happened = true
			if err := beside.propose(d.member(), id, another, "ally.contact_proposed"); err != nil {
				t.Error(err)
			}
		})
		asked := d.mails(func() {
			if err := d.service.propose(d.member(), id, successor, "ally.contact_proposed"); err != nil {
				t.Error(err)
			}
		})
		d.Faults(nil)
		good := 0
		for _, m := range asked {
			if _, err := d.service.offered(t.Context(), m.token()); err == nil {
				good++
			}
		}
		if held := d.Holding(handoverPrefix); good != 1 || len(held) != 1 {
			t.Errorf("call %d: %d of %d links are good, %v", number, good, len(asked), held)
		}
		if !happened {
			return
		}
	}
}

// handOverUnguarded is what handOver does, but for the condition that the
// organisation is as it was read.
func handOverUnguarded(s *service, token string) error {
	ctx := context.Background()
	o, err := s.offered(ctx, token)
	if err != nil {
		return err
	}
	g := s.taken(o, consents{})
	writes := s.handoverWrites(o, signatoryItem{Key: membership.SignatureKey(o.ally.Person, o.ally.AllyID)}, g)
	for _, item := range writes.Items {
		if put := item.Put; put != nil && reflect.DeepEqual(put.Item["sk"], g.ally.Attributes()["sk"]) {
			put.ConditionExpression, put.ExpressionAttributeNames, put.ExpressionAttributeValues = nil, nil, nil
		}
		if remove := item.Delete; remove != nil {
			remove.ConditionExpression, remove.ExpressionAttributeNames, remove.ExpressionAttributeValues = nil, nil, nil
		}
	}
	return writes.Commit(ctx, s.allies.Client)
}

// Without that condition an organisation that leaves comes back uncounted: the
// tests above would see it.
func TestWithoutTheConditionAnOrganisationComesBack(t *testing.T) {
	t.Parallel()
	h := newHanded(t)
	beside := h.beside()
	h.during(3, func() { // after the organisation and the proposal were read
		if err := meanwhiles["the former contact is erased"].does(h, beside); err != nil {
			t.Error(err)
		}
	})
	err := handOverUnguarded(h.service, h.token)
	h.Faults(nil)
	var refused *dynamo.Refused
	if errors.As(err, &refused) || h.count() != (count{Organisations: 1}) || h.signed(h.id).ally.Person != h.personOf(successor.Email) {
		t.Errorf("the guard is elsewhere than thought: %v, %v", err, h.count())
	}
}
