package personal

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

func change(name, pk, sk, requested string) events.DynamoDBEventRecord {
	image := map[string]events.DynamoDBAttributeValue{}
	if requested != "" {
		image["requested_at"] = events.NewStringAttribute(requested)
	}
	return events.DynamoDBEventRecord{EventName: name, Change: events.DynamoDBStreamRecord{
		Keys: map[string]events.DynamoDBAttributeValue{"pk": events.NewStringAttribute(pk), "sk": events.NewStringAttribute(sk)}, NewImage: image,
	}}
}

func TestErasureIn(t *testing.T) {
	const at = "2026-03-10T09:00:00.5Z"
	for _, c := range []struct {
		name   string
		record events.DynamoDBEventRecord
		ok     bool
	}{
		{"a request", change("INSERT", "PERSON#abc", "ERASURE", at), true},
		{"asked again", change("MODIFY", "PERSON#abc", "ERASURE", at), true},
		{"gone with time", change("REMOVE", "PERSON#abc", "ERASURE", at), false},
		{"something else", change("INSERT", "PERSON#abc", "MAIL#1", at), false},
		{"of nobody", change("INSERT", "PERSON#", "ERASURE", at), false},
		{"of another partition", change("INSERT", "ONCE#abcdefgh", "ERASURE", at), false},
		{"without a change", events.DynamoDBEventRecord{}, false},
		{"without an instant", change("INSERT", "PERSON#abc", "ERASURE", ""), false},
	} {
		person, requested, ok := ErasureIn(c.record)
		if ok != c.ok || ok && (person != "abc" || requested.Nanosecond() != 500_000_000) {
			t.Errorf("%s: %q %s %v", c.name, person, requested, ok)
		}
	}
}

func TestTheRequestHoldsNobody(t *testing.T) {
	key := func(context.Context) ([]byte, error) { return []byte(strings.Repeat("k", 32)), nil }
	person, err := Hash(t.Context(), key, "ada@exemple.fr")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC)
	request := NewErasure(person, now)
	if request.PK != "PERSON#"+person || request.SK != ErasureSK || request.RequestedAt != now ||
		request.ExpiresAt != now.AddDate(0, 0, 30).Unix() || strings.Contains(request.PK, "ada") {
		t.Errorf("%+v", request)
	}
}
