package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

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
	token   string // of the team, or of a booking; empty for visitors
	headers map[string]string
}

func newCaller(ctx context.Context, host http.Handler) caller {
	return caller{ctx: ctx, host: host, calls: new(atomic.Int64)}
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

func (c caller) get(target string, out any) error { return c.call(http.MethodGet, target, nil, out) }

func (c caller) post(target string, in, out any) error {
	return c.call(http.MethodPost, target, in, out)
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

// at sets the clock.
func (c caller) at(now time.Time) error {
	return c.post("/_dev/clock", map[string]time.Time{"now": now.UTC()}, nil)
}

// settle waits until what was done has had its consequences, mails above all.
func (c caller) settle() error { return c.post("/_dev/settle", nil, nil) }

// forgetMails empties the mailbox.
func (c caller) forgetMails() error { return c.call(http.MethodDelete, "/_dev/mail", nil, nil) }

// asTeam is the caller with a token of the team, good for eight hours of the
// clock.
func (c caller) asTeam() (caller, error) {
	var token struct {
		AccessToken string `json:"access_token"`
	}
	err := c.get("/_dev/token?role=team", &token)
	c.token = token.AccessToken
	return c, err
}

// byTeam posts as a member of the team.
func (c caller) byTeam(target string, in, out any) error {
	team, err := c.asTeam()
	if err != nil {
		return err
	}
	return team.post(target, in, out)
}
