package ledger_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
)

func appendFact(t *testing.T, env *functiontest.Env, f ledger.Fact) error {
	t.Helper()
	table := env.Runtime().Table(function.Ledger)
	item, err := ledger.Append(table, f, env.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return dynamo.Transact(t.Context(), table.Client, item)
}

// TestFactsAreCloudEvents with what version 1.0 requires
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#required-attributes).
func TestFactsAreCloudEvents(t *testing.T) {
	env := functiontest.New(t)
	happened := time.Date(2026, time.March, 10, 9, 0, 0, 0, time.FixedZone("", 3600))
	f := ledger.New("fact_1", "registration", "ally.signed.v1", "ally_1", happened, map[string]string{"kind": "person"})
	if err := appendFact(t, env, f); err != nil {
		t.Fatal(err)
	}
	items := env.Dump(function.Ledger)
	if len(items) != 1 {
		t.Fatalf("%v", items)
	}
	var event map[string]any
	if err := json.Unmarshal([]byte(items[0]["event"].(string)), &event); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{
		"specversion": "1.0", "id": "fact_1", "source": "/registration", "type": "ally.signed.v1", "subject": "ally_1",
		"time": "2026-03-10T08:00:00Z", "datacontenttype": "application/json", "dataschema": "/events/ally.signed.v1.schema.json",
	} {
		if event[name] != value {
			t.Errorf("%s: %v", name, event[name])
		}
	}
}

// A fact is appended once and never written over.
func TestAFactIsNeverWrittenOver(t *testing.T) {
	env := functiontest.New(t)
	now := env.Clock.Now()
	if err := appendFact(t, env, ledger.New("fact_1", "x", "a.v1", "s", now, "first")); err != nil {
		t.Fatal(err)
	}
	err := appendFact(t, env, ledger.New("fact_1", "x", "a.v1", "s", now, "second"))
	var refused *dynamo.Refused
	if !errors.As(err, &refused) || len(env.Holding("second")) > 0 {
		t.Errorf("%v", err)
	}
}

// The year of a fact is that of Paris: a signature at half past midnight on
// 1 January is of the new year, though it is still the old one in UTC.
func TestTheYearIsThatOfParis(t *testing.T) {
	env := functiontest.New(t)
	for id, happened := range map[string]time.Time{
		"fact_old": time.Date(2026, time.December, 31, 22, 59, 59, 0, time.UTC),
		"fact_new": time.Date(2026, time.December, 31, 23, 30, 0, 0, time.UTC),
	} {
		if err := appendFact(t, env, ledger.New(id, "x", "a.v1", "s", happened, nil)); err != nil {
			t.Fatal(err)
		}
	}
	for _, item := range env.Dump(function.Ledger) {
		want := "a.v1#2026"
		if item["sk"] == "2026-12-31T23:30:00Z#fact_new" {
			want = "a.v1#2027"
		}
		if item["pk"] != want {
			t.Errorf("%v stands in %v", item["sk"], item["pk"])
		}
	}
}

// Facts stand in order of time, whatever the zone of the clock that dated them,
// and facts of one second in order of their ids.
func TestFactsStandInOrderOfTime(t *testing.T) {
	env := functiontest.New(t)
	noon := time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC)
	third := ledger.New("fact_3", "x", "a.v1", "s", noon.Add(time.Hour), nil)
	third.Time = third.Time.In(time.FixedZone("", -5*3600)) // 8 in the morning there
	for _, f := range []ledger.Fact{third, ledger.New("fact_2", "x", "a.v1", "s", noon, nil), ledger.New("fact_1", "x", "a.v1", "s", noon, nil)} {
		if err := appendFact(t, env, f); err != nil {
			t.Fatal(err)
		}
	}
	var order []string
	for _, item := range env.Dump(function.Ledger) {
		order = append(order, item["sk"].(string))
	}
	slices.Sort(order)
	want := []string{"2026-03-10T12:00:00Z#fact_1", "2026-03-10T12:00:00Z#fact_2", "2026-03-10T13:00:00Z#fact_3"}
	if !slices.Equal(order, want) {
		t.Errorf("%v", order)
	}
}

// What cannot be written as JSON is no fact.
func TestAFactThatIsNoJSON(t *testing.T) {
	f := ledger.New("fact_1", "x", "a.v1", "s", time.Unix(0, 0), func() {})
	if _, err := ledger.Append(functiontest.New(t).Runtime().Table(function.Ledger), f, f.Time); err == nil {
		t.Error("it is appended")
	}
}
