package booking

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkHotSession books for one person after another while so many book at
// once, in one session and over ten. It reports bookings a second and calls to
// DynamoDB a booking: what is over three reads and one write are retries.
func BenchmarkHotSession(b *testing.B) {
	for _, sessions := range []int{1, 10} {
		for _, contenders := range []int{1, 10, 100} {
			b.Run(fmt.Sprintf("%d at once in %d", contenders, sessions), func(b *testing.B) {
				w := newWorld(b)
				ids := make([]string, sessions)
				seats := min(maxCapacity, b.N/sessions+1)
				for i := range ids {
					ids[i] = w.newSession(seats).ID
				}
				since := w.Faults(nil)
				var next atomic.Int64
				var group sync.WaitGroup
				b.ResetTimer()
				for range contenders {
					group.Go(func() {
						for n := int(next.Add(1)); n <= b.N; n = int(next.Add(1)) {
							if _, err := w.tryBook(ids[n%sessions], n, ""); err != nil {
								b.Error(err)
							}
						}
					})
				}
				group.Wait()
				b.StopTimer()
				calls, _ := since()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bookings/s")
				b.ReportMetric(float64(calls)/float64(b.N), "calls/booking")
			})
		}
	}
}
