package notify

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

func TestAnIntentBecomesAMail(t *testing.T) {
	w := newWorld(t)
	link, welcome := w.askLink(), w.askWelcome()
	w.Drain()
	w.mustSend(link, welcome)
	for _, one := range w.provider.letters() {
		envelope := one.read(t)
		if one.to != camilleEmail {
			t.Errorf("delivered to %q", one.to)
		}
		to, err := envelope.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != camilleEmail || to[0].Name != camilleName {
			t.Errorf("To: %v %v", to, err)
		}
		from, err := envelope.AddressList("From")
		if err != nil || len(from) != 1 || from[0].Address != "bonjour@fabrique.example" {
			t.Errorf("From: %v %v", from, err)
		}
		if envelope.GetHeader("Auto-Submitted") != "auto-generated" {
			t.Errorf("Auto-Submitted: %q", envelope.GetHeader("Auto-Submitted"))
		}
		news := strings.Contains(envelope.GetHeader("Message-Id"), welcome.ID)
		want := map[bool]string{true: "List-Unsubscribe=One-Click"}[news]
		if got := envelope.GetHeader("List-Unsubscribe-Post"); got != want {
			t.Errorf("news: %t, List-Unsubscribe-Post: %q", news, got)
		}
		if news != strings.HasPrefix(envelope.GetHeader("List-Unsubscribe"), "<https://fabrique.example/desinscription?token=") {
			t.Errorf("news: %t, List-Unsubscribe: %q", news, envelope.GetHeader("List-Unsubscribe"))
		}
		if !news && (!strings.Contains(envelope.Text, "\r\nhttps://fabrique.example/mes-donnees?token=abc\r\n") ||
			!strings.Contains(envelope.HTML, `href="https://fabrique.example/mes-donnees?token=abc"`)) {
			t.Errorf("the link is not in both parts:\n%s\n%s", envelope.Text, envelope.HTML)
		}
		if envelope.GetHeader("Subject") == "" {
			t.Error("no subject")
		}
	}
	for _, intent := range []mail.Intent{link, welcome} {
		if w.state(intent) != sent {
			t.Errorf("%s is %q", intent.Template, w.state(intent))
		}
	}
	for _, item := range w.Dump(function.Mails) {
		for _, name := range []string{"to", "name", "data", "due", "due_at"} {
			if _, kept := item[name]; kept {
				t.Errorf("%s is kept of a mail that was sent: %v", name, item)
			}
		}
	}
}

func TestAReplayedStreamSendsNothing(t *testing.T) {
	w := newWorld(t)
	link, welcome := w.askLink(), w.askWelcome()
	w.Drain()
	w.Replay()
	w.rounds(time.Hour)
	w.Replay()
	w.mustSend(link, welcome)
}

// TestAProviderDownForAnHour is the whole promise: nothing lost, nothing twice.
func TestAProviderDownForAnHour(t *testing.T) {
	w := newWorld(t)
	w.provider.set(func(p *provider) { p.down = true })
	var asked []mail.Intent
	for range 4 {
		asked = append(asked, w.askLink(), w.askWelcome(), w.askLink())
		w.Drain()
		w.rounds(15 * time.Minute)
	}
	w.mustSend()
	for _, intent := range asked {
		if w.state(intent) != queued {
			t.Errorf("a mail is %q while the provider is down", w.state(intent))
		}
	}
	w.provider.set(func(p *provider) { p.down = false })
	w.rounds(70 * time.Minute) // the longest pause is of an hour
	w.mustSend(asked...)
	w.Replay()
	w.rounds(time.Hour)
	w.mustSend(asked...)
}

func TestAMailIsGivenUpAfterThreeDays(t *testing.T) {
	w := newWorld(t)
	w.provider.set(func(p *provider) { p.down = true })
	link := w.askLink()
	w.Drain()
	for range 3 * 24 {
		w.Clock.Advance(time.Hour)
		w.round()
	}
	if w.state(link) != failed || len(w.Holding(camilleEmail)) != 2 { // the intent itself, in Allies, and what may be sent again
		t.Errorf("%s, held in %v", w.state(link), w.Holding(camilleEmail))
	}
	if until := w.item(link.PK, link.SK)["expires_at"]; until != float64(w.Clock.Now().Add(failedFor).Unix()) {
		t.Errorf("held until %v", until)
	}
	w.provider.set(func(p *provider) { p.down = false })
	w.rounds(2 * time.Hour)
	w.mustSend()
}

// TestADownProviderIsLeftAlone spends one attempt, not one for each mail, each
// of which could last until the invocation's end.
func TestADownProviderIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.provider.set(func(p *provider) { p.down = true })
	for range 10 {
		w.askLink()
	}
	w.Drain()
	w.Clock.Advance(2 * time.Hour)
	w.round()
	if tried := len(w.provider.tried); tried < 2 || tried > 1+senders {
		t.Errorf("tried %d times", tried)
	}
}

// sampleIntent is the change that the sample of a stream holds.
func sampleIntent(t *testing.T) events.DynamoDBEventRecord {
	t.Helper()
	var stream events.DynamoDBEvent
	if err := json.Unmarshal(sample(t, "dynamodb-stream-mail-intent"), &stream); err != nil {
		t.Fatal(err)
	}
	return stream.Records[0]
}

func TestAnInvocationNearItsEndLeavesTheMailToARound(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), sendFor-time.Second)
	defer cancel()
	for range 2 {
		if err := w.running.Streams[function.Allies](ctx, sampleIntent(t)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(w.provider.letters()); got > 0 {
		t.Errorf("%d mails were sent at the last moment", got)
	}
	w.rounds(5 * time.Minute)
	if got := len(w.provider.letters()); got != 1 {
		t.Errorf("%d mails were sent by the round", got)
	}
}

// TestTheOutcomeIsRecordedAfterTheEnd lets the invocation be over when the
// provider has the mail.
func TestTheOutcomeIsRecordedAfterTheEnd(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.provider.set(func(p *provider) { p.onData = cancel })
	if err := w.running.Streams[function.Allies](ctx, sampleIntent(t)); err != nil {
		t.Error(err)
	}
	w.rounds(leaseFor + 5*time.Minute)
	if got := len(w.provider.letters()); got != 1 {
		t.Errorf("%d mails were sent", got)
	}
}

// TestACrashAfterTheClaim leaves a mail that was claimed by a sender who died.
func TestACrashAfterTheClaim(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	first := w.askLink()
	item := newMailItem(first, w.Clock.Now())
	item.State, item.Attempts, item.DueAt = sending, 1, stamp(w.Clock.Now().Add(leaseFor))
	if _, err := s.accept(t.Context(), item, camille); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	w.Clock.Advance(leaseFor - time.Second)
	w.round()
	w.mustSend()
	w.Clock.Advance(time.Second)
	if _, ok, err := s.claim(t.Context(), item.Key); err != nil || !ok { // and a second one
		t.Fatal(ok, err)
	}
	w.round()
	w.mustSend()
	w.Clock.Advance(leaseFor)
	w.round()
	w.mustSend(first)
	if got := w.item(first.PK, first.SK)["attempts"]; got != float64(3) {
		t.Errorf("%v attempts", got)
	}
}

// TestWhoLostTheLeaseRecordsNothing lets a sender come back after another took over.
func TestWhoLostTheLeaseRecordsNothing(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	w.provider.set(func(p *provider) { p.down = true })
	link := w.askLink()
	w.Drain()
	w.Clock.Advance(time.Hour)
	slow, ok, err := s.claim(t.Context(), link.Key)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	w.provider.set(func(p *provider) { p.down = false })
	w.Clock.Advance(leaseFor)
	w.round()
	if err := s.postpone(t.Context(), slow, w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if w.state(link) != sent {
		t.Errorf("the late sender made it %q", w.state(link))
	}
	w.rounds(time.Hour)
	w.mustSend(link)
}

// TestRoundsAtOnce runs two rounds over the same mails, as when a schedule is
// started twice. Without the guard the same test sees mails go out twice.
func TestRoundsAtOnce(t *testing.T) {
	for _, guarded := range []bool{true, false} {
		t.Run(map[bool]string{true: "guarded", false: "negative control"}[guarded], func(t *testing.T) {
			w := newWorld(t)
			w.provider.set(func(p *provider) { p.down = true })
			var asked []mail.Intent
			for range 2 * senders {
				asked = append(asked, w.askLink())
			}
			w.Drain()
			w.Clock.Advance(2 * time.Hour)
			// Every sender of both rounds has found a mail before any claims one,
			// and stands in the provider with the others, if it has one to send.
			meet := meeting(2*senders, 2*time.Second)
			w.provider.set(func(p *provider) { p.down, p.onData = false, meet })
			found := meeting(2*senders, 10*time.Second)
			claimable := isDue
			if !guarded {
				claimable = func(time.Time) expression.ConditionBuilder { return dynamo.Exists }
			}
			services := []*service{w.service(), w.service()}
			for _, s := range services {
				s.claimable = func(now time.Time) expression.ConditionBuilder {
					found()
					return claimable(now)
				}
			}
			err := together(t.Context(), len(services), func(ctx context.Context, number int) error {
				return services[number].retryMails(ctx, w.Clock.Now())
			})
			if err != nil {
				t.Fatal(err)
			}
			if guarded {
				w.mustSend(asked...)
				return
			}
			if got := len(w.provider.letters()); got <= len(asked) {
				t.Errorf("%d mails went out of %d asked: this test does not see a double", got, len(asked))
			}
		})
	}
}

func TestReceiptsHoldNoAddress(t *testing.T) {
	w := newWorld(t)
	link := w.askLink()
	w.Drain()
	receipt, _ := w.item(link.PK, link.SK)["provider_id"].(string)
	if receipt == "" || strings.Contains(receipt, "@") {
		t.Errorf("provider_id %q", receipt)
	}
}

var encodedWord = regexp.MustCompile(`=\?UTF-8\?[bqBQ]\?[^?]*\?=`)

// TestTheNameIsEncoded keeps bytes beyond ASCII out of headers.
func TestTheNameIsEncoded(t *testing.T) {
	w := newWorld(t)
	intent := mail.NewIntent("mail_name", farewell, camille, camilleEmail, "Zoë « l’Hôte »", nil, w.Clock.Now())
	w.put(function.Allies, intent)
	w.Drain()
	letters := w.provider.letters()
	if len(letters) != 1 {
		t.Fatalf("%d mails", len(letters))
	}
	head, _, _ := strings.Cut(string(letters[0].raw), "\r\n\r\n")
	for _, r := range head {
		if r > 0x7e {
			t.Fatalf("%q in the head", r)
		}
	}
	if !encodedWord.MatchString(head) {
		t.Errorf("the name is not encoded: %q", head)
	}
}
