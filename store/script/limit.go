package script

import (
	"context"
	"errors"
	"runtime/metrics"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// How a running script is looked after. gopher-lua asks the context of a machine before each instruction whether
// it is done. The limiter is such a context: its answer costs one load, and every few milliseconds, when a timer has set
// a flag, it takes the chance to call the host and to look at the memory. Everything happens on the script's own goroutine; the
// timer only sets the flag.
//
// The timer runs while there are scripts to look after and is started by the first: a short script does not pay for one of its own.
type limiter struct {
	host  Host
	state *lua.LState

	poke    atomic.Bool // time to look
	runs    atomic.Uint64
	running atomic.Bool
	armed   atomic.Bool
	timer   *time.Timer
	seen    uint64 // runs at the last tick: the timer's

	stop      error // why the script must end; nil: it may go on
	heapStart uint64
	samples   []metrics.Sample
}

const (
	tick = 2 * time.Millisecond
	// heapGrowthMax is how much memory one script may take, in bytes, as far as can be told: all growth of Go's
	// heap while it runs counts as its own.
	heapGrowthMax = 1 << 30
)

// errMemory is Lua's text for a script that wants too much.
var errMemory = errors.New("not enough memory")

func (l *limiter) bind(L *lua.LState) {
	l.state = L
	L.SetContext(l)
	if l.timer == nil {
		l.samples = []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		l.timer = time.AfterFunc(time.Hour, l.onTimer)
		l.timer.Stop()
	}
}

// begin is called before a script runs.
func (l *limiter) begin() {
	l.stop = nil
	l.heapStart = 0
	l.poke.Store(false)
	l.runs.Add(1)
	l.running.Store(true)
	if l.armed.CompareAndSwap(false, true) {
		l.timer.Reset(tick)
	}
}

func (l *limiter) end() { l.running.Store(false) }

// onTimer runs on a goroutine of its own. A script that was there at the last tick, too, is looked after.
func (l *limiter) onTimer() {
	runs := l.runs.Load()
	if l.running.Load() && runs == l.seen {
		l.poke.Store(true)
	}
	if runs == l.seen && !l.running.Load() {
		l.armed.Store(false)
		if !l.running.Load() || !l.armed.CompareAndSwap(false, true) {
			return // otherwise one began meanwhile, and thought the timer was running
		}
	}
	l.seen = runs
	l.timer.Reset(tick)
}

// look gives the host its turn and sees that memory does not run out.
func (l *limiter) look() {
	l.poke.Store(false)
	if l.stop != nil {
		return
	}
	if l.stop = l.host.Tick(); l.stop == nil && l.outOfMemory() {
		l.stop = errMemory
	}
}

func (l *limiter) outOfMemory() bool {
	metrics.Read(l.samples)
	now := l.samples[0].Value.Uint64()
	if l.heapStart == 0 {
		l.heapStart = max(now, 1)
	}
	return now > l.heapStart+heapGrowthMax
}

// stopped is a closed channel.
var stopped = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Done is called before each instruction.
func (l *limiter) Done() <-chan struct{} {
	if l.poke.Load() {
		l.look()
	}
	if l.stop != nil {
		return stopped
	}
	return nil
}

// Err is the message that ends the script.
func (l *limiter) Err() error { return l.stop }

// Deadline and Value complete the interface.
func (l *limiter) Deadline() (time.Time, bool) { return time.Time{}, false }
func (l *limiter) Value(any) any               { return nil }

var _ context.Context = (*limiter)(nil)
