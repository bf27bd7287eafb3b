package arena

// Stats is a snapshot of an arena. All sizes are bytes.
type Stats struct {
	Used      int64 // live slots
	Committed int64 // resident memory, see Arena.Committed
	Spans     int64 // spans with live slots, including their free slots
	Free      int64 // resident but in no span
	Mapped    int64 // committed part of the range, resident or not
	Reserved  int64 // the range
	LargeRuns int64 // number of values above the classes
	Large     int64 // their bytes
	Classes   []ClassStats
}

// ClassStats describes one slot size that is in use.
type ClassStats struct {
	Size      int   // bytes of a slot
	SpanBytes int   // bytes of a span
	Spans     int64 // number
	Slots     int64 // in all spans
	Live      int64 // slots in use
}

// Fragmentation is how much memory is held for each byte in use.
func (s Stats) Fragmentation() float64 {
	if s.Used == 0 {
		return 1
	}
	return float64(s.Committed) / float64(s.Used)
}

// Stats describes the arena. It allocates; it is not for the hot path.
func (a *Arena) Stats() Stats {
	h := &a.heap
	st := Stats{
		Used: a.used, Committed: a.Committed(),
		Spans:    a.largePages << pageShift,
		Free:     h.freeDirty << pageShift,
		Mapped:   int64(h.top) << pageShift,
		Reserved: int64(h.end) << pageShift,
		Large:    a.largePages << pageShift, LargeRuns: a.largeRuns,
	}
	for i := range a.classes {
		c := &a.classes[i]
		if c.spans == 0 {
			continue
		}
		bytes := int(c.pages) << pageShift
		st.Spans += c.spans * int64(bytes)
		st.Classes = append(st.Classes, ClassStats{
			Size: int(c.size), SpanBytes: bytes, Spans: c.spans,
			Slots: c.spans * int64(c.slots), Live: c.live,
		})
	}
	return st
}
