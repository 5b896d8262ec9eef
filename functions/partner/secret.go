package partner

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"slices"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// keySize is the length of a key in bytes, within the 24 to 64 of Standard
// Webhooks
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#symmetric-hmac-sha256).
const keySize = 32

// liveKeys is how many keys of a partner are good at once: the new one, and
// the old one until the partner has changed.
const liveKeys = 2

var (
	errRotating = fault.New(fault.Conflict, "rotation-under-way", "Deux clés sont déjà en service : retirez-en une d’abord. Si vous n’avez pas gardé la nouvelle, retirez-la et recommencez.")
	errNoKey    = fault.New(fault.Conflict, "unknown-key", "Cette clé n’est plus en service.")
	errLastKey  = fault.New(fault.Conflict, "last-key", "C’est la seule clé en service : ajoutez la nouvelle avant de retirer celle-ci.")
)

// fingerprint tells keys apart without showing them.
func fingerprint(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:4])
}

// keys are those of a secret that can be read, the newest first. What was made
// at the first deployment is no key of Standard Webhooks, and no partner has it.
func keys(secret []byte) (found []string) {
	for _, key := range strings.Fields(string(secret)) {
		if _, err := standardwebhooks.NewWebhook(key); err == nil && strings.HasPrefix(key, "whsec_") {
			found = append(found, key)
		}
	}
	return found
}

// liveFingerprints are those of the keys that are good now, the newest first.
func (s *service) liveFingerprints(ctx context.Context, partner alliance.Partner) (found []string, err error) {
	err = s.rotate(ctx, function.PartnerSecret(partner.Name), func(kept []byte) ([]byte, error) {
		for _, key := range keys(kept) {
			found = append(found, fingerprint(key))
		}
		return kept, nil
	})
	return found, err
}

// addKey puts a new key before the one that is good now, and returns it: it
// can be read this once. It returns the Conflict fault "rotation-under-way".
func (s *service) addKey(ctx context.Context, partner alliance.Partner) (made string, err error) {
	random := make([]byte, keySize)
	if _, err := io.ReadFull(s.random, random); err != nil {
		return "", err
	}
	made = "whsec_" + base64.StdEncoding.EncodeToString(random)
	return made, s.changeKeys(ctx, partner, "partner.key.added", func(live []string) ([]string, error) {
		if len(live) >= liveKeys {
			return nil, errRotating
		}
		return append([]string{made}, live...), nil
	})
}

// removeKey ends a key: messages signed with it are refused within minutes. It
// returns the Conflict faults "unknown-key" and "last-key".
func (s *service) removeKey(ctx context.Context, partner alliance.Partner, mark string) error {
	return s.changeKeys(ctx, partner, "partner.key.removed", func(live []string) ([]string, error) {
		left := slices.DeleteFunc(slices.Clone(live), func(key string) bool { return fingerprint(key) == mark })
		switch {
		case len(left) == len(live):
			return nil, errNoKey
		case len(left) == 0:
			return nil, errLastKey
		}
		return left, nil
	})
}

// changeKeys changes the keys of a partner. The entry in the trail is written
// just before the secret is, which no transaction can hold: an entry without
// its change is better than a change without its entry.
func (s *service) changeKeys(ctx context.Context, partner alliance.Partner, action string, change func(live []string) ([]string, error)) error {
	return s.rotate(ctx, function.PartnerSecret(partner.Name), func(kept []byte) ([]byte, error) {
		live := keys(kept)
		next, err := change(live)
		if err != nil {
			return nil, err
		}
		var writes dynamo.Writes
		writes.Add(s.audit.Entry(ctx, action, partner.Name, prints(live), prints(next)))
		if err := writes.Commit(ctx, s.table.Client); err != nil {
			return nil, err
		}
		return []byte(strings.Join(next, " ")), nil
	})
}

func prints(live []string) (all []string) {
	for _, key := range live {
		all = append(all, fingerprint(key))
	}
	return all
}
