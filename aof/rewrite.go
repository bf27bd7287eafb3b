package aof

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"time"

	"spindle/resp"
)

// Rewrite takes a new base: commands that rebuild the data set as it was when
// BeginRewrite returned. Effects after that moment go to a new increment, and
// stay there whatever becomes of the rewrite.
type Rewrite struct {
	*stream
	l        *Log
	done     func(error)
	rdb      bool // Options.RDBPreamble and IncrementalFsync, as they were at its beginning
	syncs    bool
	db       int           // the loop's own
	switched chan struct{} // closed when appends go to the new increment
	keep     int64         // its number; set before switched is closed
	over     chan struct{} // closed at the end
}

// BeginRewrite switches appends to a new increment and returns the Rewrite
// that takes the base. done is called once, on a goroutine of the log, with
// the outcome; the Rewrite is over then, even if Commit was not called. done
// must not block.
func (l *Log) BeginRewrite(done func(error)) (*Rewrite, error) {
	switch {
	case l.closed:
		return nil, errClosed
	case l.inBlock:
		return nil, errInBlock
	case l.rewrite.Load() != nil:
		return nil, errRewriting
	}
	l.handOver()
	l.db, l.stampSec = -1, 0
	r := &Rewrite{stream: newStream(&l.pool), l: l, done: done, rdb: l.o.RDBPreamble, syncs: l.o.IncrementalFsync, db: -1,
		switched: make(chan struct{}), over: make(chan struct{})}
	if l.o.FileTimestamp && !r.rdb {
		r.cur.b = appendTimestamp(r.cur.b, l.nowMs/1000)
	}
	l.stats.rewrites.Add(1)
	l.rewrite.Store(r)
	l.send(message{kind: msgSwitch, rewrite: r})
	l.w.helpers.Go(r.run)
	return r, nil
}

// RDB reports whether the base is to be an RDB, which goes through Write, or commands.
func (r *Rewrite) RDB() bool { return r.rdb }

// Append adds a command to the base. The arguments are copied.
func (r *Rewrite) Append(db int, args ...[]byte) {
	if db != r.db {
		r.db = db
		r.cur.b = appendSelect(r.cur.b, db)
	}
	r.cur.b = resp.AppendCommand(r.cur.b, args...)
	r.filled()
}

// AppendEncoded adds commands that are encoded already, whole ones. They are copied.
func (r *Rewrite) AppendEncoded(db int, encoded []byte) {
	if db != r.db {
		r.db = db
		r.cur.b = appendSelect(r.cur.b, db)
	}
	r.cur.b = append(r.cur.b, encoded...)
	r.filled()
}

// run is the rewrite's goroutine.
func (r *Rewrite) run() {
	w := r.l.w
	temp := w.d.join(w.d.tempBaseName())
	err := r.writeFile(r.l.o.FS, temp, r.syncs)
	if err == nil {
		err = r.waitSwitched()
	}
	if err == nil {
		err = w.do(func() error { return w.commit(r, temp) })
	}
	if err == nil {
		err = r.settle()
	}
	if err != nil {
		r.abort(err)
		w.d.fs.Remove(temp)
		r.l.o.Logf(Warning, "Background AOF rewrite terminated with error: %v", err)
	} else {
		r.l.o.Logf(Notice, "Background AOF rewrite finished successfully")
	}
	r.account(err)
	r.l.rewrite.Store(nil)
	close(r.over)
	r.done(err)
	if err == nil {
		w.removeHistory()
	}
}

// settle waits until no power loss can undo the commit: it could not be taken back
// any more, so the sync of its directory is tried until it succeeds.
func (r *Rewrite) settle() error {
	for {
		err := r.l.w.do(r.l.w.syncNames)
		if err == nil {
			return nil
		}
		r.l.o.Logf(Warning, "%v", err)
		select {
		case <-time.After(retryEvery):
		case <-r.quit:
			return err
		}
	}
}

// unsure takes in the error of a persist that did replace the manifest.
func (w *writer) unsure(err error) {
	if err != nil {
		w.names++
	}
}

// syncNames makes the directory durable if it may not be.
func (w *writer) syncNames() error {
	if !w.namesDirty() {
		return nil
	}
	if err := w.d.fs.SyncDir(w.d.path); err != nil {
		return fmt.Errorf("Fail to fsync AOF directory %s: %w", w.d.path, cause(err))
	}
	w.namesSynced = w.names
	return nil
}

func (r *Rewrite) account(err error) {
	s := &r.l.stats
	s.lastFailed.Store(err != nil)
	s.lastSec.Store(int64(time.Since(r.started) / time.Second))
	if err != nil {
		s.failuresInRow.Add(1)
	} else {
		s.failuresInRow.Store(0)
	}
}

// waitSwitched waits until the writer has come to the new increment.
func (r *Rewrite) waitSwitched() error {
	select {
	case <-r.switched:
		return nil
	case <-r.quit:
		return r.quitErr
	}
}

func (d dir) tempBaseName() string { return "temp-" + d.name + ".base" }
func (d dir) tempIncrName() string { return "temp-" + d.name + ".incr" }

// switchFile goes on in a new increment. A failure to sync what is written is
// the log's failure; one to make the new file is only the rewrite's.
func (w *writer) switchFile(r *Rewrite) error {
	if r.Err() != nil {
		return nil
	}
	var err error
	if w.waiting {
		err = w.openTempIncr()
	} else {
		// The old file is whole on disk before a manifest says that it is not the last.
		if err := w.sync(); err != nil {
			return err
		}
		err = w.nextIncr()
	}
	if err != nil {
		r.abort(err)
		return nil
	}
	r.keep = w.man.incrSeq
	close(r.switched)
	return nil
}

// nextIncr opens the next increment and puts it in the manifest.
func (w *writer) nextIncr() error {
	m := w.man.clone()
	info := m.addIncr(w.d.name)
	f, err := w.create(info.name)
	if err != nil {
		return err
	}
	w.l.o.Logf(Notice, "Creating AOF incr file %s on background rewrite", info.name)
	replaced, err := w.d.persist(m)
	if !replaced {
		f.Close()
		w.d.fs.Remove(w.d.join(info.name))
		return err
	}
	w.man = m
	w.unsure(err)
	w.useFile(f, info.name)
	return nil
}

// openTempIncr starts the increment of a log that becomes valid with the
// commit of a rewrite.
func (w *writer) openTempIncr() error {
	if err := w.waitSync(); err != nil {
		w.loseFile()
		return err
	}
	f, err := w.create(w.d.tempIncrName())
	if err != nil {
		return err
	}
	w.useFile(f, w.d.tempIncrName())
	return nil
}

// create opens a file that appends begin in. One of that name that a failure or
// a crash left is removed, not emptied: after a power loss its old bytes could be back.
func (w *writer) create(name string) (File, error) {
	path := w.d.join(name)
	if err := w.d.fs.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return w.d.fs.OpenFile(path, writeFlags|os.O_TRUNC)
}

func (w *writer) useFile(f File, name string) {
	if w.cur.f != nil {
		w.cur.f.Close()
	}
	w.cur = increment{f: f, name: name}
}

// commit puts the finished base in the manifest. It runs on the writer's goroutine.
func (w *writer) commit(r *Rewrite, temp string) error {
	if err := r.Err(); err != nil {
		return err
	}
	m := w.man.clone()
	suffix := "aof"
	if r.rdb {
		suffix = "rdb"
	}
	base := m.setBase(w.d.name, suffix)
	incr := fileInfo{}
	if w.waiting {
		m.retireIncrs(math.MaxInt64)
		incr = m.addIncr(w.d.name)
	} else {
		m.retireIncrs(r.keep)
	}
	if err := w.d.fs.Rename(temp, w.d.join(base.name)); err != nil {
		return err
	}
	replaced, err := w.commitNames(m, incr)
	if !replaced {
		w.d.fs.Remove(w.d.join(base.name))
		return err
	}
	w.l.o.Logf(Notice, "Successfully renamed the temporary AOF base file into %s", base.name)
	w.man = m
	w.unsure(err)
	if w.waiting {
		w.cur.name = incr.name
		w.waiting, w.lost = false, false
		w.l.stats.waiting.Store(false)
		w.force = true
	}
	w.measure()
	w.l.stats.rewriteSize.Store(w.l.stats.size.Load())
	return nil
}

// commitNames gives the temporary increment its name, if there is one, and
// persists m; if that fails, it takes the name back.
func (w *writer) commitNames(m *manifest, incr fileInfo) (replaced bool, err error) {
	temp, final := w.d.join(w.d.tempIncrName()), w.d.join(incr.name)
	if incr.name != "" {
		if err := w.d.fs.Rename(temp, final); err != nil {
			return false, err
		}
	}
	replaced, err = w.d.persist(m)
	if !replaced && incr.name != "" {
		if backErr := w.d.fs.Rename(final, temp); backErr != nil {
			w.l.o.Logf(Warning, "Error trying to rename the AOF incr file %s back: %v", incr.name, backErr)
		}
	}
	return replaced, err
}

// measure sums up the live files.
func (w *writer) measure() {
	var total int64
	for _, info := range w.man.live() {
		if n, err := w.d.fs.Size(w.d.join(info.name)); err == nil {
			total += n
		}
	}
	w.l.stats.size.Store(total)
}

// removeHistory removes the files that are no longer part of the log, then
// their lines in the manifest. It runs beside the writer: removing a large
// file takes a while. What fails is tried again after the next rewrite or start.
func (w *writer) removeHistory() {
	if w.keepHistory.Load() {
		return
	}
	var history []fileInfo
	err := w.do(func() error {
		// Without it a power loss may still bring the old manifest back.
		if err := w.syncNames(); err != nil {
			return err
		}
		history = append(history, w.man.history...)
		return nil
	})
	if err != nil || len(history) == 0 {
		return
	}
	gone := map[string]bool{}
	for _, info := range history {
		w.l.o.Logf(Notice, "Removing the history file %s in the background", info.name)
		err := w.d.fs.Remove(w.d.join(info.name))
		gone[info.name] = err == nil || errors.Is(err, fs.ErrNotExist)
	}
	_ = w.do(func() error {
		m := w.man.clone()
		m.history = m.history[:0]
		for _, info := range w.man.history {
			if !gone[info.name] {
				m.history = append(m.history, info)
			}
		}
		replaced, err := w.d.persist(m)
		if replaced {
			w.man = m
			w.unsure(err)
		}
		return err
	})
}
