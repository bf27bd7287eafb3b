package stream

import (
	"strconv"

	"spindle/store/listpack"
)

// Flags of an entry in a node.
const (
	flagDeleted    = 1
	flagSameFields = 2
)

// master is the head of a node's listpack.
type master struct {
	live, deleted int64 // entries
	fields        int   // number of the fields that entries with flagSameFields have
	fieldsAt      int   // offset of the first of them
}

func readMaster(lp []byte) (m master) {
	off := listpack.HeaderSize
	m.live = number(lp, off)
	off = listpack.Next(lp, off)
	m.deleted = number(lp, off)
	off = listpack.Next(lp, off)
	m.fields = int(number(lp, off))
	m.fieldsAt = listpack.Next(lp, off)
	return m
}

// entriesAt returns the offset of the first entry, listpack.None if there is none.
func (m *master) entriesAt(lp []byte) int {
	return listpack.Skip(lp, m.fieldsAt, m.fields+1) // and the 0 behind the fields
}

// number reads an integer, which old versions of Redis may have written as a string.
func number(lp []byte, off int) int64 {
	str, n, isInt := listpack.Get(lp, off)
	if !isInt {
		n, _ = strconv.ParseInt(string(str), 10, 64)
	}
	return n
}

// entry is an entry of a node, read up to its fields.
type entry struct {
	id      ID
	at      int // offset of the flags
	flags   int64
	fields  int // number of them
	pairsAt int // offset of the first field, or value with flagSameFields; listpack.None in an entry without fields
}

// readEntry reads the entry whose flags are at off. base is the ID of the node.
func (m *master) readEntry(lp []byte, base ID, off int) (e entry) {
	e.at, e.flags = off, number(lp, off)
	off = listpack.Next(lp, off)
	e.id.Ms = base.Ms + uint64(number(lp, off))
	off = listpack.Next(lp, off)
	e.id.Seq = base.Seq + uint64(number(lp, off))
	off = listpack.Next(lp, off)
	e.fields = m.fields
	if !e.same() {
		e.fields = int(number(lp, off))
		off = listpack.Next(lp, off)
	}
	e.pairsAt = off
	return e
}

func (e *entry) same() bool    { return e.flags&flagSameFields != 0 }
func (e *entry) deleted() bool { return e.flags&flagDeleted != 0 }

// end returns the offset of the element that ends the entry: the number of those before it.
func (e *entry) end(lp []byte) int {
	n := e.fields
	if !e.same() {
		n *= 2
	}
	return listpack.Skip(lp, e.pairsAt, n)
}

// lastEntryAt returns the offset of the last entry that ends at or before the element at end, None if that is the
// master's end.
func lastEntryAt(lp []byte, end int) int {
	n := number(lp, end)
	if n == 0 {
		return listpack.None
	}
	for ; n > 0; n-- {
		end = listpack.Prev(lp, end)
	}
	return end
}

// sameFields reports whether pairs has exactly the fields of the master.
func (m *master) sameFields(lp []byte, pairs [][]byte) bool {
	if len(pairs) != 2*m.fields {
		return false
	}
	off := m.fieldsAt
	for i := 0; i < len(pairs); i += 2 {
		if !listpack.Equal(lp, off, pairs[i]) {
			return false
		}
		off = listpack.Next(lp, off)
	}
	return true
}

// appendMaster writes the head of a node of one entry over dst.
func appendMaster(dst []byte, pairs [][]byte) []byte {
	lp := listpack.New(dst)
	lp = listpack.AppendInt(lp, 1)
	lp = listpack.AppendInt(lp, 0)
	lp = listpack.AppendInt(lp, int64(len(pairs)/2))
	for i := 0; i < len(pairs); i += 2 {
		lp = listpack.Append(lp, pairs[i])
	}
	return listpack.AppendInt(lp, 0)
}

// appendEntry adds an entry at the end of a node.
func appendEntry(lp []byte, base, id ID, pairs [][]byte, same bool) []byte {
	flags, count := int64(0), 4+len(pairs)
	if same {
		flags, count = flagSameFields, 3+len(pairs)/2
	}
	lp = listpack.AppendInt(lp, flags)
	lp = listpack.AppendInt(lp, int64(id.Ms-base.Ms))
	lp = listpack.AppendInt(lp, int64(id.Seq-base.Seq))
	if same {
		for i := 1; i < len(pairs); i += 2 {
			lp = listpack.Append(lp, pairs[i])
		}
	} else {
		lp = listpack.AppendInt(lp, int64(len(pairs)/2))
		lp = listpack.AppendAll(lp, pairs)
	}
	return listpack.AppendInt(lp, int64(count))
}

// entryOverhead is the most that an entry takes beside its fields and values, in bytes: five integers.
const entryOverhead = 5 * 10

// recount changes the numbers of live and deleted entries in a node that has markSlack bytes to spare.
func recount(lp []byte, live, deleted int64) []byte {
	off := listpack.HeaderSize
	lp = listpack.ReplaceInt(lp, listpack.Next(lp, off), deleted)
	return listpack.ReplaceInt(lp, off, live)
}

// markSlack is by how much recount may make a node longer, in bytes.
const markSlack = 2 * 9
