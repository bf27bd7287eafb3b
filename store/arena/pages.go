package arena

import (
	"fmt"
	"math/bits"
)

// The page heap: runs of free pages, never two side by side, in lists by
// length. Runs that hold resident pages are kept apart from runs that hold
// none, so that memory in hand is used up first and Trim finds what to return.

const (
	pageShift    = 12
	pageSize     = 1 << pageShift
	pageRefShift = pageShift - 3
	pageRefs     = 1 << pageRefShift

	growStep = 16 << 20 // bytes committed at a time

	runBins    = 16 + 16*25 // exact below 16 pages, then 16 per doubling
	scanLimit  = 64         // runs of a list looked at for the best fit
	spanIDsMax = 1 << (32 - classBits)

	slackMin     = 2 << 20  // resident free bytes that Trim leaves
	slackDivisor = 20       // or this part of what is used
	hugeRun      = 64 << 20 // a run with this much free memory is always returned
	callBytes    = 64 << 10 // what one system call counts for in Trim's budget
)

type runSet struct {
	lists  [runBins]uint32
	filled [(runBins + 63) / 64]uint64
}

type pageHeap struct {
	runs      [2]runSet // [0] nothing resident, [1] some
	first     uint32    // first usable page
	top       uint32    // first page not committed
	end       uint32    // first page beyond the range
	freePages int64
	freeDirty int64 // resident pages among them
	resident  int64 // resident pages, free or not
	nextID    uint32
	spareIDs  uint32
}

// reserve maps the range and the tables that describe it.
func (a *Arena) reserve(size int64) (err error) {
	pages := size >> pageShift
	ids := min(pages/4+16, spanIDsMax)
	sizes := [4]int64{size, pages * 4, ids * spanSize, pages / 8}
	ranges := [4]*reservation{&a.data, &a.tables[0], &a.tables[1], &a.tables[2]}
	for i, r := range ranges {
		if err = r.reserve(sizes[i]); err != nil {
			for _, done := range ranges[:i] {
				done.unmap()
			}
			return err
		}
	}
	a.bind(pages, ids)
	return nil
}

func (a *Arena) initHeap() {
	h := &a.heap
	// The first page of the system stays inaccessible: writing through Ref 0
	// must not go unnoticed.
	h.first = uint32(max(sysPageSize, pageSize) >> pageShift)
	h.top = h.first
	h.end = uint32(len(a.pageMap))
	a.tables[1].commit(spanSize)
	h.nextID = 1
}

// binOf returns the list for runs of n pages.
func binOf(n int) int {
	if n < 16 {
		return n
	}
	k := bits.Len(uint(n)) - 1
	return 16 + (k-4)*16 + n>>(k-4) - 16
}

// allocPages returns a span of n pages with only page and pages set.
func (a *Arena) allocPages(n int) uint32 {
	id := a.findRun(&a.heap.runs[1], n)
	if id == 0 {
		id = a.findRun(&a.heap.runs[0], n)
	}
	if id == 0 {
		a.grow(n)
		id = a.findRun(&a.heap.runs[0], n)
		if id == 0 {
			id = a.findRun(&a.heap.runs[1], n)
		}
	}
	a.unlinkRun(id)
	if rest := a.spans[id].pages - uint32(n); rest > 0 {
		a.splitRun(id, uint32(n), rest)
	}
	a.heap.freeDirty -= int64(a.spans[id].dirty)
	a.heap.freePages -= int64(n)
	a.spans[id].dirty = 0
	return id
}

// splitRun cuts the unlinked run id to n pages and lists the rest.
func (a *Arena) splitRun(id, n, rest uint32) {
	r := a.newSpan()
	s, t := &a.spans[id], &a.spans[r]
	s.pages = n
	t.page, t.pages = s.page+n, rest
	total := s.dirty
	s.dirty = a.countDirty(s.page, n)
	t.dirty = total - s.dirty
	a.linkRun(r)
}

// findRun returns a run of at least n pages: the best of the first few of its
// own length, else any of the next longer ones.
func (a *Arena) findRun(set *runSet, n int) uint32 {
	b := binOf(n)
	var best, bestPages uint32
	id := set.lists[b]
	for i := 0; id != 0 && i < scanLimit; i++ {
		s := &a.spans[id]
		if s.pages >= uint32(n) && (best == 0 || s.pages < bestPages) {
			best, bestPages = id, s.pages
		}
		if bestPages == uint32(n) {
			break
		}
		id = s.next
	}
	if best != 0 {
		return best
	}
	b++
	w := b >> 6
	word := set.filled[w] &^ (1<<(b&63) - 1)
	for word == 0 {
		if w++; w == len(set.filled) {
			return 0
		}
		word = set.filled[w]
	}
	return set.lists[w<<6+bits.TrailingZeros64(word)]
}

// grow commits enough of the range for a run of n pages.
func (a *Arena) grow(n int) {
	h := &a.heap
	need := uint32(n)
	if h.top > h.first {
		if e := a.pageMap[h.top-1]; e&classMask == classFree {
			need -= min(need, a.spans[e>>classBits].pages)
		}
	}
	if need > h.end-h.top {
		panic(fmt.Sprintf("arena: out of memory: the reserved range of %d MB is used up", int64(h.end)<<pageShift>>20))
	}
	step := uint32(growStep >> pageShift)
	to := min((h.top+need+step-1)&^(step-1), h.end)
	a.tables[0].commit(int64(to) * 4)
	a.tables[2].commit(int64(to)/8 + 8)
	a.data.commitFrom(int64(h.top)<<pageShift, int64(to)<<pageShift)
	id := a.newSpan()
	a.spans[id].page, a.spans[id].pages = h.top, to-h.top
	h.top = to
	a.freePages(id)
}

// freePages makes the pages of a span free, joining them with free neighbours.
// The id is the span's no more.
func (a *Arena) freePages(id uint32) {
	h := &a.heap
	page, pages := a.spans[id].page, a.spans[id].pages
	a.spans[id] = span{page: page, pages: pages, dirty: a.countDirty(page, pages)}
	h.freePages += int64(pages)
	h.freeDirty += int64(a.spans[id].dirty)
	if page > h.first {
		if e := a.pageMap[page-1]; e&classMask == classFree {
			a.absorb(id, e>>classBits)
		}
	}
	if next := page + pages; next < h.top {
		if e := a.pageMap[next]; e&classMask == classFree {
			a.absorb(id, e>>classBits)
		}
	}
	a.linkRun(id)
}

// absorb joins the listed run other to the unlisted run id beside it.
func (a *Arena) absorb(id, other uint32) {
	a.unlinkRun(other)
	s, t := &a.spans[id], &a.spans[other]
	s.page = min(s.page, t.page)
	s.pages += t.pages
	s.dirty += t.dirty
	a.recycleSpan(other)
}

// linkRun lists a free run and enters its ends into the page map.
func (a *Arena) linkRun(id uint32) {
	s := &a.spans[id]
	s.state, s.class = stateFree, classFree
	set, b := &a.heap.runs[min(s.dirty, 1)], binOf(int(s.pages))
	a.push(&set.lists[b], id)
	set.filled[b>>6] |= 1 << (b & 63)
	a.mapEnds(id)
}

func (a *Arena) unlinkRun(id uint32) {
	s := &a.spans[id]
	set, b := &a.heap.runs[min(s.dirty, 1)], binOf(int(s.pages))
	a.remove(&set.lists[b], id)
	if set.lists[b] == 0 {
		set.filled[b>>6] &^= 1 << (b & 63)
	}
}

// mapEnds enters the first and last page of a span into the page map. That is
// enough for runs: no Ref points into their middle.
func (a *Arena) mapEnds(id uint32) {
	s := &a.spans[id]
	e := id<<classBits | uint32(s.class)
	a.pageMap[s.page] = e
	a.pageMap[s.page+s.pages-1] = e
}

// touch notes that pages are about to be written and thus become resident.
func (a *Arena) touch(page, n uint32) {
	a.heap.resident += int64(n - a.countDirty(page, n))
	a.eachWord(page, n, func(w *uint64, mask uint64) { *w |= mask })
}

// countDirty returns how many of n pages are resident.
func (a *Arena) countDirty(page, n uint32) uint32 {
	count := 0
	a.eachWord(page, n, func(w *uint64, mask uint64) { count += bits.OnesCount64(*w & mask) })
	return uint32(count)
}

// eachWord calls fn for the words of the dirty map that cover n pages.
func (a *Arena) eachWord(page, n uint32, fn func(w *uint64, mask uint64)) {
	for end := page + n; page < end; {
		mask := ^uint64(0) << (page & 63)
		if left := end - page&^63; left < 64 {
			mask &= 1<<left - 1
		}
		fn(&a.dirty[page>>6], mask)
		page = page&^63 + 64
	}
}
