package list

import (
	"slices"

	"spindle/store/arena"
)

// Walk hands out a list's chunks as they were when it began; see the package comment. It has the methods of a
// store.Walker.
type Walk struct {
	l       *List
	blocks  []*block
	at      place
	ended   bool
	orphans []arena.Ref // frozen chunks that the list no longer uses
	emit    func(lp []byte)
}

// BeginWalk starts a walk. emit is called for every chunk in order. It must not change the list. Only one walk may run at a
// time.
func (l *List) BeginWalk(emit func(lp []byte)) *Walk {
	if l.walk != nil {
		panic("list: a walk is running")
	}
	l.gen++
	l.walk = &Walk{l: l, blocks: slices.Clone(l.blocks), emit: emit}
	return l.walk
}

// Step hands out chunks until they have steps elements. It returns how many they had; fewer than steps means that the walk
// has ended.
func (w *Walk) Step(steps int) int {
	done := 0
	for done < steps && !w.ended {
		if w.at.block == len(w.blocks) {
			w.Stop()
			break
		}
		b := w.blocks[w.at.block]
		c := &b.chunks[w.at.chunk]
		w.emit(w.l.view(c))
		done += int(c.count)
		if w.at.chunk++; w.at.chunk == len(b.chunks) {
			w.blocks[w.at.block] = nil
			w.at = place{w.at.block + 1, 0}
		}
	}
	return done
}

// Stop ends the walk without handing out the rest.
func (w *Walk) Stop() {
	if w.ended {
		return
	}
	w.ended = true
	w.l.walk = nil
	for _, ref := range w.orphans {
		w.l.free(ref)
	}
	w.orphans, w.blocks = nil, nil
}
