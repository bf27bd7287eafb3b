package stream

import (
	"fmt"

	"spindle/store/listpack"
)

// CheckInvariants returns what is wrong with the stream's structure, or nil.
func (s *Stream) CheckInvariants() error {
	if err := s.nodes.check(); err != nil {
		return fmt.Errorf("nodes: %w", err)
	}
	live, prev := 0, ID{}
	for p := (pos{}); s.nodes.valid(p); p = s.nodes.next(p) {
		n := s.node(p)
		lp := s.view(&n)
		if !listpack.Validate(lp, true) {
			return fmt.Errorf("node %v is no listpack", n.id)
		}
		m := readMaster(lp)
		it := nodeEntries(n.id, lp)
		it.dead = true
		var seen [2]int64
		for it.Next() {
			if !prev.Less(it.ID()) {
				return fmt.Errorf("entry %v behind %v", it.ID(), prev)
			}
			prev = it.ID()
			seen[it.e.flags&flagDeleted]++
			if lastEntryAt(lp, it.e.end(lp)) != it.e.at {
				return fmt.Errorf("entry %v cannot be walked backwards", it.ID())
			}
		}
		if seen != [2]int64{m.live, m.deleted} {
			return fmt.Errorf("node %v has %v entries, not %d and %d", n.id, seen, m.live, m.deleted)
		}
		live += int(m.live)
	}
	if live != s.entries || s.Last.Less(prev) {
		return fmt.Errorf("%d entries up to %v, not %d up to %v", live, prev, s.entries, s.Last)
	}
	for _, g := range s.groups {
		if err := g.check(); err != nil {
			return fmt.Errorf("group %q: %w", g.name, err)
		}
	}
	return nil
}

func (g *Group) check() error {
	if err := g.pending.check(); err != nil {
		return err
	}
	owned := 0
	for i, c := range g.consumers {
		if i > 0 && g.consumers[i-1].name >= c.name || g.numbers[c.number] != c {
			return fmt.Errorf("consumer %q is out of place", c.name)
		}
		if err := c.owned.check(); err != nil {
			return fmt.Errorf("consumer %q: %w", c.name, err)
		}
		for cur := g.FromOf(c, ID{}); cur.Valid(); cur.Next() {
			if p := cur.Entry(); p.Consumer != c {
				return fmt.Errorf("%v is pending for another than %q", cur.ID(), c.name)
			}
			owned++
		}
	}
	if owned != g.pending.n {
		return fmt.Errorf("%d entries pending, %d with a consumer", g.pending.n, owned)
	}
	return nil
}

func (t *table) check() error {
	n, prev := 0, ID{}
	for b := range t.heads {
		h := &t.heads[b]
		if h.count == 0 || int(h.count) > t.blockMax() || t.mem.Cap(h.ref) < int(h.count)*t.width {
			return fmt.Errorf("block of %d records in %d bytes", h.count, t.mem.Cap(h.ref))
		}
		if h.first != t.id(pos{b, 0}) {
			return fmt.Errorf("block begins with %v, not %v", t.id(pos{b, 0}), h.first)
		}
		for i := range int(h.count) {
			id := t.id(pos{b, i})
			if n++; n > 1 && !prev.Less(id) {
				return fmt.Errorf("%v behind %v", id, prev)
			}
			prev = id
		}
	}
	if n != t.n {
		return fmt.Errorf("%d records, not %d", n, t.n)
	}
	return nil
}
