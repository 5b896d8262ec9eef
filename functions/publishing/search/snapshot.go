package search

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/blevesearch/bleve/v2"
)

// maxSnapshot bounds what Open unpacks, in bytes: half of a Lambda's temporary
// folder.
const maxSnapshot = 256 << 20

// Snapshot writes the index, as it is now, to be kept in a bucket. It may be
// searched and changed meanwhile.
func (x *Index) Snapshot(w io.Writer) error {
	folder, err := os.MkdirTemp("", "search-snapshot-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	copyable, ok := x.bleve.(bleve.IndexCopyable)
	if !ok {
		return errors.New("search: the index cannot be copied")
	}
	if err := copyable.CopyTo(bleve.FileSystemDirectory(folder)); err != nil {
		return fmt.Errorf("search: snapshot: %w", err)
	}
	archive := zip.NewWriter(w)
	if err := archive.AddFS(os.DirFS(folder)); err != nil {
		return fmt.Errorf("search: snapshot: %w", err)
	}
	return archive.Close()
}

// ErrSnapshot is answered by Open for what is no snapshot, or one of another
// version of this package: the index is then built from the table.
var ErrSnapshot = errors.New("search: this is no snapshot of this index")

// Open gives the index that Snapshot wrote. It can be changed.
func Open(r io.ReaderAt, size int64) (*Index, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	folder, err := os.MkdirTemp("", "search-")
	if err != nil {
		return nil, err
	}
	if err := unpack(archive, filepath.Join(folder, "index")); err != nil {
		_ = os.RemoveAll(folder)
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	inner, err := bleve.OpenUsing(filepath.Join(folder, "index"), map[string]any{"unsafe_batch": true})
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return opened(folder, inner, err)
}

// unpack writes the files of an archive below a folder, and nowhere else.
func unpack(archive *zip.Reader, folder string) error {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	left := int64(maxSnapshot)
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") {
			continue
		}
		written, err := unpackFile(root, file, left)
		if err != nil {
			return err
		}
		if left -= written; left <= 0 {
			return errors.New("too large")
		}
	}
	return nil
}

func unpackFile(root *os.Root, file *zip.File, limit int64) (int64, error) {
	if err := root.MkdirAll(path.Dir(file.Name), 0o700); err != nil {
		return 0, err
	}
	in, err := file.Open()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := root.OpenFile(file.Name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	written, err := io.Copy(out, io.LimitReader(in, limit))
	if closing := out.Close(); err == nil {
		err = closing
	}
	return written, err
}
