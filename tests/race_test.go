package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/infra/local/host"
)

// TestACrowdBooksThroughTheHost sends many people at once to one session, some
// of whom repeat their request or give up, through the gateway and with all
// streams running, and counts at the end.
func TestACrowdBooksThroughTheHost(t *testing.T) {
	people, seats := 1000, 100
	if testing.Short() || os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" { // where each stream record costs more
		people = 300
	}
	h, err := host.Open(t.Context(), host.Options{Functions: functions.All, PublicURL: "http://127.0.0.1:8080", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	call := func(method, path string, body any, out any, headers ...string) int {
		text, err := json.Marshal(body)
		if err != nil {
			t.Error(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(text))
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if out != nil && w.Code < 300 {
			if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
				t.Errorf("%v: %s", err, w.Body)
			}
		}
		return w.Code
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	call(http.MethodGet, "/_dev/token?role=team", nil, &token)
	team := []string{"Authorization", "Bearer " + token.AccessToken}
	starts := time.Now().AddDate(0, 0, 9).UTC().Truncate(time.Second)
	var session struct {
		ID                           string
		Capacity, SeatsLeft, Waiting int
	}
	call(http.MethodPost, "/v1/sessions", map[string]any{"kind": "assembly", "title": "Assemblée", "mode": "online", "capacity": seats,
		"starts_at": starts, "ends_at": starts.Add(time.Hour)}, &session, team...)

	type booking struct {
		ID     string `json:"booking_id"`
		Status string
		URL    string `json:"manage_url"`
	}
	places := make(chan struct{}, 50)
	var group sync.WaitGroup
	var mu sync.Mutex
	gaveUp := 0
	for n := range people {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			body := map[string]string{"given_name": "P", "family_name": fmt.Sprint(n), "email": fmt.Sprintf("p%d@exemple.example", n)}
			var first, again booking
			path, key := "/v1/sessions/"+session.ID+"/bookings", fmt.Sprint("key-", n)
			code := call(http.MethodPost, path, body, &first, "Idempotency-Key", key)
			for code == http.StatusServiceUnavailable {
				code = call(http.MethodPost, path, body, &first, "Idempotency-Key", key)
			}
			if code != http.StatusCreated {
				t.Errorf("person %d: %d", n, code)
				return
			}
			if n%5 == 0 {
				if code := call(http.MethodPost, path, body, &again, "Idempotency-Key", key); code != http.StatusCreated || again.ID != first.ID {
					t.Errorf("person %d again: %d %s, not %s", n, code, again.ID, first.ID)
				}
			}
			if n%7 == 0 {
				if code := call(http.MethodDelete, "/v1/bookings/"+first.ID, nil, nil, "Authorization", "Bearer "+tokenOf(first.URL)); code != http.StatusOK {
					t.Errorf("person %d gives up: %d", n, code)
				}
				mu.Lock()
				gaveUp++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	var list struct {
		Items []struct {
			Status   string
			Position int
			Email    string
		}
	}
	call(http.MethodGet, "/v1/sessions/"+session.ID+"/bookings", nil, &list, team...)
	states, positions := map[string]int{}, map[int]bool{}
	for _, item := range list.Items {
		states[item.Status]++
		if item.Status == "waiting" {
			positions[item.Position] = true
		}
	}
	want := map[string]int{"confirmed": seats, "waiting": people - gaveUp - seats, "cancelled": gaveUp}
	for state, n := range want {
		if states[state] != n {
			t.Errorf("%d are %s, not %d", states[state], state, n)
		}
	}
	for n := 1; n <= want["waiting"]; n++ {
		if !positions[n] {
			t.Errorf("nobody has position %d", n)
		}
	}
}

func tokenOf(address string) string {
	for i := range address {
		if address[i] == '=' {
			return address[i+1:]
		}
	}
	return ""
}
