package engine

import (
	"errors"
	"os"
	"testing"
)

func TestOnlyAbandonedFoldersAreRemoved(t *testing.T) {
	abandoned, err := Scratch()
	if err != nil {
		t.Fatal(err)
	}
	if err := abandoned.lock.Close(); err != nil { // as when its program is killed
		t.Fatal(err)
	}
	used, err := Scratch()
	if err != nil {
		t.Fatal(err)
	}
	defer used.Remove()
	other, err := Scratch()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Remove()
	if _, err := os.Stat(abandoned.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a killed program left stays (%v)", err)
	}
	if _, err := os.Stat(used.Path); err != nil {
		t.Errorf("the folder of a running program is gone: %v", err)
	}
}
