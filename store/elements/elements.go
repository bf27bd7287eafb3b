// Package elements is the table under large hashes, sets and sorted sets: byte-string keys with an optional
// value and an optional expiry, one arena record per element, found through an index.Index.
//
// The collector has nothing to mark per element. A table costs the record plus some ten bytes of index.
//
//	record   | head 1 B | rest of key length | value length | expiry 8 B | key | value |
//	head     generation 2 bits | has expiry 1 bit | key length 5 bits
//
// Keys of 31 bytes and more have the rest of their length in a uvarint behind the head. The value's length is
// a uvarint too, or nothing where all values of the table have the same length (0 for a set, 8 for scores). The expiry is
// in Unix milliseconds, little endian, and only there for elements that have one.
//
// # Snapshots
//
// BeginWalk hands out every element as it is at that moment, in slices, while the table goes on changing: the idea of the
// keyspace's snapshot, one level down. Each walk has a generation. A record of another generation has not been walked yet; whoever is
// about to change or remove one hands it over first (its pre-image) and gives it the walk's generation. New records are born
// with it, so the walk leaves them out.
//
// A walk that is stopped half-way leaves records of two generations behind. Two bits tell four
// apart, so three walks in a row may be stopped without any work; only before one more are all records set right at once.
//
// # Lifetimes
//
// Views of keys and values are valid until the next change to the table. An Elem is valid until the next Insert or
// Delete. Keys and values given to the table are copied.
package elements

import (
	"math/rand/v2"

	"spindle/store/arena"
	"spindle/store/index"
)

// Varying is the value length of a table whose values differ in length.
const Varying = -1

// Table is a set of elements. It belongs to one goroutine. Use New.
type Table struct {
	mem      *arena.Arena
	ix       *index.Index
	seed     uint64
	valueLen int   // of every value, or Varying
	bytes    int64 // of all records, at the size of their slots

	gen     byte  // of new records: headGen bits
	walk    *Walk // running, or nil
	stopped int   // walks stopped half-way since the last one that came to its end

	expiring int    // elements with an expiry
	duePlace int    // where Due goes on
	defragAt uint64 // cursor of Defrag
	scratch  []arena.Ref
	touched  byte // sum of bytes read ahead, so that reading them has a purpose
}

// New returns an empty table. valueLen is the length of every value in bytes, or Varying. Tables with the same seed agree on
// hashes, so that one hash serves look-ups in many of them.
func New(mem *arena.Arena, seed uint64, valueLen int) *Table {
	t := &Table{mem: mem, seed: seed, valueLen: valueLen}
	t.ix = index.New(mem, t.rehash)
	return t
}

func (t *Table) rehash(r arena.Ref) uint64 { return t.Hash(t.Key(r)) }

// Hash returns the hash that the table files key under.
func (t *Table) Hash(key []byte) uint64 { return index.Hash(t.seed, key) }

// Empty returns a new table like t, without its elements.
func (t *Table) Empty() *Table { return New(t.mem, t.seed, t.valueLen) }

// Len returns the number of elements.
func (t *Table) Len() int { return t.ix.Len() }

// Bytes returns the memory of records and index.
func (t *Table) Bytes() int64 { return t.bytes + t.ix.Bytes() }

// Fits tells whether an element of these lengths can be stored.
func Fits(keyLen, valueLen int) bool { return keyLen+valueLen <= arena.MaxAlloc-headMax }

// Elem is a place in the table: an element, or the place of a missing one.
type Elem struct {
	ref  arena.Ref
	hash uint64
	pos  index.Probe
}

// Missing returns the place of an element, with hash h, of which the caller knows that it is not there.
func Missing(h uint64) Elem { return Elem{hash: h} }

// Exists reports whether the element was found.
func (e *Elem) Exists() bool { return e.ref != 0 }

// Ref returns the element's record.
func (e *Elem) Ref() arena.Ref { return e.ref }

// Find looks key up.
func (t *Table) Find(key []byte) Elem { return t.FindHash(index.Hash(t.seed, key), key) }

// FindHash is Find for a key whose hash is known.
func (t *Table) FindHash(h uint64, key []byte) Elem {
	p := t.ix.Probe(h)
	for ; p.Valid(); p.Next() {
		if r := p.Ref(); t.record(r).is(key, t.valueLen) {
			return Elem{r, h, p}
		}
	}
	return Elem{hash: h}
}

// Has reports whether key, with hash h, is in the table.
func (t *Table) Has(h uint64, key []byte) bool {
	p := t.ix.Probe(h)
	for ; p.Valid(); p.Next() {
		if t.record(p.Ref()).is(key, t.valueLen) {
			return true
		}
	}
	return false
}

// At returns the element of record r.
func (t *Table) At(r arena.Ref) Elem {
	h := t.rehash(r)
	p := t.ix.Probe(h)
	for ; p.Valid(); p.Next() {
		if p.Ref() == r {
			return Elem{r, h, p}
		}
	}
	panic("elements: a record is not in the index")
}

// Key returns a view of the key of record r.
func (t *Table) Key(r arena.Ref) []byte {
	k, _ := t.record(r).keyValue(t.valueLen)
	return k
}

// Value returns a view of the value of record r. Before it is written to, Touch must be called.
func (t *Table) Value(r arena.Ref) []byte {
	_, v := t.record(r).keyValue(t.valueLen)
	return v
}

// KeyValue returns views of key and value of record r.
func (t *Table) KeyValue(r arena.Ref) (key, value []byte) { return t.record(r).keyValue(t.valueLen) }

// Insert adds the missing element e under key, with a value of n bytes that the caller fills in: a view of it is returned.
// e is the new element afterwards.
func (t *Table) Insert(e *Elem, key []byte, n int) []byte {
	size := recordBytes(len(key), n, t.valueLen, false)
	r := t.mem.Alloc(size)
	rec := t.record(r)
	rec.format(t.gen, len(key), n, t.valueLen, 0)
	t.bytes += int64(t.mem.Cap(r))
	t.ix.Insert(e.hash, r)
	e.ref = r
	k, v := rec.keyValue(t.valueLen)
	copy(k, key)
	return v
}

// Touch must be called before the value of r is changed in place: a running walk hands out the old one first.
func (t *Table) Touch(r arena.Ref) {
	if t.walk != nil {
		t.walk.take(r)
	}
}

// Resize gives element e a value of n bytes, to be filled in by the caller: its old bytes are lost. Key and
// expiry stay. The record may move.
func (t *Table) Resize(e *Elem, n int) []byte {
	t.Touch(e.ref)
	rec := t.record(e.ref)
	key, value := rec.keyValue(t.valueLen)
	if len(value) == n {
		return value
	}
	return t.reshape(e, key, n, rec.expireAt(t.valueLen))
}

// reshape rewrites e's record for a value of n bytes and the given expiry. The value is lost.
func (t *Table) reshape(e *Elem, key []byte, n int, expireAt int64) []byte {
	rec := t.record(e.ref)
	size := recordBytes(len(key), n, t.valueLen, expireAt != 0)
	if !t.mem.Fits(e.ref, size) {
		r := t.mem.Alloc(size)
		to := t.record(r)
		to.format(rec.gen(), len(key), n, t.valueLen, expireAt)
		k, v := to.keyValue(t.valueLen)
		copy(k, key)
		t.replace(e, r)
		return v
	}
	// The key may shift by some bytes: it goes to its new place before the head is written.
	k, v := rec.at(size-len(key)-n, len(key), n)
	copy(k, key)
	rec.format(rec.gen(), len(k), n, t.valueLen, expireAt)
	return v
}

// replace puts record r in the place of e's, which is freed.
func (t *Table) replace(e *Elem, r arena.Ref) {
	t.bytes += int64(t.mem.Cap(r)) - int64(t.mem.Cap(e.ref))
	t.locate(e)
	e.pos.Replace(r)
	t.mem.Free(e.ref)
	e.ref = r
}

// locate finds the place of an element that has just been inserted.
func (t *Table) locate(e *Elem) {
	if !e.pos.Valid() {
		*e = t.At(e.ref)
	}
}

// Delete removes element e, which is missing afterwards.
func (t *Table) Delete(e *Elem) {
	t.Touch(e.ref)
	if t.record(e.ref).hasExpiry() {
		t.expiring--
	}
	t.locate(e)
	t.ix.Delete(e.hash, e.pos)
	t.bytes -= int64(t.mem.Cap(e.ref))
	t.mem.Free(e.ref)
	e.ref, e.pos = 0, index.Probe{}
}

// Scan calls f for at least count elements from cursor on, fewer at the end, and returns the cursor to go on with,
// 0 at the end. An element that is there from the first call to the last is returned at least once.
// f must not insert or delete.
func (t *Table) Scan(cursor uint64, count int, f func(r arena.Ref)) uint64 {
	return t.ix.Scan(cursor, count, f)
}

// Random returns an element chosen with about equal probability, 0 if there is none.
func (t *Table) Random(rng *rand.Rand) arena.Ref { return t.ix.Random(rng) }

// Free releases about steps elements; fewer released means that the table is empty. Between
// calls only Free and Len may be used.
func (t *Table) Free(steps int) int {
	n := t.ix.Drain(steps, func(r arena.Ref) {
		t.bytes -= int64(t.mem.Cap(r))
		t.mem.Free(r)
	})
	return n
}

// Copy returns a table of its own with the same elements and expiries.
func (t *Table) Copy() *Table {
	to := t.Empty()
	to.expiring = t.expiring
	to.ix = t.ix.Clone(to.rehash, func(r arena.Ref) arena.Ref {
		from := t.record(r)
		n := from.size(t.valueLen)
		c := t.mem.Alloc(n)
		rec := t.record(c)
		copy(rec.slice(0, n), from.slice(0, n))
		rec.setGen(to.gen)
		to.bytes += int64(t.mem.Cap(c))
		return c
	})
	return to
}

// Defrag looks at about steps elements and moves those whose slot is in sparse memory. It calls moved, unless that is nil,
// for each; the record at old is no longer readable then. It reports the end of a round.
func (t *Table) Defrag(steps int, moved func(old, new arena.Ref)) (end bool) {
	t.defragAt = t.ix.Scan(t.defragAt, steps, func(old arena.Ref) {
		if r := t.Relocate(old); r != old && moved != nil {
			moved(old, r)
		}
	})
	return t.defragAt == 0
}

// Relocate moves the record r if its slot is in sparse memory, and returns where it is then.
func (t *Table) Relocate(r arena.Ref) arena.Ref {
	if !t.mem.Sparse(r) {
		return r
	}
	e := t.At(r)
	size := t.record(r).size(t.valueLen)
	to := t.mem.Alloc(size)
	copy(t.mem.Bytes(to, size), t.mem.Bytes(r, size))
	t.replace(&e, to)
	return to
}
