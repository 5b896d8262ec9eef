package mime

import (
	"bytes"
	"errors"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/jhillyerd/enmime/v2"

	ours "github.com/fabrique-des-transitions/fabrique/shared/mail"
)

func message() ours.Message {
	return ours.Message{
		ID: "mail_1", From: mail.Address{Name: "La Fabrique « été »", Address: "nous@fabrique.example"},
		To:      mail.Address{Name: "Zoë d’Évry", Address: "zoe@exemple.fr"},
		Subject: "Où en êtes-vous ? " + strings.Repeat("Une très longue suite. ", 10),
		Text:    "Première ligne, éàç.\n.\nFrom here\n" + strings.Repeat("long ", 400), HTML: "<p>Été &amp; « hiver »</p>",
		Date:        time.Date(2026, 3, 10, 10, 0, 0, 0, time.FixedZone("", 3600)),
		Unsubscribe: "https://fabrique.example/desinscription?token=" + strings.Repeat("abcDEF_-", 25) + ".x",
		Headers:     map[string]string{"X-Test": "oui"},
		Attachments: []ours.Attachment{{Name: "réunion.ics", ContentType: "text/calendar; method=REQUEST; charset=utf-8", Content: []byte("BEGIN:VCALENDAR\r\n\x00\xff")}},
	}
}

func TestBytes(t *testing.T) {
	m := message()
	raw, err := Bytes(m)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(raw, []byte("\r\n")) {
		// https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n") {
			t.Errorf("line %d: %d bytes, or a bare line break", i, len(line))
		}
		for _, b := range line {
			if b > 0x7e || b == 0 {
				t.Fatalf("line %d is not 7 bit: %q", i, line)
			}
		}
	}
	envelope, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil || len(envelope.Errors) > 0 {
		t.Fatal(err, envelope.Errors)
	}
	want := map[string]string{
		"Subject": m.Subject, "Message-Id": "<mail_1@fabrique.example>", "Date": "Tue, 10 Mar 2026 09:00:00 +0000",
		"X-Fabrique-Mail": "mail_1", "Auto-Submitted": "auto-generated", "X-Test": "oui", "Mime-Version": "1.0",
		"List-Unsubscribe": "<" + m.Unsubscribe + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"User-Agent": "", "X-Mailer": "",
	}
	for name, value := range want {
		if got := envelope.GetHeader(name); strings.TrimSpace(got) != strings.TrimSpace(value) {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if got := strings.ReplaceAll(envelope.Text, "\r\n", "\n"); got != m.Text {
		t.Errorf("text %q", got)
	}
	if envelope.HTML != m.HTML {
		t.Errorf("HTML %q", envelope.HTML)
	}
	if len(envelope.Attachments) != 1 || !bytes.Equal(envelope.Attachments[0].Content, m.Attachments[0].Content) ||
		envelope.Attachments[0].FileName != "réunion.ics" || envelope.Attachments[0].ContentType != "text/calendar" {
		t.Errorf("attachments %+v", envelope.Attachments)
	}
	for _, field := range []string{"From", "To"} {
		if list, err := envelope.AddressList(field); err != nil || len(list) != 1 || !strings.ContainsAny(list[0].Name, "éëÉ") {
			t.Errorf("%s: %v %v", field, list, err)
		}
	}
}

// TestOneClickFieldsAreUnfolded: some programs look for them on one line.
func TestOneClickFieldsAreUnfolded(t *testing.T) {
	m := message()
	raw, err := Bytes(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"List-Unsubscribe: <" + m.Unsubscribe + ">", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"} {
		if !bytes.Contains(raw, []byte("\r\n"+line+"\r\n")) {
			t.Errorf("no line %q in\n%s", line, raw)
		}
	}
	m.Unsubscribe = ""
	if raw, err = Bytes(m); err != nil || bytes.Contains(raw, []byte("List-Unsubscribe")) {
		t.Errorf("a receipt: %v\n%s", err, raw)
	}
}

func TestInjectionIsRefused(t *testing.T) {
	m := message()
	m.To.Name = "Zoë\r\nBcc: x@exemple.fr"
	_, err := Bytes(m)
	var failure *ours.Failure
	if !errors.As(err, &failure) || failure.Verdict != ours.Refused || strings.Contains(err.Error(), "x@") {
		t.Errorf("%v", err)
	}
}

func TestASCII(t *testing.T) {
	for typed, want := range map[string]string{
		"zoe@exemple.fr": "zoe@exemple.fr", "Zoe@Exemple.fr": "Zoe@exemple.fr",
		"mairie@évry.fr": "mairie@xn--vry-9la.fr", "x@straße.example": "x@xn--strae-oqa.example",
		"": "", "zoe": "", "@exemple.fr": "", "zoe@": "", "a b@exemple.fr": "", "zoe@exemple..fr": "",
		"zoe@x_y\n.fr": "", "<zoe@exemple.fr>": "", "a@b@exemple.fr": "",
	} {
		got, err := ASCII(mail.Address{Name: "n", Address: typed})
		var failure *ours.Failure
		if want == "" {
			if !errors.As(err, &failure) || failure.Verdict != ours.NoSuchAddress || typed != "" && strings.Contains(err.Error(), typed) {
				t.Errorf("%q: %v %v, want no such address", typed, got, err)
			}
			continue
		}
		if err != nil || got.Address != want || got.Name != "n" {
			t.Errorf("%q: %v %v, want %s", typed, got, err, want)
		}
	}
}
