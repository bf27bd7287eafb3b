package aof

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// streamSyncBytes is how much is written between two syncs, so that the last one is short and the log's own
	// syncs do not queue behind it.
	streamSyncBytes = 4 << 20
	streamBuffers   = 1024
)

// ErrAborted is the outcome after Abort.
var ErrAborted = errors.New("it was aborted")

// stream carries what the loop has to say to a goroutine that writes it to a new file. Its methods are the loop's
// unless they say otherwise.
type stream struct {
	started   time.Time
	pool      *pool
	cur       *buffer
	committed bool

	ch       chan *buffer
	backlog  atomic.Int64
	quit     chan struct{} // closed by abort
	quitOnce sync.Once
	quitErr  error // set before quit is closed
}

func newStream(p *pool) *stream {
	return &stream{started: time.Now(), pool: p, cur: p.get(), ch: make(chan *buffer, streamBuffers), quit: make(chan struct{})}
}

// Write adds raw bytes: an RDB, or whole encoded commands whose database the caller looks after. It never fails; see Err.
func (s *stream) Write(p []byte) (int, error) {
	s.cur.b = append(s.cur.b, p...)
	s.filled()
	return len(p), nil
}

func (s *stream) filled() {
	if len(s.cur.b) >= handOverBytes {
		s.handOver()
	}
}

func (s *stream) handOver() {
	b := s.cur
	if len(b.b) == 0 {
		return
	}
	s.cur = s.pool.get()
	s.backlog.Add(int64(len(b.b)))
	select {
	case s.ch <- b:
	case <-s.quit:
		s.backlog.Add(-int64(len(b.b)))
		s.pool.put(b)
	}
}

// Backlog is how many bytes wait to be written. A caller that walks its data set pauses while this is above a few
// megabytes. Any goroutine may ask.
func (s *stream) Backlog() int64 { return s.backlog.Load() }

// Err tells early that the file cannot succeed any more. Any goroutine may ask.
func (s *stream) Err() error {
	select {
	case <-s.quit:
		return s.quitErr
	default:
		return nil
	}
}

// Commit ends what is written. What follows happens on goroutines; then done is called.
func (s *stream) Commit() {
	if s.committed {
		return
	}
	s.committed = true
	s.handOver()
	close(s.ch)
}

// Abort gives up. What was there before is as good as it was; done is called with an error. After the end Abort does
// nothing.
func (s *stream) Abort() { s.abort(ErrAborted) }

func (s *stream) abort(err error) {
	s.quitOnce.Do(func() {
		s.quitErr = err
		close(s.quit)
	})
}

// writeFile writes the buffers to a new file, durably, with syncs on the way if incremental. It is for the goroutine.
func (s *stream) writeFile(fs FS, path string, incremental bool) error {
	f, err := fs.OpenFile(path, writeFlags|os.O_TRUNC)
	if err != nil {
		return err
	}
	err = s.writeBuffers(f, incremental)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (s *stream) writeBuffers(f File, incremental bool) error {
	unsynced := 0
	for {
		var b *buffer
		select {
		case <-s.quit:
			return s.quitErr
		case b = <-s.ch:
		}
		if b == nil {
			return s.Err()
		}
		n, err := f.Write(b.b)
		if err == nil && n < len(b.b) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return err
		}
		s.backlog.Add(-int64(n))
		s.pool.put(b)
		if unsynced += n; incremental && unsynced >= streamSyncBytes {
			unsynced = 0
			if err := f.Sync(); err != nil {
				return err
			}
		}
	}
}
