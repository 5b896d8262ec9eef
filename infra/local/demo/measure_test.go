package demo

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/infra/local/host"
)

func TestMeasure(t *testing.T) {
	dir := os.Getenv("MEASURE_DIR")
	if dir != "" {
		dir = dir + "/" + time.Now().Format("150405")
	}
	h, err := host.Open(t.Context(), host.Options{
		Functions: functions.All, PublicURL: "http://127.0.0.1:8080", DataDir: dir, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	began, last := time.Now(), 0
	if err := Load(t.Context(), h, func(done, all int) {
		if done/200 != last {
			last = done / 200
			t.Logf("%d/%d %v", done, all, time.Since(began))
		}
	}); err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(began))
	began = time.Now()
	if err := Today(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	t.Log("today", time.Since(began))
}
