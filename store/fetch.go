package store

import "spindle/store/index"

// To find a key takes two cache misses, the index's slot and the record, of some hundred nanoseconds together: more than all the rest of
// a GET. A processor can wait for a dozen of them at once, if it is told of the keys that will be looked for: by a pipeline, or by a
// command with many. (Valkey does that since 8.0, for what its input threads have read.)

const (
	// FetchMax is how many keys Fetch takes at once.
	FetchMax = 16
	// fetchKeysMin is how many keys there have to be for their records not to be in the cache anyway.
	fetchKeysMin = 30_000
)

// WorthFetching reports whether there are so many keys that Fetch is of use.
func (db *DB) WorthFetching() bool { return db.ix.Len() >= fetchKeysMin }

// Fetch loads what Find will read for each of the keys, at most FetchMax, into the processor's cache.
func (db *DB) Fetch(keys [][]byte) {
	var hashes [FetchMax]uint64
	for i, key := range keys {
		hashes[i] = index.Hash(db.s.seed, key)
	}
	db.ix.FetchAll(hashes[:len(keys)])
}
