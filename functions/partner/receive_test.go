package partner

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
)

func (r receipt) statuses() (all []string) {
	for _, one := range r.Results {
		all = append(all, strings.TrimSpace(one.Status+" "+one.Code))
	}
	return all
}

// TestTheLatestWins in whatever order messages come.
func TestTheLatestWins(t *testing.T) {
	w := newWorld(t)
	at := w.Clock.Now().Add(-time.Hour)
	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	for _, step := range []struct{ body, want string }{
		{enrolledIn(minute(1), "46102", "2026-03-01"), "applied"},
		{enrolledIn(minute(1), "46102", "2026-03-01"), "unchanged"},
		{enrolledIn(minute(3), "46102", "2026-03-01"), "unchanged"},
		{withdrawnFrom(minute(2), "46102"), "stale"},
		{enrolledIn(minute(4), "46102", "2026-03-02"), "applied"},
		{withdrawnFrom(minute(5), "46102"), "applied"},
		{enrolledIn(minute(5), "46102", "2026-03-02"), "stale"},
		{withdrawnFrom(minute(5).AddDate(0, 0, -1), "46042"), "unchanged"}, // it never came: there is nothing to leave
		{withdrawnFrom(minute(5), "46042"), "unchanged"},
		{enrolledIn(minute(4), "46042", "2026-03-02"), "stale"},
		{enrolledIn(minute(6), "46042", "2026-03-02"), "applied"},
		{enrolledIn(minute(6), "09028", "2026-03-02"), "applied"}, // Aulos, merged into Aulos-Sinsat
		{enrolledIn(minute(7), "09296", "2026-03-02"), "unchanged"},
		{enrolledIn(minute(6), "35238", "2026-03-02"), "rejected other-region"},
		{enrolledIn(minute(6), "99999", "2026-03-02"), "rejected unknown-territory"},
		{messageOf("milestone.reached", minute(1), map[string]any{"cohort": "occitanie", "territory": "46042", "milestone": "Diagnostic", "reached_on": "2026-03-05"}), "applied"},
		{messageOf("territory.enrolled", minute(1), map[string]any{"cohort": "inconnue", "territory": "46042", "enrolled_on": "2026-03-05"}), "rejected unknown-cohort"},
	} {
		if got := w.send(step.body).statuses(); !slices.Equal(got, []string{step.want}) {
			t.Errorf("%s: %v, not %s", step.body, got, step.want)
		}
	}
	if got := w.present(); !maps.Equal(got, map[string]int{"46042": 1, "09296": 1}) {
		t.Errorf("%v", got)
	}
	compiler := jsonschema.NewCompiler()
	for _, item := range w.Dump(function.Ledger) {
		event, err := jsonschema.UnmarshalJSON(strings.NewReader(item["event"].(string)))
		if err != nil {
			t.Fatal(err)
		}
		schema, err := compiler.Compile("../../events/" + event.(map[string]any)["type"].(string) + ".schema.json")
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(event); err != nil {
			t.Error(err)
		}
	}
}

func TestCohortsOfOthersAreClosed(t *testing.T) {
	w := newWorld(t)
	w.putCohort("aura", "massif-central", "84")
	w.putCohort("sienne", "", "")
	w.putCohort("lot", "occitanie", "76")
	for slug, want := range map[string]string{"aura": "rejected other-partner", "sienne": "rejected other-partner", "lot": "applied"} {
		body := messageOf("territory.enrolled", w.Clock.Now(), map[string]any{"cohort": slug, "territory": "46102", "enrolled_on": "2026-03-01"})
		if got := w.send(body).statuses(); got[0] != want {
			t.Errorf("%s: %v", slug, got)
		}
	}
	reserved := messageOf("cohort.published", w.Clock.Now(), map[string]any{"cohort": "massif-central", "name": "La nôtre", "programme": "P", "scale": "national", "seats": 8,
		"opens_on": "2026-01-01", "closes_on": "2026-02-01", "starts_on": "2026-03-01", "ends_on": "2026-12-31"})
	if got := w.send(reserved).statuses(); got[0] != "rejected other-partner" {
		t.Errorf("a slug that another may announce: %v", got)
	}
	announce := map[string]any{"cohort": "neuve", "name": "Nouvelle", "programme": "P", "scale": "regional", "region": "76", "seats": 8,
		"opens_on": "2026-01-01", "closes_on": "2026-02-01", "starts_on": "2026-03-01", "ends_on": "2026-12-31"}
	if got := w.send(messageOf("cohort.published", w.Clock.Now(), announce)).statuses(); got[0] != "applied" {
		t.Errorf("%v", got)
	}
	body := messageOf("territory.enrolled", w.Clock.Now(), map[string]any{"cohort": "neuve", "territory": "46102", "enrolled_on": "2026-03-01"})
	if got := w.send(body).statuses(); got[0] != "applied" {
		t.Errorf("announced a moment ago: %v", got)
	}
	ends := map[string]string{} // of each cohort, as the facts say
	for _, item := range w.Dump(function.Ledger) {
		var f struct{ Data ledger.Enrolled }
		if err := json.Unmarshal([]byte(item["event"].(string)), &f); err != nil {
			t.Fatal(err)
		}
		ends[f.Data.Cohort] = f.Data.EndsOn
	}
	if want := map[string]string{"lot": "2027-06-30", "neuve": "2026-12-31"}; !maps.Equal(ends, want) {
		t.Errorf("%v", ends)
	}
}

func TestTheSampleSnapshotTwice(t *testing.T) {
	w := newWorld(t)
	body, err := os.ReadFile("../../events/samples/webhook-occitanie-snapshot.json")
	if err != nil {
		t.Fatal(err)
	}
	first := w.receiptOf(w.post("msg_1", string(body)))
	if got := fmt.Sprint(first.statuses()); got != "[applied applied applied applied applied applied applied rejected unknown-territory]" {
		t.Error(got)
	}
	if detail := first.Results[7].Detail; !strings.Contains(detail, "Peut-être") {
		t.Error(detail)
	}
	again := w.receiptOf(w.post("msg_1", string(body)))
	if fmt.Sprint(again) != fmt.Sprint(first) || len(w.Dump(function.Ledger)) != 7 {
		t.Errorf("%v, %d facts", again, len(w.Dump(function.Ledger)))
	}
	if status, code, _ := w.faultOf(w.post("msg_1", string(body)+" ")); status != http.StatusConflict || code != "webhook-id-reused" {
		t.Errorf("%d %s", status, code)
	}
	var page receiptPage
	answer := w.Do(w.running, "GET", "/v1/webhooks/occitanie/receipts", nil, w.headers("msg_2", "")...)
	if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || len(page.Items) != 1 || page.Items[0].ReceiptID != first.ReceiptID || len(page.Items[0].Results) != 8 {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if answer := w.Do(w.running, "GET", "/v1/webhooks/massif-central/receipts", nil, w.headers("msg_2", "")...); strings.Contains(answer.Body.String(), "rcp_") {
		t.Errorf("another's receipts: %s", answer.Body)
	}
	if answer := w.Do(w.running, "GET", "/v1/webhooks/occitanie/receipts", nil); answer.Code != http.StatusUnauthorized {
		t.Errorf("%d", answer.Code)
	}
}

func TestBadMessagesChangeNothing(t *testing.T) {
	w := newWorld(t)
	now := w.Clock.Now()
	many := make([]map[string]string, 501)
	for i := range many {
		many[i] = map[string]string{"territory": "46102", "enrolled_on": "2026-03-01"}
	}
	for _, c := range []struct {
		body   string
		status int
		want   string
	}{
		{`{`, 400, ""}, {`[]`, 400, ""}, {``, 400, ""}, {`null`, 400, ""},
		{`{}`, 422, "body.data body.timestamp body.type"},
		{messageOf("autre", now, map[string]any{}), 422, "body.type"},
		{messageOf("territory.enrolled", now, map[string]any{}), 422, "body.data.cohort body.data.enrolled_on body.data.territory"},
		{messageOf("territory.enrolled", now, map[string]any{"cohort": "occitanie", "territory": 46102, "enrolled_on": "2026-02-30", "quartet": map[string]any{"maire": map[string]any{}}}), 422, "body.data.enrolled_on body.data.quartet body.data.territory"},
		{enrolledIn(now.Add(time.Hour), "46102", "2026-03-01"), 422, "body.timestamp"},
		{messageOf("cohort.snapshot", now, map[string]any{"cohort": "occitanie"}), 422, "body.data.territories"},
		{messageOf("cohort.snapshot", now, map[string]any{"cohort": "occitanie", "territories": many}), 422, "body.data.territories"},
		{messageOf("cohort.snapshot", now, map[string]any{"cohort": "occitanie", "territories": []any{map[string]any{"territory": "46102"}}}), 422, "body.data.territories.0.enrolled_on"},
		{messageOf("cohort.published", now, map[string]any{"cohort": "x", "seats": 0}), 422,
			"body.data.closes_on body.data.ends_on body.data.name body.data.opens_on body.data.programme body.data.scale body.data.seats body.data.starts_on"},
		{messageOf("territory.enrolled", now, map[string]any{"cohort": "occitanie", "x": strings.Repeat("x", 300<<10)}), 413, ""},
		{enrolledIn(now, "46102", "1999-12-31"), 422, "body.data.enrolled_on"},
		{enrolledIn(now, "46102", "2028-01-01"), 422, "body.data.enrolled_on"}, // the bilan counts until the end of next year
		{enrolledIn(now, strings.Repeat("4", 101), "2026-03-01"), 422, "body.data.territory"},
		{enrolledIn(now.AddDate(-30, 0, 0), "46102", "2026-03-01"), 422, "body.timestamp"},
		{messageOf("milestone.reached", now, map[string]any{"cohort": "occitanie", "territory": "46102", "milestone": "Rencontre avec jean.dupont@x.fr", "reached_on": "2026-03-11"}), 422,
			"body.data.milestone body.data.reached_on"},
	} {
		status, _, locations := w.faultOf(w.post("msg_1", c.body))
		if status != c.status || strings.Join(locations, " ") != c.want {
			t.Errorf("%.80s: %d %v", c.body, status, locations)
		}
	}
	headers := w.headers("msg_1", "{}")
	headers[7] = "text/plain"
	if status, _, _ := w.faultOf(w.Do(w.running, "POST", "/v1/webhooks/occitanie", "{}", headers...)); status != http.StatusUnsupportedMediaType {
		t.Errorf("%d", status)
	}
	for _, item := range append(w.Dump(function.Partners), w.Dump(function.Ledger)...) {
		if item["unread"] == nil && item["pk"] != tallyPartition("occitanie") { // that it could not be read is kept for the team
			t.Errorf("%v", item)
		}
	}
}

// TestSchemasTakeWhatIsTaken: what the published schemas accept and refuse is
// what the function reads and refuses.
func TestSchemasTakeWhatIsTaken(t *testing.T) {
	w := newWorld(t)
	s := w.bare()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	good := map[string]map[string]any{
		"territory.enrolled":  {"cohort": "occitanie", "territory": "46102", "enrolled_on": "2026-03-01", "quartet": map[string]any{"state": map[string]any{"given_name": "A"}}},
		"territory.withdrawn": {"cohort": "occitanie", "territory": "46102", "withdrawn_on": "2026-03-01"},
		"milestone.reached":   {"cohort": "occitanie", "territory": "46102", "milestone": "M", "reached_on": "2026-03-01"},
		"cohort.snapshot":     {"cohort": "occitanie", "territories": []any{map[string]any{"territory": "46102", "enrolled_on": "2026-03-01"}}},
		"cohort.published": {"cohort": "occitanie", "name": "N", "programme": "P", "scale": "national", "seats": 3,
			"opens_on": "2026-01-01", "closes_on": "2026-01-02", "starts_on": "2026-01-03", "ends_on": "2026-01-04"},
	}
	for kind, data := range good {
		schema, err := compiler.Compile("../../events/webhook." + kind + ".v1.schema.json")
		if err != nil {
			t.Fatal(err)
		}
		try := func(change func(map[string]any)) {
			t.Helper()
			changed := maps.Clone(data)
			change(changed)
			body := messageOf(kind, w.Clock.Now(), changed)
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			request, err := http.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/json")
			_, readErr := s.read(request, []byte(body))
			if schemaErr := schema.Validate(value); (schemaErr == nil) != (readErr == nil) {
				t.Errorf("%s: the schema says %v, the function %v", body, schemaErr, readErr)
			}
		}
		try(func(map[string]any) {})
		for name := range data {
			try(func(d map[string]any) { delete(d, name) })
			try(func(d map[string]any) { d[name] = 7 })
			if name != "quartet" && name != "withdrawn_on" { // what need not be said may be said empty
				try(func(d map[string]any) { d[name] = "" })
				try(func(d map[string]any) { d[name] = nil })
			}
			try(func(d map[string]any) { d[name] = []any{} })
		}
	}
}

// TestAtOnceIsOnce: the same message on eight connections has one effect and
// one answer; without its guard it has several.
func TestAtOnceIsOnce(t *testing.T) {
	for _, guarded := range []bool{true, false} {
		w := newWorld(t)
		s := w.bare()
		if !guarded {
			s.firstDelivery = expression.AttributeNotExists(expression.Name("nowhere"))
		}
		body := enrolledIn(w.Clock.Now(), "46102", "2026-03-01")
		from := signed{alliance.Partners[0], "msg_1", []byte(body)}
		request, err := http.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		m, err := s.read(request, from.body)
		if err != nil {
			t.Fatal(err)
		}
		answers := make([]receipt, 8)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() {
				var err error
				if answers[i], err = s.receive(t.Context(), from, m); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		same := true
		for _, answer := range answers {
			same = same && fmt.Sprint(answer) == fmt.Sprint(answers[0])
		}
		if same != guarded {
			t.Errorf("guarded %v: %v", guarded, answers)
		}
	}
}

// TestASnapshotGoesOnWhereItStopped: whatever call fails, the same message
// again finishes the work and gives one receipt.
func TestASnapshotGoesOnWhereItStopped(t *testing.T) {
	var records []any
	for _, code := range places(120) {
		records = append(records, map[string]any{"territory": code, "enrolled_on": "2026-03-01"})
	}
	for number := 1; ; number++ {
		w := newWorld(t)
		body := messageOf("cohort.snapshot", w.Clock.Now(), map[string]any{"cohort": "occitanie", "territories": records})
		since := w.Faults(func(c functiontest.Call) functiontest.Fault {
			if c.Number >= number && c.Number < number+20 { // longer than any retry: the function dies
				return functiontest.LostAnswer
			}
			return functiontest.None
		})
		first := w.post("msg_1", body)
		calls, _ := since()
		w.Faults(nil)
		answer := w.receiptOf(w.post("msg_1", body))
		again := w.receiptOf(w.post("msg_1", body))
		if len(answer.Results) != 120 || fmt.Sprint(answer) != fmt.Sprint(again) || len(w.Dump(function.Ledger)) != 120 {
			t.Errorf("call %d: %d then %d results, %d facts", number, first.Code, len(answer.Results), len(w.Dump(function.Ledger)))
		}
		for _, one := range answer.Results {
			if one.Status != applied {
				t.Errorf("call %d: %+v", number, one)
			}
		}
		if calls < number {
			return
		}
	}
}
