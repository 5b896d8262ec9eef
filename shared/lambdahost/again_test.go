package lambdahost

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
)

// shard is one of a stream, of changes whose keys are their sequence numbers.
// It answers two at once and, while it is open, has no end.
type shard struct {
	sequences []string
	closed    bool
	trimmed   bool
	asked     int
}

func (s *shard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ SequenceNumber, ShardIterator string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	answer := map[string]any{}
	switch s.asked++; {
	case s.trimmed:
		w.WriteHeader(http.StatusBadRequest)
		answer["__type"] = "com.amazonaws.dynamodb.v20120810#TrimmedDataAccessException"
	case s.asked > 20:
		w.WriteHeader(http.StatusBadRequest) // whoever reads on would read for ever
		answer["__type"] = "com.amazonaws.dynamodb.v20120810#ExpiredIteratorException"
	case strings.HasSuffix(r.Header.Get("X-Amz-Target"), "GetShardIterator"):
		answer["ShardIterator"] = fmt.Sprint(slices.Index(s.sequences, in.SequenceNumber))
	default:
		from, _ := strconv.Atoi(in.ShardIterator)
		until := min(from+2, len(s.sequences))
		records := []map[string]any{}
		for _, sequence := range s.sequences[from:until] {
			records = append(records, map[string]any{"eventID": sequence, "eventName": "INSERT", "dynamodb": map[string]any{
				"SequenceNumber": sequence, "Keys": map[string]any{"pk": map[string]string{"S": "P"}, "sk": map[string]string{"S": sequence}}}})
		}
		answer["Records"] = records
		if until < len(s.sequences) || !s.closed {
			answer["NextShardIterator"] = fmt.Sprint(until)
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// What was given up is read again from its first change to its last, whatever
// comes before and after, and as long as the stream still has it.
func TestChangesAreReadAgain(t *testing.T) {
	table := "arn:aws:dynamodb:eu-west-3:1:table/Allies/stream/2026-03-10T00:00:00.000"
	for name, c := range map[string]struct {
		sequences       []string
		closed, trimmed bool
		first, last     string
		stream          string
		told            []string
		fails           string
	}{
		"the last of an open shard": {sequences: []string{"7", "8", "9"}, first: "8", last: "9", told: []string{"8", "9"}},
		"one":                       {sequences: []string{"7", "8", "9"}, first: "8", last: "8", told: []string{"8"}},
		"over three answers":        {sequences: []string{"1", "2", "3", "4", "5", "6", "7"}, first: "2", last: "6", told: []string{"2", "3", "4", "5", "6"}},
		"a number that grows":       {sequences: []string{"99", "100", "101"}, first: "99", last: "100", told: []string{"99", "100"}},
		"a last that is not there":  {sequences: []string{"7", "8", "10", "11"}, first: "7", last: "9", told: []string{"7", "8"}},
		"an end before the last":    {sequences: []string{"7", "8"}, closed: true, first: "7", last: "9", fails: "ends before"},
		"gone":                      {sequences: []string{"7"}, trimmed: true, first: "7", last: "7", fails: "older than 24 hours"},
		"another table's": {sequences: []string{"7"}, first: "7", last: "7", fails: "not declared",
			stream: strings.Replace(table, "Allies", "Sessions", 1)},
	} {
		s := &shard{sequences: c.sequences, closed: c.closed, trimmed: c.trimmed}
		server := httptest.NewServer(s)
		h, e := newHandler(t)
		h.streams = dynamodbstreams.New(dynamodbstreams.Options{
			BaseEndpoint: &server.URL, Region: "eu-west-3", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), Retryer: aws.NopRetryer{},
		})
		batch := Batch{Shard: "shard-1", First: c.first, Last: c.last, Size: len(c.told), Stream: table}
		if c.stream != "" {
			batch.Stream = c.stream
		}
		payload, err := json.Marshal(GivenUp{Batch: batch})
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Invoke(t.Context(), payload)
		if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) || !slices.Equal(e.changes, c.told) {
			t.Errorf("%s: told %v, %v", name, e.changes, err)
		}
		server.Close()
	}
}

// The first failure fails them all: nobody would deliver the rest.
func TestChangesThatFailAgainStayGivenUp(t *testing.T) {
	s := &shard{sequences: []string{"7", "BAD8", "9"}}
	server := httptest.NewServer(s)
	defer server.Close()
	h, e := newHandler(t)
	h.streams = dynamodbstreams.New(dynamodbstreams.Options{BaseEndpoint: &server.URL, Region: "eu-west-3", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
	payload, err := json.Marshal(GivenUp{Batch: Batch{Shard: "shard-1", First: "7", Last: "BAD8", Stream: "arn:aws:dynamodb:eu-west-3:1:table/Allies/stream/x"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Invoke(t.Context(), payload); err == nil || !slices.Equal(e.changes, []string{"7"}) {
		t.Errorf("told %v, %v", e.changes, err)
	}
}
