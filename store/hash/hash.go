// Package hash is a large hash: fields with values, in an elements.Table. (Small hashes are listpacks in their key's
// record and need no package.)
//
// A field may have an expiry. From that moment on it is not seen any more, whether or not it has been removed: callers
// say with Look which time it is.
package hash

import (
	"math"
	"math/rand/v2"

	"spindle/store/arena"
	"spindle/store/elements"
)

// Map is a hash. It implements store.Object and store.Mover. Views that it returns are valid until its next
// change; what it is given it copies.
type Map struct {
	t    *elements.Table
	now  int64 // fields that expire at or before it are not seen
	next int64 // no field expires before; 0: none expires
}

// New returns an empty map. seed is of the hash function.
func New(mem *arena.Arena, seed uint64) *Map {
	return &Map{t: elements.New(mem, seed, elements.Varying), now: math.MinInt64}
}

// Fits tells whether a field of these lengths can be stored.
func Fits(fieldLen, valueLen int) bool { return elements.Fits(fieldLen, valueLen) }

// Len returns the number of fields, expired ones that are still there included.
func (m *Map) Len() int { return m.t.Len() }

// Bytes implements store.Object.
func (m *Map) Bytes() int64 { return m.t.Bytes() + mapBytes }

// mapBytes is about what an empty Map takes with its table and index, which has the counters of its depths.
const mapBytes = 448

// Free implements store.Object.
func (m *Map) Free(steps int) int { return m.t.Free(steps) }

// Move implements store.Mover.
func (m *Map) Move(steps int) (done bool) { return m.t.Defrag(steps, nil) }

// Copy implements store.Copier.
func (m *Map) Copy() any { return &Map{m.t.Copy(), m.now, m.next} }

// Look sets the time, in Unix milliseconds, at which the following calls look at the map. math.MinInt64 shows every
// field, as is right while a log is loaded: its commands saw them.
func (m *Map) Look(now int64) { m.now = now }

// gone reports whether r has expired.
func (m *Map) gone(r arena.Ref) bool {
	if m.t.Expiring() == 0 {
		return false
	}
	at := m.t.ExpireAt(r)
	return at != 0 && at <= m.now
}

// Value returns a view of the value of field and whether the field exists.
func (m *Map) Value(field []byte) ([]byte, bool) {
	e := m.t.Find(field)
	if !e.Exists() || m.gone(e.Ref()) {
		return nil, false
	}
	return m.t.Value(e.Ref()), true
}

// Set gives field a value and reports whether the field is new. An expiry goes, or stays with keepExpiry. An expired
// field that has not been removed counts as new.
func (m *Map) Set(field, value []byte, keepExpiry bool) (created bool) {
	e := m.t.Find(field)
	if !e.Exists() {
		copy(m.t.Insert(&e, field, len(value)), value)
		return true
	}
	created = m.gone(e.Ref())
	copy(m.t.Resize(&e, len(value)), value)
	if m.t.Expiring() > 0 && (created || !keepExpiry) {
		m.t.SetExpireAt(&e, 0)
	}
	return created
}

// Delete removes field and reports whether it was there. An expired one is removed but was not there.
func (m *Map) Delete(field []byte) bool {
	e := m.t.Find(field)
	if !e.Exists() {
		return false
	}
	visible := !m.gone(e.Ref())
	m.t.Delete(&e)
	return visible
}

// Scan calls f for about count fields from cursor on and returns the cursor to go on with, 0 at the end. f must not change
// the map.
func (m *Map) Scan(cursor uint64, count int, f func(field, value []byte)) uint64 {
	return m.t.Scan(cursor, count, func(r arena.Ref) {
		if !m.gone(r) {
			f(m.t.KeyValue(r))
		}
	})
}

// Each calls f for all fields. f must not change the map.
func (m *Map) Each(f func(field, value []byte)) {
	m.t.Batches(func(refs []arena.Ref) bool {
		for _, r := range refs {
			if !m.gone(r) {
				f(m.t.KeyValue(r))
			}
		}
		return true
	})
}

// randomTries bounds the search for a field that has not expired.
const randomTries = 100

// Random returns a field chosen with about equal probability, ok false if there is none, or if nearly all have expired and
// chance did not find one of the others.
func (m *Map) Random(rng *rand.Rand) (field, value []byte, ok bool) {
	for range randomTries {
		r := m.t.Random(rng)
		if r == 0 {
			break
		}
		if !m.gone(r) {
			field, value = m.t.KeyValue(r)
			return field, value, true
		}
	}
	return nil, nil, false
}

// BeginWalk starts to hand out all fields as they are now; expireAt is 0 for none. See elements.Table.BeginWalk. Expired
// fields that are still there are handed out too.
func (m *Map) BeginWalk(emit func(field, value []byte, expireAt int64)) *elements.Walk {
	return m.t.BeginWalk(func(r arena.Ref) {
		field, value := m.t.KeyValue(r)
		emit(field, value, m.t.ExpireAt(r))
	})
}
