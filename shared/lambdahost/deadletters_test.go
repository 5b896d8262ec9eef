package lambdahost

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

type minding struct{ rt function.Runtime }

// message is one of a queue; it is hidden while somebody looks at it.
type message struct {
	ID, Body, Error string
	Hidden          bool
}

// cloud is an SQS with some queues, and a Lambda that takes what it is given
// unless it is down.
type cloud struct {
	t       *testing.T
	queues  map[string][]*message
	counts  map[string][2]string // what a queue says of itself, when not the truth
	started []string             // function, then payload
	down    bool
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Error(err)
	}
	if name, found := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/"); found {
		c.start(w, r, strings.TrimSuffix(name, "/invocations"), string(body))
		return
	}
	var in struct {
		QueueURL      string `json:"QueueUrl"`
		ReceiptHandle string
		Entries       []struct{ ReceiptHandle string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		c.t.Error(err)
	}
	name := in.QueueURL[strings.LastIndex(in.QueueURL, "/")+1:]
	queue, known := c.queues[name]
	if !known {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}`))
		return
	}
	answer := map[string]any{}
	switch r.Header.Get("X-Amz-Target") {
	case "AmazonSQS.GetQueueAttributes":
		there, set := c.counts[name]
		if !set {
			there = [2]string{fmt.Sprint(len(queue)), "0"}
		}
		answer["Attributes"] = map[string]string{"ApproximateNumberOfMessages": there[0], "ApproximateNumberOfMessagesNotVisible": there[1]}
	case "AmazonSQS.ReceiveMessage":
		answer["Messages"] = receive(queue)
	case "AmazonSQS.ChangeMessageVisibilityBatch":
		for _, m := range queue {
			for _, e := range in.Entries {
				m.Hidden = m.Hidden && m.ID != e.ReceiptHandle
			}
		}
	case "AmazonSQS.DeleteMessage":
		c.queues[name] = slices.DeleteFunc(queue, func(m *message) bool { return m.ID == in.ReceiptHandle })
	default:
		c.t.Errorf("a call of %s", r.Header.Get("X-Amz-Target"))
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (c *cloud) start(w http.ResponseWriter, r *http.Request, name, payload string) {
	if c.down || r.Header.Get("X-Amz-Invocation-Type") != "Event" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.started = append(c.started, name, payload)
	w.WriteHeader(http.StatusAccepted)
}

// receive hides up to two messages, so that more are asked for.
func receive(queue []*message) (found []map[string]any) {
	for _, m := range queue {
		if m.Hidden || len(found) == 2 {
			continue
		}
		m.Hidden = true
		one := map[string]any{"MessageId": m.ID, "ReceiptHandle": m.ID, "Body": m.Body, "Attributes": map[string]string{"SentTimestamp": "1773133200000"}}
		if m.Error != "" {
			one["MessageAttributes"] = map[string]any{"ERROR_MESSAGE": map[string]string{"DataType": "String", "StringValue": m.Error}}
		}
		found = append(found, one)
	}
	return found
}

// minded opens a function on Lambda's environment and returns the dead letters
// that it is given, nil for none.
func (c *cloud) minded(declares bool, queues string) function.DeadLetters {
	c.t.Helper()
	server := httptest.NewServer(c)
	c.t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-3", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": server.URL, "AWS_CONFIG_FILE": "/dev/null", "AWS_CA_BUNDLE": "",
		function.DeadLetterQueues.Name: queues,
	} {
		c.t.Setenv(name, value)
	}
	var opened *minding
	f := function.Define(function.Spec[minding]{
		Name: "essay", Purpose: "Minds.", Memory: 128, Timeout: time.Second, MindsDeadLetters: declares,
		Open: func(rt function.Runtime) (*minding, error) { opened = &minding{rt}; return opened, nil },
	})
	if _, err := open(c.t.Context(), f, slog.New(slog.DiscardHandler)); err != nil {
		c.t.Fatal(err)
	}
	return opened.rt.DeadLetters
}

const urls = "https://sqs.eu-west-3.amazonaws.com/1/fabrique-a-dead-letters https://sqs.eu-west-3.amazonaws.com/1/fabrique-b-dead-letters"

// TestDeadLettersOfAllQueuesAreCounted, those that somebody looks at included.
func TestDeadLettersOfAllQueuesAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		queues string
		counts map[string][2]string
		want   int
		fault  string
	}{
		"none":               {urls, map[string][2]string{"fabrique-a-dead-letters": {"0", "0"}, "fabrique-b-dead-letters": {"0", "0"}}, 0, ""},
		"some":               {urls, map[string][2]string{"fabrique-a-dead-letters": {"2", "0"}, "fabrique-b-dead-letters": {"1", "4"}}, 7, ""},
		"a queue is missing": {urls, map[string][2]string{"fabrique-a-dead-letters": {"2", "0"}}, 0, "fabrique-b-dead-letters"},
		"no number":          {urls, map[string][2]string{"fabrique-a-dead-letters": {"2", "0"}, "fabrique-b-dead-letters": {"", "0"}}, 0, "ApproximateNumberOfMessages"},
		"no queue is named":  {"", nil, 0, "DEAD_LETTER_QUEUES"},
	} {
		t.Run(name, func(t *testing.T) {
			at := &cloud{t: t, counts: c.counts, queues: map[string][]*message{}}
			for queue := range c.counts {
				at.queues[queue] = nil
			}
			n, err := at.minded(true, c.queues).Count(t.Context())
			if n != c.want || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%d, %v", n, err)
			}
		})
	}
}

// A function that does not declare that it minds them has none.
func TestOnlyWhoDeclaresItMindsDeadLetters(t *testing.T) {
	at := &cloud{t: t}
	if at.minded(false, urls) != nil {
		t.Error("it has them all the same")
	}
}

const (
	aRun      = `{"version":"1.0","timestamp":"2026-03-10T09:00:00Z","requestContext":{"requestId":"r","condition":"RetriesExhausted"},"requestPayload":{"schedule":"nightly","due":"2026-03-10T02:00:00Z"},"responsePayload":{"errorMessage":"it differs","errorType":"errorString"}}`
	notRun    = `{"schedule":"hourly","due":"2026-03-10T08:00:00Z"}`
	aBatch    = `{"requestContext":{"condition":"RetryAttemptsExhausted"},"DDBStreamBatchInfo":{"shardId":"s","startSequenceNumber":"7","endSequenceNumber":"9","approximateArrivalOfFirstRecord":"2026-03-10T07:00:00Z","batchSize":3,"streamArn":"arn:aws:dynamodb:eu-west-3:1:table/Mails/stream/2026-01-01T00:00:00.000"}}`
	batchOnce = `{"requestContext":{"condition":"RetriesExhausted"},"requestPayload":` + aBatch + `,"responsePayload":{"errorMessage":"still"}}`
	aNotice   = `{"id":"n","detail-type":"Email Bounced","source":"aws.ses","detail":{"to":"ada@exemple.fr"}}`
)

func full(t *testing.T) *cloud {
	t.Helper()
	return &cloud{t: t, queues: map[string][]*message{
		"fabrique-a-dead-letters": {{ID: "1", Body: aRun}, {ID: "2", Body: notRun, Error: "no right"}, {ID: "3", Body: "?"}},
		"fabrique-b-dead-letters": {{ID: "4", Body: aBatch}, {ID: "5", Body: batchOnce}, {ID: "6", Body: aNotice, Error: "down"}},
	}}
}

func TestDeadLettersSayWhatTheyAre(t *testing.T) {
	c := full(t)
	letters := c.minded(true, urls)
	for range 2 { // the first look hides none from the second
		list, err := letters.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at, due := time.UnixMilli(1773133200000).UTC(), func(hour int) time.Time { return time.Date(2026, 3, 10, hour, 0, 0, 0, time.UTC) }
		want := []function.Letter{
			{ID: "a/1", Function: "a", Schedule: "nightly", Due: due(2), Reason: "it differs", At: at},
			{ID: "a/2", Function: "a", Schedule: "hourly", Due: due(8), Reason: "no right", At: at},
			{ID: "a/3", Function: "a", At: at},
			{ID: "b/4", Function: "b", Table: function.Mails, Changes: 3, Reason: "RetryAttemptsExhausted", At: at, Until: due(7).Add(24 * time.Hour)},
			{ID: "b/5", Function: "b", Table: function.Mails, Changes: 3, Reason: "still", At: at, Until: due(7).Add(24 * time.Hour)},
			{ID: "b/6", Function: "b", Notice: "Email Bounced", Reason: "down", At: at},
		}
		slices.SortFunc(list, func(a, b function.Letter) int { return strings.Compare(a.ID, b.ID) })
		if !slices.Equal(list, want) {
			t.Errorf("got  %+v\nwant %+v", list, want)
		}
	}
}

func TestDeadLettersAreHandedToTheirFunction(t *testing.T) {
	c := full(t)
	letters := c.minded(true, urls)
	want := []string{
		"fabrique-a", `{"schedule":"nightly","due":"2026-03-10T02:00:00Z"}`, "fabrique-a", notRun,
		"fabrique-b", aBatch, "fabrique-b", aBatch, "fabrique-b", aNotice,
	}
	for _, id := range []string{"a/1", "a/2", "b/4", "b/5", "b/6"} {
		if err := letters.RunAgain(t.Context(), id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if !slices.Equal(c.started, want) {
		t.Errorf("started %v", c.started)
	}
	for _, id := range []string{"a/1", "c/1", "", "/"} {
		if err := letters.RunAgain(t.Context(), id); !errors.Is(err, function.ErrNoLetter) {
			t.Errorf("%q again: %v", id, err)
		}
	}
	if err := letters.Forget(t.Context(), "a/3"); err != nil || len(c.started) != len(want) {
		t.Errorf("forget: %v, %v", err, c.started)
	}
	if n, err := letters.Count(t.Context()); n != 0 || err != nil {
		t.Errorf("%d are left, %v", n, err)
	}
}

// What cannot be handed over stays, and others see it at once.
func TestDeadLettersStayWhenLambdaIsDown(t *testing.T) {
	c := full(t)
	c.down = true
	if err := c.minded(true, urls).RunAgain(t.Context(), "a/2"); err == nil || errors.Is(err, function.ErrNoLetter) {
		t.Errorf("got %v", err)
	}
	for _, m := range c.queues["fabrique-a-dead-letters"] {
		if m.Hidden {
			t.Errorf("%s is hidden", m.ID)
		}
	}
	if len(c.queues["fabrique-a-dead-letters"]) != 3 {
		t.Error("it is gone")
	}
}
