package aof

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Open opens the log for appending, after Load: the last increment, or a new
// log when there is none.
func Open(o Options) (*Log, error) {
	o = o.withDefaults()
	m, err := prepare(o)
	if err != nil {
		return nil, err
	}
	l := newLog(o, m)
	if err := l.w.openLast(); err != nil {
		return nil, err
	}
	l.start()
	return l, nil
}

// Enable opens a log over a data set that is already in memory: it begins
// with a rewrite, to which the caller gives the data set. Until that one, or a
// later one, is committed the files on disk stay as they are; see NeedsRewrite.
func Enable(o Options, done func(error)) (*Log, *Rewrite, error) {
	o = o.withDefaults()
	m, err := prepare(o)
	if err != nil {
		return nil, nil, err
	}
	if m.empty() {
		if _, err := o.dir().persist(m); err != nil {
			return nil, nil, err
		}
	}
	l := newLog(o, m)
	l.w.waiting = true
	l.stats.waiting.Store(true)
	l.start()
	r, err := l.BeginRewrite(done)
	return l, r, err
}

// prepare makes the directory, reads the manifest and removes what an earlier
// process left half done.
func prepare(o Options) (*manifest, error) {
	d := o.dir()
	if err := d.fs.MkdirAll(d.path); err != nil {
		return nil, fmt.Errorf("Can't open or create append-only dir %s: %w", d.path, err)
	}
	if err := d.fs.SyncDir(filepath.Dir(d.path)); err != nil {
		return nil, fmt.Errorf("Fail to fsync AOF directory %s: %w", filepath.Dir(d.path), err)
	}
	m, err := d.loadOrRefuse()
	if err != nil {
		return nil, err
	}
	for _, name := range []string{d.tempBaseName(), d.tempIncrName(), d.tempManifestName()} {
		d.fs.Remove(d.join(name))
	}
	if m == nil {
		m = &manifest{}
	}
	return m, nil
}

// loadOrRefuse reads the manifest; nil means that there is none and that no data
// lies about either: a directory that lost its manifest must not be
// started over.
func (d dir) loadOrRefuse() (*manifest, error) {
	m, err := d.load()
	if m != nil || err != nil {
		return m, err
	}
	names, err := d.fs.List(d.path)
	if err != nil {
		return nil, nil // no directory yet
	}
	data := regexp.MustCompile(`^` + regexp.QuoteMeta(d.name) + `\.\d+\.(base|incr)\.(aof|rdb)$`)
	var found []string
	for _, name := range names {
		if size, err := d.fs.Size(d.join(name)); data.MatchString(name) && (err != nil || size > 0) {
			found = append(found, name)
		}
	}
	if len(found) > 0 {
		return nil, fmt.Errorf("The append-only directory %s holds data files (%s) but no manifest %s: refusing to start, they would be ignored. Restore the manifest from a backup, write one that names the files, or move the files away",
			d.path, strings.Join(found, ", "), d.manifestName())
	}
	return nil, nil
}

func newLog(o Options, m *manifest) *Log {
	l := &Log{o: o, db: -1, ch: make(chan message, queueBuffers), room: make(chan struct{}, 1)}
	l.cur = l.pool.get()
	l.nowMs = time.Now().UnixMilli()
	l.policy.Store(int32(o.Policy))
	l.stats.lastSec.Store(-1)
	l.w = &writer{
		l: l, d: o.dir(), man: m,
		ctl: make(chan func()), synced: make(chan syncResult, 1), stopped: make(chan struct{}),
		timer: time.NewTimer(time.Hour),
	}
	l.Follow(o)
	return l
}

func (l *Log) start() {
	l.w.measure()
	l.stats.rewriteSize.Store(l.stats.size.Load())
	go l.w.run()
	l.w.helpers.Go(l.w.removeHistory)
}

// openLast opens the last increment, and first makes the files of an empty log.
func (w *writer) openLast() error {
	m := w.man.clone()
	if m.empty() {
		base := m.setBase(w.d.name, "aof")
		f, err := w.d.fs.OpenFile(w.d.join(base.name), writeFlags)
		if err != nil {
			return fmt.Errorf("Can't open the append-only file %s: %w", base.name, cause(err))
		}
		f.Close()
		w.l.o.Logf(Notice, "Creating AOF base file %s on server start", base.name)
	}
	verb, fresh := "Opening", len(m.incrs) == 0
	if fresh {
		verb = "Creating"
		m.addIncr(w.d.name)
	}
	last := m.incrs[len(m.incrs)-1]
	f, err := w.d.fs.OpenFile(w.d.join(last.name), writeFlags)
	if err != nil {
		return fmt.Errorf("Can't open the append-only file %s: %w", last.name, cause(err))
	}
	w.l.o.Logf(Notice, "%s AOF incr file %s on server start", verb, last.name)
	size, err := w.d.fs.Size(w.d.join(last.name))
	if err == nil && fresh {
		_, err = w.d.persist(m)
	}
	// What an earlier process left unsynced was loaded, so it counts from here on.
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = w.d.fs.SyncDir(w.d.path)
	}
	if err != nil {
		f.Close()
		return err
	}
	w.man = m
	w.cur = increment{f: f, name: last.name, size: size, mark: size, synced: size}
	return nil
}
