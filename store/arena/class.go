package arena

const (
	maxSmall   = 32 << 10
	fineMax    = 2 << 10
	fineCount  = 16 + 4*16       // up to 128 in steps of 8, then 16 per doubling up to fineMax
	classCount = fineCount + 4*8 // 8 per doubling up to maxSmall
	classBits  = 7
	classMask  = 1<<classBits - 1
	classLarge = classCount // in pageMap: the span is one large run
	classFree  = classMask  // in pageMap: the span is a free run

	buckets      = 8       // lists of spans by occupancy, the last the fullest
	noBucket     = buckets // current or full: in no list
	evacuated    = 9       // in the list of spans being emptied
	spanBytesMin = 64 << 10
	slotsMin     = 8 // slots in a span of large slots
)

// classSizes and classPages: bytes of a slot, pages of a span.
var classSizes, classPages = makeClasses()

// class is the state of one size.
type class struct {
	size    uint32
	words   uint32 // size in units of a Ref
	slots   uint32 // per span
	pages   uint32 // per span
	current uint32 // span that serves allocations; 0 none
	filled  uint32 // bit b: lists[b] is not empty
	lists   [buckets]uint32
	spans   int64
	live    int64 // slots in use
}

// makeClasses computes the sizes, and for each the span that wastes little at
// its end: the smallest from 64 KB, or from 8 slots, that loses at most 1.5 %,
// or else the best up to half as large again.
func makeClasses() (sizes [classCount]uint32, pages [classCount]uint32) {
	for i := range sizes {
		size := (i + 1) * 8
		switch {
		case i >= fineCount:
			k := (i - fineCount) / 8
			size = (9 + (i-fineCount)%8) << (k + 8)
		case i >= 16:
			k := (i - 16) / 16
			size = (17 + (i-16)%16) << (k + 3)
		}
		sizes[i] = uint32(size)
		first := max(spanBytesMin, slotsMin*size) >> pageShift
		best, bestWaste := first, 1.0
		for p := first; p <= first+first/2; p++ {
			waste := float64(p<<pageShift%size) / float64(p<<pageShift)
			if waste < bestWaste {
				best, bestWaste = p, waste
			}
			if waste <= 0.015 {
				break
			}
		}
		pages[i] = uint32(best)
	}
	return sizes, pages
}

func (a *Arena) initClasses() {
	for i := range a.classes {
		c := &a.classes[i]
		c.size, c.words, c.pages = classSizes[i], classSizes[i]/8, classPages[i]
		c.slots = c.pages << pageShift / c.size
	}
}

func (a *Arena) classIndex(c *class) uint8 { return uint8(classOf(int(c.size))) }

// allocSlow serves class c when its current span has neither a freed slot nor
// a fresh one whose page is accounted for.
func (a *Arena) allocSlow(c *class) Ref {
	if !a.extend(c, c.current) {
		if c.current != 0 {
			a.spans[c.current].mark = c.slots - 1 // full: the next Free lists it
			c.current = 0
		}
		if c.filled != 0 {
			a.usePartial(c)
		} else {
			a.useFresh(c)
		}
	}
	return a.Alloc(int(c.size))
}

// extend accounts for the page that the next fresh slot of a span ends on. It
// returns false when there is no such slot.
func (a *Arena) extend(c *class, id uint32) bool {
	s := &a.spans[id]
	first := Ref(s.page) << pageRefShift
	end := first + Ref(c.words*c.slots)
	if id == 0 || s.fresh+Ref(c.words) > end {
		return false
	}
	from := uint32((s.limit + pageRefs - 1) >> pageRefShift)
	to := uint32((s.fresh+Ref(c.words)-1)>>pageRefShift) + 1
	a.touch(from, to-from)
	s.limit = min(end, Ref(to)<<pageRefShift)
	return true
}

// usePartial makes the fullest listed span the current one.
func (a *Arena) usePartial(c *class) {
	b := buckets - 1
	for c.lists[b] == 0 {
		b--
	}
	id := c.lists[b]
	a.unlist(c, id)
	a.spans[id].mark = noMark
	c.current = id
}

// useFresh makes a span just taken from the page heap the current one.
func (a *Arena) useFresh(c *class) {
	id := a.allocPages(int(c.pages))
	s := &a.spans[id]
	s.class, s.state = a.classIndex(c), stateSlab
	s.bucket, s.mark = noBucket, noMark
	s.free, s.used = 0, 0
	s.fresh = Ref(s.page) << pageRefShift
	s.limit = s.fresh
	e := id<<classBits | uint32(s.class)
	m := a.pageMap[s.page : s.page+s.pages]
	for i := range m {
		m[i] = e
	}
	c.spans++
	c.current = id
}

// drained is called when the number of used slots of a span has fallen to its
// mark: the span belongs into a lower list now, or it is empty and goes.
func (a *Arena) drained(c *class, id uint32) {
	s := &a.spans[id]
	if s.bucket == evacuated {
		a.unevacuate(id)
	} else {
		a.unlist(c, id)
	}
	if s.used == 0 {
		a.dropSpan(c, id)
		return
	}
	a.list(c, id)
}

// list puts a span with room into the list for its occupancy.
func (a *Arena) list(c *class, id uint32) {
	s := &a.spans[id]
	b := s.used * buckets / c.slots
	s.bucket = uint8(b)
	s.mark = 0
	if b > 0 {
		s.mark = (b*c.slots+buckets-1)/buckets - 1
	}
	a.push(&c.lists[b], id)
	c.filled |= 1 << b
}

// unlist takes a span out of its list, if it is in one.
func (a *Arena) unlist(c *class, id uint32) {
	s := &a.spans[id]
	if s.bucket == noBucket {
		return
	}
	a.remove(&c.lists[s.bucket], id)
	if c.lists[s.bucket] == 0 {
		c.filled &^= 1 << s.bucket
	}
	s.bucket = noBucket
}

// dropSpan returns an empty, unlisted span to the page heap.
func (a *Arena) dropSpan(c *class, id uint32) {
	c.spans--
	if invariants {
		a.debugForget(a.spans[id].page, a.spans[id].pages)
	}
	a.freePages(id)
}
