package aof

import "sync"

// pool keeps emptied buffers, the last one used on top: it is still in the
// processor's cache.
type pool struct {
	mu   sync.Mutex
	free []*buffer
}

// poolBuffers is how many spare buffers are kept, five megabytes at most: what
// piles up while one processor runs the loop and not the writer.
const poolBuffers = 64

func (p *pool) get() *buffer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	// Room for one more command behind the mark at which the buffer is handed over.
	return &buffer{b: make([]byte, 0, handOverBytes+handOverBytes/4)}
}

func (p *pool) put(b *buffer) {
	if cap(b.b) > recycleBytes {
		return
	}
	b.b, b.sent = b.b[:0], 0
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < poolBuffers {
		p.free = append(p.free, b)
	}
}
