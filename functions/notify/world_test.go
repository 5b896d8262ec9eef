package notify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	smtpserver "github.com/emersion/go-smtp"
	"github.com/jhillyerd/enmime/v2"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// The people of these tests: a keyed hash, an address and a name.
const (
	camille      = "Zml4ZWQgaGFzaCBvZiBjYW1pbGxl"
	sacha        = "Zml4ZWQgaGFzaCBvZiBzYWNoYV8x"
	camilleEmail = "camille.martin@exemple.fr"
	camilleName  = "Camille Martin"
)

// world is a test's own tables, mail server and opened function.
type world struct {
	*functiontest.Env
	t        *testing.T
	provider *provider
	running  *function.Running
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Env: functiontest.New(t), t: t, provider: startProvider(t)}
	w.Settings["SMTP_URL"] = w.provider.url
	w.Settings[function.PublicURL.Name] = "https://fabrique.example"
	w.running = w.Open(Function)
	return w
}

// service opens the function once more, as another Lambda environment would,
// where a test needs what stands behind the declaration.
func (w *world) service() *service {
	w.t.Helper()
	s, err := open(w.Runtime())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// ask writes the intent of a mail, as another function would.
func (w *world) ask(person, to, template string, data map[string]string) mail.Intent {
	w.t.Helper()
	intent := mail.NewIntent(w.Runtime().ID("mail"), template, person, to, camilleName, data, w.Clock.Now())
	w.put(function.Allies, intent)
	return intent
}

func (w *world) askLink() mail.Intent {
	w.t.Helper()
	return w.ask(camille, camilleEmail, "my-data-link", map[string]string{"link": "/mes-donnees?token=abc", "minutes": "60"})
}

func (w *world) askWelcome() mail.Intent {
	w.t.Helper()
	return w.ask(camille, camilleEmail, "welcome", map[string]string{"kind": "person", "me": "/mes-donnees"})
}

func (w *world) put(table function.Table, item any) {
	w.t.Helper()
	put, err := w.Runtime().Table(table).Put(item)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := dynamo.Transact(w.t.Context(), w.Client, put); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) askErasure(person string) {
	w.t.Helper()
	w.put(function.Mails, personal.NewErasure(person, w.Clock.Now()))
}

// round runs the schedule once.
func (w *world) round() {
	w.t.Helper()
	if err := w.running.Schedules["retry-mails"](w.t.Context(), w.Clock.Now()); err != nil {
		w.t.Fatal(err)
	}
}

// rounds runs the schedule every five minutes for so long.
func (w *world) rounds(long time.Duration) {
	w.t.Helper()
	for passed := time.Duration(0); passed < long; passed += 5 * time.Minute {
		w.Clock.Advance(5 * time.Minute)
		w.round()
	}
}

// item reads an item of Mails; nil when there is none.
func (w *world) item(pk, sk string) map[string]any {
	w.t.Helper()
	for _, item := range w.Dump(function.Mails) {
		if item["pk"] == pk && item["sk"] == sk {
			return item
		}
	}
	return nil
}

func (w *world) state(intent mail.Intent) string {
	w.t.Helper()
	state, _ := w.item(intent.PK, intent.SK)["state"].(string)
	return state
}

// mustSend fails unless the provider took each of these mails once, and no other.
func (w *world) mustSend(intents ...mail.Intent) {
	w.t.Helper()
	want := []string{}
	for _, intent := range intents {
		want = append(want, "<"+intent.ID+"@fabrique.example>")
	}
	got := w.provider.messageIDs()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Errorf("sent %v, want %v", got, want)
	}
}

// provider is an SMTP server that a test makes misbehave.
type provider struct {
	t   *testing.T
	url string

	mu     sync.Mutex
	taken  []letter
	down   bool
	tried  map[*smtpserver.Conn]bool
	refuse *smtpserver.SMTPError // of every recipient
	// onData runs once a message is read, before it is taken.
	onData func()
}

// letter is a message that the provider took.
type letter struct {
	to  string
	raw []byte
}

func startProvider(t *testing.T) *provider {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, tried: map[*smtpserver.Conn]bool{}, url: "smtp://" + listener.Addr().String()}
	server := smtpserver.NewServer(smtpserver.BackendFunc(p.session))
	server.Domain, server.ErrorLog = "provider.example", log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(listener) }() // returns when it is closed
	t.Cleanup(func() { _ = server.Close() })
	return p
}

func (p *provider) session(c *smtpserver.Conn) (smtpserver.Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tried[c] = true
	if p.down {
		return nil, &smtpserver.SMTPError{Code: 421, EnhancedCode: smtpserver.EnhancedCode{4, 3, 2}, Message: "Closing"}
	}
	return &delivery{provider: p}, nil
}

func (p *provider) set(change func(p *provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *provider) letters() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.taken)
}

func (p *provider) messageIDs() (ids []string) {
	p.t.Helper()
	for _, one := range p.letters() {
		ids = append(ids, one.read(p.t).GetHeader("Message-Id"))
	}
	return ids
}

func (l letter) read(t *testing.T) *enmime.Envelope {
	t.Helper()
	envelope, err := enmime.ReadEnvelope(bytes.NewReader(l.raw))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range envelope.Errors {
		t.Errorf("message: %v", fault)
	}
	return envelope
}

// delivery is one connection to the provider.
type delivery struct {
	provider *provider
	to       string
}

func (d *delivery) Reset()                                     {}
func (d *delivery) Logout() error                              { return nil }
func (d *delivery) Mail(string, *smtpserver.MailOptions) error { return nil }
func (d *delivery) Rcpt(to string, _ *smtpserver.RcptOptions) error {
	d.provider.mu.Lock()
	defer d.provider.mu.Unlock()
	d.to = to
	if d.provider.refuse != nil {
		return d.provider.refuse
	}
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	d.provider.mu.Lock()
	onData := d.provider.onData
	d.provider.mu.Unlock()
	if onData != nil {
		onData()
	}
	d.provider.mu.Lock()
	defer d.provider.mu.Unlock()
	d.provider.taken = append(d.provider.taken, letter{d.to, raw})
	return nil
}

// together runs the same thing several times at once, and returns the first error.
func together(ctx context.Context, times int, do func(ctx context.Context, number int) error) error {
	errs := make(chan error, times)
	for i := range times {
		go func() { errs <- do(ctx, i) }()
	}
	var first error
	for range times {
		if err := <-errs; err != nil && first == nil {
			first = fmt.Errorf("at once: %w", err)
		}
	}
	return first
}

// meeting returns a function that returns once so many callers are in it, or
// after a while.
func meeting(callers int, patience time.Duration) func() {
	var arrived sync.WaitGroup
	arrived.Add(callers)
	all := make(chan struct{})
	go func() { arrived.Wait(); close(all) }()
	var mu sync.Mutex
	left := callers
	return func() {
		mu.Lock()
		if left > 0 {
			left--
			arrived.Done()
		}
		mu.Unlock()
		select {
		case <-all:
		case <-time.After(patience):
		}
	}
}
