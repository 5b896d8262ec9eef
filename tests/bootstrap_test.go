// Package tests holds the tests of the whole system: the real binaries, the
// journeys of visitors through a browser, and the rules that the tree obeys.
package tests

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/functions/notify"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/engine"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/tests/runtimeapi"
)

// bootstraps are the binaries of all functions, built once.
var bootstraps = struct {
	sync.Once
	folder string
}{}

func bootstrap(t *testing.T, name string) string {
	t.Helper()
	bootstraps.Do(func() {
		folder, err := os.MkdirTemp("", "fabrique-bootstraps")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range functions.All {
			runtimeapi.Build(t, "../functions/"+f.Name+"/lambda", filepath.Join(folder, f.Name))
		}
		bootstraps.folder = folder
	})
	return filepath.Join(bootstraps.folder, name)
}

func TestMain(m *testing.M) {
	code := m.Run()
	if bootstraps.folder != "" {
		_ = os.RemoveAll(bootstraps.folder)
	}
	os.Exit(code)
}

// account is the part of AWS that bootstraps call: tables, secrets and SES.
type account struct {
	environment []string
	engine      *engine.Engine

	mu    sync.Mutex
	mails []string // raw messages that SES took
}

func newAccount(t *testing.T) *account {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	a := &account{engine: e}
	client := dynamodb.NewFromConfig(e.Config())
	if err := engine.CreateTables(t.Context(), client, function.Definitions, func(t function.Table) string { return string(t) }); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(server.Close)
	a.environment = []string{
		"AWS_ENDPOINT_URL_DYNAMODB=" + e.Endpoint(),
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + server.URL,
		"AWS_ENDPOINT_URL_SESV2=" + server.URL,
		"PUBLIC_URL=https://fabrique.example",
	}
	return a
}

// serve answers GetSecretValue and SendEmail.
func (a *account) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("X-Amz-Target") == "secretsmanager.GetSecretValue" {
		var in struct {
			SecretID string `json:"SecretId"`
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		_ = json.NewEncoder(w).Encode(map[string]string{"Name": in.SecretID, "SecretString": strings.Repeat(in.SecretID, 3)})
		return
	}
	var in struct {
		Content struct{ Raw struct{ Data string } }
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	raw, _ := base64.StdEncoding.DecodeString(in.Content.Raw.Data)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mails = append(a.mails, string(raw))
	_, _ = io.WriteString(w, `{"MessageId":"0102018e"}`)
}

func (a *account) taken() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mails
}

// sample reads a payload as AWS sends it.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	payload, err := os.ReadFile(filepath.Join("..", "events", "samples", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// request is the sample of a GET with another path.
func request(t *testing.T, path string) []byte {
	t.Helper()
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(sample(t, "apigateway-get-charter"), &event); err != nil {
		t.Fatal(err)
	}
	event.RawPath, event.RawQueryString = path, ""
	event.RequestContext.HTTP.Path = path
	event.RouteKey, event.RequestContext.RouteKey = "ANY "+path, "ANY "+path
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// send sends a request and reads the answer.
func send(t *testing.T, l *runtimeapi.Lambda, payload []byte) events.APIGatewayV2HTTPResponse {
	t.Helper()
	text, err := l.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return answer
}

// TestBootstrapsStartWithLambdaAlone starts each with nothing but Lambda's own
// environment: no table, no secret and no other service can be reached, and
// it must poll all the same, then answer what needs none of them.
func TestBootstrapsStartWithLambdaAlone(t *testing.T) {
	paths := map[string]string{"bilan": "/v1/bilans/2023.doc", "booking": "/v1/bookings/bok_1", "cohort": "/v1/applications/app_1", "registration": "/v1/charter", "site": "/openapi.json", "notify": "/desinscription", "partner": "/partenaires", "publishing": "/podcast.png", "team": "/equipe/connexion"}
	for _, f := range functions.All {
		t.Run(f.Name, func(t *testing.T) {
			l := runtimeapi.Start(t, bootstrap(t, f.Name))
			info, err := os.Stat(bootstrap(t, f.Name))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %.1f MB, %s from start to first poll", f.Name, float64(info.Size())/1e6, l.FirstPoll)
			path, known := paths[f.Name]
			if !known {
				t.Fatalf("say here which path of %s answers without any table", f.Name)
			}
			answer := send(t, l, request(t, path))
			if answer.StatusCode >= http.StatusInternalServerError {
				t.Errorf("GET %s: %d %s\n%s", path, answer.StatusCode, answer.Body, l.Output())
			}
		})
	}
}

// TestBootstrapsTakeWhatAWSSends runs the journey of a signature through the
// binaries, with the payloads of API Gateway, of a stream and of a schedule.
func TestBootstrapsTakeWhatAWSSends(t *testing.T) {
	a := newAccount(t)
	registration := runtimeapi.Start(t, bootstrap(t, "registration"), a.environment...)
	notify := runtimeapi.Start(t, bootstrap(t, "notify"), a.environment...)

	if answer := send(t, registration, sample(t, "apigateway-get-charter")); answer.StatusCode != http.StatusOK ||
		!strings.Contains(answer.Body, `"commitments"`) || answer.Headers["content-type"] != "application/json" {
		t.Errorf("charter: %+v", answer)
	}
	signed := send(t, registration, sample(t, "apigateway-post-registration"))
	if signed.StatusCode != http.StatusAccepted || !strings.Contains(signed.Body, `"pending_confirmation"`) {
		t.Fatalf("sign: %+v\n%s", signed, registration.Output())
	}
	if again := send(t, registration, sample(t, "apigateway-post-registration")); again.Body != signed.Body {
		t.Errorf("signed again with the same Idempotency-Key: %s, then %s", signed.Body, again.Body)
	}

	for range 2 { // Lambda delivers a batch again when its answer is lost
		text, err := notify.Invoke(t.Context(), a.streamed(t, function.Allies))
		if err != nil || string(text) != `{"batchItemFailures":[]}` {
			t.Fatalf("stream: %s %v\n%s", text, err, notify.Output())
		}
	}
	if mails := a.taken(); len(mails) != 1 || !strings.Contains(mails[0], "Message-ID: <mail_") {
		t.Errorf("SES took %d mails: %q", len(mails), mails)
	}
	for _, name := range []string{"dynamodb-stream-mail-intent", "schedule-retry-mails", "ses-bounce", "ses-complaint"} {
		if _, err := notify.Invoke(t.Context(), sample(t, name)); err != nil {
			t.Errorf("%s: %v\n%s", name, err, notify.Output())
		}
	}
	if mails := a.taken(); len(mails) != 2 {
		t.Errorf("SES took %d mails after the sample of an intent", len(mails))
	}
	if _, err := notify.Invoke(t.Context(), []byte(`{"unheard": "of"}`)); err == nil {
		t.Error("a payload that nobody declares is taken, and would be lost without a dead letter")
	}
	for _, l := range []*runtimeapi.Lambda{registration, notify} {
		for _, private := range []string{"@", "token="} {
			if strings.Contains(l.Output(), private) {
				t.Errorf("the log holds %q:\n%s", private, l.Output())
			}
		}
	}
}

// streamed is what the stream of a table brings to notify, as Lambda delivers it.
func (a *account) streamed(t *testing.T, table function.Table) []byte {
	t.Helper()
	changes, err := engine.ReadChanges(t.Context(), a.engine.Config(), table, string(table), nil)
	if err != nil {
		t.Fatal(err)
	}
	var records []events.DynamoDBEventRecord
	for {
		batch, err := changes.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(batch.Records) == 0 {
			break
		}
		for _, stream := range notify.Function.Streams {
			if stream.Table == table {
				records = append(records, stream.Wanted(batch.Records)...)
			}
		}
		changes.Delivered(batch, batch.Last())
	}
	payload, err := json.Marshal(events.DynamoDBEvent{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}
