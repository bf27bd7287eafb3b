package aof

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// memFS is a file system in memory that can fail any operation and that knows,
// besides what programs see, what would be left after a power loss: the bytes
// that were synced, under the names that were synced.
type memFS struct {
	mu      sync.Mutex
	files   map[string]*inode
	durable map[string]*inode
	ops     int

	// before runs, under mu, in front of each change; an error fails it. For
	// writes n bytes get through nevertheless.
	before func(op int, kind, path string) (n int, err error)
	// pause runs in front of writes and syncs, not under mu.
	pause func(kind string)
	// dropOnSyncError is a kernel that forgets the pages it could not write.
	dropOnSyncError bool
}

type inode struct {
	data []byte
	disk []byte
	lost [][2]int // ranges that a failed sync marked clean: no later sync writes them
}

var errInjected = errors.New("injected failure")

func newMemFS() *memFS {
	return &memFS{files: map[string]*inode{}, durable: map[string]*inode{}}
}

// change counts an operation and lets it fail.
func (m *memFS) change(kind, path string) (int, error) {
	m.ops++
	if m.before == nil {
		return 0, nil
	}
	return m.before(m.ops, kind, path)
}

// crash returns what another process finds after kill -9, or, with power,
// after a power loss that let a part of the unsynced bytes through.
// It is called under mu.
func (m *memFS) crash(power bool, part func(n int) int) *memFS {
	c := newMemFS()
	c.dropOnSyncError = m.dropOnSyncError
	names := m.files
	if power {
		names = m.durable
	}
	for path, n := range names {
		data := n.data
		if power {
			data = n.disk
			if len(n.lost) == 0 && len(n.data) > len(n.disk) && bytes.HasPrefix(n.data, n.disk) {
				data = n.data[:len(n.disk)+part(len(n.data)-len(n.disk))]
			}
		}
		data = bytes.Clone(data)
		c.files[path] = &inode{data: data, disk: data}
		c.durable[path] = c.files[path]
	}
	return c
}

func (m *memFS) MkdirAll(string) error { return nil }

func (m *memFS) OpenFile(path string, flag int) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.files[path]
	if n == nil && flag&os.O_CREATE == 0 {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	if flag != os.O_RDONLY {
		if _, err := m.change("open", path); err != nil {
			return nil, err
		}
	}
	if n == nil {
		n = &inode{}
		m.files[path] = n
	}
	if flag&os.O_TRUNC != 0 {
		n.truncate(0)
	}
	return &memFile{m: m, n: n, path: path}, nil
}

func (m *memFS) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.change("rename", from); err != nil {
		return err
	}
	n := m.files[from]
	if n == nil {
		return fs.ErrNotExist
	}
	delete(m.files, from)
	m.files[to] = n
	return nil
}

func (m *memFS) Remove(path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files[path] == nil {
		return fs.ErrNotExist
	}
	if _, err := m.change("remove", path); err != nil {
		return err
	}
	delete(m.files, path)
	return nil
}

func (m *memFS) Size(path string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.files[path]; n != nil {
		return int64(len(n.data)), nil
	}
	return 0, fs.ErrNotExist
}

func (m *memFS) List(dir string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for path := range m.files {
		if filepath.Dir(path) == dir {
			names = append(names, filepath.Base(path))
		}
	}
	return names, nil
}

func (m *memFS) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.change("syncdir", dir); err != nil {
		return err
	}
	for path := range m.durable {
		if filepath.Dir(path) == dir {
			delete(m.durable, path)
		}
	}
	for path, n := range m.files {
		if filepath.Dir(path) == dir {
			m.durable[path] = n
		}
	}
	return nil
}

// names lists the files whose name contains part.
func (m *memFS) names(part string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for path := range m.files {
		if strings.Contains(path, part) {
			names = append(names, filepath.Base(path))
		}
	}
	return names
}

type memFile struct {
	m    *memFS
	n    *inode
	path string
	pos  int
}

func (f *memFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, int64(f.pos))
	f.pos += n
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if off >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Write(p []byte) (int, error) {
	f.wait("write")
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if n, err := f.m.change("write", f.path); err != nil {
		n = min(n, len(p))
		f.n.data = append(f.n.data, p[:n]...)
		return n, err
	}
	f.n.data = append(f.n.data, p...)
	return len(p), nil
}

func (f *memFile) Truncate(size int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if _, err := f.m.change("truncate", f.path); err != nil {
		return err
	}
	f.n.truncate(int(size))
	return nil
}

func (n *inode) truncate(size int) {
	if size < len(n.data) {
		n.data = bytes.Clone(n.data[:size])
	}
	kept := n.lost[:0]
	for _, r := range n.lost {
		if r[1] = min(r[1], size); r[0] < r[1] {
			kept = append(kept, r)
		}
	}
	n.lost = kept
}

func (f *memFile) wait(kind string) {
	if f.m.pause != nil {
		f.m.pause(kind)
	}
}

func (f *memFile) Sync() error {
	f.wait("sync")
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	n := f.n
	if _, err := f.m.change("sync", f.path); err != nil {
		from := 0
		for from < min(len(n.data), len(n.disk)) && n.data[from] == n.disk[from] {
			from++
		}
		if from < len(n.data) {
			n.lost = append(n.lost, [2]int{from, len(n.data)})
			if f.m.dropOnSyncError {
				clear(n.data[from:])
			}
		}
		return err
	}
	n.disk = bytes.Clone(n.data)
	for _, r := range n.lost {
		clear(n.disk[r[0]:r[1]])
	}
	return nil
}

func (f *memFile) Close() error { return nil }
