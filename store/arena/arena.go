// Package arena hands out the memory that holds all data, outside the Go heap,
// so that the garbage collector has nothing to scan and nothing to mark.
//
// One virtual range is reserved at start and committed from its low end as it
// is needed. Memory is named by a Ref, an offset in units of 8 bytes, which
// stays valid until Free and fits into 37 bits.
//
//	range   | unused | span | span | free run | span | ... | committed end | reserved ...
//	span    slab of equal slots (up to 32 KB each), or one large run of pages
//	page    4 KB; pageMap says for each page which span it is part of
//
// Small sizes are rounded up to a class: multiples of 8 up to 128 bytes, then
// sixteen classes per doubling up to 2 KB, where most packed collections are, then eight. Each class has one current span that serves its
// allocations: first from the list threaded through its freed slots, then by
// advancing a mark over slots never used, so that fresh pages are touched only
// when a slot on them is handed out. Spans with room wait in lists by how full
// they are; the fullest is taken next, which lets the emptiest drain. A span
// whose last slot is freed goes back to the page heap (pages.go), where any
// class or a large run can use it.
//
// Nothing here moves data. When many spans are half empty, BeginDefrag retires
// the sparsest of them; an owner that walks its records asks Sparse and moves
// those that say yes with Alloc, copy, Free.
//
// An Arena belongs to one goroutine; there are no locks. All its tables are
// pointer-free and live in reserved ranges of their own, because growing a Go
// slice of this size would stop the loop to copy it.
package arena

import (
	"fmt"
	"math/bits"
)

// Ref names a slot: its offset in the range divided by 8. Zero is no slot.
// A Ref is always below 1<<RefBits.
type Ref uint64

const (
	// RefBits is the number of bits a Ref may use.
	RefBits = 37
	// MaxAlloc is the largest size Alloc accepts, in bytes.
	MaxAlloc = 6 << 30

	maxReserve = 8 << RefBits
	minReserve = 256 << 20
)

// This package needs 64-bit addresses; a 32-bit build stops at this line.
const spindleNeedsA64BitPlatform uint = 1 << 40

var _ = spindleNeedsA64BitPlatform

// Options for New. The zero value is right for a server.
type Options struct {
	// Reserve is the size of the virtual range in bytes, at most 1 TB, which
	// is also the default. When the system refuses, smaller ones are tried.
	Reserve int64
	// HugePages asks for transparent huge pages on Linux; without it they are
	// forbidden, whatever the system's setting. In BenchmarkHugePages (8 M
	// slots of 64 bytes) they fill three times as fast (8 against 27 ns a slot)
	// and read 10 % faster (380 against 420 ns a dependent random access), but
	// take up to 5 % more memory, and the kernel may put holes that Trim has
	// returned back into huge pages. Off keeps the resident size what Committed
	// says, so off is the default.
	HugePages bool
}

// Arena is an allocator over one reserved range of memory.
type Arena struct {
	data    reservation
	baseP   base
	pageMap []uint32 // page -> span id << classBits | class
	spans   []span   // by id; 0 is a full span that stands for none
	dirty   []uint64 // bit per page: the system has given us memory for it

	classes [classCount]class
	used    int64 // bytes of live slots

	largeRuns  int64
	largePages int64

	heap      pageHeap
	evacuees  uint32 // list of spans being emptied
	evacCount int

	tables [3]reservation // memory of pageMap, spans and dirty
	debugState
}

// New reserves the range and returns an empty arena. It panics when the system
// grants not even 256 MB of address space.
func New(o Options) *Arena {
	size := o.Reserve
	if size <= 0 || size > maxReserve {
		size = maxReserve
	}
	size = max(size, minReserve) &^ (growStep - 1)
	a := new(Arena)
	for {
		err := a.reserve(size)
		if err == nil {
			break
		}
		if size /= 2; size < minReserve {
			panic(fmt.Sprintf("arena: the system refuses to reserve %d MB of address space: %v", minReserve>>20, err))
		}
	}
	a.data.adviseHuge(o.HugePages)
	a.initClasses()
	a.initHeap()
	a.initDebug()
	return a
}

// Close gives the whole range back. Every Ref and every view becomes invalid.
func (a *Arena) Close() {
	a.data.unmap()
	for i := range a.tables {
		a.tables[i].unmap()
	}
	*a = Arena{}
}

// Alloc returns a slot of at least n bytes, 1 <= n <= MaxAlloc, aligned to 8.
// Its content is arbitrary. It panics when the system refuses more memory.
func (a *Arena) Alloc(n int) Ref {
	if uint(n-1) >= maxSmall {
		return a.allocLarge(n)
	}
	c := &a.classes[classOf(n)]
	s := &a.spans[c.current]
	r := s.free
	if r != 0 {
		s.free = a.link(r)
	} else {
		r = s.fresh
		if r+Ref(c.words) > s.limit {
			return a.allocSlow(c)
		}
		s.fresh = r + Ref(c.words)
	}
	s.used++
	c.live++
	a.used += int64(c.size)
	if invariants {
		a.debugAlloc(r)
	}
	return r
}

// Free returns the slot r, which Alloc gave and nobody has freed since.
func (a *Arena) Free(r Ref) {
	e := a.pageMap[r>>pageRefShift]
	if invariants {
		a.debugFree(r)
	}
	id, ci := e>>classBits, e&classMask
	if ci >= classCount {
		a.freeLarge(id)
		return
	}
	s, c := &a.spans[id], &a.classes[ci]
	a.setLink(r, s.free)
	s.free = r
	s.used--
	c.live--
	a.used -= int64(c.size)
	if s.used == s.mark {
		a.drained(c, id)
	}
}

// Cap returns the bytes that may be used in slot r.
func (a *Arena) Cap(r Ref) int {
	e := a.pageMap[r>>pageRefShift]
	if ci := e & classMask; ci < classCount {
		return int(classSizes[ci])
	}
	return int(a.spans[e>>classBits].pages) << pageShift
}

// Fits tells whether n bytes fit into slot r and use at least half of it.
func (a *Arena) Fits(r Ref, n int) bool {
	size := a.Cap(r)
	return n <= size && (n >= size/2 || size <= 16)
}

// Used returns the bytes of all live slots, each counted at its full size.
func (a *Arena) Used() int64 { return a.used }

// Committed returns the bytes of memory that the arena holds: pages of spans
// from which a slot was ever handed out, and free pages not yet given back.
func (a *Arena) Committed() int64 { return a.heap.resident << pageShift }

// Idle returns the bytes of whole free pages that are not given back yet.
func (a *Arena) Idle() int64 { return a.heap.freeDirty << pageShift }

// allocLarge serves sizes above the classes with a run of pages.
func (a *Arena) allocLarge(n int) Ref {
	if n < 1 || n > MaxAlloc {
		panic(fmt.Sprintf("arena: Alloc of %d bytes", n))
	}
	id := a.allocPages((n + pageSize - 1) >> pageShift)
	s := &a.spans[id]
	s.class, s.state = classLarge, stateLarge
	a.mapEnds(id)
	a.touch(s.page, s.pages)
	a.largeRuns++
	a.largePages += int64(s.pages)
	a.used += int64(s.pages) << pageShift
	r := Ref(s.page) << pageRefShift
	if invariants {
		a.debugAlloc(r)
	}
	return r
}

func (a *Arena) freeLarge(id uint32) {
	pages := int64(a.spans[id].pages)
	a.largeRuns--
	a.largePages -= pages
	a.used -= pages << pageShift
	a.freePages(id)
}

// classOf returns the class of a size from 1 to maxSmall.
func classOf(n int) int {
	if n <= 128 {
		return (n - 1) >> 3
	}
	k := bits.Len(uint(n-1)) - 1 // 2^k <= n-1 < 2^(k+1), k >= 7
	if n <= fineMax {
		return (k-7)*16 + (n-1)>>(k-4)
	}
	return fineCount + (k-11)*8 + (n-1)>>(k-3) - 8
}
