package aof

import (
	"io"
	"os"
	"path/filepath"
)

// FS is what the log needs of a file system. The zero Options use the
// operating system's; tests put one there that fails or crashes on demand.
type FS interface {
	MkdirAll(dir string) error
	// OpenFile opens path with os.O_* flags. Writers always append.
	OpenFile(path string, flag int) (File, error)
	Rename(from, to string) error
	Remove(path string) error
	// Size returns the length of the file at path, in bytes.
	Size(path string) (int64, error)
	// List returns the names of the files in dir.
	List(dir string) ([]string, error)
	// SyncDir makes the names in dir durable: creations, renames, removals.
	SyncDir(dir string) error
}

// File is one open file of an FS.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.Closer
	Truncate(size int64) error
	// Sync returns after the data, and the size needed to read it back, are
	// on stable storage.
	Sync() error
}

// osFS is the operating system's file system.
type osFS struct{}

func (osFS) MkdirAll(dir string) error       { return os.MkdirAll(dir, 0o755) }
func (osFS) Rename(from, to string) error    { return os.Rename(from, to) }
func (osFS) Remove(path string) error        { return os.Remove(path) }
func (osFS) SyncDir(dir string) error        { return syncDir(dir) }
func (osFS) Size(path string) (int64, error) { return statSize(path) }

func (osFS) OpenFile(path string, flag int) (File, error) {
	f, err := os.OpenFile(path, flag, 0o644)
	if err != nil {
		return nil, err
	}
	if flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		adviseSequential(f)
	}
	return osFile{f}, nil
}

func (osFS) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// osFile replaces os.File's Sync by the cheaper one where there is one: an
// append-only file needs its data and its size, not its modification time.
type osFile struct{ *os.File }

func (f osFile) Sync() error { return syncData(f.File) }

func statSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}
