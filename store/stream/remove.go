package stream

import "spindle/store/listpack"

// Delete removes the entry with this id and reports whether there was one. FindFirst must follow if it was the first.
func (s *Stream) Delete(id ID) bool {
	it := s.Range(id, id, false)
	if !it.Next() {
		return false
	}
	p, _ := s.nodes.find(it.n.id)
	s.entries--
	if it.m.live == 1 {
		s.removeNode(p)
		return true
	}
	n := it.n
	lp := s.edit(p, &n, n.size+markSlack)
	lp = listpack.ReplaceInt(lp, it.e.at, it.e.flags|flagDeleted)
	s.save(p, &n, recount(lp, it.m.live-1, it.m.deleted+1))
	return true
}

// Remove is Delete with all that XDEL keeps account of.
func (s *Stream) Remove(id ID) bool {
	if !s.Delete(id) {
		return false
	}
	if s.MaxDeleted.Less(id) {
		s.MaxDeleted = id
	}
	if id == s.First || s.entries == 0 {
		s.FindFirst()
	}
	return true
}

// FindFirst sets First.
func (s *Stream) FindFirst() {
	s.First = ID{}
	if s.entries > 0 {
		s.First, _ = s.edge(false, false)
	}
}

// Trim says what to remove from the start of a stream: what exceeds MaxLen entries or, with ByID, what is before MinID.
type Trim struct {
	ByID   bool
	MaxLen int
	MinID  ID
	Approx bool // whole nodes only
	Limit  int  // entries to remove at most, 0 for any; a node that has more stays
}

// Trim removes entries and returns how many.
func (s *Stream) Trim(t Trim) (deleted int) {
	for s.nodes.n > 0 && (t.ByID || s.entries > t.MaxLen) {
		n := s.node(pos{})
		lp := s.view(&n)
		m := readMaster(lp)
		live := int(m.live)
		if t.Limit > 0 && deleted+live > t.Limit {
			break
		}
		if s.goes(&t, &n, lp, &m) {
			s.removeNode(pos{})
			s.entries -= live
			deleted += live
			continue
		}
		if !t.Approx {
			deleted += s.trimNode(&t, &n, &m)
		}
		break
	}
	if s.entries == 0 || deleted > 0 {
		s.FindFirst()
	}
	return deleted
}

// goes reports whether the first node is to be removed as a whole.
func (s *Stream) goes(t *Trim, n *node, lp []byte, m *master) bool {
	if !t.ByID {
		return s.entries-int(m.live) >= t.MaxLen
	}
	at := lastEntryAt(lp, listpack.Last(lp))
	if at == listpack.None {
		return n.id.Less(t.MinID)
	}
	e := m.readEntry(lp, n.id, at)
	return e.id.Less(t.MinID)
}

// trimNode removes entries from the first node, which keeps some.
func (s *Stream) trimNode(t *Trim, n *node, m *master) (deleted int) {
	lp := s.edit(pos{}, n, n.size+markSlack)
	for off := m.entriesAt(lp); off != listpack.None; {
		e := m.readEntry(lp, n.id, off)
		if t.ByID && !e.id.Less(t.MinID) || !t.ByID && s.entries <= t.MaxLen {
			break
		}
		if !e.deleted() {
			lp = listpack.ReplaceInt(lp, off, e.flags|flagDeleted) // as long as before
			deleted++
			s.entries--
		}
		off = listpack.Next(lp, e.end(lp))
	}
	n.size = len(lp)
	s.save(pos{}, n, recount(lp, m.live-int64(deleted), m.deleted+int64(deleted)))
	return deleted
}
