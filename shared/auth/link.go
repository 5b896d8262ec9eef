package auth

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Purpose is the one thing that a token is good for.
type Purpose string

// Links signs and checks the tokens of links and of people's sessions: a
// subject and an expiry under HMAC-SHA256, bound to a purpose.
type Links struct {
	Key Key
	Now func() time.Time
}

// Sign makes a token for the subject, good for one purpose until the instant.
func (l Links) Sign(ctx context.Context, purpose Purpose, subject string, until time.Time) (string, error) {
	payload := binary.BigEndian.AppendUint64(nil, uint64(until.Unix()))
	payload = append(payload, subject...)
	sum, err := mac(ctx, l.Key, "link:"+string(purpose), string(payload))
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(payload) + "." + encode(sum), nil
}

// Open returns the subject of a token. It returns an Unauthenticated fault
// "invalid-token" when the token is empty, altered or made for another
// purpose, and a Gone fault "expired-token" when it was good once.
func (l Links) Open(ctx context.Context, purpose Purpose, token string) (subject string, err error) {
	invalid := fault.New(fault.Unauthenticated, "invalid-token",
		"Ce lien n’est pas valable. Ouvrez-le depuis votre courriel, sans le modifier, ou demandez-en un nouveau.")
	first, second, found := strings.Cut(token, ".")
	payload, err1 := base64.RawURLEncoding.Strict().DecodeString(first)
	sum, err2 := base64.RawURLEncoding.Strict().DecodeString(second)
	if !found || err1 != nil || err2 != nil || len(payload) <= 8 {
		return "", invalid
	}
	expected, err := mac(ctx, l.Key, "link:"+string(purpose), string(payload))
	if err != nil {
		return "", err
	}
	if !hmac.Equal(sum, expected) {
		return "", invalid
	}
	if until := time.Unix(int64(binary.BigEndian.Uint64(payload)), 0); !l.Now().Before(until) {
		return "", fault.New(fault.Gone, "expired-token", "Ce lien a expiré. Demandez-en un nouveau : c’est immédiat.")
	}
	return string(payload[8:]), nil
}
