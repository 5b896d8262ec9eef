package demo

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
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
		if done/50 != last {
			last = done / 50
			t.Logf("%d/%d %v", done, all, time.Since(began))
		}
	}); err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(began))
	compare(t, newCaller(t.Context(), h))
	began = time.Now()
	if err := Today(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	t.Log("today", time.Since(began))
}

func compare(t *testing.T, c caller) {
	var b struct {
		Status   string
		Chapters []struct {
			Figures []struct {
				ID              string
				Value, Previous int
				Rounded         string
			}
		}
	}
	if err := c.get("/v1/bilans/2023", &b); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../../functions/bilan/testdata/bilan-2023.csv")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(b.Status)
	for _, line := range strings.Split(string(text), "\n")[1:] {
		f := strings.Split(line, ",")
		for _, ch := range b.Chapters {
			for _, g := range ch.Figures {
				if len(f) > 3 && g.ID == f[2] {
					t.Log(fmt.Sprint(g.Value) == f[3], f[2], f[3], g.Value, g.Previous, g.Rounded)
				}
			}
		}
	}
}
