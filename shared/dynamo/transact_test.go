package dynamo_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

type note struct {
	dynamo.Key
	Text  string `dynamodbav:"text"`
	Count int    `dynamodbav:"n"`
}

func noteKey(name string) dynamo.Key { return dynamo.Key{PK: "NOTE#" + name, SK: "NOTE"} }

type world struct {
	*functiontest.Env
	t     *testing.T
	table dynamo.Table
}

func newWorld(t *testing.T) *world {
	env := functiontest.New(t)
	return &world{env, t, env.Runtime().Table(function.Allies)}
}

func (w *world) put(name, text string, conditions ...expression.ConditionBuilder) types.TransactWriteItem {
	w.t.Helper()
	item, err := w.table.Put(note{noteKey(name), text, 0}, conditions...)
	if err != nil {
		w.t.Fatal(err)
	}
	return item
}

// raise adds one to a counter: what happens twice shows.
func (w *world) raise(name string) types.TransactWriteItem {
	w.t.Helper()
	item, err := w.table.Update(noteKey(name), expression.Add(expression.Name("n"), expression.Value(1)))
	if err != nil {
		w.t.Fatal(err)
	}
	return item
}

func (w *world) read(name string) (found note) {
	w.t.Helper()
	if _, err := w.table.Get(w.t.Context(), noteKey(name), &found); err != nil {
		w.t.Fatal(err)
	}
	return found
}

func (w *world) transact(items ...types.TransactWriteItem) error {
	return dynamo.Transact(w.t.Context(), w.table.Client, items...)
}

// TestOneEffectWhateverFails befalls each call of a transaction with each
// fault: afterwards the effect is there once, or the error says it is not known.
func TestOneEffectWhateverFails(t *testing.T) {
	for _, kind := range functiontest.AllFaults {
		t.Run(kind.String(), func(t *testing.T) {
			w := newWorld(t)
			for number := 1; number <= 3; number++ {
				name := fmt.Sprint(number)
				since := w.Faults(functiontest.At(number, kind))
				err := w.transact(w.raise(name), w.put("beside"+name, "x", dynamo.Absent))
				if _, injected := since(); injected == 0 && number == 1 {
					t.Fatal("no fault was injected")
				}
				w.Faults(nil)
				if err != nil {
					t.Errorf("call %d: %v", number, err)
				}
				if n := w.read(name).Count; n != 1 {
					t.Errorf("call %d: %d effects", number, n)
				}
			}
		})
	}
}

func TestATableThatStaysBusyIsSaidToBe(t *testing.T) {
	for _, kind := range functiontest.AllFaults {
		t.Run(kind.String(), func(t *testing.T) {
			w := newWorld(t)
			w.Faults(functiontest.Always(kind))
			err := w.transact(w.raise("a"))
			w.Faults(nil)
			if f := fault.As(err); f == nil || f.Kind != fault.Unavailable || f.RetryAfter <= 0 {
				t.Errorf("%v", err)
			}
			if n := w.read("a").Count; n > 1 || n == 1 && kind != functiontest.LostAnswer {
				t.Errorf("%d effects", n)
			}
		})
	}
}

func TestARefusalNamesItsPlacesAndChangesNothing(t *testing.T) {
	w := newWorld(t)
	if err := w.transact(w.put("old", "stood here")); err != nil {
		t.Fatal(err)
	}
	err := w.transact(w.put("new", "x", dynamo.Absent), w.put("old", "y", dynamo.Absent), w.raise("third"))
	var refused *dynamo.Refused
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	if refused.Failed(0) || !refused.Failed(1) || refused.Failed(2) || refused.Failed(99) {
		t.Errorf("%v", refused)
	}
	var old note
	if found, err := refused.Old(1, &old); err != nil || !found || old.Text != "stood here" {
		t.Errorf("%+v %v %v", old, found, err)
	}
	if found, _ := refused.Old(0, &old); found {
		t.Error("something stood where nothing did")
	}
	if w.read("new").Text != "" || w.read("old").Text != "stood here" || w.read("third").Count != 0 {
		t.Error("a refused transaction wrote something")
	}
}

// A mistake in a call is ours: nobody is told to try again.
func TestAMistakeIsNotCalledBusy(t *testing.T) {
	w := newWorld(t)
	wrongType, err := w.table.Update(noteKey("a"), expression.Add(expression.Name("text"), expression.Value(1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.transact(w.put("a", "a text, to which nothing can be added")); err != nil {
		t.Fatal(err)
	}
	for name, items := range map[string][]types.TransactWriteItem{
		"one item twice":          {w.raise("a"), w.raise("a")},
		"a value of another type": {wrongType, w.raise("b")},
		"too large an item":       {w.put("c", strings.Repeat("x", 500<<10))},
		"nothing":                 {},
	} {
		t.Run(name, func(t *testing.T) {
			err := w.transact(items...)
			var refused *dynamo.Refused
			if err == nil || fault.As(err) != nil || errors.As(err, &refused) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestADeadlineEndsTheRetries(t *testing.T) {
	w := newWorld(t)
	w.Faults(functiontest.Always(functiontest.Conflict))
	defer func() { w.Faults(nil) }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := dynamo.Transact(ctx, w.table.Client, w.raise("a"))
	if f := fault.As(err); f == nil || f.Kind != fault.Unavailable || time.Since(began) > 30*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// do carries out an action once for a key, as functions do.
func (w *world) do(key, asked string) (answer string, err error) {
	once := w.table.Once("POST /notes", key, []byte(asked), w.Clock.Now())
	if earlier, found, err := once.Answered(w.t.Context()); err != nil || found {
		return earlier, err
	}
	answer = w.Runtime().ID("note")
	items := []types.TransactWriteItem{w.raise("effects")}
	keep, keyed, err := once.Answer(answer)
	if err != nil {
		return "", err
	}
	if keyed {
		items = append(items, keep)
	}
	err = w.transact(items...)
	var refused *dynamo.Refused
	if keyed && errors.As(err, &refused) {
		if earlier, found, err := once.First(refused, len(items)-1); err != nil || found {
			return earlier, err
		}
	}
	return answer, err
}

func TestTheSameKeyHasOneEffectAndOneAnswer(t *testing.T) {
	w := newWorld(t)
	first, err := w.do("k", "a")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.do("k", "a"); err != nil || again != first {
		t.Errorf("%s %v, not %s", again, err, first)
	}
	if _, err := w.do("k", "b"); !fault.Is(err, "idempotency-key-reused") {
		t.Errorf("other words: %v", err)
	}
	if other, err := w.do("l", "a"); err != nil || other == first {
		t.Errorf("another key: %s %v", other, err)
	}
	for range 2 { // without a key each is another
		if _, err := w.do("", "a"); err != nil {
			t.Error(err)
		}
	}
	if n := w.read("effects").Count; n != 4 {
		t.Errorf("%d effects", n)
	}
}

func TestTheSameKeyAtOnce(t *testing.T) {
	const callers = 8
	w := newWorld(t)
	answers := make([]string, callers)
	errs := make([]error, callers)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() { answers[i], errs[i] = w.do("k", "a") })
	}
	group.Wait()
	for i := range callers {
		if errs[i] != nil || answers[i] != answers[0] {
			t.Errorf("%s %v", answers[i], errs[i])
		}
	}
	if n := w.read("effects").Count; n != 1 {
		t.Errorf("%d effects", n)
	}
}

// TestWithoutTheClaimThereAreManyEffects shows that it is the claim that makes
// the test above pass, not luck.
func TestWithoutTheClaimThereAreManyEffects(t *testing.T) {
	const callers = 8
	w := newWorld(t)
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			if err := w.transact(w.raise("effects")); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := w.read("effects").Count; n != callers {
		t.Errorf("%d effects", n)
	}
}

// The answer may be lost at any call: who asks again gets it, with one effect.
func TestAskingAgainAfterAFaultHasOneEffect(t *testing.T) {
	for _, kind := range functiontest.AllFaults {
		t.Run(kind.String(), func(t *testing.T) {
			w := newWorld(t)
			w.Faults(functiontest.Always(kind, "TransactWriteItems"))
			if _, err := w.do("k", "a"); fault.As(err) == nil {
				t.Errorf("during the outage: %v", err)
			}
			w.Faults(nil)
			first, err := w.do("k", "a")
			if err != nil {
				t.Fatal(err)
			}
			if again, err := w.do("k", "a"); err != nil || again != first {
				t.Errorf("%s %v, not %s", again, err, first)
			}
			if n := w.read("effects").Count; n != 1 {
				t.Errorf("%d effects", n)
			}
		})
	}
}

// Keys are the caller's: whatever they hold, none is another, none is stored.
func TestKeysOfAnyLengthAndLetters(t *testing.T) {
	w := newWorld(t)
	keys := []string{"k", "K", " k", "é", "e\u0301", "ONCE#k", "\x00", strings.Repeat("long", 2000), strings.Repeat("long", 2000) + "r"}
	seen := map[string]bool{}
	for _, key := range keys {
		answer, err := w.do(key, "a")
		if err != nil || seen[answer] {
			t.Errorf("%.10q: %s %v", key, answer, err)
		}
		seen[answer] = true
	}
	if found := w.Holding("longlong"); len(found) > 0 {
		t.Errorf("a key is stored: %v", found)
	}
	other := w.table.Once("POST /others", "k", []byte("a"), w.Clock.Now())
	if _, found, err := other.Answered(t.Context()); found || err != nil {
		t.Errorf("the key of another action answers: %v %v", found, err)
	}
}

func TestCursorsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		pk := rapid.StringN(1, 50, 200).Draw(r, "pk")
		sk := rapid.StringN(1, 50, 200).Draw(r, "sk")
		cursor, err := dynamo.Cursor(dynamo.Key{PK: pk, SK: sk}.Attributes())
		if err != nil {
			r.Fatal(err)
		}
		start, err := dynamo.StartKey(cursor, "pk", "sk")
		if err != nil || start["pk"].(*types.AttributeValueMemberS).Value != pk || start["sk"].(*types.AttributeValueMemberS).Value != sk {
			r.Errorf("%v %v", start, err)
		}
	})
}

func TestCursorsOfOthersAreRefused(t *testing.T) {
	other, err := dynamo.Cursor(dynamo.Key{PK: "a", SK: "b"}.Attributes())
	if err != nil {
		t.Fatal(err)
	}
	loose := base64.RawURLEncoding.EncodeToString([]byte(`{"pk":"a","sk":"b","directory":"c"}`))
	loose = loose[:len(loose)-1] + string(loose[len(loose)-1]+1) // the same bytes, written otherwise
	for _, cursor := range []string{"x", "é", "e30", other + "A", "bnVsbA", other, loose} {
		_, err := dynamo.StartKey(cursor, "pk", "sk", "directory")
		if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Fields[0].Location != "query.cursor" {
			t.Errorf("%s: %v", cursor, err)
		}
	}
	if start, err := dynamo.StartKey("", "pk"); start != nil || err != nil {
		t.Errorf("no cursor: %v %v", start, err)
	}
}

// TestItemsAreReadTogether, however many there are; those that are not there
// are left out.
func TestItemsAreReadTogether(t *testing.T) {
	w := newWorld(t)
	var keys []dynamo.Key
	for n := range 130 {
		name := fmt.Sprint(n)
		keys = append(keys, noteKey(name))
		if n%2 > 0 {
			continue
		}
		if err := dynamo.Transact(t.Context(), w.Client, w.put(name, name)); err != nil {
			t.Fatal(err)
		}
	}
	keys = append(keys, dynamo.Key{}, noteKey(strings.Repeat("x", 3000))) // which DynamoDB refuses
	found := map[string]bool{}
	read, _ := w.Units(func() {
		if err := w.table.Items(t.Context(), keys, func(item map[string]types.AttributeValue) error {
			found[item["text"].(*types.AttributeValueMemberS).Value] = true
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	if len(found) != 65 || !found["0"] || !found["128"] {
		t.Errorf("%d were found", len(found))
	}
	local := os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" && read == 65 // it counts no read that finds nothing
	if read != 130 && !local {
		t.Errorf("%v units", read)
	}
	if err := w.table.Items(t.Context(), nil, nil); err != nil {
		t.Errorf("none: %v", err)
	}
}
