package partner

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

// places are territories of Occitanie.
func places(n int) (codes []string) {
	for t := range territory.All(territory.Commune) {
		if t.Region == "76" && len(codes) < n {
			codes = append(codes, t.Code)
		}
	}
	return codes
}

// TestDisorderEndsInTheSameState: a partner sends its year shuffled, three
// times over, with snapshots between, on eight connections, while calls to
// DynamoDB fail; the state is that of the ordered, single run.
func TestDisorderEndsInTheSameState(t *testing.T) {
	distinct := 400
	if os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" { // which takes ten times as long
		distinct = 100
	}
	if text := os.Getenv("FABRIQUE_EVENTS"); text != "" { // 10000 takes some minutes
		var err error
		if distinct, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	codes := places(max(150, distinct/5)) // each is named some thirty times: fewer than are kept of it
	ordered, shuffled := newWorld(t), newWorld(t)
	start := ordered.Clock.Now().AddDate(0, -6, 0)
	var messages []string
	for n := range distinct {
		at := start.Add(time.Duration(n) * time.Minute)
		code := codes[random.IntN(len(codes))]
		switch random.IntN(20) {
		case 0:
			var records []any
			for _, place := range random.Perm(len(codes))[:100] {
				records = append(records, map[string]any{"territory": codes[place], "enrolled_on": at.Format(time.DateOnly)})
			}
			messages = append(messages, messageOf("cohort.snapshot", at, map[string]any{"cohort": "occitanie", "territories": records}))
		case 1, 2, 3, 4, 5, 6:
			messages = append(messages, withdrawnFrom(at, code))
		default:
			messages = append(messages, enrolledIn(at, code, at.Format(time.DateOnly)))
		}
	}
	for n, body := range messages {
		ordered.receiptOf(ordered.post(fmt.Sprint("msg_", n), body))
	}
	shuffled.Faults(func(functiontest.Call) functiontest.Fault {
		if rand.N(50) > 0 {
			return functiontest.None
		}
		return functiontest.AllFaults[rand.N(len(functiontest.AllFaults))]
	})
	deliveries := append(append(random.Perm(distinct), random.Perm(distinct)...), random.Perm(distinct)...)
	next := make(chan int)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for n := range next {
				for try := 0; ; try++ {
					answer := shuffled.post(fmt.Sprint("msg_", n), messages[n])
					if answer.Code == http.StatusOK {
						break
					}
					if answer.Code < http.StatusInternalServerError || try == 20 {
						t.Errorf("%d %s", answer.Code, answer.Body)
						break
					}
				}
			}
		})
	}
	for _, n := range deliveries {
		next <- n
	}
	close(next)
	group.Wait()
	shuffled.Faults(nil)
	want, got := ordered.state(), shuffled.state()
	if !maps.Equal(want, got) {
		for code := range want {
			if want[code] != got[code] {
				t.Errorf("%s: %s, not %s", code, got[code], want[code])
			}
		}
	}
	// The ledger states the same, each stay and each leave once.
	stated, again := ordered.statedOf(), shuffled.statedOf()
	for code := range stated {
		if !slices.Equal(stated[code], again[code]) {
			t.Errorf("%s: the ledger says %q, not %q", code, again[code], stated[code])
		}
	}
	if len(again) != len(stated) {
		t.Errorf("the ledger speaks of %d territories, not %d", len(again), len(stated))
	}
}

// FuzzWebhook sends whatever body, rightly signed: no panic, no 5xx.
func FuzzWebhook(f *testing.F) {
	w := newWorld(f)
	now := w.Clock.Now()
	f.Add(enrolledIn(now, "46102", "2026-03-01"))
	f.Add(withdrawnFrom(now, "46102"))
	f.Add(messageOf("cohort.snapshot", now, map[string]any{"cohort": "occitanie", "territories": []any{map[string]any{"territory": "46102", "enrolled_on": "2026-03-01"}}}))
	f.Add(messageOf("milestone.reached", now, map[string]any{"cohort": "occitanie", "territory": "46042", "milestone": "Diagnostic", "reached_on": "2026-03-05"}))
	f.Add(`{"type":"cohort.published","timestamp":"2026-03-10T08:00:00Z","data":{"cohort":"a","name":"N","programme":"P","scale":"national","seats":1,"opens_on":"2026-01-01","closes_on":"2026-01-01","starts_on":"2026-01-01","ends_on":"2026-01-01"}}`)
	f.Add(`{"type":`)
	f.Fuzz(func(t *testing.T, body string) {
		id := fmt.Sprint("msg_", rand.Int64())
		request := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/webhooks/occitanie", strings.NewReader(body))
		headers := w.headers(id, body)
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		answer := httptest.NewRecorder()
		w.running.HTTP.ServeHTTP(answer, request)
		if answer.Code >= http.StatusInternalServerError || answer.Code == http.StatusUnauthorized {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	})
}
