package ses

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

// asked is the body of SendEmail
// (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html).
type asked struct {
	FromEmailAddress     string
	ConfigurationSetName *string
	Destination          struct{ ToAddresses, CcAddresses []string }
	Content              struct{ Raw struct{ Data []byte } }
	EmailTags            []struct{ Name, Value string }
}

// service answers every request alike, and keeps what it was asked.
type service struct {
	status     int
	kind, body string
	calls      int
	path       string
	last       asked
}

func (s *service) start(t *testing.T) aws.Config {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls++
		s.path = r.Method + " " + r.URL.Path
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &s.last)
		}
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		if s.kind != "" {
			w.Header().Set("X-Amzn-ErrorType", s.kind)
		}
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, s.body) // the client is gone if this fails
	}))
	t.Cleanup(server.Close)
	return aws.Config{
		Region: "eu-west-3", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}
}

func message() mail.Message {
	return mail.Message{
		ID: "mail_1", Person: "hash_-1", From: netmail.Address{Name: "L’équipe", Address: "nous@fabrique.example"},
		To: netmail.Address{Name: "Zoë", Address: "zoe@évry.fr"}, Subject: "Été", Text: "t", HTML: "<p>h",
		Date: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC),
	}
}

func TestRequest(t *testing.T) {
	s := service{status: http.StatusOK, body: `{"MessageId":"0104-ses"}`}
	receipt, err := New(s.start(t), "fabrique").Send(t.Context(), message())
	if err != nil || receipt != "0104-ses" || s.path != "POST /v2/email/outbound-emails" {
		t.Fatal(receipt, err, s.path)
	}
	if len(s.last.Destination.ToAddresses) != 1 || s.last.Destination.ToAddresses[0] != "zoe@xn--vry-9la.fr" {
		t.Errorf("to %v", s.last.Destination)
	}
	if from, err := netmail.ParseAddress(s.last.FromEmailAddress); err != nil || from.Name != "L’équipe" || strings.ContainsAny(s.last.FromEmailAddress, "é’") {
		t.Errorf("from %q %v", s.last.FromEmailAddress, err)
	}
	if *s.last.ConfigurationSetName != "fabrique" {
		t.Errorf("configuration set %q", *s.last.ConfigurationSetName)
	}
	tags := map[string]string{}
	for _, tag := range s.last.EmailTags {
		tags[tag.Name] = tag.Value
	}
	if len(tags) != 2 || tags[PersonTag] != "hash_-1" || tags[MailTag] != "mail_1" {
		t.Errorf("tags %v", tags)
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(s.last.Content.Raw.Data))
	if err != nil || parsed.Header.Get("X-Fabrique-Mail") != "mail_1" {
		t.Errorf("raw %v:\n%s", err, s.last.Content.Raw.Data)
	}
}

// TestNobodyToTell is a farewell: what comes back must lead to nobody.
func TestNobodyToTell(t *testing.T) {
	s := service{status: http.StatusOK, body: `{}`}
	m := message()
	m.Person = ""
	if _, err := New(s.start(t), "").Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if len(s.last.EmailTags) > 0 || s.last.ConfigurationSetName != nil {
		t.Errorf("%+v", s.last)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		kind   string
		status int
		want   mail.Verdict
	}{
		{"MessageRejected", 400, mail.Later}, // an address that is not verified yet, too
		{"BadRequestException", 400, mail.Refused},
		{"MailFromDomainNotVerifiedException", 400, mail.Down},
		{"AccountSuspendedException", 400, mail.Down},
		{"SendingPausedException", 400, mail.Down},
		{"LimitExceededException", 400, mail.Down},
		{"TooManyRequestsException", 429, mail.Down},
		{"NotFoundException", 404, mail.Down},
		{"AccessDeniedException", 403, mail.Down},
		{"InternalServiceErrorException", 500, mail.Down},
	} {
		s := service{status: c.status, kind: c.kind, body: `{"message":"about zoe@exemple.fr"}`}
		_, err := New(s.start(t), "").Send(t.Context(), message())
		var failure *mail.Failure
		if !errors.As(err, &failure) || failure.Verdict != c.want || failure.Reason != "SES "+c.kind {
			t.Errorf("%s: %v, want %s", c.kind, err, c.want)
		}
		if s.calls != 1 {
			t.Errorf("%s: asked %d times; sending is not idempotent", c.kind, s.calls)
		}
	}
	server := httptest.NewServer(http.NotFoundHandler())
	cfg := aws.Config{Region: "eu-west-3", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")}
	server.Close()
	_, err := New(cfg, "").Send(t.Context(), message())
	if failure := mail.FailureOf(err); failure.Verdict != mail.Down || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestABadMessageIsNotSent(t *testing.T) {
	s := service{status: http.StatusOK, body: `{}`}
	for spoilt, want := range map[string]mail.Verdict{"zoe": mail.NoSuchAddress, "zoe@exemple.fr\nBcc: x@exemple.fr": mail.Refused} {
		m := message()
		m.To.Address = spoilt
		_, err := New(s.start(t), "").Send(t.Context(), m)
		if mail.FailureOf(err).Verdict != want || s.calls > 0 {
			t.Errorf("%q: %v after %d calls", spoilt, err, s.calls)
		}
	}
}
