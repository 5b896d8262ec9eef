package dynamo_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// TestAListBeginsWhereItsCursorCanStand: DynamoDB refuses a query that begins
// outside of its condition.
func TestAListBeginsWhereItsCursorCanStand(t *testing.T) {
	index := dynamo.Stretch{Hash: "agenda", Partition: "SESSIONS", Sort: "agenda_at"}
	period := index
	period.From, period.Until = "2026-03", "2026-05"
	table := dynamo.Stretch{Hash: "pk", Partition: "FIGURE", Sort: "sk"}
	subject := dynamo.Stretch{Hash: "subject", Partition: "ally_1", Sort: "sk", From: "2026"}
	at := func(names ...string) string {
		place := map[string]types.AttributeValue{}
		for i := 0; i < len(names); i += 2 {
			place[names[i]] = &types.AttributeValueMemberS{Value: names[i+1]}
		}
		cursor, err := dynamo.Cursor(place)
		if err != nil {
			t.Fatal(err)
		}
		return cursor
	}
	session := func(day string) string { return at("pk", "S", "sk", "S", "agenda", "SESSIONS", "agenda_at", day) }
	for _, c := range []struct {
		name    string
		of      dynamo.Stretch
		cursor  string
		refused bool
	}{
		{"none", period, "", false},
		{"its own", index, session("2026-04"), false},
		{"inside", period, session("2026-04"), false},
		{"the first", period, session("2026-03"), false},
		{"the last", period, session("2026-05"), false},
		{"before", period, session("2026-02"), true},
		{"after", period, session("2026-06"), true},
		{"another partition", index, at("pk", "S", "sk", "S", "agenda", "SERIES", "agenda_at", "2026-04"), true},
		{"another index", index, at("pk", "S", "sk", "S", "list", "SESSIONS", "list_at", "2026-04"), true},
		{"less", index, at("agenda", "SESSIONS", "agenda_at", "2026-04"), true},
		{"too long", index, session(strings.Repeat("2", 1025)), true},
		{"rubbish", index, "rubbish", true},
		{"the table", table, at("pk", "FIGURE", "sk", "x"), false},
		{"another item's partition", table, at("pk", "OTHER", "sk", "x"), true},
		{"an index sorted as its table", subject, at("pk", "A", "sk", "2026", "subject", "ally_1"), false},
		{"before it begins", subject, at("pk", "A", "sk", "2025", "subject", "ally_1"), true},
	} {
		start, err := c.of.StartKey(c.cursor)
		f := fault.As(err)
		if (f != nil) != c.refused || f == nil && err != nil || f != nil && f.Fields[0].Location != "query.cursor" {
			t.Errorf("%s: %v", c.name, err)
		}
		if (start != nil) != (c.cursor != "" && !c.refused) {
			t.Errorf("%s: %v", c.name, start)
		}
	}
}
