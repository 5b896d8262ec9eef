package limit_test

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// A form that works matters more than its brake.
func TestItFailsOpen(t *testing.T) {
	env := functiontest.New(t)
	l := limiter(env, 1)
	env.Faults(functiontest.Always(functiontest.Reset))
	defer env.Faults(nil)
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
