package publishing

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/agenda"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/storage/folder"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// world is one test's tables and bucket, with the function opened on them
// twice: as a host runs it, and bare, so that a test can call its actions.
type world struct {
	*functiontest.Env
	*service
	running *function.Running
	t       testing.TB
}

// newWorld makes a world with an empty library, a session, a series and a
// cohort. Its clock stands on Tuesday 10 March 2026 at 10:00 in Paris.
func newWorld(t testing.TB) *world {
	t.Helper()
	env := functiontest.New(t)
	env.Issuer()
	credentials, err := env.Runtime().AWS.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bucket := httptest.NewServer(&folder.Server{Root: t.TempDir(), Secret: credentials.SecretAccessKey, Now: time.Now})
	t.Cleanup(bucket.Close)
	env.Settings[function.Media.Setting().Name] = "media"
	env.Settings[function.StorageEndpoint.Name] = bucket.URL
	bare, err := open(env.Runtime())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Env: env, service: bare, running: env.Open(Function), t: t}
	w.meets("ses_1", "Permanence de mars", env.Clock.Now().Add(-time.Hour), "planned")
	w.put(bare.agenda, struct {
		dynamo.Key
		agenda.Series
		Agenda string `dynamodbav:"agenda"`
		At     string `dynamodbav:"agenda_at"`
	}{agenda.SeriesKey("recits"), agenda.Series{Slug: "recits", Name: "Récits de territoire"}, "series", "2026-01-05#recits"})
	w.put(bare.cohorts, struct {
		dynamo.Key
		partnership.Named
		List string `dynamodbav:"list"`
		At   string `dynamodbav:"list_at"`
	}{partnership.CohortItemKey("occitanie"), partnership.Named{Slug: "occitanie", Name: "Occitanie 2026"}, "cohorts", "2026-01-05#occitanie"})
	return w
}

// meets puts a session into the agenda, as the function booking does.
func (w *world) meets(id, title string, at time.Time, state string) {
	w.t.Helper()
	w.put(w.agenda, struct {
		dynamo.Key
		agenda.Session
		State  string `dynamodbav:"state"`
		Agenda string `dynamodbav:"agenda"`
		At     string `dynamodbav:"agenda_at"`
	}{agenda.SessionKey(id), agenda.Session{ID: id, Title: title, StartsAt: at}, state, "sessions", at.UTC().Format(time.RFC3339) + "#" + id})
}

// put writes an item as its owner would.
func (w *world) put(table dynamo.Table, item any) {
	w.t.Helper()
	var writes dynamo.Writes
	writes.Add(table.Put(item))
	if err := writes.Commit(w.t.Context(), table.Client); err != nil {
		w.t.Fatal(err)
	}
}

// call sends a request and reads the JSON that comes back into out, unless nil.
func (w *world) call(status int, method, path string, body, out any, headers ...string) http.Header {
	w.t.Helper()
	answer := w.Do(w.running, method, path, body, headers...)
	if answer.Code != status {
		w.t.Fatalf("%s %s: %d, not %d: %s", method, path, answer.Code, status, answer.Body)
	}
	if out != nil {
		if err := json.Unmarshal(answer.Body.Bytes(), out); err != nil {
			w.t.Fatalf("%v: %s", err, answer.Body)
		}
	}
	return answer.Header()
}

// team calls as a member of the team.
func (w *world) team(status int, method, path string, body, out any, headers ...string) http.Header {
	w.t.Helper()
	return w.call(status, method, path, body, out, append(headers, w.Bearer("team")...)...)
}

// locations are where a refused call of the team says that its faults are.
func (w *world) locations(method, path string, body any) (found []string) {
	w.t.Helper()
	var problem web.Problem
	w.team(http.StatusUnprocessableEntity, method, path, body, &problem)
	for _, e := range problem.Errors {
		found = append(found, e.Location)
	}
	slices.Sort(found)
	return found
}

// article is a resource as the team writes it.
func article(title string) map[string]any {
	return map[string]any{"kind": "article", "title": title, "summary": "Ce que nous avons appris.", "body": "# Un titre\n\nUn *texte*.",
		"authors": []string{"Ada Martin"}, "fundamentals": []int{2, 1, 2}, "narrative_dimensions": []int{4}, "series": "recits", "cohort": "occitanie", "sessions": []string{"ses_1"}}
}

// publishedArticle writes and publishes one.
func (w *world) publishedArticle(title string) (made resource) {
	w.t.Helper()
	w.team(http.StatusCreated, "POST", "/v1/resources", article(title), &made)
	w.team(http.StatusOK, "POST", "/v1/resources/"+made.Slug+"/publish", nil, &made)
	return made
}

// facts are those of a type in the ledger, in order.
func (w *world) facts(kind string) (found []map[string]any) {
	w.t.Helper()
	items := w.Dump(function.Ledger)
	slices.SortFunc(items, func(a, b map[string]any) int {
		return strings.Compare(fmt.Sprint(a["recorded_at"], a["sk"]), fmt.Sprint(b["recorded_at"], b["sk"]))
	})
	for _, item := range items {
		var fact map[string]any
		if err := json.Unmarshal([]byte(item["event"].(string)), &fact); err != nil {
			w.t.Fatal(err)
		}
		if fact["type"] == kind {
			found = append(found, fact)
		}
	}
	return found
}

// send posts a form with a file, as a browser does, and returns the status.
func (w *world) send(form map[string]string, address string, content []byte) int {
	w.t.Helper()
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	for name, value := range form {
		_ = writer.WriteField(name, value)
	}
	file, err := writer.CreateFormFile("file", "x")
	if err != nil {
		w.t.Fatal(err)
	}
	_, _ = file.Write(content)
	_ = writer.Close()
	answer, err := staying.Post(address, writer.FormDataContentType(), &body)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// staying follows nothing.
var staying = http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// wav is so many seconds of silence, 8,000 samples of 8 bits each.
func wav(seconds int) []byte {
	size := uint32(8_000 * seconds)
	out := []byte("RIFF")
	out = binary.LittleEndian.AppendUint32(out, 36+size)
	out = append(out, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	out = binary.LittleEndian.AppendUint32(out, 8_000)
	out = binary.LittleEndian.AppendUint32(out, 8_000)
	out = append(out, "\x01\x00\x08\x00data"...)
	out = binary.LittleEndian.AppendUint32(out, size)
	return append(out, bytes.Repeat([]byte{0x80}, int(size))...)
}
