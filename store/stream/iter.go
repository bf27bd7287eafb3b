package stream

import "spindle/store/listpack"

// Iterator walks over the entries of a range. It is valid until the stream changes.
type Iterator struct {
	s          *Stream
	start, end ID
	back       bool
	dead       bool // removed entries are seen too
	p          pos
	n          node
	lp         []byte // nil before the first node
	m          master
	off        int // the next entry's flags; going back, the element that ends the next entry
	e          entry
	left       int // pairs that NextPair has to come to
	pairAt     int
	fieldAt    int // with same fields: the next field
}

// Range returns an iterator over the entries from start to end, both included; going back it begins with the last.
func (s *Stream) Range(start, end ID, back bool) Iterator {
	it := Iterator{s: s, start: start, end: end, back: back}
	from := start
	if back {
		from = end
	}
	it.p = s.nodes.seek(from)
	if !s.nodes.valid(it.p) || s.nodes.id(it.p) != from {
		it.p = s.nodes.prev(it.p) // the node before may have it
	}
	if !back && !s.nodes.valid(it.p) {
		it.p = pos{}
	}
	return it
}

// nodeEntries returns an iterator over the entries of one node.
func nodeEntries(id ID, lp []byte) Iterator {
	it := Iterator{end: MaxID, n: node{id: id}, lp: lp, m: readMaster(lp)}
	it.off = it.m.entriesAt(lp)
	return it
}

// Next goes to the next entry and reports whether there is one.
func (it *Iterator) Next() bool {
	for {
		if it.lp == nil || it.off == listpack.None {
			if !it.nextNode() {
				return false
			}
			continue
		}
		it.step()
		switch {
		case it.back && it.e.id.Less(it.start), !it.back && it.end.Less(it.e.id):
			it.s, it.off = nil, listpack.None
			return false
		case it.e.deleted() && !it.dead, it.e.id.Less(it.start), it.end.Less(it.e.id):
			continue
		}
		it.left, it.pairAt, it.fieldAt = it.e.fields, it.e.pairsAt, it.m.fieldsAt
		return true
	}
}

func (it *Iterator) nextNode() bool {
	if it.s == nil || !it.s.nodes.valid(it.p) {
		return false
	}
	it.n = it.s.node(it.p)
	it.lp = it.s.view(&it.n)
	it.m = readMaster(it.lp)
	if it.back {
		it.off = listpack.Last(it.lp)
		if number(it.lp, it.off) == 0 {
			it.off = listpack.None
		}
		it.p = it.s.nodes.prev(it.p)
	} else {
		it.off = it.m.entriesAt(it.lp)
		it.p = it.s.nodes.next(it.p)
	}
	return true
}

// step reads the entry at off and moves off on.
func (it *Iterator) step() {
	if !it.back {
		it.e = it.m.readEntry(it.lp, it.n.id, it.off)
		it.off = listpack.Next(it.lp, it.e.end(it.lp))
		return
	}
	it.e = it.m.readEntry(it.lp, it.n.id, lastEntryAt(it.lp, it.off))
	it.off = listpack.Prev(it.lp, it.e.at)
	if number(it.lp, it.off) == 0 {
		it.off = listpack.None // the master's end
	}
}

// ID returns the entry's ID.
func (it *Iterator) ID() ID { return it.e.id }

// Fields returns the number of the entry's fields.
func (it *Iterator) Fields() int { return it.e.fields }

// NextPair returns the places of the next field and of its value in the listpack that Listpack returns. It must be
// called Fields times at most.
func (it *Iterator) NextPair() (field, value int) {
	it.left--
	if it.e.same() {
		field, value = it.fieldAt, it.pairAt
		it.fieldAt = listpack.Next(it.lp, field)
		it.pairAt = listpack.Next(it.lp, value)
		return field, value
	}
	field = it.pairAt
	value = listpack.Next(it.lp, field)
	it.pairAt = listpack.Next(it.lp, value)
	return field, value
}

// Listpack returns the node that the entry is in.
func (it *Iterator) Listpack() []byte { return it.lp }

// Has reports whether there is an entry with this id.
func (s *Stream) Has(id ID) bool {
	it := s.Range(id, id, false)
	return it.Next()
}

// edge returns the first or the last ID, of removed entries too with dead.
func (s *Stream) edge(last, dead bool) (ID, bool) {
	it := s.Range(ID{}, MaxID, last)
	it.dead = dead
	ok := it.Next()
	return it.e.id, ok
}

// Top returns the ID of the last entry, 0-0 if there is none.
func (s *Stream) Top() ID {
	if id, ok := s.edge(true, false); ok {
		return id
	}
	return ID{}
}

// Bottom returns the first ID whose entry has not given up its place in a node, even if it is removed; the greatest ID if there
// is none.
func (s *Stream) Bottom() ID {
	if id, ok := s.edge(false, true); ok {
		return id
	}
	return MaxID
}
