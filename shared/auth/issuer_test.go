package auth

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// issuer signs whatever it is asked to, good or not, and can be broken: what
// no ready-made issuer does.
type issuer struct {
	*httptest.Server

	mu      sync.Mutex
	keys    map[string]*rsa.PrivateKey
	keysAre int // the status of the answer with the keys
	fetched int
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{keys: map[string]*rsa.PrivateKey{}, keysAre: http.StatusOK}
	i.rotate(t, "first")
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": i.URL, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
		})
	})
	mux.HandleFunc("/keys", i.serveKeys)
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetched++
	w.WriteHeader(i.keysAre)
	var keys []map[string]string
	for id, key := range i.keys {
		keys = append(keys, map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": id,
			"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
		})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": keys})
}

// rotate makes a key the only one.
func (i *issuer) rotate(t *testing.T, id string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = map[string]*rsa.PrivateKey{id: key}
}

// answerKeysWith sets the status of the answer with the keys.
func (i *issuer) answerKeysWith(status int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keysAre = status
}

// claims are those of a good token, with changes.
func (i *issuer) claims(changes map[string]any) map[string]any {
	good := map[string]any{
		"iss": i.URL, "aud": "fabrique", "sub": "member-1", "exp": noon.Add(time.Hour).Unix(), "iat": noon.Unix(), "groups": []string{"team"},
	}
	maps.Copy(good, changes)
	return good
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// unsigned is the part of a token that is signed.
func unsigned(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	first, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return encode(first) + "." + encode(second)
}

// sign makes a token with one of the issuer's keys, which it says is named id.
func (i *issuer) sign(t *testing.T, key *rsa.PrivateKey, id string, claims map[string]any) string {
	t.Helper()
	text := unsigned(t, map[string]any{"alg": "RS256", "kid": id}, claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encode(signature)
}

func (i *issuer) good(t *testing.T, changes map[string]any) string {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	for id, key := range i.keys {
		return i.sign(t, key, id, i.claims(changes))
	}
	t.Fatal("no key")
	return ""
}

func (i *issuer) verifier() *Verifier {
	return NewVerifier(Issuer{URL: i.URL, Audience: "fabrique", RoleClaim: "groups"}, func() time.Time { return noon })
}

func TestWhatATokenMustSay(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	for _, c := range []struct {
		name    string
		changes map[string]any
		roles   []Role // nil: refused
	}{
		{"good", nil, []Role{RoleTeam}},
		{"for several clients", map[string]any{"aud": []string{"other", "fabrique"}}, []Role{RoleTeam}},
		{"without roles", map[string]any{"groups": nil}, []Role{}},
		{"with roles in another form", map[string]any{"groups": "team"}, []Role{}},
		{"with roles of other kinds", map[string]any{"groups": []any{1, "admin", map[string]any{}, "Team"}}, []Role{RoleAdmin}},
		{"for another client", map[string]any{"aud": "other"}, nil},
		{"for nobody", map[string]any{"aud": nil}, nil},
		{"of another issuer", map[string]any{"iss": "https://ailleurs.example"}, nil},
		{"that says it is an outage", map[string]any{"iss": keysNotFetched}, nil},
		{"expired", map[string]any{"exp": noon.Add(-time.Second).Unix()}, nil},
		{"without an end", map[string]any{"exp": nil}, nil},
		{"not good yet", map[string]any{"nbf": noon.Add(time.Hour).Unix()}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			member, err := v.Verify(t.Context(), i.good(t, c.changes))
			if c.roles == nil && !fault.Is(err, "unauthenticated") || c.roles != nil && (err != nil || !slices.Equal(member.Roles, c.roles)) {
				t.Errorf("%+v %v", member, err)
			}
		})
	}
}

// TestSignaturesThatProveNothing are refused even when the issuer's own
// document lists their algorithms
// (https://www.rfc-editor.org/rfc/rfc8725#section-2.1).
func TestSignaturesThatProveNothing(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	key := i.keys["first"]
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	withHMAC := func(secret []byte) string {
		text := unsigned(t, map[string]any{"alg": "HS256", "kid": "first"}, i.claims(nil))
		sum := hmac.New(sha256.New, secret)
		sum.Write([]byte(text))
		return text + "." + encode(sum.Sum(nil))
	}
	for name, forged := range map[string]string{
		"no algorithm":             unsigned(t, map[string]any{"alg": "none"}, i.claims(nil)) + ".",
		"no algorithm, in capital": unsigned(t, map[string]any{"alg": "None", "kid": "first"}, i.claims(nil)) + ".",
		"the public key as secret": withHMAC(der),
		"its text as secret":       withHMAC(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"its number as secret":     withHMAC(key.N.Bytes()),
		"another key by its name":  i.sign(t, other, "first", i.claims(nil)),
		"another key, not named":   i.sign(t, other, "", i.claims(nil)),
		"an unknown key":           i.sign(t, other, "unknown", i.claims(nil)),
		"no signature":             unsigned(t, map[string]any{"alg": "RS256", "kid": "first"}, i.claims(nil)) + ".",
	} {
		t.Run(name, func(t *testing.T) {
			if member, err := v.Verify(t.Context(), forged); !fault.Is(err, "unauthenticated") {
				t.Errorf("%+v %v", member, err)
			}
		})
	}
	// The negative control: the same claims, signed as they should be.
	if _, err := v.Verify(t.Context(), i.sign(t, key, "first", i.claims(nil))); err != nil {
		t.Error(err)
	}
}

func TestNoChangedTokenIsTaken(t *testing.T) {
	i := newIssuer(t)
	v, good := i.verifier(), i.good(t, nil)
	rapid.Check(t, func(r *rapid.T) {
		place := rapid.IntRange(0, len(good)-1).Draw(r, "place")
		changed := []byte(good)
		changed[place] ^= 1 << rapid.IntRange(0, 6).Draw(r, "bit")
		if says(string(changed)) == says(good) {
			return // the last character of a part has bits that say nothing
		}
		if member, err := v.Verify(t.Context(), string(changed)); err == nil {
			r.Errorf("bit of place %d: %+v", place, member)
		}
	})
}

// says is what stands in the parts of a token, empty when one is no base64.
func says(token string) (text string) {
	for part := range strings.SplitSeq(token, ".") {
		decoded, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return ""
		}
		text += string(decoded) + "."
	}
	return text
}

// Keys that cannot be fetched say nothing about the member, even after some were.
func TestKeysThatCannotBeFetched(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	old := i.good(t, nil)
	if _, err := v.Verify(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	i.rotate(t, "second")
	i.answerKeysWith(http.StatusBadGateway)
	if _, err := v.Verify(t.Context(), old); err != nil {
		t.Errorf("the key that is known: %v", err)
	}
	_, err := v.Verify(t.Context(), i.good(t, nil))
	if f := fault.As(err); f == nil || f.Kind != fault.Unavailable || f.Code != "issuer-unavailable" || f.RetryAfter <= 0 {
		t.Errorf("the key that is not: %v", err)
	}
	i.answerKeysWith(http.StatusOK)
	if _, err := v.Verify(t.Context(), i.good(t, nil)); err != nil {
		t.Errorf("when it is back: %v", err)
	}
	for began := time.Now(); ; { // the keys are replaced just after they have served
		_, err := v.Verify(t.Context(), old)
		if fault.Is(err, "unauthenticated") {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("the key that was withdrawn: %v", err)
		}
	}
}

// Keys are not asked for at each call.
func TestKeysAreKept(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	for range 20 {
		if _, err := v.Verify(t.Context(), i.good(t, nil)); err != nil {
			t.Fatal(err)
		}
	}
	if i.fetched > 3 { // one; calls that come while they are being kept may ask again
		t.Errorf("fetched %d times", i.fetched)
	}
}
