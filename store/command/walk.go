package command

import (
	"io"
	"time"

	"spindle/store"
)

// A walk takes a snapshot of all data to a file, a slice at a time: a log rewrite's new base, or a dump. Only one may be under way.

// walkFile is where it goes. See aof.Rewrite and aof.Dump.
type walkFile interface {
	io.Writer
	Backlog() int64
	Err() error
	Commit()
	Abort()
}

type walk struct {
	s      *Server
	file   walkFile
	task   *task
	before func()      // each step; may be nil
	last   func() bool // when all keys have been handed over, before Commit, until it returns true; may be nil
	over   func()      // at the end, of an abandoned walk too

	snap  *store.Snapshot // nil when it is over
	ended bool            // the file is complete, or given up
	done  bool            // it is over
}

// backlogMax is how many bytes may wait for the disk before the walk pauses.
const backlogMax = 4 << 20

// begin starts the walk; sink is given the keys.
func (w *walk) begin(sink store.Sink) {
	w.snap = w.s.Store.BeginSnapshot(sink)
	w.task.step = w.step
	w.s.pump.add(w.task)
}

// step walks a little further.
func (w *walk) step() (more bool) {
	if w.file.Err() != nil && !w.ended {
		w.abort()
	}
	if w.file.Backlog() > backlogMax && !w.ended {
		w.pause()
		return false
	}
	return !w.steps(16)
}

// steps walks about n keys further and reports whether that was the end.
func (w *walk) steps(n int) bool {
	if w.before != nil {
		w.before()
	}
	if w.snap != nil && w.snap.Step(n) {
		w.snap = nil
	}
	switch {
	case w.snap != nil, !w.ended && w.last != nil && !w.last():
		return false
	case !w.ended:
		w.ended = true
		w.file.Commit()
	}
	w.done = true
	w.over()
	return true
}

// pause takes the task out of the pump for a while: the disk has to catch up.
func (w *walk) pause() {
	w.s.env.After(2e6, func() {
		if !w.done {
			w.s.pump.add(w.task)
		}
	})
}

// abort gives the file up. The walk goes on without it, so that the next one can begin.
func (w *walk) abort() {
	if !w.ended {
		w.ended = true
		if w.snap != nil {
			w.snap.Abort()
		}
		w.file.Abort()
	}
}

// finish walks to the end at once; the loop stands still meanwhile.
func (w *walk) finish() {
	for !w.done {
		switch {
		case w.ended:
		case w.file.Err() != nil:
			w.abort()
		case w.file.Backlog() > backlogMax:
			time.Sleep(time.Millisecond)
			continue
		}
		w.steps(256)
	}
	w.s.pump.remove(w.task)
}
