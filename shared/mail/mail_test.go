package mail

import (
	"encoding/json"
	"errors"
	"fmt"
	netmail "net/mail"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

func whole() Message {
	return Message{
		ID: "mail_1", From: netmail.Address{Name: "Nous", Address: "nous@fabrique.example"},
		To:      netmail.Address{Name: "Camille", Address: "camille@exemple.fr"},
		Subject: "Bonjour", Text: "t", HTML: "<p>h", Date: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC),
		Headers: map[string]string{"X-Test": "v"}, Attachments: []Attachment{{Name: "a.ics", ContentType: "text/calendar"}},
		Unsubscribe: "https://fabrique.example/desinscription?token=x",
	}
}

func TestCheck(t *testing.T) {
	if err := whole().Check(); err != nil {
		t.Fatal(err)
	}
	const secret = "secret"
	for name, spoil := range map[string]func(m *Message, bad string){
		"id":                func(m *Message, bad string) { m.ID = bad },
		"subject":           func(m *Message, bad string) { m.Subject = bad },
		"sender's name":     func(m *Message, bad string) { m.From.Name = bad },
		"sender's address":  func(m *Message, bad string) { m.From.Address = bad },
		"name":              func(m *Message, bad string) { m.To.Name = bad },
		"address":           func(m *Message, bad string) { m.To.Address = bad },
		"unsubscribe":       func(m *Message, bad string) { m.Unsubscribe = bad },
		"header":            func(m *Message, bad string) { m.Headers = map[string]string{"X": bad} },
		"header's name":     func(m *Message, bad string) { m.Headers = map[string]string{bad: "v"} },
		"attachment's name": func(m *Message, bad string) { m.Attachments[0].Name = bad },
		"attachment's type": func(m *Message, bad string) { m.Attachments[0].ContentType = bad },
	} {
		for _, control := range []string{"\r\nBcc: x@exemple.fr", "\n", "\r", "\x00", "\x7f", "\u0085", "\u2028", "\u2029"} {
			m := whole()
			spoil(&m, secret+control)
			if err := m.Check(); err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("%s with %q: %v, want an error that does not repeat it", name, control, err)
			}
		}
	}
	for name, spoil := range map[string]func(m *Message){
		"no id": func(m *Message) { m.ID = "" }, "no subject": func(m *Message) { m.Subject = "" },
		"no text": func(m *Message) { m.Text = "" }, "no HTML": func(m *Message) { m.HTML = "" },
		"no date": func(m *Message) { m.Date = time.Time{} }, "id with an at": func(m *Message) { m.ID = "a@b" },
		"header's name with a space": func(m *Message) { m.Headers = map[string]string{"X Y": "v"} },
	} {
		m := whole()
		spoil(&m)
		if m.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := whole().MessageID(); got != "mail_1@fabrique.example" {
		t.Errorf("Message-ID %s", got)
	}
}

// record is a change of a table as a stream brings it: %s is its event name,
// and the rest is changed by the tests.
const record = `{"eventName":"INSERT","dynamodb":{
	"Keys":{"pk":{"S":"PERSON#abc"},"sk":{"S":"MAIL#mail_1"}},
	"NewImage":{"pk":{"S":"PERSON#abc"},"sk":{"S":"MAIL#mail_1"},"mail_id":{"S":"mail_1"},"template":{"S":"welcome"},
		"to":{"S":"Camille@exemple.fr"},"name":{"S":""},"data":{"M":{"me":{"S":"/mes-donnees"}}},
		"created_at":{"S":"2026-03-10T09:00:00.5Z"},"expires_at":{"N":"1"}}}}`

func read(t *testing.T, text string) (Intent, bool, error) {
	t.Helper()
	var change events.DynamoDBEventRecord
	if err := json.Unmarshal([]byte(text), &change); err != nil {
		t.Fatal(err)
	}
	return IntentIn(change)
}

func TestIntentIn(t *testing.T) {
	got, ok, err := read(t, record)
	want := NewIntent("mail_1", "welcome", "abc", "Camille@exemple.fr", "",
		map[string]string{"me": "/mes-donnees"}, time.Date(2026, 3, 10, 9, 0, 0, 5e8, time.UTC))
	want.ExpiresAt = 0 // of no use to who sends
	if err != nil || !ok || !reflect.DeepEqual(got, want) || got.Person() != "abc" {
		t.Errorf("%+v %t %v, want %+v", got, ok, err, want)
	}
	for name, other := range map[string][2]string{
		"removed":      {`"INSERT"`, `"REMOVE"`},
		"another item": {`"sk":{"S":"MAIL#mail_1"}},` + "\n", `"sk":{"S":"ALLY#1"}},` + "\n"},
	} {
		if _, ok, err := read(t, strings.Replace(record, other[0], other[1], 1)); ok || err != nil {
			t.Errorf("%s: %t %v, want neither an intent nor an error", name, ok, err)
		}
	}
	for name, broken := range map[string][2]string{
		"no address":        {`"to":{"S":"Camille@exemple.fr"}`, `"to":{"S":""}`},
		"no template":       {`"template":{"S":"welcome"}`, `"template":{"N":"1"}`},
		"no instant":        {`"2026-03-10T09:00:00.5Z"`, `"yesterday"`},
		"another id":        {`"mail_id":{"S":"mail_1"}`, `"mail_id":{"S":"mail_2"}`},
		"nobody":            {`"pk":{"S":"PERSON#abc"}`, `"pk":{"S":"PERSON#"}`},
		"another partition": {`"pk":{"S":"PERSON#abc"}`, `"pk":{"S":"ALLY#abc"}`},
	} {
		_, ok, err := read(t, strings.Replace(record, broken[0], broken[1], 1))
		if ok || err == nil || strings.Contains(err.Error(), "@") {
			t.Errorf("%s: %t %v, want an error without the address", name, ok, err)
		}
	}
}

func TestFailureOf(t *testing.T) {
	failure := &Failure{NoSuchAddress, "RCPT 550 5.1.1"}
	if got := FailureOf(fmt.Errorf("send: %w", failure)); got != failure || got.Error() != "no-such-address: RCPT 550 5.1.1" {
		t.Errorf("%v", got)
	}
	if got := FailureOf(errors.New("to camille@exemple.fr")); got.Verdict != Later || strings.Contains(got.Error(), "@") {
		t.Errorf("an unknown error: %v", got)
	}
}
