package notify

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	netmail "net/mail"
	"regexp"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

// farewell is the last mail to a person who leaves. All that we hold on them
// is being erased when it is sent, so nothing at all is kept of it.
const farewell = "farewell"

// receipts are the mails that answer what their reader did or asked for: a
// signature to confirm, a seat, an application and what became of it, a link,
// an erasure; and what we must tell them of their data.
// Whoever unsubscribes still gets them, as they could not sign, see their data
// or leave otherwise; so they carry no link to unsubscribe. Everything else,
// the welcome included, is news of the alliance: nobody has to receive it.
var receipts = map[string]bool{
	"confirm-registration": true, "already-ally": true, "organisation-has-contact": true,
	"my-data-link": true, farewell: true, "signatures-merged": true, "retention-notice": true,
	"contact-proposed": true, "contact-replaced": true,
	"booking-confirmed": true, "booking-waiting": true, "booking-promoted": true, "booking-cancelled": true,
	"session-moved": true, "session-cancelled": true,
	"application-confirm": true, "application-confirmed": true, "application-complete": true, "application-accepted": true,
	"team-notice":          true, // to the team's own address
	"application-declined": true, "application-waiting": true, "application-withdrawn": true,
	"application-message": true,
}

//go:embed templates/*.txt templates/*.html
var templateFiles embed.FS

// letters are the parsed templates: NAME.txt defines "subject" and "content",
// NAME.html "content", each within its layout. They are parsed when the first
// mail is written, so that nothing waits for them at start.
var letters = struct {
	text func(name string) (*texttemplate.Template, error)
	html func(name string) (*htmltemplate.Template, error)
}{
	text: cached(func(name string) (*texttemplate.Template, error) {
		return texttemplate.New(name).Option("missingkey=error").
			ParseFS(templateFiles, "templates/layout.txt", "templates/"+name+".txt")
	}),
	html: cached(func(name string) (*htmltemplate.Template, error) {
		return htmltemplate.New(name).Option("missingkey=error").
			ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html")
	}),
}

// cached keeps what parse returned for each name.
func cached[T any](parse func(name string) (T, error)) func(name string) (T, error) {
	var made sync.Map
	return func(name string) (T, error) {
		if known, ok := made.Load(name); ok {
			return known.(T), nil
		}
		fresh, err := parse(name)
		if err == nil {
			made.Store(name, fresh)
		}
		return fresh, err
	}
}

// compose writes the message of a mail. The same mail is the same message,
// byte for byte, on every attempt.
func (s *service) compose(ctx context.Context, item mailItem, person string) (mail.Message, error) {
	asked, err := time.Parse(instant, item.CreatedAt)
	if err != nil {
		return mail.Message{}, fmt.Errorf("created_at: %w", err)
	}
	m := mail.Message{
		ID: item.ID, Person: person, From: s.from, To: netmail.Address{Name: item.Name, Address: item.To}, Date: asked,
	}
	if item.Template == farewell {
		m.Person = "" // nobody is left whom a bounce could be noted on
	}
	if item.Calendar.Text != "" {
		m.Attachments = []mail.Attachment{{
			Name: "invitation.ics", ContentType: "text/calendar; method=" + item.Calendar.Method + "; charset=utf-8",
			Content: []byte(item.Calendar.Text),
		}}
	}
	if !receipts[item.Template] {
		token, err := s.unsubscribeToken(ctx, person, item.CreatedAt, asked)
		if err != nil {
			return mail.Message{}, err
		}
		m.Unsubscribe = s.origin + "/desinscription?token=" + token
	}
	return m, render(&m, item, s.origin)
}

// render fills the subject and the two parts of a message.
func render(m *mail.Message, item mailItem, origin string) error {
	text, err := letters.text(item.Template)
	if err != nil {
		return err
	}
	html, err := letters.html(item.Template)
	if err != nil {
		return err
	}
	v := view{Name: greeted(item.Name), Data: item.Data, Unsubscribe: m.Unsubscribe, Origin: origin}
	var subject, plain, markup bytes.Buffer
	if err := text.ExecuteTemplate(&subject, "subject", v); err != nil {
		return err
	}
	v.Subject = subject.String()
	if err := errors.Join(
		text.ExecuteTemplate(&plain, "layout", v),
		html.ExecuteTemplate(&markup, "layout", v),
	); err != nil {
		return err
	}
	m.Subject, m.Text, m.HTML = v.Subject, plain.String(), markup.String()
	return nil
}

// view is what templates read.
type view struct {
	Subject     string
	Name        string // to greet; may be empty
	Data        map[string]string
	Unsubscribe string // URL; empty on receipts
	Origin      string // of the public pages
}

// link is a URL and the words that stand for it.
type link struct{ URL, Label string }

// Link makes a link to one of our own pages. It returns an error for what is
// no path: an intent must not lead elsewhere.
func (v view) Link(path, label string) (link, error) {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return link{}, errors.New("a link is not a path of ours")
	}
	return link{v.Origin + path, label}, nil
}

// linkish is what mail programs make a link of by themselves.
var linkish = regexp.MustCompile(`[/:@\\]|[\p{L}\p{N}]\.[\p{L}\p{N}]`)

// greeted is the name to greet a person by. Anyone may have typed it, with
// the address of anyone else: a name that would become a link is left out, so
// that our mails carry nobody's advertisement.
func greeted(name string) string {
	if linkish.MatchString(name) {
		return ""
	}
	return name
}
