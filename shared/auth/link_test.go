package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

var noon = time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC)

func keyOf(text string) Key {
	return func(context.Context) ([]byte, error) { return []byte(text), nil }
}

var goodKey = keyOf(strings.Repeat("k", 32))

func links(now time.Time) Links { return Links{Key: goodKey, Now: func() time.Time { return now }} }

func TestALinkIsGoodForItsPurposeAndItsTime(t *testing.T) {
	ctx := t.Context()
	token, err := links(noon).Sign(ctx, "confirm", "person/reg_1", noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		links   Links
		purpose Purpose
		token   string
		code    string
	}{
		{"as it was made", links(noon), "confirm", token, ""},
		{"a second before its end", links(noon.Add(time.Hour - time.Second)), "confirm", token, ""},
		{"at its end", links(noon.Add(time.Hour)), "confirm", token, "expired-token"},
		{"for another purpose", links(noon), "session", token, "invalid-token"},
		{"under another key", Links{Key: keyOf(strings.Repeat("x", 32)), Now: links(noon).Now}, "confirm", token, "invalid-token"},
		{"expired, for another purpose", links(noon.Add(2 * time.Hour)), "session", token, "invalid-token"},
		{"empty", links(noon), "confirm", "", "invalid-token"},
		{"without its signature", links(noon), "confirm", strings.Split(token, ".")[0], "invalid-token"},
		{"with an empty signature", links(noon), "confirm", strings.Split(token, ".")[0] + ".", "invalid-token"},
		{"with more behind", links(noon), "confirm", token + ".x", "invalid-token"},
		{"with spaces", links(noon), "confirm", " " + token, "invalid-token"},
		{"very long", links(noon), "confirm", strings.Repeat("A", 1<<20), "invalid-token"},
		{"no base64", links(noon), "confirm", "é.è", "invalid-token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			subject, err := c.links.Open(ctx, c.purpose, c.token)
			switch {
			case c.code == "" && (err != nil || subject != "person/reg_1"):
				t.Errorf("%q %v", subject, err)
			case c.code != "" && (!fault.Is(err, c.code) || subject != ""):
				t.Errorf("%q %v, not %s", subject, err, c.code)
			}
		})
	}
}

// TestNoChangedLinkOpens changes one character of a token anywhere.
func TestNoChangedLinkOpens(t *testing.T) {
	token, err := links(noon).Sign(t.Context(), "confirm", "person/reg_1", noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		place := rapid.IntRange(0, len(token)-1).Draw(r, "place")
		other := rapid.StringMatching(`[A-Za-z0-9_.-]`).Draw(r, "other")
		changed := token[:place] + other + token[place+1:]
		if changed == token {
			return
		}
		if subject, err := links(noon).Open(t.Context(), "confirm", changed); err == nil {
			t.Errorf("%s opens for %s", changed, subject)
		}
	})
}

// TestLinksComeBackAsTheyWere for any subject, up to their end and no longer,
// and for their purpose only.
func TestLinksComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		subject := rapid.StringN(1, 60, 200).Draw(r, "subject")
		purpose := Purpose(rapid.StringMatching(`[a-z-]{1,12}`).Draw(r, "purpose"))
		other := Purpose(rapid.StringMatching(`[a-z-]{1,12}`).Draw(r, "other"))
		life := time.Duration(rapid.IntRange(1, 365*24*3600).Draw(r, "seconds")) * time.Second
		token, err := links(noon).Sign(t.Context(), purpose, subject, noon.Add(life))
		if err != nil {
			r.Fatal(err)
		}
		for at, code := range map[time.Duration]string{0: "", life - time.Nanosecond: "", life: "expired-token", 2 * life: "expired-token"} {
			got, err := links(noon.Add(at)).Open(t.Context(), purpose, token)
			if code == "" && (err != nil || got != subject) || code != "" && !fault.Is(err, code) {
				r.Errorf("after %s of %s: %q %v", at, life, got, err)
			}
		}
		if _, err := links(noon).Open(t.Context(), other, token); other != purpose && !fault.Is(err, "invalid-token") {
			r.Errorf("%s opens for %s: %v", purpose, other, err)
		}
	})
}

func TestAKeyThatIsMissingOrShortIsNoFaultOfTheCaller(t *testing.T) {
	broken := func(context.Context) ([]byte, error) { return nil, errors.New("no secret") }
	for name, key := range map[string]Key{"missing": broken, "short": keyOf("short")} {
		l := Links{Key: key, Now: time.Now}
		if _, err := l.Sign(t.Context(), "p", "s", noon); err == nil || fault.As(err) != nil {
			t.Errorf("%s: sign: %v", name, err)
		}
		token, err := links(noon).Sign(t.Context(), "p", "s", noon)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Open(t.Context(), "p", token); err == nil || fault.As(err) != nil {
			t.Errorf("%s: open: %v", name, err)
		}
	}
}

func TestHashesTellUsesAndKeysApart(t *testing.T) {
	hash := func(key Key, use, text string) string {
		sum, err := Hash(t.Context(), key, use, text)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	one := hash(goodKey, "email", "ada@exemple.fr")
	if one != hash(goodKey, "email", "ada@exemple.fr") {
		t.Error("the same text has two hashes")
	}
	seen := map[string]bool{one: true}
	for _, other := range []string{
		hash(goodKey, "client", "ada@exemple.fr"), hash(keyOf(strings.Repeat("x", 32)), "email", "ada@exemple.fr"),
		hash(goodKey, "email", "bob@exemple.fr"), hash(goodKey, "e", "mail\x00ada@exemple.fr"),
	} {
		if seen[other] || strings.Contains(other, "exemple") {
			t.Errorf("%s", other)
		}
		seen[other] = true
	}
}
