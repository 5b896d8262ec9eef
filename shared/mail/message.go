package mail

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"
)

// Message is one e-mail to one person, ready to be handed to a provider.
// Packages mime, smtp and ses below this one turn it into bytes and send it.
type Message struct {
	// ID is the id of the mail. The Message-ID is made of it, so that a mail
	// that had to be sent twice can be recognised as one.
	ID string
	// Person is the keyed hash of the recipient: providers give it back with
	// bounces and complaints. Empty when they must not come back to us.
	Person string
	From   mail.Address
	To     mail.Address
	// Subject is one line of plain text.
	Subject string
	Text    string
	HTML    string
	Date    time.Time
	// Unsubscribe is the URL that takes a one-click POST (RFC 8058). It is
	// empty on receipts: what people asked for a minute ago is no list mail.
	Unsubscribe string
	// Headers are further header fields, by name.
	Headers     map[string]string
	Attachments []Attachment
}

// Attachment is a file that goes with a message.
type Attachment struct {
	Name        string
	ContentType string // "text/calendar; method=REQUEST; charset=utf-8"
	Content     []byte
}

// MessageID is the value of the Message-ID field, without angle brackets
// (https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4). The same mail has
// the same on every attempt, whichever provider takes it.
func (m Message) MessageID() string {
	_, domain, _ := strings.Cut(m.From.Address, "@")
	return m.ID + "@" + domain
}

var (
	idShape   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	nameShape = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
)

// Check returns an error for a message that cannot be sent as it is. Above
// all, nothing that goes into a header may hold a line break or another
// control character: that is how headers are injected. The error names the
// field, never what it holds.
func (m Message) Check() error {
	if !idShape.MatchString(m.ID) {
		return fmt.Errorf("message: the id has characters that a Message-ID cannot have")
	}
	if m.Subject == "" || m.Text == "" || m.HTML == "" || m.Date.IsZero() {
		return fmt.Errorf("message %s: subject, text, HTML and date are needed", m.ID)
	}
	lines := map[string]string{
		"subject": m.Subject, "unsubscribe": m.Unsubscribe,
		"name of the sender": m.From.Name, "name of the recipient": m.To.Name,
		"address of the sender": m.From.Address, "address of the recipient": m.To.Address,
	}
	for name, value := range m.Headers {
		if !nameShape.MatchString(name) {
			return fmt.Errorf("message %s: a header has a name that is not one", m.ID)
		}
		lines["header "+name] = value
	}
	for i, a := range m.Attachments {
		lines[fmt.Sprintf("name of attachment %d", i+1)] = a.Name
		lines[fmt.Sprintf("type of attachment %d", i+1)] = a.ContentType
	}
	for field, value := range lines {
		if strings.ContainsFunc(value, isControl) {
			return fmt.Errorf("message %s: line break or control character in the %s", m.ID, field)
		}
	}
	return nil
}

// isControl tells whether a character may stand for a line break or steer a
// mail program: the C0 and C1 controls and Unicode's line separators.
func isControl(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029'
}
