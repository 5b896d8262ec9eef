package dynamo_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// TestUnderAKeyThatCannotBeNothingIsFound: not by a read, nor in its
// partition; the longest keys that can be hold what was put there.
func TestUnderAKeyThatCannotBeNothingIsFound(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		key dynamo.Key
		can bool
	}{
		"a common one":                {dynamo.Key{PK: "NOTE#1", SK: "NOTE"}, true},
		"the longest of letters":      {dynamo.Key{PK: strings.Repeat("x", 2048), SK: strings.Repeat("y", 1024)}, true},
		"the longest of two bytes":    {dynamo.Key{PK: strings.Repeat("é", 1024), SK: strings.Repeat("à", 512)}, true},
		"no partition":                {dynamo.Key{SK: "NOTE"}, false},
		"no sort key":                 {dynamo.Key{PK: "NOTE#1"}, false},
		"a long partition":            {dynamo.Key{PK: strings.Repeat("x", 2049), SK: "NOTE"}, false},
		"a long one in bytes":         {dynamo.Key{PK: strings.Repeat("é", 1025), SK: "NOTE"}, false},
		"a long sort key":             {dynamo.Key{PK: "NOTE#1", SK: strings.Repeat("y", 1025)}, false},
		"a long sort key in bytes":    {dynamo.Key{PK: "NOTE#1", SK: strings.Repeat("à", 513)}, false},
		"what is long in many places": {dynamo.Key{PK: strings.Repeat("x", 9000), SK: strings.Repeat("y", 9000)}, false},
	} {
		if c.key.CanExist() != c.can {
			t.Errorf("%s: can exist: %t", name, !c.can)
		}
		item, err := w.table.Put(note{Key: c.key, Text: "là"})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.transact(item); (err == nil) != c.can {
			t.Errorf("%s: put: %v", name, err)
		}
		var found note
		if ok, err := w.table.Get(t.Context(), c.key, &found); err != nil || ok != c.can {
			t.Errorf("%s: get: %t %v", name, ok, err)
		}
		n := 0
		err = w.table.Partition(t.Context(), c.key.PK, c.key.SK, func(map[string]types.AttributeValue) error { n++; return nil })
		if err != nil || c.can && n != 1 {
			t.Errorf("%s: its partition: %d %v", name, n, err)
		}
	}
}
