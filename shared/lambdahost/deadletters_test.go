package lambdahost

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

type counting struct{ rt function.Runtime }

// counted opens a function on Lambda's environment, with an SQS that has these
// queues, visible and hidden messages by name, and returns what it counts.
func counted(t *testing.T, declares bool, queues string, messages map[string][2]string) func() (int, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			QueueURL       string   `json:"QueueUrl"`
			AttributeNames []string `json:"AttributeNames"`
		}
		err := json.NewDecoder(r.Body).Decode(&in)
		there, known := messages[in.QueueURL[strings.LastIndex(in.QueueURL, "/")+1:]]
		if err != nil || !known || r.Header.Get("X-Amz-Target") != "AmazonSQS.GetQueueAttributes" || len(in.AttributeNames) != 2 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}`))
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"Attributes": map[string]string{
			"ApproximateNumberOfMessages": there[0], "ApproximateNumberOfMessagesNotVisible": there[1],
		}})
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-3", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": server.URL, "AWS_CONFIG_FILE": "/dev/null", "AWS_CA_BUNDLE": "",
		function.DeadLetterQueues.Name: queues,
	} {
		t.Setenv(name, value)
	}
	var opened *counting
	f := function.Define(function.Spec[counting]{
		Name: "essay", Purpose: "Counts.", Memory: 128, Timeout: time.Second, CountsDeadLetters: declares,
		Open: func(rt function.Runtime) (*counting, error) { opened = &counting{rt}; return opened, nil },
	})
	if _, err := open(t.Context(), f, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if opened.rt.CountDeadLetters == nil {
		return nil
	}
	return func() (int, error) { return opened.rt.CountDeadLetters(t.Context()) }
}

const urls = "https://sqs.eu-west-3.amazonaws.com/1/fabrique-a-dead-letters https://sqs.eu-west-3.amazonaws.com/1/fabrique-b-dead-letters"

// TestDeadLettersOfAllQueuesAreCounted, those that somebody looks at included.
func TestDeadLettersOfAllQueuesAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		queues   string
		messages map[string][2]string
		want     int
		fault    string
	}{
		"none":               {urls, map[string][2]string{"fabrique-a-dead-letters": {"0", "0"}, "fabrique-b-dead-letters": {"0", "0"}}, 0, ""},
		"some":               {urls, map[string][2]string{"fabrique-a-dead-letters": {"2", "0"}, "fabrique-b-dead-letters": {"1", "4"}}, 7, ""},
		"a queue is missing": {urls, map[string][2]string{"fabrique-a-dead-letters": {"2", "0"}}, 0, "fabrique-b-dead-letters"},
		"no number":          {urls, map[string][2]string{"fabrique-a-dead-letters": {"2", "0"}, "fabrique-b-dead-letters": {"", "0"}}, 0, "ApproximateNumberOfMessages"},
		"no queue is named":  {"", nil, 0, "DEAD_LETTER_QUEUES"},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := counted(t, true, c.queues, c.messages)()
			if n != c.want || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%d, %v", n, err)
			}
		})
	}
}

// A function that does not declare that it counts them cannot.
func TestOnlyWhoDeclaresItCountsDeadLetters(t *testing.T) {
	if counted(t, false, urls, nil) != nil {
		t.Error("it counts all the same")
	}
}
