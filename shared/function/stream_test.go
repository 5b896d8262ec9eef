package function

import (
	"reflect"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

func TestOnlyDeclaredKeysAreWanted(t *testing.T) {
	record := func(pk, sk string) events.DynamoDBEventRecord {
		return events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{Keys: map[string]events.DynamoDBAttributeValue{
			"pk": events.NewStringAttribute(pk), "sk": events.NewStringAttribute(sk),
		}}}
	}
	records := []events.DynamoDBEventRecord{record("A#1", "X#1"), record("B#1", "Y#1"), record("C#1", "Z#1")}
	stream := StreamInfo{Prefixes: []KeyPrefix{{Attribute: "pk", Prefix: "A#"}, {Attribute: "sk", Prefix: "Y#"}}}
	if got := stream.Wanted(records); !reflect.DeepEqual(got, records[:2]) {
		t.Errorf("wanted %v", got)
	}
	if got := (StreamInfo{}).Wanted(records); len(got) != 3 {
		t.Errorf("without prefixes %d, want all", len(got))
	}
}
