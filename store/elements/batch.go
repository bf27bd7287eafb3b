package elements

import (
	"spindle/store/arena"
)

// A walk in hash order meets records in no order of memory: each one is a cache miss, and so is each look-up of a key in another
// table. One after the other they cost a hundred nanoseconds each; a processor can wait for ten at once if it is asked to before
// the first is needed.

// batchLen is how many records are fetched together.
const batchLen = 64

// Batches calls f with all records, some dozens at a time, until it returns false. They have been fetched into the cache. f must not
// insert or delete; refs is valid until it returns.
func (t *Table) Batches(f func(refs []arena.Ref) bool) {
	refs := make([]arena.Ref, 0, batchLen+8)
	collect := func(r arena.Ref) { refs = append(refs, r) }
	for cursor := uint64(0); ; {
		refs = refs[:0]
		cursor = t.ix.Scan(cursor, batchLen, collect)
		t.FetchAll(refs)
		if !f(refs) || cursor == 0 {
			return
		}
	}
}

// Fetch begins to load what Find for hash h will read.
func (t *Table) Fetch(h uint64) {
	if p := t.ix.Probe(h); p.Valid() {
		t.touched += t.record(p.Ref()).byteAt(0)
	}
}

// FetchAll loads the heads of records that will be read.
func (t *Table) FetchAll(refs []arena.Ref) {
	for _, r := range refs {
		t.touched += t.record(r).byteAt(0)
	}
}
