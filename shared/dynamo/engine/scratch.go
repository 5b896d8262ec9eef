package engine

import (
	"errors"
	"fmt"
	"os"
)

// scratchPrefix begins the name of every scratch folder.
const scratchPrefix = "fabrique-"

// ScratchFolder is a folder that is there as long as this program, in memory
// where the system has a place for that.
type ScratchFolder struct {
	Path string
	lock *os.File
}

// Scratch makes a scratch folder, and removes those of programs that were
// killed. Nobody else removes this one while the program runs: it holds a lock.
func Scratch() (*ScratchFolder, error) {
	root, inMemory := memoryFolder()
	if !inMemory {
		root = os.TempDir()
	}
	removeAbandoned(root)
	for {
		path, err := os.MkdirTemp(root, scratchPrefix)
		if err != nil {
			return nil, fmt.Errorf("scratch folder: %w", err)
		}
		lock, err := lockFolder(path)
		if err == nil {
			_, err = os.Stat(path)
		}
		switch {
		case err == nil:
			return &ScratchFolder{path, lock}, nil
		case errors.Is(err, os.ErrNotExist), errors.Is(err, errLocked):
			continue // another program took it for abandoned before it was locked
		}
		return nil, fmt.Errorf("scratch folder: %w", err)
	}
}

// Remove removes the folder with all that is in it. A nil one is none.
func (s *ScratchFolder) Remove() {
	if s == nil {
		return
	}
	_ = os.RemoveAll(s.Path) // the next program tries again
	_ = s.lock.Close()
}

// errLocked tells that a running program holds a folder.
var errLocked = errors.New("the folder is in use")
