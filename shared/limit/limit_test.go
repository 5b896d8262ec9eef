package limit_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/limit"
)

func limiter(env *functiontest.Env, perMinute int) *limit.Limiter {
	rt := env.Runtime()
	return &limit.Limiter{Table: rt.Table(function.Limits), PerMinute: perMinute, Now: env.Clock.Now,
		Key: rt.Key(function.IdentityKey), Log: slog.New(slog.DiscardHandler)}
}

func TestOneClientIsSlowedAndNobodyElse(t *testing.T) {
	env := functiontest.New(t)
	env.Clock.Set(time.Date(2026, time.March, 10, 9, 0, 20, 0, time.UTC))
	l := limiter(env, 3)
	for range 3 {
		if err := l.Allow(t.Context(), "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	f := fault.As(l.Allow(t.Context(), "192.0.2.1"))
	if f == nil || f.Kind != fault.TooMany || f.RetryAfter != 40*time.Second {
		t.Fatalf("%+v", f)
	}
	if err := l.Allow(t.Context(), "192.0.2.2"); err != nil {
		t.Errorf("another client: %v", err)
	}
	env.Clock.Advance(f.RetryAfter)
	if err := l.Allow(t.Context(), "192.0.2.1"); err != nil {
		t.Errorf("when told to come back: %v", err)
	}
	if found := env.Holding("192.0.2.1"); len(found) > 0 {
		t.Errorf("the address is stored: %v", found)
	}
}

func TestOfManyAtOnceTheLimitPasses(t *testing.T) {
	env := functiontest.New(t)
	l := limiter(env, 30)
	var passed atomic.Int64
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if l.Allow(t.Context(), "192.0.2.1") == nil {
				passed.Add(1)
			}
		})
	}
	group.Wait()
	if passed.Load() != 30 {
		t.Errorf("%d passed", passed.Load())
	}
}

// A subscriber may call from all of a /64: changing addresses gets nobody past.
func TestAddressesOfOneSubscriberCountTogether(t *testing.T) {
	for _, c := range []struct {
		first, second string
		together      bool
	}{
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"::ffff:192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"no address", "no address", true},
		{"", "192.0.2.1", false},
	} {
		l := limiter(functiontest.New(t), 1)
		if err := l.Allow(t.Context(), c.first); err != nil {
			t.Fatal(err)
		}
		if err := l.Allow(t.Context(), c.second); fault.Is(err, "too-many-requests") != c.together {
			t.Errorf("%s after %s: %v", c.second, c.first, err)
		}
	}
}

// A count that hangs holds nobody up for longer than a second or so.
func TestItWaitsForTheCountOnlyAMoment(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer silent.Close()
	env := functiontest.New(t)
	l := limiter(env, 1)
	l.Table.Client = dynamodb.New(env.Client.Options(), func(o *dynamodb.Options) { o.BaseEndpoint = &silent.URL })
	began := time.Now()
	if err := l.Allow(t.Context(), "192.0.2.1"); err != nil || time.Since(began) > 30*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// A form that works matters more than its brake.
func TestItFailsOpen(t *testing.T) {
	env := functiontest.New(t)
	l := limiter(env, 1)
	env.Faults(functiontest.Always(functiontest.Reset))
	defer func() { env.Faults(nil) }()
	for i := range 3 {
		if err := l.Allow(t.Context(), "192.0.2.1"); err != nil {
			t.Errorf("post %d: %v", i, err)
		}
	}
}

func TestItCostsOneWriteUnit(t *testing.T) {
	env := functiontest.New(t)
	l := limiter(env, 3)
	for i := range 5 {
		read, write := env.Units(func() { _ = l.Allow(t.Context(), fmt.Sprint("192.0.2.", i%2)) })
		if read != 0 || write != 1 {
			t.Errorf("%v read, %v write", read, write)
		}
	}
}
