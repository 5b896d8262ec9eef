package demo

import (
	"encoding/json"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/infra/local/host"
	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

type ally struct {
	DaysAgo      int `json:"days_ago"`
	Kind         string
	Organisation struct{ Name, Category, Territory string }
	Person       struct{ Email string }
	Consents     struct{ Directory bool }
}

func read(t *testing.T) (list []ally) {
	t.Helper()
	if err := json.Unmarshal(allies, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAlliesAreVariedAndInOrder(t *testing.T) {
	list := read(t)
	kinds, categories, emails := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, a := range list {
		kinds[a.Kind]++
		if a.Kind == "organisation" {
			categories[a.Organisation.Category]++
		}
		if emails[a.Person.Email] {
			t.Errorf("%s signs twice", a.Person.Email)
		}
		emails[a.Person.Email] = true
	}
	if kinds["organisation"] != 40 || kinds["person"] != 25 || len(categories) != len(alliance.Categories) {
		t.Errorf("kinds %v categories %v", kinds, categories)
	}
	if !slices.IsSortedFunc(list, func(a, b ally) int { return b.DaysAgo - a.DaysAgo }) {
		t.Error("Load expects the oldest first")
	}
}

func TestTerritoriesExist(t *testing.T) {
	for _, a := range read(t) {
		if code := a.Organisation.Territory; code != "" {
			if _, err := territory.Lookup(code); err != nil {
				t.Errorf("%s: %v", code, err)
			}
		}
	}
}

func TestLoadSignsEveryone(t *testing.T) {
	h, err := host.Open(t.Context(), host.Options{
		Functions: functions.All, PublicURL: "http://127.0.0.1:8080", RateLimit: 1, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	if err := Load(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	c := caller{t.Context(), h, new(atomic.Int64), "", nil}
	var count struct{ Organisations, Persons int }
	if err := c.call("GET", "/v1/allies/count", nil, &count); err != nil {
		t.Fatal(err)
	}
	if count.Organisations != 40 || count.Persons != 25 {
		t.Errorf("%+v, want 40 organisations and 25 persons", count)
	}
	var agenda struct {
		Items []struct {
			Kind, Status string
			Waiting      int
		}
	}
	if err := c.call("GET", "/v1/sessions", nil, &agenda); err != nil {
		t.Fatal(err)
	}
	kinds, waiting := map[string]int{}, 0
	for _, item := range agenda.Items {
		kinds[item.Kind]++
		waiting += item.Waiting
	}
	if kinds["permanence"] < 2 || kinds["initiation"] != 2 || kinds["workshop"] != 2 || kinds["community"] != 1 || kinds["assembly"] != 1 || waiting != 2 {
		t.Errorf("%v, %d wait", kinds, waiting)
	}
	var cohort struct{ Territories []any }
	if err := c.call("GET", "/v1/cohorts/massif-central", nil, &cohort); err != nil || len(cohort.Territories) != 4 {
		t.Errorf("%v %+v", err, cohort)
	}
	var library struct {
		Items []struct{ Kind, Series, Cohort string }
	}
	if err := c.call("GET", "/v1/resources?limit=100", nil, &library); err != nil {
		t.Fatal(err)
	}
	linked := 0
	for _, item := range library.Items {
		if item.Series != "" || item.Cohort != "" {
			linked++
		}
	}
	if len(library.Items) != 22 || linked < 10 {
		t.Errorf("%d resources, %d of a series or a cohort", len(library.Items), linked)
	}
	var mails []any
	if err := c.call("GET", "/_dev/mail", nil, &mails); err != nil || len(mails) != 0 {
		t.Errorf("%d mails are left (%v)", len(mails), err)
	}
	var clock struct{ Now time.Time }
	if err := c.call("GET", "/_dev/clock", nil, &clock); err != nil || time.Since(clock.Now) > time.Minute {
		t.Errorf("clock at %v (%v)", clock.Now, err)
	}
}
