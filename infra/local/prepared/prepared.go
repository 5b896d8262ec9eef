// Package prepared keeps folders that take long to make, each under the
// fingerprint of what it was made from, to be copied whenever one is needed.
package prepared

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/engine"
)

// Folder returns the folder with this name under root, and has it made when it
// is not there: elsewhere, then moved in one step, so that who is killed leaves
// nothing that looks whole. When two make it at once, the first to be done
// wins and the other takes what is there. Folders with other names are removed.
func Folder(root, name string, fill func(folder string) error) (string, error) {
	folder := filepath.Join(root, name)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	work, err := engine.Scratch()
	if err != nil {
		return "", err
	}
	defer work.Remove()
	if err := fill(work.Path); err != nil {
		return "", err
	}
	if err := os.MkdirAll(root, 0o750); err != nil {
		return "", fmt.Errorf("prepared data: %w", err)
	}
	moved, err := os.MkdirTemp(root, unfinished)
	if err != nil {
		return "", fmt.Errorf("prepared data: %w", err)
	}
	defer os.RemoveAll(moved) // gone when all went well
	if err := Copy(work.Path, moved); err != nil {
		return "", err
	}
	if err := os.Rename(moved, folder); err != nil {
		if _, missing := os.Stat(folder); missing != nil {
			return "", fmt.Errorf("prepared data: %w", err)
		}
	}
	return folder, forget(root, name)
}

// unfinished begins the name of a folder that is being moved here.
const unfinished = ".new-"

// forget removes what was prepared under other names.
func forget(root, name string) error {
	entries, err := os.ReadDir(root)
	for _, e := range entries {
		if e.Name() != name && !strings.HasPrefix(e.Name(), unfinished) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(root, e.Name())))
		}
	}
	return err
}

// Database is what the names of databases end in: they are copied last, so
// that a folder without one holds no data.
const Database = ".db"

// Used tells whether a folder holds a database.
func Used(folder string) (bool, error) {
	found, err := filepath.Glob(filepath.Join(folder, "*"+Database))
	return len(found) > 0, err
}

// Copy copies all files of a folder into another, which is made if need be.
func Copy(from, to string) error {
	var files []string
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("prepared data: %w", err)
	}
	slices.SortStableFunc(files, func(a, b string) int { return rank(a) - rank(b) })
	for _, file := range files {
		inside, err := filepath.Rel(from, file)
		if err == nil {
			err = copyFile(file, filepath.Join(to, inside))
		}
		if err != nil {
			return fmt.Errorf("prepared data: %w", err)
		}
	}
	return nil
}

func rank(file string) int {
	if strings.HasSuffix(file, Database) {
		return 1
	}
	return 0
}

// copyFile copies a file, which has its name only when it is whole.
func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}

// Fingerprint is the hash of the files under these folders of root that decide
// what a program stores: Go sources and data, and neither tests nor what is
// only shown.
func Fingerprint(root string, folders ...string) (string, error) {
	sum, files := sha256.New(), os.DirFS(root)
	for _, folder := range folders {
		err := fs.WalkDir(files, folder, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == "testdata":
				return fs.SkipDir
			case !entry.Type().IsRegular() || !decides(entry.Name()):
				return nil
			}
			text, err := fs.ReadFile(files, path)
			fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
			return err
		})
		if err != nil {
			return "", fmt.Errorf("fingerprint: %w", err)
		}
	}
	return short(sum), nil
}

// FingerprintFile is the hash of one file.
func FingerprintFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("fingerprint: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("fingerprint: %w", err)
	}
	return short(sum), nil
}

// short is enough of a hash to tell one version of a program from another.
func short(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)[:8]) }

func decides(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") ||
		slices.Contains([]string{".json", ".md", ".gz", ".csv", ".txt"}, filepath.Ext(name))
}
