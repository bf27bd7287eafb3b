package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"spindle/resp"
)

// LoadStats tell what Load found.
type LoadStats struct {
	Found     bool  // there was a log, perhaps an empty one
	Files     int   // loaded
	Commands  int64 // applied, the SELECT at the head of each file not counted
	Bytes     int64 // of all files, after a cut
	BaseBytes int64
	Cut       int64 // bytes cut off the end of the last file
}

const (
	tornHint = "You can: 1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server."
	badHint  = "make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>"
)

var (
	selectZero = [][]byte{selectWord, []byte("0")}
	errNoRDB   = errors.New("RDB base not supported yet")
)

// Load reads the log and calls apply for each command, in order. Blocks come
// without their MULTI and EXEC, and only whole. SELECT comes as a command,
// and once more before each file, which begins on database 0. The arguments are
// valid until apply returns; its error ends the load. progress, if not nil, is
// told the bytes read so far of all, every megabyte or so.
func Load(o Options, apply func(args [][]byte) error, progress func(done, total int64)) (LoadStats, error) {
	o = o.withDefaults()
	if progress == nil {
		progress = func(int64, int64) {}
	}
	ld := loader{o: o, d: o.dir(), apply: apply, progress: progress}
	err := ld.run()
	return ld.stats, err
}

type loader struct {
	o        Options
	d        dir
	apply    func([][]byte) error
	progress func(done, total int64)
	stats    LoadStats
	total    int64
	before   int64 // bytes of the files already loaded
}

func (ld *loader) run() error {
	m, err := ld.d.loadOrRefuse()
	if err != nil {
		return err
	}
	if m == nil {
		m = &manifest{}
	}
	if err := ld.upgrade(m); err != nil {
		return err
	}
	files := m.live()
	if len(files) == 0 {
		return nil
	}
	ld.stats.Found = true
	sizes := make([]int64, len(files))
	for i, info := range files {
		if sizes[i], err = ld.d.fs.Size(ld.d.join(info.name)); err != nil {
			return fmt.Errorf("Unable to obtain the AOF file %s length. stat: %w", info.name, cause(err))
		}
		ld.total += sizes[i]
	}
	for i, info := range files {
		if err := ld.file(info, sizes[i], i == len(files)-1); err != nil {
			return err
		}
	}
	ld.stats.Bytes = ld.before
	ld.progress(ld.total, ld.total)
	return nil
}

// upgrade moves the single file of a server before Redis 7 into the directory, as
// its base, if nothing else is there.
func (ld *loader) upgrade(m *manifest) error {
	d := ld.d
	old := filepath.Join(filepath.Dir(d.path), d.name)
	if _, err := d.fs.Size(old); err != nil {
		return nil
	}
	if !m.empty() {
		// A crash between the manifest and the move below.
		if len(m.incrs) > 0 || m.base.name != d.name {
			return nil
		}
		if _, err := d.fs.Size(d.join(d.name)); err == nil {
			return nil
		}
	}
	if err := d.fs.MkdirAll(d.path); err != nil {
		return fmt.Errorf("Can't open or create append-only dir %s: %w", d.path, err)
	}
	m.base, m.baseSeq = fileInfo{d.name, 1, typeBase}, 1
	if _, err := d.persist(m); err != nil {
		return err
	}
	err := d.fs.Rename(old, d.join(d.name))
	if err == nil {
		err = d.fs.SyncDir(d.path)
	}
	if err == nil {
		err = d.fs.SyncDir(filepath.Dir(d.path))
	}
	if err != nil {
		return fmt.Errorf("Error trying to move the old AOF file %s into dir %s: %w", d.name, d.path, err)
	}
	ld.o.Logf(Notice, "Successfully migrated an old-style AOF file (%s) into the AOF directory (%s).", d.name, d.path)
	return nil
}

// file loads one file.
func (ld *loader) file(info fileInfo, size int64, last bool) error {
	if info.kind == typeBase {
		ld.stats.BaseBytes = size
	}
	ld.stats.Files++
	if size == 0 {
		return nil
	}
	start := time.Now()
	f, err := ld.d.fs.OpenFile(ld.d.join(info.name), os.O_RDONLY)
	if err != nil {
		return fmt.Errorf("Fatal error: can't open the append log file %s for reading: %w", info.name, cause(err))
	}
	defer f.Close()
	r := newReader(f, size)
	r.refilled = func(off int64) { ld.progress(ld.before+off, ld.total) }
	valid, err := ld.records(r, info.name)
	if last && errors.Is(err, errBad) {
		if zeros, zeroErr := r.zeroTail(); zeroErr == nil && zeros {
			err = errTorn
		}
	}
	if errors.Is(err, errTorn) {
		if !last && ld.o.LoadTruncated {
			return fmt.Errorf("Fatal error: the truncated file is not the last file: %s ends inside the record at offset %d", info.name, valid)
		}
		size, err = valid, ld.cut(info.name, valid, size)
	}
	if err != nil {
		return err
	}
	ld.before += size
	kind := "incr"
	if info.kind == typeBase {
		kind = "base"
	}
	ld.o.Logf(Notice, "DB loaded from %s file %s: %.3f seconds", kind, info.name, time.Since(start).Seconds())
	return nil
}

// cut takes a torn end off the last file, if that is allowed.
func (ld *loader) cut(name string, valid, size int64) error {
	if !ld.o.LoadTruncated {
		return fmt.Errorf("Unexpected end of file reading the append only file %s. %s", name, tornHint)
	}
	ld.o.Logf(Warning, "!!! Warning: short read while loading the AOF file %s!!!", name)
	ld.o.Logf(Warning, "!!! Truncating the AOF %s at offset %d, %d bytes are cut off !!!", name, valid, size-valid)
	err := ld.truncate(name, valid)
	if err != nil {
		return fmt.Errorf("Error truncating the AOF file %s: %w", name, cause(err))
	}
	ld.stats.Cut = size - valid
	ld.o.Logf(Warning, "AOF %s loaded anyway because aof-load-truncated is enabled", name)
	return nil
}

func (ld *loader) truncate(name string, size int64) error {
	f, err := ld.d.fs.OpenFile(ld.d.join(name), os.O_WRONLY)
	if err != nil {
		return err
	}
	err = f.Truncate(size)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// records applies the records of one file. On error it returns the offset up
// to which the file is whole and applied.
func (ld *loader) records(r *reader, name string) (valid int64, err error) {
	if err := ld.preamble(r, name); err != nil {
		return 0, err
	}
	if err := ld.apply(selectZero); err != nil {
		return 0, err
	}
	var block []byte // the records since an open MULTI
	inBlock := false
	for {
		if !inBlock {
			valid = r.off
		}
		args, raw, err := r.next()
		if err == io.EOF && inBlock {
			ld.o.Logf(Warning, "Revert incomplete MULTI/EXEC transaction in AOF file %s", name)
			return valid, errTorn
		}
		if err == io.EOF {
			return valid, nil
		}
		if err == nil {
			switch {
			case len(args) == 0:
			case isWord(args, multiWord):
				if inBlock {
					err = errBad
				}
				inBlock = true
			case isWord(args, execWord):
				if !inBlock {
					err = errBad
					break
				}
				inBlock = false
				err = ld.block(block, r)
				block = block[:0]
			case inBlock:
				block = append(block, raw...)
			default:
				ld.stats.Commands++
				err = ld.apply(args)
			}
			scribble(raw)
			if err != nil && err != errBad {
				return valid, fmt.Errorf("%w reading the append only file %s, at offset %d", err, name, r.start)
			}
		}
		switch {
		case err == errBad:
			return valid, &badFormat{name, r.start}
		case err == errTorn:
			return valid, err
		case err != nil:
			return valid, fmt.Errorf("Unrecoverable error reading the append only file %s: %w", name, cause(err))
		}
	}
}

// block applies the records of a whole block.
func (ld *loader) block(raw []byte, r *reader) error {
	for len(raw) > 0 {
		args, n, _, err := parseRecord(raw, r.blockArgs[:0])
		if err != nil || n == 0 {
			return errBad // cannot be: it was parsed before
		}
		r.blockArgs = args
		raw = raw[n:]
		ld.stats.Commands++
		if err := ld.apply(args); err != nil {
			return err
		}
	}
	return nil
}

// preamble hands a file that begins with an RDB to the hook.
func (ld *loader) preamble(r *reader, name string) error {
	head, err := r.peek(5)
	if err != nil && err != io.EOF {
		return fmt.Errorf("Unrecoverable error reading the append only file %s: %w", name, cause(err))
	}
	if !bytes.Equal(head, []byte("REDIS")) {
		return nil
	}
	ld.o.Logf(Notice, "Reading RDB base file on AOF loading...")
	err = errNoRDB
	if ld.o.LoadRDB != nil {
		err = ld.o.LoadRDB(r)
	}
	if err != nil {
		return fmt.Errorf("Error reading the RDB base file %s, AOF loading aborted: %w", name, err)
	}
	return nil
}

func isWord(args [][]byte, word []byte) bool {
	return len(args) == 1 && len(args[0]) == len(word) && bytes.EqualFold(args[0], word)
}

// badFormat is a file that holds something else than records.
type badFormat struct {
	name   string
	offset int64
}

func (e *badFormat) Error() string {
	return fmt.Sprintf("Bad file format reading the append only file %s: %s (the first bad record is at offset %d)", e.name, badHint, e.offset)
}

func (e *badFormat) Unwrap() error { return errBad }

// scribble overwrites what apply has borrowed, in builds that check that.
func scribble(raw []byte) {
	if resp.Invariants {
		for i := range raw {
			raw[i] = 0xDB
		}
	}
}
