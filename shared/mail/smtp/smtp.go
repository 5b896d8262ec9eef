// Package smtp hands messages to any SMTP server: a laptop's mailbox, Mailpit,
// or a provider's relay.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/mail/mime"
)

// Deadline bounds the connection, its greeting, TLS and authentication
// together, and then again the delivery of one message.
const Deadline = 10 * time.Second

// Sender is an SMTP server. Its method Send may be called by several at once.
type Sender struct {
	host    string
	options []gomail.Option
}

// New reads the address of a server: smtp://user:password@host:port, where
// STARTTLS is used when the server offers it, or smtps:// for TLS from the
// first byte. Ports are 587 and 465 (RFC 8314) unless said otherwise. A
// password is never sent in clear: without TLS, nothing is sent.
func New(address string) (*Sender, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		// The address may hold a password: it is not repeated.
		return nil, errors.New("SMTP_URL is not of the form smtp://user:password@host:port or smtps://…")
	}
	port := 587
	tlsOption := gomail.WithTLSPolicy(gomail.TLSOpportunistic)
	if u.Scheme == "smtps" {
		port, tlsOption = 465, gomail.WithSSL()
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, errors.New("SMTP_URL has a port that is no number")
		}
	}
	options := []gomail.Option{
		gomail.WithPort(port), tlsOption, gomail.WithTimeout(Deadline),
		gomail.WithTLSConfig(&tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}),
		// An RSET after a delivery may fail though the mail is on its way.
		gomail.WithoutRset(),
		gomail.WithoutNoop(),
	}
	if password, given := u.User.Password(); given {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	return &Sender{host: u.Hostname(), options: options}, nil
}

// Send delivers one message over a connection of its own, within twice Deadline.
func (s *Sender) Send(ctx context.Context, m mail.Message) (receipt string, err error) {
	msg, err := mime.New(m)
	if err != nil {
		return "", err
	}
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return "", fmt.Errorf("SMTP client: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return "", &mail.Failure{Verdict: mail.Down, Reason: "connect: " + cause(err)}
	}
	// What happens after the server took the mail, in QUIT, changes nothing.
	defer func() { _ = client.Close() }()
	if err := client.Send(msg); err != nil && !msg.IsDelivered() {
		return "", failure(err)
	}
	return receiptIn(msg.ServerResponse()), nil
}

// receiptIn is the server's word for the message that it took ("2.0.0 Ok:
// queued as 4F2A"), for whoever looks for it there. Some servers repeat the
// address in it: such an answer is not kept.
func receiptIn(response string) string {
	response = strings.TrimSpace(response)
	if len(response) > maxReceipt || strings.Contains(response, "@") {
		return ""
	}
	return response
}

// maxReceipt is the longest reply line of a server, in bytes
// (https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.5).
const maxReceipt = 512

// cause says why no connection stands, without the text of the server.
func cause(err error) string {
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout():
		return "time-out"
	case errors.As(err, &network):
		return "network"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "cancelled"
	}
	return "greeting, TLS or authentication"
}

// stages are the SMTP commands at which a delivery stops, for the log.
var stages = map[gomail.SendErrReason]string{
	gomail.ErrSMTPMailFrom: "MAIL", gomail.ErrSMTPRcptTo: "RCPT",
	gomail.ErrSMTPData: "DATA", gomail.ErrSMTPDataClose: "DATA", gomail.ErrWriteContent: "DATA",
}

// failure reads the reply of the server
// (https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1, RFC 3463).
func failure(err error) *mail.Failure {
	var refusal *gomail.SendError
	if !errors.As(err, &refusal) {
		return &mail.Failure{Verdict: mail.Down, Reason: "connection lost"}
	}
	stage, known := stages[refusal.Reason]
	if !known {
		stage = "other"
	}
	code, enhanced := refusal.ErrorCode(), refusal.EnhancedStatusCode()
	return &mail.Failure{
		Verdict: verdict(stage, code, enhanced),
		Reason:  strings.TrimSpace(fmt.Sprintf("%s %d %s", stage, code, enhanced)),
	}
}

func verdict(stage string, code int, enhanced string) mail.Verdict {
	switch {
	case code == 0 || code == 421: // the connection broke, or the server closes
		return mail.Down
	case code < 500 || stage == "MAIL": // a refused sender is our own mistake: mended, the mail still goes
		return mail.Later
	case stage == "RCPT" && badAddress(code, enhanced):
		return mail.NoSuchAddress
	}
	return mail.Refused
}

// badAddress tells a mailbox that does not exist from a server that does not
// want this mail: by the enhanced code (5.1.x, RFC 3463 section 3.2), else by
// the replies that RFC 5321 has for mailboxes.
func badAddress(code int, enhanced string) bool {
	if enhanced != "" {
		return strings.HasPrefix(enhanced, "5.1.")
	}
	return code == 550 || code == 551 || code == 553
}
