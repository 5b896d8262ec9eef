// Package mime writes messages as Internet mail (RFC 5322, RFC 2045): text
// and HTML alternatives, attachments, and the fields that mail programs and
// filters read. It stands apart from package mail so that functions that only
// ask for mails carry no mail library.
package mime

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	ours "github.com/fabrique-des-transitions/fabrique/shared/mail"
)

// MailIDHeader repeats the id of the mail: Amazon SES puts its own Message-ID
// in place of ours (https://docs.aws.amazon.com/ses/latest/dg/header-fields.html),
// and this is then what tells that two mails are one.
const MailIDHeader = "X-Fabrique-Mail"

// New makes the message of the mail library, which package smtp hands over as
// it is. It returns a Refused failure when the message or its address cannot be.
func New(m ours.Message) (*gomail.Msg, error) {
	if err := m.Check(); err != nil {
		return nil, &ours.Failure{Verdict: ours.Refused, Reason: err.Error()}
	}
	to, err := ASCII(m.To)
	if err != nil {
		return nil, err
	}
	from := m.From
	msg := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP),
		gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&from)
	msg.ToMailAddress(&to)
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.MessageID())
	msg.SetDateWithValue(m.Date.UTC())
	for name, value := range m.Headers {
		msg.SetGenHeader(gomail.Header(name), value)
	}
	msg.SetGenHeader(MailIDHeader, m.ID)
	// No out-of-office answer to a machine (https://www.rfc-editor.org/rfc/rfc3834#section-5).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Unsubscribe != "" {
		// Both fields, exactly so: https://www.rfc-editor.org/rfc/rfc8058#section-3.1.
		// The URL goes in as it is: encoded or folded, programs do not find it.
		msg.SetGenHeaderPreformatted("List-Unsubscribe", "<"+m.Unsubscribe+">")
		msg.SetGenHeaderPreformatted("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	for _, a := range m.Attachments {
		err := msg.AttachReader(a.Name, bytes.NewReader(a.Content),
			gomail.WithFileContentType(gomail.ContentType(a.ContentType)))
		if err != nil {
			return nil, fmt.Errorf("message %s: attachment: %w", m.ID, err)
		}
	}
	return msg, nil
}

// Bytes is the message as it travels.
func Bytes(m ours.Message) ([]byte, error) {
	msg, err := New(m)
	if err != nil {
		return nil, err
	}
	var raw bytes.Buffer
	if _, err := msg.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("message %s: %w", m.ID, err)
	}
	return raw.Bytes(), nil
}

// ASCII checks an address and writes its domain as mail servers want it:
// "mairie@évry.fr" is delivered at xn--vry-9la.fr (RFC 5890). It returns a
// NoSuchAddress failure for what is no address.
func ASCII(address mail.Address) (mail.Address, error) {
	none := &ours.Failure{Verdict: ours.NoSuchAddress, Reason: "malformed address"}
	local, domain, found := strings.Cut(address.Address, "@")
	if !found || local == "" {
		return mail.Address{}, none
	}
	domain, err := idna.Lookup.ToASCII(domain)
	if err != nil || domain == "" {
		return mail.Address{}, none
	}
	parsed, err := mail.ParseAddress(local + "@" + domain)
	if err != nil || parsed.Name != "" {
		return mail.Address{}, none
	}
	return mail.Address{Name: address.Name, Address: parsed.Address}, nil
}
