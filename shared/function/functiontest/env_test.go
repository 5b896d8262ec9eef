package functiontest

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

type note struct {
	dynamo.Key
	Text string `dynamodbav:"text"`
}

// notebook is a function that keeps notes and copies each into the ledger
// when it hears of it.
type notebook struct {
	rt     function.Runtime
	heard  []string
	refuse bool
}

func (n *notebook) add(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Text string }
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	put, err := n.rt.Table(function.Allies).Put(note{dynamo.Key{PK: "NOTE", SK: "NOTE#" + n.rt.ID("note")}, in.Text}, dynamo.Absent)
	if err != nil {
		return err
	}
	if err := dynamo.Transact(r.Context(), n.rt.Dynamo, put); err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, in)
}

func (n *notebook) copy(ctx context.Context, record events.DynamoDBEventRecord) error {
	if n.refuse {
		return errors.New("refused")
	}
	text := record.Change.NewImage["text"].String()
	n.heard = append(n.heard, text)
	put, err := n.rt.Table(function.Ledger).Put(note{dynamo.Key{PK: "COPY", SK: text}, text})
	if err != nil {
		return err
	}
	return dynamo.Transact(ctx, n.rt.Dynamo, put)
}

func (n *notebook) hear(_ context.Context, record events.DynamoDBEventRecord) error {
	n.heard = append(n.heard, "ledger "+record.Change.NewImage["text"].String())
	return nil
}

func open(t *testing.T) (*Env, *notebook, *function.Running) {
	env := New(t)
	n := &notebook{}
	running := env.Open(function.Define(function.Spec[notebook]{
		Name: "notebook", Purpose: "Keeps notes.", Memory: 128, Timeout: 5 * time.Second,
		Tables: []function.Use{{Table: function.Allies, Right: function.ReadWrite}, {Table: function.Ledger, Right: function.Append}},
		Open:   func(rt function.Runtime) (*notebook, error) { n.rt = rt; return n, nil },
		Routes: []function.Route[notebook]{{
			Method: http.MethodPost, Path: "/v1/notes", Access: function.Public, Doc: function.Doc{Summary: "Add"}, Handle: (*notebook).add,
		}},
		Streams: []function.Stream[notebook]{
			{Table: function.Allies, Prefixes: []function.KeyPrefix{{Attribute: "sk", Prefix: "NOTE#"}}, Consume: (*notebook).copy},
			{Table: function.Ledger, Consume: (*notebook).hear},
		},
	}))
	return env, n, running
}

func TestChangesReachConsumersAndWhatTheyWriteToo(t *testing.T) {
	env, n, running := open(t)
	for _, text := range []string{"un", "deux"} {
		if got := env.Do(running, "POST", "/v1/notes", map[string]string{"text": text}); got.Code != http.StatusCreated {
			t.Fatalf("status %d: %s", got.Code, got.Body)
		}
	}
	other, err := n.rt.Table(function.Allies).Put(note{dynamo.Key{PK: "NOTE", SK: "OTHER"}, "not asked for"})
	if err != nil {
		t.Fatal(err)
	}
	if err := dynamo.Transact(t.Context(), env.Client, other); err != nil {
		t.Fatal(err)
	}
	n.refuse = true
	if err := env.TryDrain(); err == nil {
		t.Fatal("a refusal was not reported")
	}
	n.refuse = false
	env.Drain(running)
	want := []string{"un", "deux", "ledger un", "ledger deux"}
	if len(n.heard) != 4 || n.heard[0] != want[0] || n.heard[3] != want[3] {
		t.Fatalf("heard %v, want %v", n.heard, want)
	}
	env.Drain()
	if len(n.heard) != 4 {
		t.Fatalf("delivered again: %v", n.heard)
	}
	env.Replay()
	if len(n.heard) < 8 {
		t.Fatalf("not replayed: %v", n.heard)
	}
	if got := env.Holding("DEUX"); len(got) != 2 {
		t.Errorf("holding: %v, want a note and its copy", got)
	}
}

func TestUnitsAreThoseOfDynamoDB(t *testing.T) {
	env, n, running := open(t)
	read, write := env.Units(func() {
		env.Do(running, "POST", "/v1/notes", map[string]string{"text": "un"})
	})
	if read != 0 || write != 2 {
		t.Errorf("a transaction of one small item: read %v write %v, want 0 and 2", read, write)
	}
	used := env.UnitsByTable(func() {
		if _, err := n.rt.Table(function.Ledger).Get(t.Context(), dynamo.Key{PK: "A", SK: "B"}, &note{}); err != nil {
			t.Fatal(err)
		}
	})
	if got := used.Tables[function.Ledger]; used.Read != 1 || got.Read != 1 {
		t.Errorf("a consistent read: %v, want 1", used)
	}
}

func TestEveryFaultIsInjectedAndSurvived(t *testing.T) {
	for _, f := range AllFaults {
		t.Run(f.String(), func(t *testing.T) {
			env, _, running := open(t)
			since := env.Faults(At(1, f))
			got := env.Do(running, "POST", "/v1/notes", map[string]string{"text": "un"})
			if calls, injected := since(); injected != 1 || calls < 2 {
				t.Errorf("%d calls with %d faults, want a fault and another try", calls, injected)
			}
			if got.Code != http.StatusCreated || len(env.Dump(function.Allies)) != 1 {
				t.Errorf("status %d with %d items, want 201 and one item", got.Code, len(env.Dump(function.Allies)))
			}
			env.Faults(Always(f, "TransactWriteItems"))
			if got := env.Do(running, "POST", "/v1/notes", map[string]string{"text": "deux"}); got.Code != http.StatusServiceUnavailable {
				t.Errorf("status %d when it lasts, want 503: %s", got.Code, got.Body)
			}
		})
	}
}

func TestConflictNamesItsItem(t *testing.T) {
	env, n, _ := open(t)
	env.Faults(Always(Conflict))
	put, err := n.rt.Table(function.Allies).Put(note{dynamo.Key{PK: "A", SK: "B"}, ""})
	if err != nil {
		t.Fatal(err)
	}
	var cancelled *types.TransactionCanceledException
	if err := dynamo.Transact(t.Context(), n.rt.Dynamo, put); !errors.As(err, &cancelled) {
		t.Fatalf("got %v", err)
	}
	if code := *cancelled.CancellationReasons[0].Code; code != "TransactionConflict" {
		t.Errorf("reason %s", code)
	}
}

func TestWorldsAreApartAndIdsRepeat(t *testing.T) {
	first, second := New(t), New(t)
	put, err := first.Runtime().Table(function.Allies).Put(note{dynamo.Key{PK: "A", SK: "B"}, "x"})
	if err != nil {
		t.Fatal(err)
	}
	if err := dynamo.Transact(t.Context(), first.Client, put); err != nil {
		t.Fatal(err)
	}
	if len(second.Dump(function.Allies)) != 0 || len(first.Dump(function.Allies)) != 1 {
		t.Error("one world sees the other's items")
	}
	a, b := first.Runtime(), second.Runtime()
	if x, y := a.ID("x"), b.ID("x"); x != y {
		t.Errorf("ids of one test differ: %s %s", x, y)
	}
	if x, y := a.ID("x"), a.ID("x"); x == y {
		t.Errorf("an id came twice: %s", x)
	}
}
