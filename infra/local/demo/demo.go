// Package demo fills a local host with people and organisations who do not
// exist, so that pages have something to show. It signs and confirms through
// the public calls, as visitors do: nothing is written behind their back.
package demo

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

//go:embed allies.json
var allies []byte

// entry is someone who signed some days ago.
type entry struct {
	DaysAgo      int             `json:"days_ago"`
	Kind         string          `json:"kind"`
	Organisation json.RawMessage `json:"organisation"`
	Person       json.RawMessage `json:"person"`
	Consents     json.RawMessage `json:"consents"`
}

type signing struct {
	Kind         string          `json:"kind"`
	Organisation json.RawMessage `json:"organisation,omitempty"`
	Person       json.RawMessage `json:"person"`
	Charter      acceptance      `json:"charter"`
	Consents     json.RawMessage `json:"consents"`
}

type acceptance struct {
	Version  string `json:"version"`
	Accepted bool   `json:"accepted"`
}

// Load lets everyone sign at their time and confirm from their mail, plans
// sessions to come that some of them book, opens cohorts, then empties the mailbox. It does nothing when no
// function takes signatures.
func Load(ctx context.Context, host http.Handler) error {
	c := caller{ctx, host, new(atomic.Int64), "", nil}
	var charter struct{ Version string }
	if err := c.call(http.MethodGet, "/v1/charter", nil, &charter); err != nil {
		if status(err) == http.StatusNotFound {
			return nil
		}
		return err
	}
	var entries []entry
	if err := json.Unmarshal(allies, &entries); err != nil {
		return err
	}
	now := time.Now()
	for len(entries) > 0 { // the oldest come first
		day := entries[0].DaysAgo
		last := 0
		for last < len(entries) && entries[last].DaysAgo == day {
			last++
		}
		if err := c.signOn(now.AddDate(0, 0, -day), charter.Version, entries[:last]); err != nil {
			return err
		}
		entries = entries[last:]
	}
	if err := c.call(http.MethodDelete, "/_dev/clock", nil, nil); err != nil {
		return err
	}
	if err := c.planAgenda(now); err != nil {
		return err
	}
	if err := c.openCohorts(now); err != nil {
		return err
	}
	if err := c.publishLibrary(now); err != nil {
		return err
	}
	if err := c.call(http.MethodPost, "/_dev/settle", nil, nil); err != nil {
		return err
	}
	return c.call(http.MethodDelete, "/_dev/mail", nil, nil)
}

// signOn has these people sign on one day.
func (c caller) signOn(day time.Time, version string, entries []entry) error {
	if err := c.call(http.MethodPost, "/_dev/clock", map[string]time.Time{"now": day.UTC()}, nil); err != nil {
		return err
	}
	err := each(entries, func(e entry) error {
		return c.call(http.MethodPost, "/v1/registrations",
			signing{e.Kind, e.Organisation, e.Person, acceptance{version, true}, e.Consents}, nil)
	})
	if err != nil {
		return err
	}
	if err := c.call(http.MethodPost, "/_dev/settle", nil, nil); err != nil {
		return err
	}
	return each(entries, c.confirm)
}

// confirm follows the link of the mail that came last.
func (c caller) confirm(e entry) error {
	var person struct{ Email string }
	if err := json.Unmarshal(e.Person, &person); err != nil {
		return err
	}
	var mails []struct{ Links []string }
	if err := c.call(http.MethodGet, "/_dev/mail?to="+url.QueryEscape(person.Email), nil, &mails); err != nil {
		return err
	}
	for _, mail := range mails {
		for _, link := range mail.Links {
			address, err := url.Parse(link)
			if err == nil && strings.HasSuffix(address.Path, "/confirmer") {
				return c.call(http.MethodPost, "/v1/registrations/confirm", map[string]string{"token": address.Query().Get("token")}, nil)
			}
		}
	}
	return fmt.Errorf("%d mails came and none has a link to confirm", len(mails))
}

// atOnce is how many people act at the same time.
const atOnce = 4

// each does something for all entries and returns one of the errors.
func each[T any](entries []T, do func(T) error) error {
	var group sync.WaitGroup
	places := make(chan struct{}, atOnce)
	failed := make(chan error, len(entries))
	for _, e := range entries {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			if err := do(e); err != nil {
				failed <- err
			}
		})
	}
	group.Wait()
	close(failed)
	return <-failed
}

// caller is a client of the host that needs no network.
type caller struct {
	ctx     context.Context
	host    http.Handler
	calls   *atomic.Int64
	token   string // of the team, empty for visitors
	headers map[string]string
}

// unexpected is an answer that is not a good one.
type unexpected struct {
	call   string
	status int
	body   string
}

func (u *unexpected) Error() string {
	return fmt.Sprintf("%s answers %d: %s", u.call, u.status, u.body)
}

func status(err error) int {
	var u *unexpected
	if errors.As(err, &u) {
		return u.status
	}
	return 0
}

// call sends JSON and reads the JSON that comes back into out, unless nil.
func (c caller) call(method, target string, in, out any) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request := httptest.NewRequestWithContext(c.ctx, method, target, bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	// Everyone has an address of their own, so that no limit slows them (RFC 5737).
	request.RemoteAddr = fmt.Sprintf("198.51.100.%d:4000", c.calls.Add(1)%250+1)
	answer := httptest.NewRecorder()
	c.host.ServeHTTP(answer, request)
	if answer.Code >= http.StatusBadRequest {
		path, _, _ := strings.Cut(target, "?")
		return &unexpected{method + " " + path, answer.Code, answer.Body.String()}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Body.Bytes(), out)
}
