package bilan

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
)

// generated is a ledger of so many facts, in the proportions of a large year:
// out of twenty, six signatures, seven answers after a meeting, two sessions of
// twenty people, three interventions, an enrolment and a correction of the
// fact before. Each is made when it is read, and read from its JSON, as from
// the table, since no engine on a laptop holds a million in the time that one
// waits for a benchmark. bytes counts what they would weigh in the table.
func generated(n int, bytes *int64) source {
	return func(_ context.Context, each func(recorded) error) error {
		*bytes = 0
		for i := n - 1; i >= 0; i-- {
			text, err := json.Marshal(generatedFact(i))
			if err != nil {
				return err
			}
			*bytes += int64(len(text)) + 110 // the keys, recorded_at and the names of attributes
			f, err := readFact(string(text), "2026-03-10T09:00:00Z")
			if err != nil {
				return err
			}
			if err := each(recorded{fact: f}); err != nil {
				return err
			}
		}
		return nil
	}
}

func generatedFact(i int) ledger.Fact {
	at := time.Date(2020+i%7, time.Month(1+i%12), 1+i%28, 9, 0, 0, 0, time.UTC)
	id := func(prefix string, n int) string { return fmt.Sprintf("%s_%026d", prefix, n) }
	kind, data := "intervention.v1", map[string]any{"title": "Une intervention", "on": dayOf(at), "form": "talk", "representative": i%3 == 0}
	switch slot := i % 20; {
	case slot < 6:
		kind, data = "ally.signed.v1", map[string]any{"kind": "person", "ally_id": id("ally", i), "charter_version": "2020-1"}
	case slot < 13:
		kind, data = "session.feedback.v1", map[string]any{"session_id": id("ses", i/20), "kind": "permanence",
			"effects": map[string]int{"alliance": 1 + i%5, "time_saved": 3, "belonging": 4, "trust": 5, "amplification": 2}}
	case slot < 15:
		var people []string
		for p := range 20 {
			people = append(people, fmt.Sprintf("%027d", (i+p*7)%50_000))
		}
		kind, data = "session.held.v2", held(id("ses", i), "permanence", "", at, 60, people, people[:10])
	case slot == 18:
		kind, data = "territory.enrolled.v1", map[string]any{"cohort": "occitanie", "territory": fmt.Sprintf("%05d", i%30_000), "enrolled_on": dayOf(at), "source": "partner"}
	case slot == 19:
		data["corrects"] = id("fact", i-2)
	}
	return ledger.New(id("fact", i), "bench", kind, "subject", at, data)
}

// BenchmarkRecount counts a whole ledger. Time and memory are those of the
// counting; read units are what the pages of the table cost, 4 KB each.
func BenchmarkRecount(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var bytes int64
			var peak atomic.Uint64
			before := cpuSeconds(b)
			defer debug.SetGCPercent(debug.SetGCPercent(50)) // as GOGC would be set where memory is short
			for b.Loop() {
				done := make(chan struct{})
				go watchMemory(&peak, done)
				moves, err := figures.count(b.Context(), generated(n, &bytes))
				close(done)
				if err != nil || len(moves) == 0 {
					b.Fatal(err, moves)
				}
			}
			b.ReportMetric(float64(peak.Load())/(1<<20), "MiB-peak")
			b.ReportMetric(float64(bytes)/4096, "read-units")
			b.ReportMetric((cpuSeconds(b)-before)/float64(b.N), "cpu-s")
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "facts/s")
		})
	}
}

// cpuSeconds is what the process has used of the processors, which other
// programs of the machine do not stretch as they stretch the time that passes.
func cpuSeconds(b *testing.B) float64 {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// watchMemory notes the most memory that the heap took.
func watchMemory(peak *atomic.Uint64, done <-chan struct{}) {
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for {
		select {
		case <-done:
			return
		case <-time.After(100 * time.Millisecond):
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			if taken := now.HeapInuse; taken > peak.Load() {
				peak.Store(taken)
			}
		}
	}
}

// BenchmarkRecountTable counts a ledger that stands in the engine, page by page.
func BenchmarkRecountTable(b *testing.B) {
	w := newWorld(b)
	const n = 5_000
	for i := range n {
		var writes dynamo.Writes
		writes.Add(ledger.Append(w.ledger, generatedFact(i), w.Clock.Now()))
		if err := writes.Commit(b.Context(), w.table.Client); err != nil {
			b.Fatal(err)
		}
	}
	var read float64
	for b.Loop() {
		read, _ = w.Units(func() {
			if _, err := w.figures.count(b.Context(), w.all); err != nil {
				b.Fatal(err)
			}
		})
	}
	b.ReportMetric(read, "read-units")
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "facts/s")
}

// BenchmarkProject brings facts into the running figures, one after the other,
// on top of some that are there: a fact costs the same after ten thousand.
func BenchmarkProject(b *testing.B) {
	for _, before := range []int{0, 1_000, 10_000} {
		b.Run(fmt.Sprintf("after %d", before), func(b *testing.B) {
			w := newWorld(b)
			next := 0
			one := func() {
				read, key := w.read(generatedFact(next))
				next++
				if err := w.project(b.Context(), read, key); err != nil {
					b.Fatal(err)
				}
			}
			put := func(n int) { // corrections read what they correct
				for i := range n {
					var writes dynamo.Writes
					writes.Add(ledger.Append(w.ledger, generatedFact(next+i), w.Clock.Now()))
					if err := writes.Commit(b.Context(), w.table.Client); err != nil {
						b.Fatal(err)
					}
				}
			}
			put(before)
			for range before {
				one()
			}
			const round = 200
			var used float64
			rounds := 0
			for b.Loop() {
				b.StopTimer()
				put(round)
				b.StartTimer()
				_, write := w.Units(func() {
					for range round {
						one()
					}
				})
				used += write
				rounds++
			}
			facts := float64(rounds * round)
			b.ReportMetric(used/facts, "write-units/fact")
			b.ReportMetric(facts/b.Elapsed().Seconds(), "facts/s")
		})
	}
}
