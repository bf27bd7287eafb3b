package stream

import "slices"

// What the keyspace wants of a large collection: store.Object, store.Mover, store.Copier.

// Len implements store.Object: everything that Free has to go through counts. See Entries.
func (s *Stream) Len() int {
	n := s.entries + s.nodes.n
	for _, g := range s.groups {
		n += g.Len()
	}
	return n
}

// About what an empty stream, group and consumer take, in bytes.
const (
	streamBytes   = 256
	groupBytes    = 256
	consumerBytes = 160
)

// Bytes implements store.Object.
func (s *Stream) Bytes() int64 {
	n := streamBytes + s.nodes.size() + int64(cap(s.groups))*8
	for _, g := range s.groups {
		n += g.Bytes()
	}
	return n
}

// Free implements store.Object. A node counts as one step.
func (s *Stream) Free(steps int) int {
	for n := 0; n < steps; {
		switch last := len(s.groups) - 1; {
		case s.nodes.n > 0:
			s.removeNode(s.nodes.last())
			n++
		case last >= 0:
			done := s.groups[last].Free(steps - n)
			if done < steps-n {
				s.groups = s.groups[:last]
				done++
			}
			n += done
		default:
			s.entries = 0
			return n
		}
	}
	return steps
}

// Len implements store.Object: pending entries, and consumers.
func (g *Group) Len() int { return g.pending.n + len(g.consumers) + 1 }

// Bytes implements store.Object.
func (g *Group) Bytes() int64 {
	n := groupBytes + g.pending.size() + int64(len(g.name))
	for _, c := range g.consumers {
		n += consumerBytes + c.owned.size() + int64(len(c.name))
	}
	return n
}

// Free implements store.Object. A block of pending entries counts as one step.
func (g *Group) Free(steps int) int {
	n := g.pending.free(steps)
	for n < steps && len(g.consumers) > 0 {
		last := len(g.consumers) - 1
		done := g.consumers[last].owned.free(steps - n)
		if done < steps-n {
			g.consumers = g.consumers[:last]
			done++
		}
		n += done
	}
	return n
}

// Move implements store.Mover. While a walk runs everything stays where it is.
func (s *Stream) Move(steps int) (done bool) {
	if s.walk != nil {
		return true
	}
	for ; steps > 0; steps -= blockBytes / nodeBytes {
		switch i := s.moveAt - len(s.nodes.heads); {
		case i < 0:
			s.moveBlock(s.moveAt)
		case i < len(s.groups):
			s.groups[i].move()
		default:
			s.nodes.move()
			s.moveAt = 0
			return true
		}
		s.moveAt++
	}
	return false
}

// moveBlock moves the nodes of one block.
func (s *Stream) moveBlock(b int) {
	for i := range int(s.nodes.heads[b].count) {
		p := pos{b, i}
		if n := s.node(p); s.mem.Sparse(n.ref) {
			s.resize(&n, s.mem.Cap(n.ref))
			n.put(s.nodes.change(p))
		}
	}
}

func (g *Group) move() {
	g.pending.move()
	for _, c := range g.consumers {
		c.owned.move()
	}
}

// Copy implements store.Copier.
func (s *Stream) Copy() any {
	d := New(s.mem)
	d.Last, d.First, d.MaxDeleted, d.Added = s.Last, s.First, s.MaxDeleted, s.Added
	s.EachNode(func(id ID, lp []byte) { d.Load(id, lp) })
	for _, g := range s.groups {
		d.groups = append(d.groups, g.copy())
	}
	return d
}

func (g *Group) copy() *Group {
	d := &Group{Last: g.Last, Read: g.Read, name: g.name, mem: g.mem, pending: g.pending.copy(), free: slices.Clone(g.free)}
	d.numbers = make([]*Consumer, len(g.numbers))
	for _, c := range g.consumers {
		e := &Consumer{Seen: c.Seen, name: c.name, number: c.number, owned: c.owned.copy()}
		d.numbers[e.number] = e
		d.consumers = append(d.consumers, e)
	}
	return d
}
