package elements

import "spindle/store/arena"

// Walk hands out a table's elements as they were when it began; see the package comment. It has the
// methods of a store.Walker.
type Walk struct {
	t      *Table
	cursor uint64
	ended  bool
	emit   func(r arena.Ref)
}

// generations is how many a head can tell apart.
const generations = 4

// BeginWalk starts a walk. emit is called once for every record that is in the table now, in no particular order, while
// its key, value and expiry are still the ones of now. It must not change the table. Only one walk may run at a time.
func (t *Table) BeginWalk(emit func(r arena.Ref)) *Walk {
	if t.walk != nil {
		panic("elements: a walk is running")
	}
	if t.stopped == generations-1 {
		t.unify()
	}
	t.gen += genStep
	t.walk = &Walk{t: t, emit: emit}
	return t.walk
}

// unify gives all records the present generation.
func (t *Table) unify() {
	t.ix.Scan(0, t.Len(), func(r arena.Ref) { t.record(r).setGen(t.gen) })
	t.stopped = 0
}

// take hands out r unless it has been or is too new.
func (w *Walk) take(r arena.Ref) {
	rec := w.t.record(r)
	if rec.gen() != w.t.gen {
		w.emit(r)
		rec.setGen(w.t.gen)
	}
}

// Step walks over about steps elements. It returns how many it did; fewer than steps means that the walk has ended.
func (w *Walk) Step(steps int) int {
	if w.ended {
		return 0
	}
	n := 0
	w.cursor = w.t.ix.Scan(w.cursor, steps, func(r arena.Ref) {
		w.take(r)
		n++
	})
	if w.cursor == 0 {
		w.end()
		w.t.stopped = 0
		return min(n, steps-1)
	}
	return max(n, steps)
}

// Stop ends the walk without handing out the rest.
func (w *Walk) Stop() {
	if !w.ended {
		w.end()
		w.t.stopped++
	}
}

func (w *Walk) end() {
	w.ended = true
	w.t.walk = nil
}
