package loop

import (
	"container/heap"
	"time"
)

// Timer is a function to run later on the loop.
type Timer struct {
	at    time.Time
	fn    func()
	index int // in the heap, -1 outside
	all   *timers
}

// timers is a heap by time. One runtime timer is set for its first element; it
// only wakes the loop. A runtime timer set too early costs one empty turn.
type timers struct {
	heap  timerHeap
	alarm *time.Timer
	armed time.Time // when alarm goes off, zero if it does not
	wake  func()

	watched bool // the loop rests and looks at the heap itself
}

// After runs fn on the loop in d, or soon after. Call it on the loop or before Run.
func (l *Loop) After(d time.Duration, fn func()) *Timer {
	t := &Timer{at: time.Now().Add(d), fn: fn, all: &l.timer}
	heap.Push(&l.timer.heap, t)
	if t.index == 0 {
		l.timer.arm()
	}
	return t
}

// Stop prevents the timer from running. On a timer that ran or was stopped it does nothing.
func (t *Timer) Stop() {
	if t.index >= 0 {
		heap.Remove(&t.all.heap, t.index)
	}
}

func (ts *timers) arm() {
	if len(ts.heap) == 0 || ts.watched {
		return
	}
	at := ts.heap[0].at
	if !ts.armed.IsZero() && !at.Before(ts.armed) {
		return
	}
	ts.armed = at
	if ts.alarm == nil {
		ts.alarm = time.AfterFunc(time.Until(at), ts.wake)
	} else {
		ts.alarm.Reset(time.Until(at))
	}
}

// run calls what is due. Timers set meanwhile wait for the next turn, so a
// function that sets itself again with no delay does not starve the sockets.
func (ts *timers) run() {
	if len(ts.heap) == 0 {
		return
	}
	now := time.Now()
	if !ts.armed.IsZero() && !now.Before(ts.armed) {
		ts.armed = time.Time{}
	}
	for len(ts.heap) > 0 && !ts.heap[0].at.After(now) {
		heap.Pop(&ts.heap).(*Timer).fn()
	}
	ts.arm()
}

// disarm stops the wake-ups until rearm; whoever calls it looks after next.
func (ts *timers) disarm() {
	ts.watched = true
	if !ts.armed.IsZero() {
		ts.alarm.Stop()
		ts.armed = time.Time{}
	}
}

func (ts *timers) rearm() {
	ts.watched = false
	ts.arm()
}

// next is when the first timer is due, zero if there is none.
func (ts *timers) next() time.Time {
	if len(ts.heap) == 0 {
		return time.Time{}
	}
	return ts.heap[0].at
}

func (ts *timers) stopAll() {
	if ts.alarm != nil {
		ts.alarm.Stop()
	}
}

type timerHeap []*Timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*Timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
