package smtp

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	smtpserver "github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"

	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

// server is a mail server that answers each command as a test wants.
type server struct {
	greeting, from, to, data error
	asked                    []string // what it was told
	password                 string   // asked for, when not empty
	tls                      func(*smtpserver.Server, net.Listener) net.Listener
}

func (s *server) start(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	backend := smtpserver.NewServer(smtpserver.BackendFunc(func(*smtpserver.Conn) (smtpserver.Session, error) {
		return &session{s}, s.greeting
	}))
	backend.ErrorLog, backend.AllowInsecureAuth = log.New(io.Discard, "", 0), true
	address = listener.Addr().String()
	if s.tls != nil {
		listener = s.tls(backend, listener)
	}
	go func() { _ = backend.Serve(listener) }() // returns when it is closed
	t.Cleanup(func() { _ = backend.Close() })
	return address
}

type session struct{ server *server }

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtpserver.MailOptions) error {
	s.server.asked = append(s.server.asked, from)
	return s.server.from
}

func (s *session) Rcpt(to string, _ *smtpserver.RcptOptions) error {
	s.server.asked = append(s.server.asked, to)
	return s.server.to
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.server.asked = append(s.server.asked, string(text))
	if err != nil {
		return err
	}
	return s.server.data
}

func (s *session) AuthMechanisms() []string {
	if s.server.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, name, password string) error {
		if name != "relais" || password != s.server.password {
			return smtpserver.ErrAuthFailed
		}
		return nil
	}), nil
}

func message() mail.Message {
	return mail.Message{
		ID: "mail_1", From: netmail.Address{Address: "nous@fabrique.example"}, To: netmail.Address{Address: "zoe@évry.fr"},
		Subject: "s", Text: "t", HTML: "<p>h", Date: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC),
	}
}

func send(t *testing.T, url string) (string, error) {
	t.Helper()
	sender, err := New(url)
	if err != nil {
		t.Fatal(err)
	}
	return sender.Send(t.Context(), message())
}

func reply(code int, enhanced ...int) error {
	e := &smtpserver.SMTPError{Code: code, EnhancedCode: smtpserver.NoEnhancedCode, Message: "about <zoe@exemple.fr>"}
	if len(enhanced) == 3 {
		e.EnhancedCode = smtpserver.EnhancedCode{enhanced[0], enhanced[1], enhanced[2]}
	}
	return e
}

func TestReplies(t *testing.T) {
	for _, c := range []struct {
		name   string
		server server
		want   mail.Verdict
		reason string
	}{
		{"no such mailbox", server{to: reply(550, 5, 1, 1)}, mail.NoSuchAddress, "RCPT 550 5.1.1"},
		{"no such domain", server{to: reply(550, 5, 1, 2)}, mail.NoSuchAddress, "RCPT 550 5.1.2"},
		{"no such mailbox, old server", server{to: reply(550)}, mail.NoSuchAddress, "RCPT 550"},
		{"box full for good", server{to: reply(552, 5, 2, 2)}, mail.Refused, "RCPT 552 5.2.2"},
		{"blocked by policy", server{to: reply(550, 5, 7, 1)}, mail.Refused, "RCPT 550 5.7.1"},
		{"greylisted", server{to: reply(451, 4, 7, 1)}, mail.Later, "RCPT 451 4.7.1"},
		{"sender not verified", server{from: reply(550, 5, 1, 1)}, mail.Later, "MAIL 550 5.1.1"},
		{"content refused", server{data: reply(554, 5, 6, 0)}, mail.Refused, "DATA 554 5.6.0"},
		{"content not now", server{data: reply(452, 4, 3, 1)}, mail.Later, "DATA 452 4.3.1"},
		{"closing", server{to: reply(421, 4, 3, 2)}, mail.Down, "RCPT 421 4.3.2"},
		{"not at home", server{greeting: reply(421, 4, 3, 2)}, mail.Down, "connect: greeting, TLS or authentication"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := send(t, "smtp://"+c.server.start(t))
			var failure *mail.Failure
			if !errors.As(err, &failure) || failure.Verdict != c.want || failure.Reason != c.reason {
				t.Fatalf("%v, want %s: %s", err, c.want, c.reason)
			}
		})
	}
}

func TestDelivery(t *testing.T) {
	s := server{}
	receipt, err := send(t, "smtp://"+s.start(t))
	if err != nil || receipt == "" {
		t.Fatal(receipt, err)
	}
	if len(s.asked) != 3 || s.asked[0] != "nous@fabrique.example" || s.asked[1] != "zoe@xn--vry-9la.fr" ||
		!strings.Contains(s.asked[2], "Message-ID: <mail_1@fabrique.example>") {
		t.Errorf("%q", s.asked)
	}
}

func TestReceiptIn(t *testing.T) {
	for response, want := range map[string]string{
		" 2.0.0 Ok: queued as 4F2A \r\n": "2.0.0 Ok: queued as 4F2A", "": "",
		"2.0.0 <zoe@exemple.fr> accepted": "", strings.Repeat("x", 600): "",
	} {
		if got := receiptIn(response); got != want {
			t.Errorf("%q: %q", response, got)
		}
	}
}

// TestAuthentication tries both ways to TLS, and none.
func TestAuthentication(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate of 127.0.0.1
	defer web.Close()
	trusting := gomail.WithTLSConfig(&tls.Config{
		ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12,
		RootCAs: web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
	})
	send := func(url string) error {
		sender, err := New(url)
		if err != nil {
			t.Fatal(err)
		}
		sender.options = append(sender.options, trusting)
		_, err = sender.Send(t.Context(), message())
		return err
	}
	for scheme, offered := range map[string]func(s *smtpserver.Server, l net.Listener) net.Listener{
		"smtp": func(s *smtpserver.Server, l net.Listener) net.Listener {
			s.TLSConfig = web.TLS.Clone()
			return l
		},
		"smtps": func(_ *smtpserver.Server, l net.Listener) net.Listener { return tls.NewListener(l, web.TLS.Clone()) },
	} {
		s := server{password: "sésame", tls: offered}
		address := s.start(t)
		if err := send(scheme + "://relais:s%C3%A9same@" + address); err != nil || len(s.asked) != 3 {
			t.Errorf("%s: %v", scheme, err)
		}
		err := send(scheme + "://relais:faux@" + address)
		if failure := mail.FailureOf(err); failure.Verdict != mail.Down || strings.Contains(err.Error(), "faux") {
			t.Errorf("%s, wrong password: %v", scheme, err)
		}
	}
	s := server{password: "sésame"}
	err := send("smtp://relais:s%C3%A9same@" + s.start(t))
	if failure := mail.FailureOf(err); err == nil || failure.Verdict != mail.Down || len(s.asked) > 0 {
		t.Errorf("without TLS: %v, asked %q", err, s.asked)
	}
}

func TestNobodyThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	silent, err := New("smtp://" + address) // it takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	silent.options = append(silent.options, gomail.WithTimeout(50*time.Millisecond))
	var failure *mail.Failure
	if _, err := silent.Send(t.Context(), message()); !errors.As(err, &failure) || failure.Verdict != mail.Down {
		t.Errorf("silent: %v", err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := send(t, "smtp://"+address); !errors.As(err, &failure) || failure.Verdict != mail.Down || failure.Reason != "connect: network" {
		t.Errorf("nobody: %v", err)
	}
}

func TestNew(t *testing.T) {
	for address, want := range map[string]bool{
		"smtp://localhost": true, "smtps://relais:secret@smtp.example:465": true, "smtp://[::1]:1025": true,
		"": false, "localhost:25": false, "http://smtp.example": false, "smtp://": false, "smtp://host:secret": false,
		"smtp://relais:secret@host:port": false,
	} {
		_, err := New(address)
		if (err == nil) != want || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
