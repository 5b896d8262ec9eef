package registration

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// raceForOne lets people confirm at once for one SIRET, each in a goroutine
// of their own, and returns what each was answered.
func raceForOne(w *world, n, people int, confirm func(token string) (confirmation, error)) []confirmation {
	w.t.Helper()
	tokens := make([]string, people)
	for i := range tokens {
		tokens[i] = w.sign(anOrganisation(fmt.Sprint("Organisation ", n), fmt.Sprintf("p%d-%d@exemple.fr", n, i), withSIRET(siret(n))))
	}
	answers := make([]confirmation, people)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i, token := range tokens {
		all.Go(func() {
			<-start
			var err error
			if answers[i], err = confirm(token); err != nil {
				w.t.Errorf("confirm: %v", err)
			}
		})
	}
	close(start)
	all.Wait()
	return answers
}

const (
	raceRounds = 25
	racers     = 2
)

func TestTwoConfirmingAtOnceMakeOneOrganisation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range raceRounds {
		told := 0
		for _, m := range w.mails(func() {
			answers := raceForOne(w, n, racers, func(token string) (confirmation, error) { return w.service.confirm(context.Background(), token) })
			if answers[0] != answers[1] {
				t.Errorf("round %d: %v", n, answers)
			}
		}) {
			if m.Template == "organisation-has-contact" {
				told++
			}
		}
		if told != 1 {
			t.Errorf("round %d: %d people were told whom to join", n, told)
		}
	}
	if w.count() != (count{Organisations: raceRounds}) || len(w.facts("ally.signed.v1")) != raceRounds {
		t.Errorf("%v", w.count())
	}
}

// Without the condition on claims the same race makes two: the test above
// would see it.
func TestWithoutTheClaimTheSameRaceMakesTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	raceForOne(w, 1, racers, func(token string) (confirmation, error) { return confirmUnguarded(w.service, token) })
	if n := w.count(); n != (count{Organisations: racers}) {
		t.Errorf("the guard is elsewhere than thought: %v", n)
	}
}

// confirmUnguarded is what settle does, but for the claims' conditions.
func confirmUnguarded(s *service, token string) (confirmation, error) {
	ctx := context.Background()
	subject, err := s.links.Open(ctx, confirmPurpose, token)
	if err != nil {
		return confirmation{}, err
	}
	person, registration, _ := strings.Cut(subject, "/")
	var pending pendingItem
	if _, err := s.allies.Get(ctx, pendingKey(person, registration), &pending); err != nil {
		return confirmation{}, err
	}
	var in signing
	if err := json.Unmarshal([]byte(pending.Signing), &in); err != nil {
		return confirmation{}, err
	}
	ally := s.newAlly(in, person)
	writes, err := s.welcomeWrites(in, ally, pending)
	if err != nil {
		return confirmation{}, err
	}
	for place := range ally.Claims {
		put := writes[1+place].Put
		put.ConditionExpression, put.ExpressionAttributeNames = nil, nil
	}
	return confirmation{}, dynamo.Transact(ctx, s.allies.Client, writes...)
}

func TestOneLinkConfirmedAtOnceMakesOneAlly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 10 {
		token := w.sign(anOrganisation("Une", fmt.Sprintf("a%d@exemple.fr", n), withSIRET(siret(n))))
		answers := make([]string, 4)
		asked := w.mails(func() {
			var all sync.WaitGroup
			for i := range answers {
				all.Go(func() {
					answers[i] = w.Do(w.running, http.MethodPost, "/v1/registrations/confirm", tokenBody{token}).Body.String()
				})
			}
			all.Wait()
		})
		for _, answer := range answers {
			if answer != answers[0] || !strings.Contains(answer, "confirmed") {
				t.Errorf("%v", answers)
			}
		}
		if len(asked) != 1 {
			t.Errorf("mails: %v", asked)
		}
	}
	if w.count() != (count{Organisations: 10}) {
		t.Errorf("%v", w.count())
	}
}

// during runs meanwhile once, just before the call of this number of the
// action that follows.
func (w *world) during(number int, meanwhile func()) {
	w.Faults(func(c functiontest.Call) functiontest.Fault {
		if c.Number == number {
			meanwhile()
		}
		return functiontest.None
	})
}

// beside is the function reaching the tables by another way than the one that
// during watches.
func (w *world) beside() *service {
	rt := w.Runtime()
	rt.Dynamo = w.Client
	s, err := open(rt)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// Whenever the first ally leaves while the second confirms, the second is told
// the truth: it either joins an ally that was there, or becomes the ally.
func TestConfirmingWhileTheFirstAllyLeaves(t *testing.T) {
	t.Parallel()
	for number := 1; ; number++ {
		w := newWorld(t)
		first := w.join(anOrganisation("Une", "a@exemple.fr", named("Zélie", "Quincampoix"), withSIRET(siret(1))))
		token := w.sign(anOrganisation("Une", "b@exemple.fr", withSIRET(siret(1))))
		beside, person := w.beside(), w.personOf("a@exemple.fr")
		w.Clock.Advance(1)
		asked := 0
		left := false
		w.during(number, func() {
			left = true
			if err := beside.leave(context.Background(), person); err != nil {
				t.Error(err)
			}
			if err := beside.erase(context.Background(), person, w.Clock.Now()); err != nil {
				t.Error(err)
			}
		})
		var second confirmation
		for _, m := range w.mails(func() { second = w.confirm(token) }) {
			if m.To == "b@exemple.fr" {
				asked++
				if left && m.Template != "welcome" {
					t.Errorf("call %d: told %s", number, m.Template)
				}
			}
		}
		w.Faults(nil)
		if !left {
			if number < 4 || second != first {
				t.Errorf("%d calls, %v", number-1, second)
			}
			return
		}
		if second == first || asked != 1 || w.count() != (count{Organisations: 1}) {
			t.Errorf("call %d: %v after %v, %d mails, %v", number, second, first, asked, w.count())
		}
		if found := w.Holding("Quincampoix"); len(found) > 0 {
			t.Errorf("call %d: %v", number, found)
		}
	}
}

func (w *world) personOf(email string) string {
	w.t.Helper()
	person, err := w.service.person(context.Background(), strings.ToLower(email))
	if err != nil {
		w.t.Fatal(err)
	}
	return person
}

// Whenever someone confirms while their erasure runs, either all of it is
// gone, or they came back: an ally is there and counted.
func TestConfirmingWhileBeingErased(t *testing.T) {
	t.Parallel()
	for number := 1; ; number++ {
		w := newWorld(t)
		token := w.sign(anOrganisation("Une", "a@exemple.fr", named("Zélie", "Quincampoix")))
		beside, person := w.beside(), w.personOf("a@exemple.fr")
		confirmed := false
		w.during(number, func() {
			if answer, err := beside.confirm(context.Background(), token); err == nil {
				confirmed = answer.AllyID != ""
			}
		})
		if err := w.service.erase(context.Background(), person, w.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		w.Faults(nil)
		if n := w.count(); n != (count{}) {
			t.Errorf("call %d: %v", number, n)
		}
		if found := w.Holding("Quincampoix"); len(found) > 0 {
			t.Errorf("call %d, confirmed %v: %v", number, confirmed, found)
		}
		if signed, left := len(w.facts("ally.signed.v1")), len(w.facts("ally.left.v1")); signed != left {
			t.Errorf("call %d: %d signed, %d left", number, signed, left)
		}
		if number > 6 {
			return
		}
	}
}
