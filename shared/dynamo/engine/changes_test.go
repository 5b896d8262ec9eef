package engine

import (
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func areaName(t function.Table) string { return string(t) }

func tables(t *testing.T) (*Engine, *dynamodb.Client) {
	t.Helper()
	e := start(t, Options{})
	client := dynamodb.NewFromConfig(e.Config())
	for range 2 { // the second time finds them
		if err := CreateTables(t.Context(), client, function.Definitions, areaName); err != nil {
			t.Fatal(err)
		}
	}
	return e, client
}

func put(t *testing.T, client *dynamodb.Client, sk string) {
	t.Helper()
	_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("Allies"), Item: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "P"}, "sk": &types.AttributeValueMemberS{Value: sk},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTablesAreAsDeclared(t *testing.T) {
	_, client := tables(t)
	for _, d := range function.Definitions {
		described, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(string(d.Table))})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(described.Table.GlobalSecondaryIndexes); got != len(d.Indexes) {
			t.Errorf("%s: %d indexes, want %d", d.Table, got, len(d.Indexes))
		}
		if got := described.Table.LatestStreamArn != nil; got != d.Stream {
			t.Errorf("%s: stream %v, want %v", d.Table, got, d.Stream)
		}
		expiry, err := client.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String(string(d.Table))})
		if err != nil {
			t.Fatal(err)
		}
		if got := expiry.TimeToLiveDescription.TimeToLiveStatus == types.TimeToLiveStatusEnabled; got != d.TTL {
			t.Errorf("%s: TTL %v, want %v", d.Table, got, d.TTL)
		}
	}
}

func TestTableOfAnotherVersionIsRefused(t *testing.T) {
	_, client := tables(t)
	changed, err := function.Limits.Define()
	if err != nil {
		t.Fatal(err)
	}
	changed.Indexes = []function.Index{{Name: "new", Hash: "a", Range: "b"}}
	err = CreateTables(t.Context(), client, []function.Definition{changed}, areaName)
	if err == nil || !strings.Contains(err.Error(), "index new") {
		t.Errorf("got %v", err)
	}
}

func TestChangesGoOnFromAPosition(t *testing.T) {
	e, client := tables(t)
	for i := range BatchSize + 20 {
		put(t, client, strconv.Itoa(1000+i))
	}
	read := func(from Position) (batch Batch, reader *Changes) {
		t.Helper()
		reader, err := ReadChanges(t.Context(), e.Config(), function.Allies, "Allies", from)
		if err != nil {
			t.Fatal(err)
		}
		if batch, err = reader.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		return batch, reader
	}
	all, reader := read(nil)
	if len(all.Records) != BatchSize {
		t.Fatalf("%d changes at once, want %d", len(all.Records), BatchSize)
	}
	position := reader.Delivered(all, all.Records[9].Change.SequenceNumber)
	after, reader := read(position)
	if got := after.Records[0].Change.Keys["sk"].String(); got != "1010" {
		t.Errorf("goes on at %s, want 1010", got)
	}
	rest, err := reader.Next(t.Context())
	if err != nil || len(rest.Records) != 10 {
		t.Fatalf("%d changes left, want 10 (%v)", len(rest.Records), err)
	}
	if none, err := reader.Next(t.Context()); err != nil || len(none.Records) != 0 {
		t.Errorf("%d changes after the last (%v)", len(none.Records), err)
	}
	if arn := all.Records[0].EventSourceArn; !strings.Contains(arn, "table/Allies/stream/") {
		t.Errorf("ARN %s", arn)
	}
}
