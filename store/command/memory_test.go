package command

import (
	"runtime/debug"
	"strings"
	"testing"
)

// TestMemoryGoesBack loads 24 MB, throws them away and looks at what the arena still holds.
func TestMemoryGoesBack(t *testing.T) {
	r := newRig(t)
	value := strings.Repeat("v", 8000)
	for i := range 3000 {
		r.feed(encode("SET", "key"+string(rune(0x1000+i)), value))
	}
	full := r.s.Store.Mem.Committed()
	r.ok("FLUSHALL")
	ticks := func(n int) {
		for range n {
			r.s.Tick()
			r.advance(100)
		}
	}
	ticks(8)
	if held := r.s.Store.Mem.Committed(); held != full {
		t.Errorf("%d bytes are held after FLUSHALL of %d: the next command might need them", held, full)
	}
	ticks(20)
	if held := r.s.Store.Mem.Committed(); full < 20<<20 || held > 3<<20 {
		t.Errorf("%d bytes are held after FLUSHALL of %d", held, full)
	}
	r.ok("MEMORY PURGE")
	r.advance(100)
	if held := r.s.Store.Mem.Committed(); held != 0 {
		t.Errorf("%d bytes are held after MEMORY PURGE", held)
	}
}

var garbage []byte

// Garbage that the collector has not come to yet is not memory in use: keys would be evicted for it.
func TestGarbageIsNotUsed(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	r := newRig(t)
	r.s.sampleMemory()
	before := r.s.usedMemory()
	for range 64 {
		garbage = make([]byte, 1<<20)
	}
	garbage = nil
	r.s.sampleMemory()
	if more := r.s.usedMemory() - before; more > 8<<20 {
		t.Errorf("%d bytes more are used", more)
	}
}
