package signin

import (
	"context"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
)

// TestAFormOutlivesItsSession: it may be sent after signing in again, for a
// week at least, by the same member only.
func TestAFormOutlivesItsSession(t *testing.T) {
	now := time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC)
	s := Sessions{
		Links: auth.Links{Key: func(context.Context) ([]byte, error) { return []byte("a key of tests, long enough for it"), nil }},
		Now:   func() time.Time { return now },
	}
	of := func(id, subject string) Session { return Session{ID: id, Member: auth.Member{Subject: subject}} }
	token, err := s.FormToken(t.Context(), of("sign_1", "member-1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after   time.Duration
		session Session
		given   string
		want    bool
	}{
		{0, of("sign_1", "member-1"), token, true},
		{time.Hour, of("sign_2", "member-1"), token, true},
		{7 * 24 * time.Hour, of("sign_2", "member-1"), token, true},
		{14 * 24 * time.Hour, of("sign_2", "member-1"), token, false},
		{0, of("sign_1", "member-2"), token, false},
		{0, of("sign_1", "member-1"), "", false},
		{0, of("sign_1", "member-1"), token[1:], false},
	} {
		now = time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC).Add(c.after)
		if got, err := s.FormHolds(t.Context(), c.session, c.given); err != nil || got != c.want {
			t.Errorf("after %s, %s of %s: %v (%v), not %v", c.after, c.session.ID, c.session.Member.Subject, got, err, c.want)
		}
	}
}
