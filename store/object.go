package store

import (
	"slices"

	"spindle/store/arena"
	"spindle/store/index"
)

// Object is a large collection: one Go value whose elements live in the arena or in
// pointer-free slices, so that the collector has nothing to mark per element.
type Object interface {
	// Len returns the number of elements.
	Len() int
	// Bytes returns the memory the collection takes beyond its record.
	Bytes() int64
	// Free releases at most steps elements and returns how many it did; fewer than steps means that all are gone.
	Free(steps int) int
}

// Copier is what every Object offers beside. Value types do not know this package, so the
// copy, an Object of the same type, comes as any.
type Copier interface {
	// Copy returns a collection of its own with the same elements.
	Copy() any
}

func copyObject(o Object) Object { return o.(Copier).Copy().(Object) }

// handleBytes is the length of a value that is an object's handle.
const handleBytes = 4

// reclaimQueue holds what has left the keyspace and is still to be freed, a slice at a time, so that
// dropping ten million elements stops nobody. The latest comes first: the collections of a flushed database enter as it is
// taken apart, and few of them wait at a time.
type reclaimQueue struct {
	s     *Store
	queue []Object
	freed int64
}

// reclaimAtOnce is how many elements of an object, or chunks of a list, are freed when it is dropped: the small ones go, and
// what the next command allocates is still in the processor's cache.
const reclaimAtOnce = 128

func (q *reclaimQueue) add(o Object) {
	if _, gone := q.step(o, reclaimAtOnce); !gone {
		q.queue = append(q.queue, o)
	}
}

// Drop frees a collection that never was in the keyspace, in slices.
func (s *Store) Drop(o Object) { s.reclaim.add(o) }

// step frees at most steps elements of o, after the running snapshot has taken them. It returns the work done and
// whether o is gone.
func (q *reclaimQueue) step(o Object, steps int) (int, bool) {
	walked := 0
	if sn := q.s.snap; sn != nil {
		n, free := sn.finish(o, steps)
		if walked = n; !free || n >= steps {
			return n, false
		}
	}
	n := o.Free(steps - walked)
	return walked + n, n < steps-walked
}

// Reclaim frees at most steps elements of dropped collections and flushed databases. It reports whether some are left.
func (s *Store) Reclaim(steps int) bool {
	q := &s.reclaim
	for steps > 0 && len(q.queue) > 0 {
		i := len(q.queue) - 1
		n, gone := q.step(q.queue[i], steps)
		if gone { // what it held may be behind it now
			q.queue = slices.Delete(q.queue, i, i+1)
			q.freed++
		}
		steps -= max(n, 1)
	}
	return len(q.queue) > 0
}

// Reclaiming returns the number of dropped objects whose memory is still to be freed.
func (s *Store) Reclaiming() int { return len(s.reclaim.queue) }

// Reclaimed returns the number of objects freed in slices so far.
func (s *Store) Reclaimed() int64 { return s.reclaim.freed }

// flushed is a database's keyspace on its way out.
type flushed struct {
	s  *Store
	ix *index.Index
}

func (f *flushed) Len() int     { return f.ix.Len() }
func (f *flushed) Bytes() int64 { return f.ix.Bytes() }

// Free implements Object.
func (f *flushed) Free(steps int) int {
	return f.ix.Drain(steps, func(ref arena.Ref) {
		k := Key{db: &DB{s: f.s}, ref: ref, rec: f.s.record(ref)}
		k.db.dropValue(&k)
		f.s.free(ref)
	})
}
