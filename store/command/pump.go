package command

import "spindle/aof"

// The pump does background work in slices on the loop, between events: nothing in the server may stop
// it for a millisecond, however large the data. A task does a little and says whether more is left.

// task is one kind of background work. step does at most some ten microseconds of it.
type task struct {
	name  string
	event string // of LATENCY
	step  func() (more bool)

	nanos int64 // spent in step
	cut   int64 // how often time was up before it had come to its end
}

const (
	sliceNanos = 250e3 // of all tasks together
	// While clients keep the loop busy, slices are a pause apart, which leaves the tasks a fifth of the time.
	pauseNanos = 1e6
)

type pump struct {
	s        *Server
	tasks    []*task
	running  bool  // a slice is scheduled
	events   int64 // Server.events at the last slice
	next     int   // task to begin with
	maxNanos int64 // longest slice so far
	maxCPU   int64 // most processor time of a slice so far: what the slice itself takes on a busy machine
}

// add starts a task unless it is running.
func (p *pump) add(t *task) {
	for _, have := range p.tasks {
		if have == t {
			return
		}
	}
	p.tasks = append(p.tasks, t)
	p.schedule()
}

func (p *pump) schedule() {
	if p.running || len(p.tasks) == 0 || p.s.busy() {
		return
	}
	p.running = true
	if p.s.events != p.events {
		p.s.env.After(pauseNanos, p.slice)
	} else {
		p.s.env.Post(p.slice)
	}
	p.events = p.s.events
}

// slice runs the tasks in turn until their time is up or none is left.
func (p *pump) slice() {
	p.running = false
	s := p.s
	if s.busy() {
		return // a script that stands still must find the data as it left it
	}
	s.BeginEvent()
	start := s.env.MonoNano()
	p.maxCPU = max(p.maxCPU, s.env.CPUTime(func() { p.runTasks(start) }))
	p.maxNanos = max(p.maxNanos, s.env.MonoNano()-start)
	s.EndEvent()
	p.schedule()
}

// runTasks is the work of a slice that began at start.
func (p *pump) runTasks(start int64) {
	s := p.s
	for now := start; len(p.tasks) > 0 && now-start < sliceNanos; {
		p.next %= len(p.tasks)
		t := p.tasks[p.next]
		if p.runTask(t) {
			p.next++
		} else {
			p.remove(t)
		}
		before := now
		now = s.env.MonoNano()
		t.nanos += now - before
		s.noteLatency(t.event, now-before)
	}
	for _, t := range p.tasks {
		t.cut++
	}
}

// runTask shields the loop from a task's panic, which ends the task.
func (p *pump) runTask(t *task) (more bool) {
	defer func() {
		if v := recover(); v != nil {
			p.s.stats.Panics++
			p.s.logf(aof.Warning, "Background work %q failed unexpectedly: %v", t.name, v)
			p.s.logStack()
		}
	}()
	return t.step()
}

func (p *pump) remove(t *task) {
	for i, have := range p.tasks {
		if have == t {
			p.tasks = append(p.tasks[:i], p.tasks[i+1:]...)
			return
		}
	}
}
