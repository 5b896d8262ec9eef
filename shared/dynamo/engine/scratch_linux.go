package engine

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// scratchRoom is how much must be free in memory, in bytes: the demo year takes
// a fifth of it. Containers often have 64 MB.
const scratchRoom = 512 << 20

// memoryFolder is memory that looks like a folder (tmpfs(5)), when there is
// enough of it: the engine waits for every write to be safe on disk, which
// takes most of the time on others.
func memoryFolder() (path string, found bool) {
	path = "/dev/shm"
	var about syscall.Statfs_t
	err := syscall.Statfs(path, &about)
	return path, err == nil && about.Bavail*uint64(about.Bsize) >= scratchRoom //nolint:gosec // a size is not negative
}

// lockFolder takes a folder for this program until the file is closed, or the
// program ends in any way (flock(2)).
func lockFolder(folder string) (*os.File, error) {
	file, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errLocked
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// removeAbandoned removes the scratch folders of programs that have ended.
func removeAbandoned(root string) {
	folders, err := filepath.Glob(filepath.Join(root, scratchPrefix+"*"))
	if err != nil {
		return
	}
	for _, folder := range folders {
		if lock, err := lockFolder(folder); err == nil {
			_ = os.RemoveAll(folder) // of another user, perhaps
			_ = lock.Close()
		}
	}
}
