// Package auth tells who is calling: people by links signed for one purpose
// and until one instant, the team by tokens of an OpenID Connect issuer. It
// also makes the keyed hashes that stand for e-mail addresses in keys.
package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Key reads a secret key when it is needed, so that nothing waits for it at start.
type Key func(context.Context) ([]byte, error)

// Hash is the keyed hash of a text, for one use: who knows the text but not
// the key cannot make it, and hashes of different uses cannot be compared.
func Hash(ctx context.Context, key Key, use, text string) (string, error) {
	sum, err := mac(ctx, key, use, text)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sum[:20]), nil // 160 bits: no collision to fear
}

func mac(ctx context.Context, key Key, use, text string) ([]byte, error) {
	secret, err := key(ctx)
	if err != nil {
		return nil, fmt.Errorf("key for %s: %w", use, err)
	}
	if len(secret) < 32 {
		return nil, fmt.Errorf("key for %s: shorter than 32 bytes", use)
	}
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(use))
	h.Write([]byte{0})
	h.Write([]byte(text))
	return h.Sum(nil), nil
}
