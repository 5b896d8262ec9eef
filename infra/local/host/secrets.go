package host

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// secrets are made when they are first read, and kept with the data.
type secrets struct {
	file string // empty: nowhere

	mu    sync.Mutex
	known map[function.Secret]string
}

func openSecrets(file string) (*secrets, error) {
	s := &secrets{file: file, known: map[function.Secret]string{}}
	if file == "" {
		return s, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("secrets: %w", err)
	}
	if err := json.Unmarshal(text, &s.known); err != nil {
		return nil, fmt.Errorf("secrets: %s: %w", file, err)
	}
	return s, nil
}

func (s *secrets) read(_ context.Context, name function.Secret) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value, known := s.known[name]; known {
		return []byte(value), nil
	}
	random := make([]byte, 32)
	rand.Read(random) // never fails (crypto/rand)
	value := base64.StdEncoding.EncodeToString(random)
	if strings.HasPrefix(string(name), string(function.PartnerSecret(""))) {
		value = "whsec_" + value // as Standard Webhooks writes keys
	}
	return []byte(value), s.keep(name, value)
}

// keep remembers a secret, with the data if there is a place for them.
func (s *secrets) keep(name function.Secret, value string) error {
	s.known[name] = value
	if s.file == "" {
		return nil
	}
	text, err := json.Marshal(s.known)
	if err != nil {
		return err
	}
	if err := writeFile(s.file, text); err != nil {
		return fmt.Errorf("secret %s: %w", name, err)
	}
	return nil
}

// rotate changes a secret.
func (s *secrets) rotate(ctx context.Context, name function.Secret, change func([]byte) ([]byte, error)) error {
	kept, err := s.read(ctx, name)
	if err != nil {
		return err
	}
	next, err := change(kept)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(name, string(next))
}
