package dynamo_test

import (
	"context"
	"errors"
	"fmt"
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
	err := w.transact(w.raise("a"), w.raise("a")) // one item twice, which DynamoDB does not take
	if err == nil || fault.As(err) != nil {
		t.Errorf("%v", err)
	}
}

func TestADeadlineEndsTheRetries(t *testing.T) {
	w := newWorld(t)
	w.Faults(functiontest.Always(functiontest.Conflict))
	defer w.Faults(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := dynamo.Transact(ctx, w.table.Client, w.raise("a"))
	if f := fault.As(err); f == nil || f.Kind != fault.Unavailable || time.Since(began) > time.Second {
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
	for _, cursor := range []string{"x", "é", "e30", other + "A", "bnVsbA", other} {
		_, err := dynamo.StartKey(cursor, "pk", "sk", "directory")
		if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Fields[0].Location != "query.cursor" {
			t.Errorf("%s: %v", cursor, err)
		}
	}
	if start, err := dynamo.StartKey("", "pk"); start != nil || err != nil {
		t.Errorf("no cursor: %v %v", start, err)
	}
}
