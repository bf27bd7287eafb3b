package store

import (
	"bytes"

	"spindle/store/arena"
)

// Big strings in a snapshot. Copying 400 MB takes longer than the loop may stop, so a string from bigBytes on is handed over a piece
// at a time, and until that is done its record is pinned:
//
//	SET, DEL, RENAME, expiry   the key gets another record, or none; the pinned one is freed when the walk is done with it
//	APPEND                     writes behind the value as it was, or the value moves to a larger record and the pinned one is left behind
//	SETRANGE, SETBIT ...       say what they will change (Key.Changing); the pieces concerned are set aside first
//
// What changes a value in place without saying so (packed collections do, which are never pinned) has the record copied first.

const (
	bigBytes   = 256 << 10
	pieceBytes = 64 << 10
	pieceSteps = 16 // of a walk: a piece takes as long as so many small keys
)

// BigSink is a Sink that takes big strings in pieces.
type BigSink interface {
	// Big is given a key with a big string. piece will be called with the parts of its value in order and their offsets, and at
	// last end. k's name has to be copied. Views end with the call.
	Big(db int, k *Key) (piece func(offset int, b []byte), end func())
}

// bigWalk is the Walker of one big string.
type bigWalk struct {
	s     *Store
	ref   arena.Ref
	value []byte         // as it was when the walk began, but for the pieces set aside
	at    int            // bytes handed over
	aside map[int][]byte // by offset
	owned bool           // the record has left its key: it is freed at the end
	piece func(offset int, b []byte)
	end   func()
}

func (s *Store) beginBig(sink BigSink, k *Key) {
	w := &bigWalk{s: s, ref: k.ref, value: k.rec.value()}
	w.piece, w.end = sink.Big(k.db.snapID, k)
	sn := s.snap
	if sn.pinned == nil {
		sn.pinned = map[arena.Ref]*bigWalk{}
	}
	sn.pinned[k.ref] = w
	sn.walkers = append(sn.walkers, walk{nil, w})
}

// Step implements Walker.
func (w *bigWalk) Step(steps int) int {
	done := 0
	for done < steps && w.at < len(w.value) {
		end := min(w.at+pieceBytes, len(w.value))
		if b, ok := w.aside[w.at]; ok {
			w.piece(w.at, b)
			delete(w.aside, w.at)
		} else {
			w.piece(w.at, w.value[w.at:end])
		}
		w.at = end
		done += pieceSteps
	}
	if w.at < len(w.value) {
		return max(done, steps)
	}
	w.end()
	w.Stop()
	return min(done, steps-1)
}

// Stop implements Walker.
func (w *bigWalk) Stop() {
	delete(w.s.snap.pinned, w.ref)
	if w.owned {
		w.s.Mem.Free(w.ref)
	}
	w.value, w.aside, w.at = nil, nil, 0
}

// changing sets the pieces of [from, to) aside that the walk has yet to hand over.
func (w *bigWalk) changing(from, to int) {
	to = min(to, len(w.value))
	for at := max(from/pieceBytes*pieceBytes, w.at); at < to; at += pieceBytes {
		if _, ok := w.aside[at]; ok {
			continue
		}
		if w.aside == nil {
			w.aside = map[int][]byte{}
		}
		w.aside[at] = bytes.Clone(w.value[at:min(at+pieceBytes, len(w.value))])
	}
}

// pin returns the walk that reads record ref, or nil.
func (s *Store) pin(ref arena.Ref) *bigWalk {
	if s.snap == nil {
		return nil
	}
	return s.snap.pinned[ref]
}

// free frees a record, now or when the snapshot has read it.
func (s *Store) free(ref arena.Ref) {
	if w := s.pin(ref); w != nil {
		w.owned = true
		return
	}
	s.Mem.Free(ref)
}

// Changing must be called before the bytes [from, to) of a string's value are changed in place.
func (k *Key) Changing(from, to int) {
	if w := k.db.s.pin(k.ref); w != nil && !w.owned {
		w.changing(from, to)
	}
}

// unpin gives the key a record of its own if a snapshot is reading it.
func (k *Key) unpin() {
	if k.ref != 0 && k.db.s.pin(k.ref) != nil {
		n := k.rec.valueLen()
		k.move(recordBytes(k.rec.keyLen(), n, k.rec.hasExpireField()), k.rec.hasExpireField(), n, n)
	}
}
