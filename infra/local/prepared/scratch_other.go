//go:build !linux

package prepared

import "os"

func scratchRoot() string { return os.TempDir() }

// lockFolder locks nothing: what a killed program leaves is for the system to
// remove.
func lockFolder(folder string) (*os.File, error) { return os.Open(folder) }

func removeAbandoned(string) {}
