package prepared

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, file, want string) {
	t.Helper()
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s holds %q (%v), want %q", file, got, err, want)
	}
}

func entries(t *testing.T, folder string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestFolderIsMadeOnce(t *testing.T) {
	root := filepath.Join(t.TempDir(), "demo")
	made := 0
	fill := func(folder string) error {
		made++
		write(t, filepath.Join(folder, "tables.db"), "tables")
		write(t, filepath.Join(folder, "positions", "a.json"), "{}")
		return nil
	}
	for range 2 {
		folder, err := Folder(root, "v1", fill)
		if err != nil {
			t.Fatal(err)
		}
		has(t, filepath.Join(folder, "tables.db"), "tables")
		has(t, filepath.Join(folder, "positions", "a.json"), "{}")
	}
	if made != 1 {
		t.Errorf("made %d times", made)
	}
	if _, err := Folder(root, "v2", fill); err != nil || made != 2 {
		t.Errorf("another version: made %d times (%v)", made, err)
	}
	if left := entries(t, root); len(left) != 1 || left[0] != "v2" {
		t.Errorf("left %v, want v2 only", left)
	}
}

func TestWhatFailsLeavesNothing(t *testing.T) {
	root := filepath.Join(t.TempDir(), "demo")
	broken, work := errors.New("broken"), ""
	_, err := Folder(root, "v1", func(folder string) error {
		work = folder
		write(t, filepath.Join(folder, "tables.db"), "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	for _, folder := range []string{root, work} {
		if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left (%v)", folder, err)
		}
	}
}

func TestTwoAtOnceGetOne(t *testing.T) {
	root := t.TempDir()
	var ready, all sync.WaitGroup
	ready.Add(2)
	var made atomic.Int32
	for range 2 {
		all.Go(func() {
			folder, err := Folder(root, "v1", func(folder string) error {
				ready.Done()
				ready.Wait() // neither has finished when the other begins
				made.Add(1)
				return os.WriteFile(filepath.Join(folder, "tables.db"), []byte("whole"), 0o600)
			})
			if err != nil {
				t.Error(err)
				return
			}
			has(t, filepath.Join(folder, "tables.db"), "whole")
		})
	}
	all.Wait()
	if made.Load() != 2 {
		t.Errorf("made %d times: the two did not meet", made.Load())
	}
	if left := entries(t, root); len(left) != 1 {
		t.Errorf("left %v", left)
	}
}

func TestFolderWithoutDatabaseIsUnused(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "data")
	write(t, filepath.Join(from, "secrets.json"), "{}")
	for _, want := range []bool{false, true} {
		if err := Copy(from, to); err != nil {
			t.Fatal(err)
		}
		if used, err := Used(to); err != nil || used != want {
			t.Errorf("used: %v (%v), want %v", used, err, want)
		}
		write(t, filepath.Join(from, "tables.db"), "tables")
	}
}

func TestFingerprintFollowsWhatDecides(t *testing.T) {
	root := t.TempDir()
	fingerprint := func() string {
		t.Helper()
		sum, err := Fingerprint(root, "shared")
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	write(t, filepath.Join(root, "shared", "a.go"), "package a")
	before := fingerprint()
	for _, shown := range []string{"a_test.go", "page.html", "testdata/a.json"} {
		write(t, filepath.Join(root, "shared", shown), "new")
		if fingerprint() != before {
			t.Errorf("%s changes the fingerprint", shown)
		}
	}
	for _, stored := range []string{"b.go", "charter/2020.md", "a.go"} {
		write(t, filepath.Join(root, "shared", stored), "new")
		after := fingerprint()
		if after == before {
			t.Errorf("%s does not change the fingerprint", stored)
		}
		before = after
	}
}
