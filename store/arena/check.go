package arena

import "fmt"

// CheckInvariants walks all tables and returns the first contradiction. It is
// slow; tests call it.
func (a *Arena) CheckInvariants() error {
	w := &checker{a: a, seen: map[uint32]string{}}
	for _, step := range []func() error{w.walkRange, w.walkClasses, w.walkEvacuees, w.walkRuns, w.compareTotals} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

type checker struct {
	a    *Arena
	seen map[uint32]string // ids found in a list

	used, spans, live, freePages, freeDirty, largePages int64
}

// walkRange goes over the range span by span: they must cover it without gap.
func (w *checker) walkRange() error {
	a := w.a
	for page := a.heap.first; page < a.heap.top; {
		e := a.pageMap[page]
		id := e >> classBits
		s := &a.spans[id]
		if s.page != page || s.pages == 0 || uint32(s.class) != e&classMask {
			return fmt.Errorf("page %d: entry %#x leads to span %+v", page, e, *s)
		}
		if last := a.pageMap[page+s.pages-1]; last != e {
			return fmt.Errorf("span %d: its last page says %#x, the first %#x", id, last, e)
		}
		if err := w.span(id, s, e); err != nil {
			return fmt.Errorf("span %d %+v: %w", id, *s, err)
		}
		page += s.pages
	}
	return nil
}

func (w *checker) span(id uint32, s *span, e uint32) error {
	a := w.a
	switch s.state {
	case stateLarge:
		w.largePages += int64(s.pages)
		w.used += int64(s.pages) << pageShift
		if a.countDirty(s.page, s.pages) != s.pages {
			return fmt.Errorf("large run not resident")
		}
	case stateFree:
		w.freePages += int64(s.pages)
		w.freeDirty += int64(s.dirty)
		if n := a.countDirty(s.page, s.pages); n != s.dirty {
			return fmt.Errorf("%d pages are resident", n)
		}
		if next := s.page + s.pages; next < a.heap.top && a.pageMap[next]&classMask == classFree {
			return fmt.Errorf("a free run follows")
		}
	case stateSlab:
		return w.slab(id, s, e)
	default:
		return fmt.Errorf("bad state")
	}
	return nil
}

func (w *checker) slab(id uint32, s *span, e uint32) error {
	a, c := w.a, &w.a.classes[s.class]
	w.spans++
	w.live += int64(s.used)
	w.used += int64(s.used) * int64(c.size)
	for p := s.page; p < s.page+s.pages; p++ {
		if a.pageMap[p] != e {
			return fmt.Errorf("page %d says %#x", p, a.pageMap[p])
		}
	}
	first := Ref(s.page) << pageRefShift
	handedOut := uint32(s.fresh-first) / c.words
	free := map[Ref]bool{}
	for r := s.free; r != 0; r = a.link(r) {
		if r < first || r >= s.fresh || uint32(r-first)%c.words != 0 || free[r] {
			return fmt.Errorf("bad slot %#x in the free list", r)
		}
		free[r] = true
	}
	if handedOut != s.used+uint32(len(free)) || handedOut > c.slots {
		return fmt.Errorf("%d slots handed out, %d are free", handedOut, len(free))
	}
	if n := uint32((s.fresh + pageRefs - 1 - first) >> pageRefShift); a.countDirty(s.page, n) != n {
		return fmt.Errorf("slots on pages that are not accounted for")
	}
	return w.place(id, s, c)
}

// place checks that the mark of a span and the list it claims agree.
func (w *checker) place(id uint32, s *span, c *class) error {
	switch {
	case c.current == id:
		if s.bucket != noBucket || s.mark != noMark {
			return fmt.Errorf("current, but listed or marked")
		}
	case s.bucket == evacuated:
		if s.mark != 0 || s.used == 0 {
			return fmt.Errorf("bad evacuee")
		}
	case s.bucket == noBucket:
		if s.used != c.slots || s.mark != c.slots-1 {
			return fmt.Errorf("neither full nor listed")
		}
	default:
		if s.used == 0 || s.used <= s.mark || s.used*buckets/c.slots < uint32(s.bucket) {
			return fmt.Errorf("in too high a list")
		}
	}
	return nil
}

func (w *checker) walkClasses() error {
	for i := range w.a.classes {
		c := &w.a.classes[i]
		for b, head := range c.lists {
			if (head != 0) != (c.filled>>b&1 != 0) {
				return fmt.Errorf("class %d: list %d and its bit differ", c.size, b)
			}
			err := w.list(head, fmt.Sprintf("list %d of class %d", b, c.size), func(s *span) bool {
				return s.state == stateSlab && int(s.bucket) == b && int(s.class) == i
			})
			if err != nil {
				return err
			}
		}
		w.spans -= c.spans
		w.live -= c.live
	}
	if w.spans != 0 || w.live != 0 {
		return fmt.Errorf("spans are off by %d, live slots by %d", w.spans, w.live)
	}
	return nil
}

func (w *checker) walkEvacuees() error {
	n := len(w.seen)
	err := w.list(w.a.evacuees, "evacuees", func(s *span) bool { return s.state == stateSlab && s.bucket == evacuated })
	if err == nil && len(w.seen)-n != w.a.evacCount {
		err = fmt.Errorf("%d evacuees, counted %d", len(w.seen)-n, w.a.evacCount)
	}
	return err
}

func (w *checker) walkRuns() error {
	var pages int64
	for i := range w.a.heap.runs {
		set := &w.a.heap.runs[i]
		for b, head := range set.lists {
			if (head != 0) != (set.filled[b>>6]>>(b&63)&1 != 0) {
				return fmt.Errorf("runs %d: list %d and its bit differ", i, b)
			}
			err := w.list(head, fmt.Sprintf("runs %d list %d", i, b), func(s *span) bool {
				pages += int64(s.pages)
				return s.state == stateFree && binOf(int(s.pages)) == b && (s.dirty > 0) == (i == 1)
			})
			if err != nil {
				return err
			}
		}
	}
	if pages != w.a.heap.freePages {
		return fmt.Errorf("lists hold %d free pages of %d", pages, w.a.heap.freePages)
	}
	return nil
}

// list walks one list; every member must be ok and in no list met before.
func (w *checker) list(head uint32, name string, ok func(*span) bool) error {
	prev := uint32(0)
	for id := head; id != 0; id = w.a.spans[id].next {
		s := &w.a.spans[id]
		if other, met := w.seen[id]; met {
			return fmt.Errorf("span %d is in %s and in %s", id, other, name)
		}
		w.seen[id] = name
		if s.prev != prev || !ok(s) {
			return fmt.Errorf("span %d %+v does not belong into %s", id, *s, name)
		}
		prev = id
	}
	return nil
}

func (w *checker) compareTotals() error {
	a, h := w.a, &w.a.heap
	got := [...]int64{a.used, h.freePages, h.freeDirty, a.largePages, h.resident}
	want := [...]int64{w.used, w.freePages, w.freeDirty, w.largePages, int64(a.countDirty(h.first, h.top-h.first))}
	if got != want {
		return fmt.Errorf("used, free, free dirty, large, resident: have %d, counted %d", got, want)
	}
	return nil
}
