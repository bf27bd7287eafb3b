package store

import "spindle/store/arena"

// Mover is an Object that can move its elements out of sparse spans.
type Mover interface {
	// Move looks at about steps elements from its own place on and moves those for which arena.Sparse holds. It
	// reports whether it has come to the end, and then begins anew.
	Move(steps int) (done bool)
}

// Defrag moves the records of about count keys from cursor on out of sparse spans and returns the cursor to go on with, 0 at
// the end. Large collections are handed to large: they take longer.
func (db *DB) Defrag(cursor uint64, count int, large func(Key)) (next uint64, moved, left int) {
	s := db.s
	var sparse []arena.Ref
	next = db.ix.Scan(cursor, count, func(ref arena.Ref) {
		if s.Mem.Sparse(ref) {
			sparse = append(sparse, ref)
		} else {
			left++
		}
		k := Key{db: db, ref: ref, rec: s.record(ref)}
		if _, ok := k.Object().(Mover); ok {
			large(k)
		}
	})
	for _, ref := range sparse {
		k := db.at(ref)
		n, field := k.rec.valueLen(), k.rec.hasExpireField()
		k.move(recordBytes(k.rec.keyLen(), n, field), field, n, n)
	}
	return next, len(sparse), left
}
