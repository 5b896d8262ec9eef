package mailbox

import (
	"fmt"
	"net/http/httptest"
	netsmtp "net/smtp"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const invitation = "From: La Fabrique <bonjour@fabrique.example>\r\n" +
	"To: =?utf-8?q?Ren=C3=A9e?= <Renee@Exemple.fr>\r\n" +
	"Subject: =?utf-8?q?Votre_invitation_=C3=A0_=C3=89vreux?=\r\n" +
	"List-Unsubscribe: <https://fabrique.example/stop?x=1>\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=M\r\n\r\n" +
	"--M\r\nContent-Type: multipart/alternative; boundary=A\r\n\r\n" +
	"--A\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"Ouvrez https://fabrique.example/a?x=3D1&y=3D2. Merci =C3=A0 vous\r\n" +
	"--A\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
	"<p><a href=\"https://fabrique.example/a?x=1&amp;y=2\">Ouvrez</a> <a href='https://fabrique.example/b'>b</a> <a href=\"mailto:a@b.fr\">m</a></p>\r\n" +
	"--A--\r\n" +
	"--M\r\nContent-Type: text/calendar; name=seance.ics\r\nContent-Disposition: attachment; filename=seance.ics\r\n" +
	"Content-Transfer-Encoding: base64\r\n\r\nQkVHSU4=\r\n--M--\r\n"

func open(t *testing.T, file string) *Mailbox {
	t.Helper()
	made := 0
	m, err := Open(Options{
		File: file,
		Now:  func() time.Time { return time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC) },
		ID:   func() string { made++; return fmt.Sprint("mail_", made) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() }) // some tests close it themselves
	return m
}

func send(t *testing.T, m *Mailbox, text string, to ...string) {
	t.Helper()
	if err := netsmtp.SendMail(m.listener.Addr().String(), nil, "bonjour@fabrique.example", to, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func TestMessageIsShownAsItWasSent(t *testing.T) {
	m := open(t, "")
	send(t, m, invitation, "Renee@Exemple.fr")
	list := m.To("renee@exemple.FR")
	if len(list) != 1 {
		t.Fatalf("%d messages, want 1", len(list))
	}
	got := list[0]
	if got.Subject != "Votre invitation à Évreux" || got.To != "Renee@Exemple.fr" || got.ID != "mail_1" {
		t.Errorf("subject %q to %q id %q", got.Subject, got.To, got.ID)
	}
	if !strings.Contains(got.Text, "Merci à vous") || !strings.Contains(got.HTML, "<p>") {
		t.Errorf("text %q html %q", got.Text, got.HTML)
	}
	if want := []string{"https://fabrique.example/a?x=1&y=2", "https://fabrique.example/b"}; !reflect.DeepEqual(got.Links, want) {
		t.Errorf("links %q, want %q", got.Links, want)
	}
	if got.Headers["List-Unsubscribe"] != "<https://fabrique.example/stop?x=1>" {
		t.Errorf("headers %v", got.Headers)
	}
	if len(got.Attachments) != 1 || got.Attachments[0].Name != "seance.ics" || string(got.Attachments[0].Content) != "BEGIN" ||
		got.Attachments[0].ContentType != "text/calendar" {
		t.Errorf("attachments %v", got.Attachments)
	}
	if !got.SentAt.Equal(m.options.Now()) {
		t.Errorf("sent at %v", got.SentAt)
	}
	if others := m.To("autre@exemple.fr"); len(others) != 0 {
		t.Errorf("someone else sees %v", others)
	}
}

func TestMessagesAreKeptOldestFirst(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mail.jsonl")
	m := open(t, file)
	send(t, m, "Subject: un\r\n\r\nun\r\n", "a@exemple.fr", "b@exemple.fr")
	send(t, m, "Subject: deux\r\n\r\ndeux\r\n", "a@exemple.fr")
	// The host is killed in the middle of a line.
	half, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := half.WriteString(`{"id":"mail_`); err != nil {
		t.Fatal(err)
	}
	if err := half.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, file)
	list := again.To("a@exemple.fr")
	if len(list) != 2 || list[0].Subject != "un" || list[1].Subject != "deux" || len(again.To("")) != 3 {
		t.Fatalf("kept %v", list)
	}
	send(t, again, "Subject: trois\r\n\r\n", "a@exemple.fr")
	if list := open(t, file).To("a@exemple.fr"); len(list) != 3 {
		t.Errorf("after a half line %d messages, want 3", len(list))
	}
	if err := again.Empty(); err != nil {
		t.Fatal(err)
	}
	send(t, again, "Subject: quatre\r\n\r\n", "a@exemple.fr")
	if list := open(t, file).To(""); len(list) != 1 || list[0].Subject != "quatre" {
		t.Errorf("after emptying %v", list)
	}
}

func TestPageShowsMessagesAndRunsNothing(t *testing.T) {
	m := open(t, "")
	send(t, m, "Subject: <script>alert(1)</script>\r\nContent-Type: text/html\r\n\r\n<b title=\"x\">bonjour</b><script>alert(2)</script>\r\n", "a@exemple.fr")
	w := httptest.NewRecorder()
	if err := WritePage(w, m.To(""), "", m.options.Now()); err != nil {
		t.Fatal(err)
	}
	body := w.Body.String()
	if strings.Contains(body, "<script>") {
		t.Error("a message writes into the page")
	}
	if !strings.Contains(body, "sandbox=") || strings.Contains(body, "allow-scripts") || !strings.Contains(body, "bonjour") {
		t.Error("the message is not in its frame")
	}
}
