package host

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func TestClockIsSetRunsOnAndGoesBack(t *testing.T) {
	h, g := open(t, Options{})
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/clock", `{"now":"2031-05-04T10:30:00Z"}`))
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/settle", "")) // by then the schedule waits for eleven
	out := must(t, http.StatusOK, call(t, h, "POST", "/_dev/clock", `{"now":"2031-05-04T10:59:59.700Z"}`))
	if now, _ := out["now"].(string); !strings.HasPrefix(now, "2031-05-04T10:59:59") {
		t.Errorf("clock %v", out)
	}
	out = must(t, http.StatusOK, call(t, h, "GET", "/v1/notes/x", ""))
	if now, _ := out["now"].(string); !strings.HasPrefix(now, "2031-05-04T1") {
		t.Errorf("a function reads %v", out["now"])
	}
	waitFor(t, "the schedule of eleven o'clock", func() bool { g.mu.Lock(); defer g.mu.Unlock(); return len(g.due) == 1 })
	if want := time.Date(2031, time.May, 4, 11, 0, 0, 0, time.UTC); !g.due[0].Equal(want) {
		t.Errorf("due %v, want %v", g.due[0], want)
	}
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/clock", `{"now":"2032-01-01T00:10:00+01:00"}`))
	must(t, http.StatusOK, call(t, h, "DELETE", "/_dev/clock", ""))
	if drift := time.Since(h.clock.Now()); drift.Abs() > time.Minute {
		t.Errorf("%v from real time", drift)
	}
	if g.mu.Lock(); len(g.due) != 1 {
		t.Errorf("caught up: %v", g.due)
	}
	g.mu.Unlock()
	for _, bad := range []string{"", `{}`, `{"now":"demain"}`} {
		must(t, http.StatusBadRequest, call(t, h, "POST", "/_dev/clock", bad))
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come", what)
		}
	}
}

func TestSchedulesRunOnDemand(t *testing.T) {
	h, g := open(t, Options{})
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/clock", `{"now":"2031-05-04T10:20:00Z"}`))
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/schedules/hourly", ""))
	if len(g.due) != 1 || g.due[0].Truncate(time.Minute).Format(time.RFC3339) != "2031-05-04T10:20:00Z" {
		t.Errorf("due %v", g.due)
	}
	out := must(t, http.StatusNotFound, call(t, h, "POST", "/_dev/schedules/daily", ""))
	if detail, _ := out["detail"].(string); !strings.Contains(detail, "hourly") {
		t.Errorf("detail %q does not name the schedules", detail)
	}
}

func TestTokensOpenTeamRoutesByTheClock(t *testing.T) {
	h, _ := open(t, Options{})
	token := func(role string) string {
		out := must(t, http.StatusOK, call(t, h, "GET", "/_dev/token?role="+role, ""))
		value, _ := out["access_token"].(string)
		return "Bearer " + value
	}
	must(t, http.StatusUnauthorized, call(t, h, "GET", "/v1/team", ""))
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/clock", `{"now":"2031-05-04T10:20:00Z"}`))
	team := token("team")
	out := must(t, http.StatusOK, call(t, h, "GET", "/v1/team", "", "Authorization", team))
	if email, _ := out["email"].(string); !strings.HasSuffix(email, "@fabrique.example") {
		t.Errorf("member %v", out)
	}
	must(t, http.StatusOK, call(t, h, "GET", "/v1/team", "", "Authorization", token("admin")))
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/clock", `{"now":"2031-05-05T10:20:00Z"}`))
	must(t, http.StatusUnauthorized, call(t, h, "GET", "/v1/team", "", "Authorization", team))
	must(t, http.StatusUnprocessableEntity, call(t, h, "GET", "/_dev/token?role=king", ""))
}

func TestRateLimitIsThatOfTheCommandLine(t *testing.T) {
	h, _ := open(t, Options{RateLimit: 2})
	must(t, http.StatusCreated, call(t, h, "POST", "/v1/notes", `{"text":"un"}`))
	must(t, http.StatusCreated, call(t, h, "POST", "/v1/notes", `{"text":"deux"}`))
	must(t, http.StatusTooManyRequests, call(t, h, "POST", "/v1/notes", `{"text":"trois"}`))
}

func TestInvokeSendsAnyPayload(t *testing.T) {
	h, g := open(t, Options{})
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/invoke/guestbook", `{"schedule":"hourly","due":"2026-03-10T09:00:00Z"}`))
	if len(g.due) != 1 {
		t.Error("the schedule did not run")
	}
	must(t, http.StatusInternalServerError, call(t, h, "POST", "/_dev/invoke/guestbook", `{}`))
	must(t, http.StatusNotFound, call(t, h, "POST", "/_dev/invoke/nobody", `{}`))
}

func TestDataStayOverARestart(t *testing.T) {
	data := t.TempDir()
	h, g := open(t, Options{DataDir: data})
	must(t, http.StatusCreated, call(t, h, "POST", "/v1/notes", `{"text":"un"}`))
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/settle", ""))
	secret := must(t, http.StatusOK, call(t, h, "GET", "/_dev/partners/occitanie", ""))
	key, err := g.rt.ReadSecret(t.Context(), function.LinkKey)
	if err != nil || len(key) < 32 {
		t.Fatalf("key of %d bytes (%v)", len(key), err)
	}
	h.Close()

	h, g = open(t, Options{DataDir: data})
	must(t, http.StatusCreated, call(t, h, "POST", "/v1/notes", `{"text":"deux"}`))
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/settle", ""))
	if heard := g.all(); !slices.Equal(heard, []string{"deux", "ledger deux"}) {
		t.Errorf("heard %v: what was consumed came again, or something is lost", heard)
	}
	again, err := g.rt.ReadSecret(t.Context(), function.LinkKey)
	if err != nil || !bytes.Equal(key, again) {
		t.Errorf("the secret changed (%v)", err)
	}
	if out := must(t, http.StatusOK, call(t, h, "GET", "/_dev/partners/occitanie", "")); out["secret"] != secret["secret"] {
		t.Error("the partner's secret changed")
	}
	must(t, http.StatusNotFound, call(t, h, "GET", "/_dev/partners/atlantide", ""))
	if value, _ := secret["secret"].(string); !strings.HasPrefix(value, "whsec_") {
		t.Errorf("secret %q", value)
	}
}

func TestMailArrivesByTheClock(t *testing.T) {
	h, _ := open(t, Options{})
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/clock", `{"now":"2031-05-04T10:20:00Z"}`))
	server := strings.TrimPrefix(h.setting("SMTP_URL"), "smtp://")
	message := "Subject: Bonjour\r\n\r\nVoir https://fabrique.example/a\r\n"
	if err := smtp.SendMail(server, nil, "bonjour@fabrique.example", []string{"Renee@exemple.fr"}, []byte(message)); err != nil {
		t.Fatal(err)
	}
	w := call(t, h, "GET", "/_dev/mail?to=renee%40EXEMPLE.fr", "", "Accept", "*/*")
	var list []map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list) != 1 {
		t.Fatalf("mail %s (%v)", w.Body, err)
	}
	if sent, _ := list[0]["sent_at"].(string); !strings.HasPrefix(sent, "2031-05-04T10:20") || list[0]["subject"] != "Bonjour" {
		t.Errorf("got %v", list[0])
	}
	page := call(t, h, "GET", "/_dev/mail", "", "Accept", "text/html,*/*")
	if !strings.Contains(page.Body.String(), "Boîte aux lettres") || !strings.HasPrefix(page.Header().Get("Content-Type"), "text/html") {
		t.Errorf("page %s", page.Body)
	}
	must(t, http.StatusNoContent, call(t, h, "DELETE", "/_dev/mail", ""))
	if w := call(t, h, "GET", "/_dev/mail", ""); strings.TrimSpace(w.Body.String()) != "[]" {
		t.Errorf("after emptying %s", w.Body)
	}
}
