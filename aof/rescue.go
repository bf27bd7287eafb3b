package aof

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

const writeFlags = os.O_WRONLY | os.O_APPEND | os.O_CREATE

var errLost = errors.New("data written to the AOF did not survive a failed fsync: writes are accepted again when a rewrite has succeeded")

// rescue moves the bytes behind the last good sync to a fresh increment after
// a failed sync: see the package's text. An error means to call it again.
//
// Its steps survive a crash between any two: until the manifest names the new
// file, the old one ends at bytes that are durable or, before it is cut, holds
// everything.
func (w *writer) rescue() error {
	if w.waiting {
		w.loseFile() // a temporary file: the next rewrite starts it anew
		return errLost
	}
	if w.rescued == nil {
		if err := w.copyTail(); err != nil {
			return err
		}
	}
	// The cut is durable before the copy becomes part of the log: no effect twice.
	if err := w.cur.f.Truncate(w.cur.synced); err != nil {
		return fmt.Errorf("Fail to fsync the AOF file: cannot cut off what was not synced: %w", cause(err))
	}
	if err := w.cur.f.Sync(); err != nil {
		return fmt.Errorf("Fail to fsync the AOF file: %w", cause(err))
	}
	m := w.man.clone()
	m.addIncr(w.d.name)
	replaced, err := w.d.persist(m)
	if !replaced {
		return err
	}
	w.man = m
	w.unsure(err)
	w.cur.f.Close()
	w.cur, w.rescued, w.suspect = *w.rescued, nil, false
	w.l.o.Logf(Warning, "The AOF file failed to fsync; %d bytes were written again to %s", w.cur.size, w.cur.name)
	return nil
}

// copyTail writes the bytes behind the last good sync to the next increment
// and syncs it.
func (w *writer) copyTail() error {
	m := w.man.clone()
	info := m.addIncr(w.d.name)
	from, err := w.d.fs.OpenFile(w.d.join(w.cur.name), os.O_RDONLY)
	if err != nil {
		return fmt.Errorf("Fail to fsync the AOF file: cannot read back: %w", cause(err))
	}
	defer from.Close()
	to, err := w.d.fs.OpenFile(w.d.join(info.name), writeFlags|os.O_TRUNC)
	if err != nil {
		return fmt.Errorf("Fail to fsync the AOF file: cannot open a new one: %w", cause(err))
	}
	fresh := &increment{f: to, name: info.name}
	err = copyChecked(fresh, from, w.cur.synced, w.cur.mark, w.cur.crcMark)
	if err == nil {
		err = copyChecked(fresh, from, w.cur.mark, w.cur.size, w.cur.crcSize)
	}
	if err == nil {
		err = to.Sync()
	}
	if err != nil {
		to.Close()
		w.d.fs.Remove(w.d.join(info.name))
		if errors.Is(err, errLost) {
			w.loseFile()
			return err
		}
		return fmt.Errorf("Fail to fsync the AOF file: %w", cause(err))
	}
	fresh.synced, fresh.mark = fresh.size, fresh.size
	fresh.crcSize = 0
	w.rescued = fresh
	return nil
}

// copyChecked appends the bytes of from between begin and end, whose checksum
// must be crc.
func copyChecked(to *increment, from io.ReaderAt, begin, end int64, crc uint32) error {
	chunk := make([]byte, min(256<<10, end-begin))
	var sum uint32
	for begin < end {
		part := chunk[:min(int64(len(chunk)), end-begin)]
		if n, err := from.ReadAt(part, begin); n < len(part) {
			if err == io.EOF {
				return errLost
			}
			return err
		}
		sum = crc32.Update(sum, castagnoli, part)
		n, err := to.f.Write(part)
		if err == nil && n < len(part) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return err
		}
		to.wrote(part)
		begin += int64(len(part))
	}
	if sum != crc {
		return errLost
	}
	return nil
}

// loseFile gives the current increment up. What is appended now is of no use
// without a rewrite, which covers it all.
func (w *writer) loseFile() {
	if !w.waiting {
		// What is left is a true, older state.
		err := w.cur.f.Truncate(w.cur.synced)
		if err == nil {
			err = w.cur.f.Sync()
		}
		if err != nil {
			w.l.o.Logf(Warning, "Could not cut the AOF file %s back to its last fsync: %v", w.cur.name, err)
		}
	}
	if w.cur.f != nil {
		w.cur.f.Close()
	}
	w.cur = increment{}
	w.suspect, w.waiting, w.lost = false, true, true
	w.l.stats.waiting.Store(true)
	if r := w.l.rewrite.Load(); r != nil {
		r.abort(errLost)
	}
}
