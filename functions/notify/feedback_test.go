package notify

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	smtpserver "github.com/emersion/go-smtp"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

// sample is a payload as AWS sends it.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	payload, err := os.ReadFile("../../events/samples/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// notice is the sample of a notice, about another mail.
func (w *world) notice(name string, about mail.Intent, change ...string) events.EventBridgeEvent {
	w.t.Helper()
	person, mailID := samplePerson(w.t)
	payload := strings.NewReplacer(append([]string{person, about.Person(), mailID, about.ID}, change...)...).
		Replace(string(sample(w.t, name)))
	var event events.EventBridgeEvent
	if err := json.Unmarshal([]byte(payload), &event); err != nil {
		w.t.Fatal(err)
	}
	return event
}

// hear delivers a notice, as the event bus would.
func (w *world) hear(event events.EventBridgeEvent) {
	w.t.Helper()
	if err := w.running.Notices["mail-feedback"](w.t.Context(), event); err != nil {
		w.t.Fatal(err)
	}
}

// samplePerson is who the samples are about, and which mail.
func samplePerson(t *testing.T) (person, mailID string) {
	t.Helper()
	intent, ok, err := mail.IntentIn(sampleIntent(t))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return intent.Person(), intent.ID
}

// TestSamples sends what AWS sends through the host that runs on Lambda.
func TestSamples(t *testing.T) {
	person, mailID := samplePerson(t)
	for name, reason := range map[string]string{"ses-bounce": becauseBounced, "ses-complaint": becauseComplained} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			handler := lambdahost.NewHandler(Function, w.running, nil, slog.New(slog.DiscardHandler))
			invoke := func(name, want string) {
				t.Helper()
				answer, err := handler.Invoke(t.Context(), sample(t, name))
				if err != nil || string(answer) != want {
					t.Fatalf("%s: %s %v", name, answer, err)
				}
			}
			invoke(name, "{}") // about a mail that nothing is held of
			if w.item("PERSON#"+person, "SUPPRESSED") != nil {
				t.Error("stored about someone who is not known")
			}
			for range 2 {
				invoke("dynamodb-stream-mail-intent", `{"batchItemFailures":[]}`)
				invoke("schedule-retry-mails", "{}")
			}
			if ids := w.provider.messageIDs(); len(ids) != 1 || ids[0] != "<"+mailID+"@fabrique.example>" {
				t.Errorf("sent %v", ids)
			}
			for range 2 {
				invoke(name, "{}")
			}
			if got := w.item("PERSON#"+person, "SUPPRESSED")["reason"]; got != reason {
				t.Errorf("reason %v, want %s", got, reason)
			}
		})
	}
}

// TestSuppressedPeopleGetNothing stops receipts and news alike, and others' mail not.
func TestSuppressedPeopleGetNothing(t *testing.T) {
	w := newWorld(t)
	first := w.askLink()
	w.Drain()
	w.hear(w.notice("ses-complaint", first))
	receipt, news, last := w.askLink(), w.askWelcome(), w.ask(camille, camilleEmail, farewell, nil)
	other := w.ask(sacha, "sacha@exemple.fr", "my-data-link", map[string]string{"link": "/mes-donnees", "minutes": "60"})
	w.Drain()
	w.mustSend(first, other)
	for _, intent := range []mail.Intent{receipt, news} {
		if w.state(intent) != suppressed {
			t.Errorf("%s is %q", intent.Template, w.state(intent))
		}
	}
	if w.item(last.PK, last.SK) != nil {
		t.Error("a farewell is kept")
	}
	w.rounds(time.Hour)
	w.mustSend(first, other)
}

func TestMailThatWaitsIsStoppedToo(t *testing.T) {
	w := newWorld(t)
	first := w.askLink()
	w.Drain()
	w.provider.set(func(p *provider) { p.down = true })
	waiting := w.askLink()
	w.Drain()
	w.hear(w.notice("ses-bounce", first))
	w.provider.set(func(p *provider) { p.down = false })
	w.rounds(2 * time.Hour)
	w.mustSend(first)
	if w.state(waiting) != suppressed {
		t.Errorf("it is %q", w.state(waiting))
	}
}

func TestABounceThatMayPassChangesNothing(t *testing.T) {
	w := newWorld(t)
	first := w.askLink()
	w.Drain()
	for _, kind := range []string{"Transient", "Undetermined"} {
		w.hear(w.notice("ses-bounce", first, `"Permanent"`, `"`+kind+`"`))
	}
	second := w.askLink()
	w.Drain()
	w.mustSend(first, second)
}

func TestARefusedAddressIsSuppressed(t *testing.T) {
	code := func(code int, enhanced smtpserver.EnhancedCode) *smtpserver.SMTPError {
		return &smtpserver.SMTPError{Code: code, EnhancedCode: enhanced, Message: "to <" + camilleEmail + ">"}
	}
	for _, c := range []struct {
		name       string
		reply      *smtpserver.SMTPError
		state      string
		suppressed bool
	}{
		{"no such mailbox", code(550, smtpserver.EnhancedCode{5, 1, 1}), failed, true},
		{"not this mail", code(554, smtpserver.EnhancedCode{5, 7, 1}), failed, false},
		{"box full", code(452, smtpserver.EnhancedCode{4, 2, 2}), queued, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.provider.set(func(p *provider) { p.refuse = c.reply })
			link := w.askLink()
			w.Drain()
			if w.state(link) != c.state {
				t.Errorf("the mail is %q, want %q", w.state(link), c.state)
			}
			item := w.item("PERSON#"+camille, "SUPPRESSED")
			if (item != nil) != c.suppressed || c.suppressed && item["reason"] != becauseRefused {
				t.Errorf("suppressed: %v", item)
			}
			if reason, _ := w.item(link.PK, link.SK)["reason"].(string); strings.Contains(reason, "@") {
				t.Errorf("an address is kept: %q", reason)
			}
			w.provider.set(func(p *provider) { p.refuse = nil })
			w.askWelcome()
			w.rounds(2 * time.Hour)
			w.Drain()
			if sent := len(w.provider.letters()); c.suppressed && sent > 0 || !c.suppressed && sent == 0 {
				t.Errorf("%d mails were sent after", sent)
			}
		})
	}
}

// TestFeedbackMeetsFaults delivers a notice again after each fault.
func TestFeedbackMeetsFaults(t *testing.T) {
	for _, fault := range functiontest.AllFaults {
		w := newWorld(t)
		link := w.askLink()
		w.Drain()
		event := w.notice("ses-bounce", link)
		for number := 1; ; number++ {
			since := w.Faults(functiontest.At(number, fault))
			_ = w.running.Notices["mail-feedback"](t.Context(), event)
			calls, _ := since()
			w.Faults(nil)
			w.hear(event)
			if item := w.item(link.PK, "SUPPRESSED"); item["reason"] != becauseBounced {
				t.Errorf("%s at call %d: %v", fault, number, item)
			}
			if err := w.service().remove(t.Context(), mail.SuppressionKey(camille)); err != nil {
				t.Fatal(err)
			}
			if number >= calls {
				break
			}
		}
	}
}

func TestAnUnreadableNoticeIsAnError(t *testing.T) {
	w := newWorld(t)
	event := events.EventBridgeEvent{DetailType: bounced, Source: "aws.ses", Detail: json.RawMessage(`"x"`)}
	if err := w.running.Notices["mail-feedback"](t.Context(), event); err == nil {
		t.Error("it is dropped")
	}
	w.hear(events.EventBridgeEvent{DetailType: bounced, Source: "aws.ses", Detail: json.RawMessage(`{"bounce":{"bounceType":"Permanent"},"mail":{}}`)})
	if items := w.Dump(function.Mails); len(items) != 0 {
		t.Errorf("stored %v of a mail without tags", items)
	}
}

// TestNothingPersonalIsLogged runs through the outcomes that write to the log.
func TestNothingPersonalIsLogged(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	rt := w.Runtime()
	rt.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	running, err := Function.Open(rt)
	if err != nil {
		t.Fatal(err)
	}
	w.running = running
	deliver := func(intent mail.Intent) {
		t.Helper()
		s := w.service()
		s.log = rt.Log
		item := newMailItem(intent, w.Clock.Now())
		if _, err := s.accept(t.Context(), item, camille); err != nil {
			t.Fatal(err)
		}
		if err := s.deliver(t.Context(), item); err != nil {
			t.Fatal(err)
		}
	}
	deliver(w.ask(camille, camilleEmail, "unheard-of", nil))
	deliver(w.ask(camille, camilleEmail+"\r\nX", farewell, nil))
	w.provider.set(func(p *provider) { p.down = true })
	deliver(w.askLink())
	w.provider.set(func(p *provider) {
		p.down, p.refuse = false, &smtpserver.SMTPError{Code: 554, Message: "no <" + camilleEmail + ">"}
	})
	link := w.askLink()
	deliver(link)
	w.hear(w.notice("ses-bounce", link, `"Permanent"`, `"Transient"`))
	w.hear(w.notice("ses-bounce", link))
	if strings.Count(log.String(), "\n") < 6 {
		t.Errorf("too little is logged to tell:\n%s", &log)
	}
	for _, private := range []string{"@", "Camille", "token=", camille} {
		if strings.Contains(log.String(), private) {
			t.Errorf("the log holds %q:\n%s", private, &log)
		}
	}
}

// TestTheTeamSeesAndLifts goes through the list, page by page, and lifts.
func TestTheTeamSeesAndLifts(t *testing.T) {
	w := newWorld(t)
	token := w.team("team")
	var people []string
	for i, person := range []string{"aaa", "bbb", "ccc", camille} {
		intent := w.ask(person, camilleEmail, "my-data-link", map[string]string{"link": "/mes-donnees", "minutes": "60"})
		w.Drain()
		w.Clock.Advance(time.Minute)
		w.hear(w.notice([]string{"ses-bounce", "ses-complaint"}[i%2], intent))
		people = append([]string{person}, people...) // the latest first
	}
	list := func() (seen []string) {
		t.Helper()
		for cursor := ""; ; {
			answer := w.Do(w.running, "GET", "/v1/mails/suppressions?limit=3&cursor="+cursor, nil, "Authorization", "Bearer "+token)
			var page suppressionsAnswer
			if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || answer.Code != http.StatusOK || len(page.Items) > 3 {
				t.Fatalf("%d %s", answer.Code, answer.Body)
			}
			if strings.Contains(answer.Body.String(), "@") {
				t.Errorf("an address is shown: %s", answer.Body)
			}
			for _, item := range page.Items {
				seen = append(seen, item.Person)
				if at, err := time.Parse(time.RFC3339, item.SuppressedAt); err != nil || at.After(w.Clock.Now()) || item.Reason == "" {
					t.Errorf("%+v", item)
				}
			}
			if cursor = page.NextCursor; cursor == "" {
				return seen
			}
		}
	}
	if seen := list(); strings.Join(seen, " ") != strings.Join(people, " ") {
		t.Errorf("seen %v, want %v", seen, people)
	}
	lift := func(person string) (int, string) {
		answer := w.Do(w.running, "POST", "/v1/mails/suppressions/"+person+"/lift", nil, "Authorization", "Bearer "+token)
		return answer.Code, answer.Body.String()
	}
	status, first := lift(camille)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, first)
	}
	w.Clock.Advance(time.Second)
	if status, again := lift(camille); status != http.StatusOK || again != first {
		t.Errorf("lifted again: %d %s, first %s", status, again, first)
	}
	if seen := list(); len(seen) != 3 || seen[0] == camille {
		t.Errorf("seen after lifting: %v", seen)
	}
	link := w.askLink()
	w.Drain()
	if w.state(link) != sent {
		t.Errorf("after lifting a mail is %q", w.state(link))
	}
	if status, answer := lift("nobody"); status != http.StatusNotFound || !strings.Contains(answer, "suppression-not-found") {
		t.Errorf("nobody: %d %s", status, answer)
	}
}

// TestALateNoticeDoesNotUndoALift tells mails from before the lift from those after.
func TestALateNoticeDoesNotUndoALift(t *testing.T) {
	w := newWorld(t)
	before, alsoBefore := w.askLink(), w.askLink()
	w.Drain()
	w.hear(w.notice("ses-bounce", before))
	w.Clock.Advance(time.Hour)
	token := w.team("admin")
	if got := w.Do(w.running, "POST", "/v1/mails/suppressions/"+camille+"/lift", nil, "Authorization", "Bearer "+token); got.Code != http.StatusOK {
		t.Fatal(got.Code, got.Body)
	}
	w.hear(w.notice("ses-bounce", before))
	w.hear(w.notice("ses-bounce", alsoBefore))
	w.Clock.Advance(time.Minute)
	after := w.askLink()
	w.Drain()
	if w.state(after) != sent {
		t.Errorf("old notices undid the lift: %q", w.state(after))
	}
	w.hear(w.notice("ses-bounce", after))
	last := w.askLink()
	w.Drain()
	if w.state(last) != suppressed {
		t.Errorf("a new bounce is not heard: %q", w.state(last))
	}
}

func TestOnlyTheTeamSees(t *testing.T) {
	w := newWorld(t)
	visitor := w.team("visitor")
	for _, c := range []struct{ method, path string }{
		{"GET", "/v1/mails/suppressions"}, {"POST", "/v1/mails/suppressions/" + camille + "/lift"},
	} {
		if got := w.Do(w.running, c.method, c.path, nil); got.Code != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", c.path, got.Code)
		}
		if got := w.Do(w.running, c.method, c.path, nil, "Authorization", "Bearer "+visitor); got.Code != http.StatusForbidden {
			t.Errorf("%s without the role: %d %s", c.path, got.Code, got.Body)
		}
	}
	team := w.team("team")
	for _, query := range []string{"limit=0", "limit=101", "limit=x", "cursor=x", "cursor=eyJwayI6IngifQ"} {
		if got := w.Do(w.running, "GET", "/v1/mails/suppressions?"+query, nil, "Authorization", "Bearer "+team); got.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", query, got.Code, got.Body)
		}
	}
}
