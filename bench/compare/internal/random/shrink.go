package random

import (
	"fmt"
	"slices"
	"time"

	"spindle/bench/compare/internal/pair"
)

// shrinkTime bounds the search: traces that hang take seconds each.
const shrinkTime = 60 * time.Second

// shrink looks for a short trace that still makes the servers differ, and
// shows the original one should the difference not come back.
func (e *epoch) shrink(p *pair.Pair, m *mismatch) *Divergence {
	last := *m
	deadline := time.Now().Add(shrinkTime)
	fails := func(steps []Step) bool {
		if time.Now().After(deadline) {
			return false
		}
		try := *e
		try.steps = steps
		m, err := try.run(p)
		if err != nil || m == nil {
			return false
		}
		last = *m
		return true
	}
	d := &Divergence{Epoch: e.number, Proto: e.proto, Setting: e.setting.name}
	d.Trace = slices.Clone(e.steps[:min(m.at+1, len(e.steps))])
	if fails(d.Trace) {
		d.Trace = minimize(d.Trace, fails)
		fails(d.Trace)
		d.Trace = d.Trace[:min(last.at+1, len(d.Trace))]
	} else {
		d.Once = true
		d.Note = fmt.Sprintf("it does not come back when run again; these are the last of %d commands", len(d.Trace))
		d.Trace = d.Trace[max(0, len(d.Trace)-20):]
	}
	d.Ref, d.Sub = last.ref, last.sub
	return d
}

// minimize removes parts of a failing sequence, halves first, then ever
// smaller ones, as long as what is left still fails (delta debugging). In the
// result no single element can be left out.
func minimize[T any](seq []T, fails func([]T) bool) []T {
	for parts := 2; len(seq) >= 2; {
		size := (len(seq) + parts - 1) / parts
		shorter := false
		for from := 0; from < len(seq); from += size {
			rest := slices.Concat(seq[:from], seq[min(from+size, len(seq)):])
			if len(rest) > 0 && fails(rest) {
				seq, shorter = rest, true
				parts = max(parts-1, 2)
				break
			}
		}
		switch {
		case shorter:
		case size == 1:
			return seq
		default:
			parts = min(parts*2, len(seq))
		}
	}
	return seq
}
