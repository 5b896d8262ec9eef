package search

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// BenchmarkSearch tells how long searches take, and what the index holds: heap
// that the collector cannot free, and files, which are mapped.
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{300, 3_000, 30_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			before := heap()
			x, err := New()
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = x.Close() }()
			began := work() // with making the documents, which is little
			if err := x.Put(library(n)...); err != nil {
				b.Fatal(err)
			}
			settled := settle(b, x)
			built := work() - began
			var times, works []time.Duration
			for i := 0; b.Loop(); i++ {
				q := benchQueries[i%len(benchQueries)]
				start, worked := time.Now(), work()
				if _, err := x.Search(b.Context(), q); err != nil {
					b.Fatal(err)
				}
				times, works = append(times, time.Since(start)), append(works, work()-worked)
			}
			slices.Sort(times)
			slices.Sort(works)
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1e3, "p50-ms")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1e3, "p99-ms")
			b.ReportMetric(float64(works[len(works)/2].Microseconds())/1e3, "p50-cpu-ms")
			b.ReportMetric(float64(works[len(works)*99/100].Microseconds())/1e3, "p99-cpu-ms")
			b.ReportMetric(float64(heap()-before)/(1<<20), "heap-MB")
			b.ReportMetric(float64(settled)/(1<<20), "files-MB")
			b.ReportMetric(built.Seconds(), "build-cpu-s")
		})
	}
}

// work is the time that processors have worked for this program: unlike the
// clock, it tells the same on a machine that does something else.
func work() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// benchQueries are of one word and of many, of all and of few.
var benchQueries = []Query{
	{Text: "transition"},
	{Text: "zones humides"},
	{Text: "mobilté douce à Crest"},
	{Text: "comment la commune partage l’eau entre les usages"},
	{Text: `"mise en récit"`, Kind: "podcast"},
	{},
	{Text: "covoiturage", Fundamental: 2},
	{Text: "energi citoyene Bretagn"},
	{Text: "Kervella"},
	{Text: "le territoire raconte la coopération entre acteurs", Offset: 40},
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// settle waits until the index has merged what it was given, and gives the
// size of its files.
func settle(t testing.TB, x *Index) int64 {
	var last int64 = -1
	for range 60 {
		var size int64
		err := filepath.Walk(x.folder, func(_ string, info os.FileInfo, err error) error {
			if err == nil && !info.IsDir() {
				size += info.Size()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if size == last {
			return size
		}
		last = size
		time.Sleep(500 * time.Millisecond)
	}
	return last
}
