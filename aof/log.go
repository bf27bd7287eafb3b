package aof

import (
	"errors"
	"sync/atomic"
	"time"

	"spindle/resp"
)

const (
	handOverBytes = 64 << 10 // a buffer this full goes to the writer
	recycleBytes  = 1 << 20  // a buffer grown beyond this is left to the collector
	queueBuffers  = 1024     // the channel's capacity
)

// buffer holds whole encoded records. The loop fills it, the writer empties it.
type buffer struct {
	b    []byte
	sent int // bytes already in the file, after a short write that could not be cut off
}

// Log is an open append-only file.
type Log struct {
	o  Options
	ch chan message
	w  *writer

	// The loop's own.
	cur      *buffer
	db       int   // of the last append to this file; -1 before the first
	nowMs    int64 // of the last EndBatch
	bornMs   int64 // when the first byte went into cur
	stampSec int64 // of the last #TS line in this file
	appended int64
	inBlock  bool
	closed   bool
	warned   time.Time // of the last log line about a stall

	pool    pool
	policy  atomic.Int32
	written atomic.Int64
	durable atomic.Int64
	queued  atomic.Int64  // bytes handed over and not yet written
	room    chan struct{} // told when queued shrinks
	failure atomic.Pointer[failure]
	rewrite atomic.Pointer[Rewrite]
	stats   stats
}

type failure struct{ err error }

var (
	errClosed    = errors.New("the append only file is closed")
	errInBlock   = errors.New("a rewrite cannot begin inside a transaction")
	errRewriting = errors.New("Background append only file rewriting already in progress")
	errTimeout   = errors.New("the append only file is not on disk yet: timeout")
)

// Append records one effect on database db. The arguments are copied.
func (l *Log) Append(db int, args ...[]byte) {
	b := l.begin(db)
	n := len(b.b)
	b.b = resp.AppendCommand(b.b, args...)
	l.end(n)
}

// AppendEncoded records effects that already are RESP commands, whole ones.
// encoded is copied.
func (l *Log) AppendEncoded(db int, encoded []byte) {
	b := l.begin(db)
	n := len(b.b)
	b.b = append(b.b, encoded...)
	l.end(n)
}

// Multi opens a block: until Exec all appends take effect together or, after
// a crash, not at all. db is the database of the first effect.
func (l *Log) Multi(db int) {
	l.Append(db, multiWord)
	l.inBlock = true
}

// Exec closes the block.
func (l *Log) Exec() {
	l.inBlock = false
	n := len(l.cur.b)
	l.cur.b = resp.AppendCommand(l.cur.b, execWord)
	l.end(n)
}

var (
	multiWord  = []byte("MULTI")
	execWord   = []byte("EXEC")
	selectWord = []byte("SELECT")
)

// begin writes what must stand before an effect on db and returns the buffer.
func (l *Log) begin(db int) *buffer {
	b := l.cur
	if len(b.b) == 0 {
		l.bornMs = l.nowMs
	}
	n := len(b.b)
	if l.o.FileTimestamp && !l.inBlock && l.nowMs/1000 > l.stampSec {
		l.stampSec = l.nowMs / 1000
		b.b = appendTimestamp(b.b, l.stampSec)
	}
	if db != l.db {
		l.db = db
		b.b = appendSelect(b.b, db)
	}
	l.appended += int64(len(b.b) - n)
	return b
}

// end accounts what was appended to the buffer since it was n long.
func (l *Log) end(n int) {
	l.appended += int64(len(l.cur.b) - n)
	if len(l.cur.b) >= handOverBytes {
		l.handOver()
	}
}

// EndBatch ends a read event or a tick. It returns the offset that Durable
// must reach for all effects so far to be on disk. nowMs is the wall clock.
func (l *Log) EndBatch(nowMs int64) int64 {
	l.nowMs = nowMs
	if len(l.cur.b) > 0 && (l.Policy() == Always || nowMs-l.bornMs >= l.o.FlushDelayMs) {
		l.handOver()
	}
	return l.appended
}

// Pending reports whether effects wait in the loop's buffer for an EndBatch
// that comes late enough.
func (l *Log) Pending() bool { return len(l.cur.b) > 0 }

// HandOver gives the effects so far to the writer, without waiting for them to become old enough.
func (l *Log) HandOver() { l.handOver() }

// handOver gives the buffer to the writer and takes a fresh one.
func (l *Log) handOver() {
	b := l.cur
	if len(b.b) == 0 {
		return
	}
	l.cur = l.pool.get()
	l.queued.Add(int64(len(b.b)))
	l.send(message{kind: msgData, buf: b, end: l.appended})
	if l.queued.Load() > l.o.QueueBytes && l.Err() == nil {
		l.waitForRoom()
	}
}

// send passes m to the writer. The writer always receives, also while it
// fails, unless it hangs in the kernel: then the loop waits for it.
func (l *Log) send(m message) {
	select {
	case l.ch <- m:
	default:
		l.stalled()
		l.ch <- m
	}
}

// waitForRoom waits until the writer has caught up, or failed: then there is
// no point in waiting, and the caller refuses writes.
func (l *Log) waitForRoom() {
	l.stalled()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for l.queued.Load() > l.o.QueueBytes && l.Err() == nil {
		select {
		case <-l.room:
		case <-poll.C:
		}
	}
}

// stalled tells, at most once a second, that the loop waits for the disk.
func (l *Log) stalled() {
	l.stats.stalls.Add(1)
	if now := time.Now(); now.Sub(l.warned) > time.Second {
		l.warned = now
		l.o.Logf(Warning, "The AOF writer cannot keep up (disk is busy?). Waiting for it with %d bytes in its queue, this may slow down the server.", l.queued.Load())
	}
}

// Appended is the offset behind the last effect.
func (l *Log) Appended() int64 { return l.appended }

// Written is the offset up to which effects are in a file. Any goroutine may ask.
func (l *Log) Written() int64 { return l.written.Load() }

// Durable is the offset up to which a successful sync covered the effects.
// Any goroutine may ask.
func (l *Log) Durable() int64 { return l.durable.Load() }

// Err is why effects currently do not reach the disk, nil when all is well.
// Any goroutine may ask.
func (l *Log) Err() error {
	if f := l.failure.Load(); f != nil {
		return f.err
	}
	return nil
}

// Policy returns the sync policy in force. Any goroutine may ask.
func (l *Log) Policy() Policy { return Policy(l.policy.Load()) }

// SetPolicy changes the sync policy.
func (l *Log) SetPolicy(p Policy) {
	l.policy.Store(int32(p))
	l.handOver()
	l.send(message{kind: msgWake})
}

// SetWriteDelay has the writer sleep before each write, for tests; 0 ends that.
func (l *Log) SetWriteDelay(d time.Duration) { l.w.delay.Store(int64(d)) }

// Follow takes over the options that may change while the log is open: FileTimestamp, NoFsyncOnRewrite, RDBPreamble, IncrementalFsync
// and KeepHistory. A rewrite keeps those that it began with.
func (l *Log) Follow(o Options) {
	l.o.FileTimestamp, l.o.RDBPreamble, l.o.IncrementalFsync = o.FileTimestamp, o.RDBPreamble, o.IncrementalFsync
	l.w.noFsyncOnRewrite.Store(o.NoFsyncOnRewrite)
	l.w.keepHistory.Store(o.KeepHistory)
}

// Flush writes and syncs everything appended so far. It waits at most timeout;
// on error the log stays as it is and goes on trying.
func (l *Log) Flush(timeout time.Duration) error {
	if l.closed {
		return errClosed
	}
	l.handOver()
	done := make(chan error, 1)
	l.send(message{kind: msgFlush, done: done})
	select {
	case err := <-done:
		return err
	case <-time.After(timeout):
		return errTimeout
	}
}

// Close aborts a rewrite, writes and syncs what it can, and closes the files.
// An error means that effects up to Appended are not all durable.
func (l *Log) Close() error {
	if l.closed {
		return errClosed
	}
	if r := l.rewrite.Load(); r != nil {
		r.abort(errClosed)
	}
	l.handOver()
	l.closed = true
	done := make(chan error, 1)
	l.send(message{kind: msgStop, done: done})
	err := <-done
	<-l.w.stopped
	l.w.helpers.Wait()
	return err
}
