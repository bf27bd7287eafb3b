package elements

import (
	"spindle/store/arena"
	"spindle/store/index"
)

// Expiring returns the number of elements with an expiry.
func (t *Table) Expiring() int { return t.expiring }

// ExpireAt returns when r expires, in Unix milliseconds, 0 for never.
func (t *Table) ExpireAt(r arena.Ref) int64 { return t.record(r).expireAt(t.valueLen) }

// SetExpireAt sets when element e expires, in Unix milliseconds; 0 removes the expiry. The record may move.
func (t *Table) SetExpireAt(e *Elem, at int64) {
	t.Touch(e.ref)
	t.locate(e)
	had := t.record(e.ref).hasExpiry()
	switch {
	case at != 0:
		t.rewriteExpiry(e, had, at)
		t.ix.Mark(e.hash, e.pos, at)
	case had:
		t.rewriteExpiry(e, had, 0)
		e.pos.Unmark()
	}
}

func (t *Table) rewriteExpiry(e *Elem, had bool, at int64) {
	rec := t.record(e.ref)
	key, value := rec.keyValue(t.valueLen)
	if had && at != 0 {
		rec.format(rec.gen(), len(key), len(value), t.valueLen, at)
		return
	}
	r := t.mem.Alloc(recordBytes(len(key), len(value), t.valueLen, at != 0))
	to := t.record(r)
	to.format(rec.gen(), len(key), len(value), t.valueLen, at)
	k, v := to.keyValue(t.valueLen)
	copy(k, key)
	copy(v, value)
	t.replace(e, r)
	if at != 0 {
		t.expiring++
	} else {
		t.expiring--
	}
}

// dueSegmentsMax bounds the search for a due element in one call of Due.
const dueSegmentsMax = 256

// Due returns elements whose time is at or before now: those of at most one segment of the index, about a thousand.
// The caller deletes them, or they are not found again. done reports that a full round has come to its end. The
// slice is valid until the next call.
func (t *Table) Due(now int64) (due []arena.Ref, done bool) {
	if t.expiring == 0 {
		return nil, true
	}
	t.duePlace, t.scratch = t.ix.Due(t.duePlace, dueSegmentsMax, now, t.ExpireAt, t.scratch[:0])
	return t.scratch, t.duePlace == 0
}

// Deadline returns a lower bound of the elements' expiries, 0 if none has one.
func (t *Table) Deadline() int64 {
	if t.expiring == 0 {
		return 0
	}
	if at := t.ix.Deadline(); at != index.NoDeadline {
		return at
	}
	return 0
}
