package notify

import (
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// forget removes what registration's table holds, whose own tests see to it.
func (w *world) forget(intents ...mail.Intent) {
	w.t.Helper()
	s := w.service()
	s.table = w.Runtime().Table(function.Allies)
	for _, intent := range intents {
		if err := s.remove(w.t.Context(), intent.Key); err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestErasure leaves by every order of the request and the farewell, with
// mails that were sent, that wait and that are suppressed or unwanted.
func TestErasure(t *testing.T) {
	for _, c := range []struct {
		name string
		// order puts the request and the farewell.
		order func(w *world, farewell func() mail.Intent, erasure func()) mail.Intent
	}{
		{"farewell first", func(w *world, farewell func() mail.Intent, erasure func()) mail.Intent {
			intent := farewell()
			w.Drain()
			erasure()
			w.Drain()
			return intent
		}},
		{"request first", func(w *world, farewell func() mail.Intent, erasure func()) mail.Intent {
			erasure()
			w.Drain()
			intent := farewell()
			w.Drain()
			return intent
		}},
		{"farewell waits over the request", func(w *world, farewell func() mail.Intent, erasure func()) mail.Intent {
			w.provider.set(func(p *provider) { p.down = true })
			intent := farewell()
			w.Drain()
			erasure()
			w.Drain()
			w.provider.set(func(p *provider) { p.down = false })
			w.rounds(2 * time.Hour)
			return intent
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			done, news := w.askLink(), w.askWelcome()
			w.Drain()
			w.Do(w.running, "POST", w.unsubscribeURL(), "List-Unsubscribe=One-Click")
			w.hear(w.notice("ses-bounce", done))
			token := w.team("team")
			w.Do(w.running, "POST", "/v1/mails/suppressions/"+camille+"/lift", nil, "Authorization", "Bearer "+token)
			w.provider.set(func(p *provider) { p.down = true })
			waiting := w.askLink()
			w.Drain()
			w.provider.set(func(p *provider) { p.down = false })
			if got := w.held(); len(got) != 5 { // three mails, and why two kinds of them stopped
				t.Fatalf("to erase: %v", got)
			}
			w.Clock.Advance(10 * time.Minute)
			last := c.order(w,
				func() mail.Intent { return w.ask(camille, camilleEmail, farewell, nil) },
				func() { w.askErasure(camille) })
			w.rounds(2 * time.Hour)
			w.mustSend(done, news, last)
			w.Replay()
			w.hear(w.notice("ses-bounce", done)) // late news of what is erased
			w.hear(w.notice("ses-complaint", last))
			w.rounds(2 * time.Hour)
			w.mustSend(done, news, last)
			if got := w.held(); len(got) > 0 {
				t.Errorf("left: %v", got)
			}
			w.forget(done, news, waiting, last)
			if got := w.Holding(camilleEmail); len(got) > 0 {
				t.Errorf("the address is left in %v", got)
			}
			if got := w.Holding(camilleName); len(got) > 0 {
				t.Errorf("the name is left in %v", got)
			}
		})
	}
}

// TestAFarewellThatIsRefusedLeavesNothing neither, though its address is bad.
func TestAFarewellThatIsRefusedLeavesNothing(t *testing.T) {
	w := newWorld(t)
	last := w.ask(camille, "camille@@exemple", farewell, nil)
	w.Drain()
	w.mustSend()
	if got := w.held(); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
	if w.item("SENT#"+last.ID, "SENT") == nil {
		t.Error("a replay would try again")
	}
}

// TestWhoComesBackIsWrittenTo keeps what was made after the request, in
// whatever order the two arrive.
func TestWhoComesBackIsWrittenTo(t *testing.T) {
	w := newWorld(t)
	old := w.askLink()
	w.Clock.Advance(time.Minute)
	request := personal.NewErasure(camille, w.Clock.Now())
	w.Clock.Advance(time.Minute)
	fresh := w.askLink()
	w.Drain()
	w.put(function.Mails, request)
	w.Drain()
	w.put(function.Mails, request) // and once more
	w.Drain()
	w.mustSend(old, fresh)
	if w.state(old) != "" || w.state(fresh) != sent {
		t.Errorf("old %q, fresh %q", w.state(old), w.state(fresh))
	}
}

// TestASendInFlightLeavesNothing is an erasure between the claim and the record.
func TestASendInFlightLeavesNothing(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.provider.set(func(p *provider) {
		p.onData = func() {
			if err := s.erase(t.Context(), camille, w.Clock.Now()); err != nil {
				t.Error(err)
			}
		}
	})
	link := w.askLink()
	w.Drain()
	w.mustSend(link)
	if got := w.held(); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
}

// TestBadNewsAfterTheErasure is a notice that was read before the request and
// stored after it.
func TestBadNewsAfterTheErasure(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	before := stamp(w.Clock.Now())
	w.Clock.Advance(time.Minute)
	if err := s.erase(t.Context(), camille, w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Minute)
	for asked, kept := range map[string]bool{before: false, stamp(w.Clock.Now()): true} {
		if err := s.suppress(t.Context(), camille, asked, becauseBounced); err != nil {
			t.Fatal(err)
		}
		if got := w.held(); (len(got) > 0) != kept {
			t.Errorf("about a mail of %s: %v", asked, got)
		}
		if err := s.remove(t.Context(), mail.SuppressionKey(camille)); err != nil {
			t.Fatal(err)
		}
	}
}
