package notify

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

// TestDynamoDBFaultsAtEachCall lets one fault befall each call in turn of what
// an intent sets off: whatever happens, the mail goes out once.
func TestDynamoDBFaultsAtEachCall(t *testing.T) {
	for _, fault := range functiontest.AllFaults {
		t.Run(fault.String(), func(t *testing.T) {
			w := newWorld(t)
			var asked []mail.Intent
			total := 0
			for number := 1; ; number++ {
				asked = append(asked, w.askWelcome())
				since := w.Faults(functiontest.At(number, fault))
				if err := w.TryDrain(); err != nil {
					t.Logf("call %d: %v", number, err)
				}
				calls, injected := since()
				total += injected
				w.Faults(nil)
				w.Drain()
				w.rounds(leaseFor + 5*time.Minute)
				w.mustSend(asked...)
				if number >= calls {
					break
				}
			}
			if total < 2 {
				t.Errorf("%d faults were injected", total)
			}
			w.Replay()
			w.mustSend(asked...)
		})
	}
}

// TestDynamoDBFaultsInARound does the same to what the schedule sets off.
func TestDynamoDBFaultsInARound(t *testing.T) {
	for _, fault := range functiontest.AllFaults {
		t.Run(fault.String(), func(t *testing.T) {
			w := newWorld(t)
			var asked []mail.Intent
			for number := 1; ; number++ {
				w.provider.set(func(p *provider) { p.down = true })
				asked = append(asked, w.askWelcome())
				w.Drain()
				w.provider.set(func(p *provider) { p.down = false })
				w.Clock.Advance(2 * time.Minute)
				since := w.Faults(functiontest.At(number, fault))
				if err := w.running.Schedules["retry-mails"](t.Context(), w.Clock.Now()); err != nil {
					t.Errorf("call %d: %v", number, err)
				}
				calls, _ := since()
				w.Faults(nil)
				w.rounds(leaseFor + 5*time.Minute)
				w.mustSend(asked...)
				if number >= calls {
					break
				}
			}
		})
	}
}

// TestAnOutageOfTheTable fails every call for a while.
func TestAnOutageOfTheTable(t *testing.T) {
	w := newWorld(t)
	var asked []mail.Intent
	for _, fault := range functiontest.AllFaults {
		asked = append(asked, w.askLink())
		w.Faults(functiontest.Always(fault))
		if err := w.TryDrain(); err == nil {
			t.Errorf("%s: the change counts as consumed", fault)
		}
		w.Faults(nil)
		w.Drain()
		w.rounds(leaseFor + 5*time.Minute)
		w.mustSend(asked...)
	}
}

// TestTheOneCaseOfADouble is the exception that the design accepts: the
// provider took the mail, and no record of it could be made.
func TestTheOneCaseOfADouble(t *testing.T) {
	w := newWorld(t)
	link := w.askLink()
	w.provider.set(func(p *provider) { p.onData = func() { w.Faults(functiontest.Always(functiontest.Reset)) } })
	if err := w.TryDrain(); err == nil {
		t.Error("nobody hears that the record failed")
	}
	w.provider.set(func(p *provider) { p.onData = nil })
	w.Faults(nil)
	w.Drain()
	w.mustSend(link)
	w.rounds(leaseFor + 5*time.Minute)
	w.mustSend(link, link) // with the same Message-ID
	letters := w.provider.letters()
	if a, b := letters[0].read(t), letters[1].read(t); a.Text != b.Text || a.GetHeader("Date") != b.GetHeader("Date") {
		t.Error("the two are not one mail")
	}
}

// TestUnitsPerMail counts what each mail costs. Amazon's DynamoDB Local counts
// index entries that a transaction writes twice, as it does the items; the
// other engine counts them once, and half a unit for a query that finds nothing.
func TestUnitsPerMail(t *testing.T) {
	w := newWorld(t)
	type units struct{ read, write float64 }
	local := os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local"
	var token string
	var link mail.Intent
	for _, c := range []struct {
		name         string
		before       func()
		do           func()
		want, amazon units
	}{
		{"a receipt", func() { w.askLink() }, func() { w.Drain() }, units{1, 10}, units{1, 14}},
		{"news", func() { w.askWelcome() }, func() { w.Drain() }, units{2, 10}, units{2, 14}},
		{"a farewell", func() { w.ask(camille, camilleEmail, farewell, nil) }, func() { w.Drain() }, units{1, 12}, units{1, 16}},
		{"a change delivered again", func() {}, func() { w.Replay() }, units{0, 0}, units{0, 0}},
		{"a receipt that is put back", func() {
			w.provider.set(func(p *provider) { p.down = true })
			w.askLink()
		}, func() { w.Drain() }, units{1, 11}, units{1, 16}},
		{"a round that sends it", func() {
			w.provider.set(func(p *provider) { p.down = false })
			w.Clock.Advance(time.Hour)
		}, w.round, units{1.5, 8}, units{1.5, 10}},
		{"a round with nothing to do", func() {}, w.round, units{0.5, 0}, units{0, 0}},
		{"the list of mails", func() { token = w.team("team") }, func() { w.asTeam(token, "/v1/mails?state=sent") }, units{0.5, 0}, units{0.5, 0}},
		{"who is not written to", func() {}, func() { w.asTeam(token, "/v1/mails/suppressions") }, units{0.5, 0}, units{0, 0}},
		{"the page of a mail", func() { link = w.askLink(); w.Drain() }, func() { w.asTeam(token, mailPath(link.Person(), link.ID)) }, units{3, 0}, units{3, 0}},
	} {
		c.before()
		used := w.UnitsByTable(c.do).Tables[function.Mails]
		want := c.want
		if local {
			want = c.amazon
		}
		if got := (units{used.Read, used.Write}); got != want {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
}

// asTeam reads a path with a member's token.
func (w *world) asTeam(token, path string) {
	w.t.Helper()
	if answer := w.Do(w.running, "GET", path, nil, "Authorization", "Bearer "+token); answer.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
	}
}
