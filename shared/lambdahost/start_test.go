package lambdahost

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// vault is a Secrets Manager that can be down.
type vault struct {
	*httptest.Server
	asked  atomic.Int64
	down   atomic.Bool
	secret atomic.Value
}

func newVault(t *testing.T) (*vault, *secrets) {
	t.Helper()
	v := &vault{}
	v.secret.Store("first")
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.asked.Add(1)
		var asked struct{ SecretId, SecretString string } //nolint:revive // as AWS names them
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.SecretId != "fabrique/link-key" || v.down.Load() {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"InvalidRequestException"}`))
			return
		}
		if asked.SecretString != "" {
			v.secret.Store(asked.SecretString)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"SecretString": v.secret.Load()})
	}))
	t.Cleanup(v.Close)
	return v, &secrets{client: secretsmanager.New(secretsmanager.Options{
		Region: "eu-west-3", BaseEndpoint: aws.String(v.URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})}
}

// older makes what is known as old as that.
func (s *secrets) older(by time.Duration) {
	for name, known := range s.known {
		known.read = known.read.Add(-by)
		s.known[name] = known
	}
}

func TestSecretsAreKeptForSomeMinutes(t *testing.T) {
	v, s := newVault(t)
	read := func(want string, asked int64) {
		t.Helper()
		got, err := s.read(t.Context(), function.LinkKey)
		if err != nil || string(got) != want || v.asked.Load() != asked {
			t.Errorf("%q %v, asked %d times", got, err, v.asked.Load())
		}
	}
	read("first", 1)
	v.secret.Store("second")
	s.older(secretFor - time.Minute)
	read("first", 1)
	s.older(time.Minute)
	read("second", 2) // rotated: no deployment is needed
	v.down.Store(true)
	s.older(secretFor)
	read("second", 3) // what is known serves on
	read("second", 3) // and nobody waits each time
	s.older(secretPause)
	read("second", 4)
	v.down.Store(false)
	v.secret.Store("third")
	s.older(secretPause)
	read("third", 5)
}

func TestASecretThatWasNeverReadIsAnError(t *testing.T) {
	v, s := newVault(t)
	v.down.Store(true)
	if got, err := s.read(t.Context(), function.LinkKey); err == nil || got != nil || !strings.Contains(err.Error(), "link-key") {
		t.Errorf("%q %v", got, err)
	}
	v.down.Store(false)
	if got, err := s.read(t.Context(), function.LinkKey); err != nil || string(got) != "first" {
		t.Errorf("when it is back: %q %v", got, err)
	}
	if _, err := s.read(t.Context(), function.Secret("other")); err == nil {
		t.Error("a secret that is not there is read")
	}
}

func TestTableOf(t *testing.T) {
	const before = "arn:aws:dynamodb:eu-west-3:123456789012:table/"
	for arn, want := range map[string]string{
		before + "Allies/stream/2026-01-01T00:00:00.000": "Allies",
		before + "Allies":                              "",
		before + "Allies/index/directory":              "",
		before + "Allies/stream/2026/01":               "",
		"arn:aws:kinesis:eu-west-3:123456789012:x/a/b": "",
		"": "",
	} {
		if got, err := tableOf(arn); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q %v", arn, got, err)
		}
	}
}

// Nothing is asked of AWS before the first call.
func TestAFunctionOpensWithoutAWS(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s is called", r.URL) }))
	defer silent.Close()
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-3", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": silent.URL, "AWS_CONFIG_FILE": "/dev/null", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
	type service struct{ rt function.Runtime }
	var opened *service
	f := function.Define(function.Spec[service]{
		Name: "essay", Purpose: "Tries.", Memory: 128, Timeout: time.Second,
		Open: func(rt function.Runtime) (*service, error) { opened = &service{rt}; return opened, nil },
	})
	var log bytes.Buffer
	h, err := open(t.Context(), f, slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil || h == nil || opened == nil {
		t.Fatal(err)
	}
	if table := opened.rt.Table(function.Allies); table.Name != "Allies" {
		t.Errorf("a table is called %s", table.Name)
	}
}

func TestASecretIsRotatedFromWhatIsKept(t *testing.T) {
	v, s := newVault(t)
	if _, err := s.read(t.Context(), function.LinkKey); err != nil {
		t.Fatal(err)
	}
	v.secret.Store("second") // by someone else: the value that is known here is old
	add := func(kept []byte) ([]byte, error) { return append([]byte("third "), kept...), nil }
	if err := s.rotate(t.Context(), function.LinkKey, add); err != nil || v.secret.Load() != "third second" {
		t.Errorf("%v %v", err, v.secret.Load())
	}
	if got, err := s.read(t.Context(), function.LinkKey); err != nil || string(got) != "third second" {
		t.Errorf("%s %v", got, err)
	}
	asked := v.asked.Load()
	same := func(kept []byte) ([]byte, error) { return kept, nil }
	if err := s.rotate(t.Context(), function.LinkKey, same); err != nil || v.asked.Load() != asked+1 {
		t.Errorf("%v: asked %d times to change nothing", err, v.asked.Load()-asked)
	}
	v.down.Store(true)
	if err := s.rotate(t.Context(), function.LinkKey, add); err == nil {
		t.Error("it changes what it cannot read")
	}
}
