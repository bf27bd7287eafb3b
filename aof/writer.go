package aof

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Variables, so that tests need not wait that long.
var (
	syncEvery  = time.Second     // EverySec
	slowSync   = 2 * time.Second // a sync this long is told
	retryEvery = time.Second     // after an error
)

type kind byte

const (
	msgData   kind = iota // write buf
	msgSwitch             // go on in a new increment, for rewrite
	msgFlush              // sync, answer on done
	msgStop               // the same, then end
	msgWake               // look at the policy again
)

// message is what the loop sends; the writer takes messages strictly in order.
type message struct {
	kind    kind
	buf     *buffer
	end     int64 // offset behind buf
	rewrite *Rewrite
	done    chan error
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// increment is the file being appended to.
//
//	0 ........ synced ........ mark ........ size
//	  durable         crcMark        crcSize
//
// mark is where a running sync began; without one it equals synced.
type increment struct {
	f                  File // nil: appends are dropped, a rewrite must come
	name               string
	synced, mark, size int64
	crcMark, crcSize   uint32 // of the bytes between
}

// wrote takes b in as the file's new end.
func (i *increment) wrote(b []byte) {
	i.crcSize = crc32.Update(i.crcSize, castagnoli, b)
	i.size += int64(len(b))
}

func (i *increment) beginSync() {
	i.mark, i.crcMark = i.size, i.crcSize
	i.crcSize = 0
}

func (i *increment) endSync() {
	i.synced, i.crcMark = i.mark, 0
}

// writer owns the files. Its fields belong to its goroutine.
type writer struct {
	l       *Log
	d       dir
	man     *manifest
	cur     increment
	pending []message // received, not yet done; all but the first few only while failing
	end     int64     // offset behind the last byte written
	ctl     chan func()
	synced  chan syncResult
	stopped chan struct{}
	helpers sync.WaitGroup // rewrites and removals
	timer   *time.Timer

	err      error // as in Log.Err
	retryAt  time.Time
	force    bool // retry at once
	suspect  bool // a sync failed: cur's bytes behind synced may be gone
	rescued  *increment
	waiting  bool // cur is a temporary file until a rewrite is committed
	lost     bool // waiting because of a failed sync: nothing becomes durable
	stopping bool

	// names counts changes of names that could not be made durable at once;
	// namesSynced is the count as of the last sync of the directory.
	names, namesSynced int64

	syncing     bool // beside the writer
	syncStarted time.Time
	syncTold    bool
	lastSync    time.Time

	noFsyncOnRewrite atomic.Bool
	keepHistory      atomic.Bool
	delay            atomic.Int64 // before each write, in nanoseconds
}

type syncResult struct {
	err   error
	end   int64 // what it covered
	names int64 // of the directory it covered
}

func (w *writer) run() {
	defer close(w.stopped)
	for !w.stopping {
		select {
		case m := <-w.l.ch:
			w.take(m)
		case f := <-w.ctl:
			f()
		case r := <-w.synced:
			if err := w.finishSync(r); err != nil {
				w.fail(err)
				w.force = true // rescue at once
			}
		case <-w.timer.C:
		}
		w.receive()
		w.work()
		w.arm()
	}
	w.shutdown()
}

// receive takes what else is in the channel, so that it shares one sync.
func (w *writer) receive() {
	for {
		select {
		case m := <-w.l.ch:
			w.take(m)
		default:
			return
		}
	}
}

func (w *writer) take(m message) {
	if m.kind == msgFlush || m.kind == msgStop {
		w.force = true
	}
	w.pending = append(w.pending, m)
}

// work does what is due and keeps the error state.
func (w *writer) work() {
	if w.err != nil && !w.force && time.Now().Before(w.retryAt) {
		return
	}
	w.force = false
	trusted := !w.suspect
	err := w.advance()
	if err != nil && trusted && w.suspect {
		w.l.o.Logf(Warning, "%v", err)
		err = w.advance() // rescue at once: often it succeeds, and nothing is lost
	}
	if err != nil {
		w.fail(err)
		return
	}
	w.recovered()
}

// advance carries out the pending messages, then syncs as the policy asks.
func (w *writer) advance() error {
	if w.suspect {
		if err := w.rescue(); err != nil {
			return err
		}
	}
	done := 0
	var err error
	for done < len(w.pending) && err == nil {
		if err = w.handle(&w.pending[done]); err == nil {
			done++
		}
	}
	rest := copy(w.pending, w.pending[done:])
	clear(w.pending[rest:])
	w.pending = w.pending[:rest]
	if err != nil {
		return err
	}
	switch w.l.Policy() {
	case Always:
		err = w.sync()
	case EverySec:
		w.syncBeside()
	}
	if err == nil && w.lost {
		return errLost
	}
	return err
}

func (w *writer) handle(m *message) error {
	switch m.kind {
	case msgData:
		time.Sleep(time.Duration(w.delay.Load()))
		return w.write(m)
	case msgSwitch:
		return w.switchFile(m.rewrite)
	case msgFlush, msgStop:
		if err := w.sync(); err != nil {
			return err
		}
		if w.lost {
			return errLost
		}
		m.done <- nil
		w.stopping = m.kind == msgStop
	}
	return nil
}

// write writes one buffer. After a short write the file is cut back to whole
// records; where that fails too, the rest follows at the next try.
func (w *writer) write(m *message) error {
	b := m.buf
	if w.cur.f != nil {
		rest := b.b[b.sent:]
		n, err := w.cur.f.Write(rest)
		if err == nil && n < len(rest) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return w.wroteShort(b, n, err)
		}
		w.cur.wrote(rest)
		w.l.stats.size.Add(int64(n))
	}
	w.end = m.end
	w.l.written.Store(m.end)
	if w.cur.f == nil && !w.lost {
		w.setDurable(m.end) // being enabled: there is no record yet to be durable in
	}
	w.l.queued.Add(-int64(len(b.b)))
	w.l.pool.put(b)
	m.buf = nil
	select {
	case w.l.room <- struct{}{}:
	default:
	}
	return nil
}

func (w *writer) wroteShort(b *buffer, n int, err error) error {
	if n > 0 {
		if cutErr := w.cur.f.Truncate(w.cur.size); cutErr != nil {
			w.l.o.Logf(Warning, "Could not remove short write from the append-only file.  The server may refuse to load the AOF the next time it starts.  ftruncate: %v", cutErr)
			w.cur.wrote(b.b[b.sent : b.sent+n])
			w.l.stats.size.Add(int64(n))
			b.sent += n
		}
	}
	return fmt.Errorf("Error writing to the AOF file: %w", cause(err))
}

// cause strips the path off an operating system's error, and words it as C programs do.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	if errno, ok := err.(syscall.Errno); ok {
		return systemError{errno}
	}
	return err
}

// systemError begins with a capital, as in strerror's texts: monitoring looks for "No space left on device".
type systemError struct{ syscall.Errno }

func (e systemError) Unwrap() error { return e.Errno }

func (e systemError) Error() string {
	text := e.Errno.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

// sync makes everything written durable, or fails.
func (w *writer) sync() error {
	if err := w.waitSync(); err != nil {
		return err
	}
	if w.clean() {
		return nil
	}
	w.cur.beginSync()
	req, dir := w.syncRequest()
	r := w.syncFile(w.cur.f, req, dir)
	return w.endSync(r)
}

// syncRequest says what a sync begun now will cover, and whether it has to
// include the directory.
func (w *writer) syncRequest() (r syncResult, dir bool) {
	return syncResult{end: w.end, names: w.names}, w.namesDirty()
}

func (w *writer) namesDirty() bool { return w.names != w.namesSynced }

// syncFile may run beside the writer.
func (w *writer) syncFile(f File, r syncResult, dir bool) syncResult {
	r.err = f.Sync()
	if r.err == nil && dir {
		r.err = w.d.fs.SyncDir(w.d.path)
	}
	return r
}

// syncBeside starts the second's sync on a goroutine of its own.
func (w *writer) syncBeside() {
	if w.syncing || w.clean() || time.Since(w.lastSync) < syncEvery || w.leaveOut() {
		return
	}
	w.cur.beginSync()
	w.syncing, w.syncStarted, w.syncTold = true, time.Now(), false
	w.l.stats.syncing.Store(true)
	f := w.cur.f
	req, dir := w.syncRequest()
	go func() { w.synced <- w.syncFile(f, req, dir) }()
}

// clean reports that there is nothing to sync.
func (w *writer) clean() bool {
	return w.cur.f == nil || w.cur.synced == w.cur.size && !w.namesDirty() && w.l.durable.Load() == w.end
}

// leaveOut reports that a rewrite is to have the disk for itself.
func (w *writer) leaveOut() bool {
	return w.noFsyncOnRewrite.Load() && w.l.rewrite.Load() != nil
}

// waitSync waits for the sync beside, if one runs.
func (w *writer) waitSync() error {
	if !w.syncing {
		return nil
	}
	return w.finishSync(<-w.synced)
}

// finishSync ends a sync beside the writer.
func (w *writer) finishSync(r syncResult) error {
	w.syncing = false
	w.l.stats.syncing.Store(false)
	return w.endSync(r)
}

// endSync takes in the outcome of a sync.
func (w *writer) endSync(r syncResult) error {
	w.lastSync = time.Now()
	if r.err != nil {
		w.suspect = true
		return fmt.Errorf("Fail to fsync the AOF file: %w", cause(r.err))
	}
	w.cur.endSync()
	w.namesSynced = max(w.namesSynced, r.names)
	if w.lost {
		return nil
	}
	w.setDurable(r.end)
	return nil
}

func (w *writer) setDurable(end int64) {
	w.l.durable.Store(end)
	w.l.o.OnDurable(end)
}

// fail enters the error state, or stays in it.
func (w *writer) fail(err error) {
	if w.err == nil || w.err.Error() != err.Error() {
		w.l.o.Logf(Warning, "%v", err)
		w.setErr(err)
	}
	w.retryAt = time.Now().Add(retryEvery)
	kept := w.pending[:0]
	for _, m := range w.pending {
		if m.kind == msgFlush || m.kind == msgStop {
			m.done <- err
			w.stopping = w.stopping || m.kind == msgStop
			continue
		}
		kept = append(kept, m)
	}
	w.pending = kept
}

// recovered leaves the error state.
func (w *writer) recovered() {
	if w.err != nil {
		w.l.o.Logf(Warning, "AOF write error looks solved, the server can write again.")
		w.setErr(nil)
	}
}

func (w *writer) setErr(err error) {
	w.err = err
	if err == nil {
		w.l.failure.Store(nil)
	} else {
		w.l.failure.Store(&failure{err})
	}
	w.l.o.OnDurable(w.l.durable.Load())
}

// arm sets the timer for what is due next without a message.
func (w *writer) arm() {
	var wait time.Duration
	switch {
	case w.err != nil:
		wait = time.Until(w.retryAt)
	case w.syncing && !w.syncTold:
		wait = slowSync - time.Since(w.syncStarted)
		if wait <= 0 {
			w.tellSlowSync()
			return
		}
	case !w.syncing && w.l.Policy() == EverySec && !w.clean():
		wait = syncEvery
		if !w.leaveOut() {
			wait -= time.Since(w.lastSync)
		}
	default:
		w.timer.Stop()
		return
	}
	w.timer.Reset(max(wait, time.Millisecond))
}

func (w *writer) tellSlowSync() {
	w.syncTold = true
	w.l.stats.slowSyncs.Add(1)
	w.l.o.Logf(Notice, "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down the server.")
}

// shutdown ends the writer, and a rewrite that still runs.
func (w *writer) shutdown() {
	if r := w.l.rewrite.Load(); r != nil {
		r.abort(errClosed)
		for running := true; running; {
			select {
			case f := <-w.ctl:
				f()
			case <-r.over:
				running = false
			}
		}
	}
	_ = w.waitSync() // a failure was told to whoever asked for the last sync
	if w.cur.f != nil {
		w.cur.f.Close()
	}
	if w.waiting {
		w.d.fs.Remove(w.d.join(w.d.tempIncrName()))
	}
}

// do runs f on the writer's goroutine and returns its error.
func (w *writer) do(f func() error) error {
	reply := make(chan error, 1)
	select {
	case w.ctl <- func() { reply <- f() }:
		return <-reply
	case <-w.stopped:
		return errClosed
	}
}
