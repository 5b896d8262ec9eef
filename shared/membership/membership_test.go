package membership_test

import (
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// TestWhoHasASignatureIsAnAlly, and nobody is by what else stands in their
// partition: a signature not confirmed yet, a request to leave.
func TestWhoHasASignatureIsAnAlly(t *testing.T) {
	env := functiontest.New(t)
	allies := env.Runtime().Table(function.Allies)
	signed := membership.SignatureKey("ada", "ally_1")
	for _, key := range []dynamo.Key{
		signed, {PK: personal.Partition("bob"), SK: "REG#reg_1"}, {PK: personal.Partition("bob"), SK: "SIGNATURE"}, {PK: personal.Partition("bob"), SK: "ERASURE"},
	} {
		var writes dynamo.Writes
		writes.Add(allies.Put(struct{ dynamo.Key }{key}))
		if err := writes.Commit(t.Context(), allies.Client); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(person string, want bool) {
		t.Helper()
		if got, err := membership.Holds(t.Context(), allies, person); err != nil || got != want {
			t.Errorf("%s: %v %v", person, got, err)
		}
	}
	holds("ada", true)
	holds("bob", false)
	holds("nobody", false)
	if got, ok, err := membership.Of(t.Context(), allies, "ada"); err != nil || !ok || got != (membership.Signed{Ally: "ally_1"}) || got.Name() != "" {
		t.Errorf("%+v %v %v", got, ok, err)
	}
	if _, ok, err := membership.Of(t.Context(), allies, "bob"); err != nil || ok {
		t.Errorf("%v %v", ok, err)
	}
	var writes dynamo.Writes
	writes.Add(allies.Delete(signed))
	if err := writes.Commit(t.Context(), allies.Client); err != nil {
		t.Fatal(err)
	}
	holds("ada", false)
}
