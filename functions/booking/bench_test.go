package booking

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// BenchmarkHotSession books for one person after another while so many book at
// once, in one session and over ten. Every hundredth call meets a conflict, as
// DynamoDB answers when transactions cross, which engines on one machine never
// do. It reports bookings a second, calls to DynamoDB a booking, how many
// transactions were refused because somebody else took the seat first, how many
// met a conflict, and both together: each is one retry.
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
				since := w.Faults(func(c functiontest.Call) functiontest.Fault {
					if c.Number%100 == 0 {
						return functiontest.Conflict
					}
					return functiontest.None
				})
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
				calls, conflicts := since()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bookings/s")
				b.ReportMetric(float64(calls)/float64(b.N), "calls/booking")
				b.ReportMetric(float64(w.Refused())/float64(b.N), "refused/booking")
				b.ReportMetric(float64(conflicts)/float64(b.N), "conflicts/booking")
				b.ReportMetric((float64(w.Refused())+float64(conflicts))/float64(b.N), "retries/booking")
			})
		}
	}
}
