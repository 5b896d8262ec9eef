package host

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/engine"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

// What was given up is run again from where it was in the stream, as often as
// it takes, and then no longer waits; what was told to the function meanwhile
// is not told again.
func TestDeadLettersAreRunAgain(t *testing.T) {
	h, g := open(t, Options{})
	g.refuses["jamais"] = maxAttempts + 1
	for _, text := range []string{"avant", "jamais", "après"} {
		must(t, http.StatusCreated, call(t, h, "POST", "/v1/notes", `{"text":"`+text+`"}`))
	}
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/settle", ""))
	letters := g.rt.DeadLetters
	first, err := letters.List(t.Context())
	if err != nil || len(first) != 1 || first[0].Table != function.Allies || first[0].Until.IsZero() {
		t.Fatalf("%+v, %v", first, err)
	}
	if err := letters.RunAgain(t.Context(), first[0].ID); err != nil {
		t.Fatal(err)
	}
	second, err := letters.List(t.Context())
	if err != nil || len(second) != 1 || second[0].ID == first[0].ID || slices.Contains(g.all(), "jamais") {
		t.Fatalf("it failed again, and there are %+v, %v", second, err)
	}
	if err := letters.RunAgain(t.Context(), first[0].ID); !errors.Is(err, function.ErrNoLetter) {
		t.Errorf("the first letter again: %v", err)
	}
	if err := letters.RunAgain(t.Context(), second[0].ID); err != nil {
		t.Fatal(err)
	}
	heard := slices.DeleteFunc(g.all(), func(s string) bool { return strings.HasPrefix(s, "ledger") })
	if want := []string{"avant", "après", "jamais"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	if n, err := letters.Count(t.Context()); n != 0 || err != nil {
		t.Errorf("%d still wait, %v", n, err)
	}
}

// A letter says where changes are, whoever listens to them: those that the
// function does not declare are not told to it, nor those around.
func TestOnlyDeclaredChangesAreRunAgain(t *testing.T) {
	h, g := open(t, Options{})
	allies := dynamo.Table{Client: dynamodb.NewFromConfig(h.engine.Config()), Name: areaName(function.Allies)}
	for _, key := range []dynamo.Key{{PK: "P", SK: "NOTE#avant"}, {PK: "P", SK: "NOTE#un"}, {PK: "P", SK: "OTHER#x"}, {PK: "P", SK: "NOTE#deux"}, {PK: "P", SK: "NOTE#après"}} {
		put, err := allies.Put(note{key, strings.TrimPrefix(key.SK, "NOTE#")})
		if err != nil {
			t.Fatal(err)
		}
		if err := dynamo.Transact(t.Context(), allies.Client, put); err != nil {
			t.Fatal(err)
		}
	}
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/settle", ""))
	changes, err := engine.ReadChanges(t.Context(), h.engine.Config(), function.Allies, areaName(function.Allies), nil)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := changes.Next(t.Context())
	if err != nil || len(batch.Records) != 5 {
		t.Fatalf("%d changes, %v", len(batch.Records), err)
	}
	before := len(g.all())
	u, _ := h.unit("guestbook")
	payload, err := json.Marshal(lambdahost.GivenUp{Batch: lambdahost.Batch{
		Shard: batch.Shard(), First: batch.Records[1].Change.SequenceNumber, Last: batch.Records[3].Change.SequenceNumber, Size: 3, Stream: changes.Stream(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.invoke(t.Context(), u, payload); err != nil {
		t.Fatal(err)
	}
	if again := slices.DeleteFunc(g.all()[before:], func(s string) bool { return strings.HasPrefix(s, "ledger") }); !slices.Equal(again, []string{"un", "deux"}) {
		t.Errorf("told again: %v", again)
	}
}

func TestSchedulesAreRunAgain(t *testing.T) {
	h, g := open(t, Options{})
	g.fails = scheduleRuns
	hourly(t, h, g, "10", scheduleRuns)
	waitFor(t, "the letter", func() bool { return len(h.letters.all()) > 0 })
	list, err := g.rt.DeadLetters.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := g.rt.DeadLetters.RunAgain(t.Context(), list[0].ID); err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.due) != scheduleRuns+1 || !g.due[scheduleRuns].Equal(g.due[0]) || len(h.letters.all()) != 0 {
		t.Errorf("ran for %v, and %+v wait", g.due, h.letters.all())
	}
}
