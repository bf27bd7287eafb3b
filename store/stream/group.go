package stream

import (
	"encoding/binary"
	"slices"
	"strings"

	"spindle/store/arena"
)

// Group is a consumer group. It implements store.Object, so that a group that has left its stream can be freed in slices.
type Group struct {
	Last ID    // the last entry delivered
	Read int64 // entries read, counted from the stream's very first; ReadUnknown if there is no telling

	name      string
	mem       *arena.Arena
	pending   table
	consumers []*Consumer // by name
	numbers   []*Consumer // by number, nil where it is free
	free      []uint32    // numbers
}

// ReadUnknown is the count of a group that may have skipped entries.
const ReadUnknown = -1

// Consumer is a member of a group.
type Consumer struct {
	Seen int64 // when it was last active, in Unix milliseconds

	name   string
	number uint32
	owned  table
}

// Pending is an entry that was delivered and not acknowledged yet.
type Pending struct {
	ID         ID
	Consumer   *Consumer
	Time       int64 // of the last delivery, in Unix milliseconds
	Deliveries uint64
}

const pendingBytes = idBytes + 8 + 8 + 8 // ID, time, deliveries, consumer's number

func (p *Pending) put(rec []byte) {
	binary.LittleEndian.PutUint64(rec[16:], uint64(p.Time))
	binary.LittleEndian.PutUint64(rec[24:], p.Deliveries)
	binary.LittleEndian.PutUint64(rec[32:], uint64(p.Consumer.number))
}

func readPending(rec []byte) (p Pending, consumer int) {
	p.ID = readID(rec)
	p.Time = int64(binary.LittleEndian.Uint64(rec[16:]))
	p.Deliveries = binary.LittleEndian.Uint64(rec[24:])
	return p, int(binary.LittleEndian.Uint64(rec[32:]))
}

func searchGroup(all []*Group, name string) (int, bool) {
	return slices.BinarySearchFunc(all, name, func(g *Group, name string) int { return strings.Compare(g.name, name) })
}

// Groups returns the groups by name. The slice must not be changed, and is valid until a group comes or goes.
func (s *Stream) Groups() []*Group { return s.groups }

// Group returns the group of that name, or nil.
func (s *Stream) Group(name []byte) *Group {
	if i, ok := searchGroup(s.groups, string(name)); ok {
		return s.groups[i]
	}
	return nil
}

// CreateGroup adds a group, or returns nil if there is one of that name.
func (s *Stream) CreateGroup(name []byte, last ID, read int64) *Group {
	i, ok := searchGroup(s.groups, string(name))
	if ok {
		return nil
	}
	g := &Group{Last: last, Read: read, name: string(name), mem: s.mem, pending: newTable(s.mem, pendingBytes)}
	s.groups = slices.Insert(s.groups, i, g)
	return g
}

// RemoveGroup takes a group out. Whoever gets it has to free it.
func (s *Stream) RemoveGroup(name []byte) *Group {
	i, ok := searchGroup(s.groups, string(name))
	if !ok {
		return nil
	}
	g := s.groups[i]
	s.groups = slices.Delete(s.groups, i, i+1)
	return g
}

// Name returns the group's name.
func (g *Group) Name() string { return g.name }

// PendingLen returns the number of pending entries.
func (g *Group) PendingLen() int { return g.pending.n }

func searchConsumer(all []*Consumer, name string) (int, bool) {
	return slices.BinarySearchFunc(all, name, func(c *Consumer, name string) int { return strings.Compare(c.name, name) })
}

// Consumers returns the consumers by name. The slice must not be changed, and is valid until a consumer comes or goes.
func (g *Group) Consumers() []*Consumer { return g.consumers }

// Consumer returns the consumer of that name, or nil.
func (g *Group) Consumer(name []byte) *Consumer {
	if i, ok := searchConsumer(g.consumers, string(name)); ok {
		return g.consumers[i]
	}
	return nil
}

// CreateConsumer adds a consumer, or returns nil if there is one of that name.
func (g *Group) CreateConsumer(name []byte, now int64) *Consumer {
	i, ok := searchConsumer(g.consumers, string(name))
	if ok {
		return nil
	}
	c := &Consumer{Seen: now, name: string(name), owned: newTable(g.mem, idBytes)}
	if n := len(g.free); n > 0 {
		c.number = g.free[n-1]
		g.free = g.free[:n-1]
		g.numbers[c.number] = c
	} else {
		c.number = uint32(len(g.numbers))
		g.numbers = append(g.numbers, c)
	}
	g.consumers = slices.Insert(g.consumers, i, c)
	return c
}

// RemoveConsumer takes c out, and what is pending for it.
func (g *Group) RemoveConsumer(c *Consumer) {
	for p := (pos{}); c.owned.valid(p); p = c.owned.next(p) {
		at, _ := g.pending.find(c.owned.id(p))
		g.pending.remove(at)
	}
	for c.owned.free(blockBytes) == blockBytes {
	}
	i, _ := searchConsumer(g.consumers, c.name)
	g.consumers = slices.Delete(g.consumers, i, i+1)
	g.numbers[c.number] = nil
	g.free = append(g.free, c.number)
}

// Name returns the consumer's name.
func (c *Consumer) Name() string { return c.name }

// PendingLen returns the number of entries that are pending for c.
func (c *Consumer) PendingLen() int { return c.owned.n }

// Pending returns the pending entry with this id.
func (g *Group) Pending(id ID) (Pending, bool) {
	at, ok := g.pending.find(id)
	if !ok {
		return Pending{}, false
	}
	return g.pendingAt(at), true
}

func (g *Group) pendingAt(at pos) Pending {
	p, number := readPending(g.pending.at(at))
	p.Consumer = g.numbers[number]
	return p
}

// SetPending makes p pending, or changes what is pending with its ID. An entry may pass from one consumer to another.
func (g *Group) SetPending(p Pending) {
	if at, ok := g.pending.find(p.ID); ok {
		if old := g.pendingAt(at).Consumer; old != p.Consumer {
			old.disown(p.ID)
			p.Consumer.owned.insert(p.ID)
		}
		p.put(g.pending.change(at))
		return
	}
	p.put(g.pending.insert(p.ID))
	p.Consumer.owned.insert(p.ID)
}

func (c *Consumer) disown(id ID) {
	at, _ := c.owned.find(id)
	c.owned.remove(at)
}

// Ack ends that an entry is pending. It reports whether it was.
func (g *Group) Ack(id ID) bool {
	at, ok := g.pending.find(id)
	if !ok {
		return false
	}
	g.pendingAt(at).Consumer.disown(id)
	g.pending.remove(at)
	return true
}

// unowned is the number of no consumer.
const unowned = 1<<32 - 1

// LoadPending adds an entry that is pending for a consumer who is not known yet. It reports false if it is pending already.
func (g *Group) LoadPending(id ID, time int64, deliveries uint64) bool {
	if _, twice := g.pending.find(id); twice {
		return false
	}
	p := Pending{id, &Consumer{number: unowned}, time, deliveries}
	p.put(g.pending.insert(id))
	return true
}

// LoadOwner tells for whom an entry that LoadPending added is pending. It reports false if there is none without a
// consumer.
func (g *Group) LoadOwner(id ID, c *Consumer) bool {
	at, ok := g.pending.find(id)
	if !ok {
		return false
	}
	p, number := readPending(g.pending.at(at))
	if number != unowned {
		return false
	}
	p.Consumer = c
	p.put(g.pending.change(at))
	c.owned.insert(id)
	return true
}

// Loaded reports whether all that is pending has a consumer.
func (g *Group) Loaded() bool {
	n := g.pending.n
	for _, c := range g.consumers {
		n -= c.owned.n
	}
	return n == 0
}

// A Cursor walks over pending entries, of a group or of one of its consumers, in the order of their IDs. It is valid until an
// entry begins or ends to be pending, or passes to another consumer; changes of time and deliveries do not matter.
type Cursor struct {
	g *Group
	t *table
	p pos
}

// From returns a cursor at the first pending entry that is not before id.
func (g *Group) From(id ID) Cursor { return Cursor{g, &g.pending, g.pending.seek(id)} }

// FromOf is From for those of one consumer.
func (g *Group) FromOf(c *Consumer, id ID) Cursor { return Cursor{g, &c.owned, c.owned.seek(id)} }

// Valid reports whether the cursor is at an entry.
func (c *Cursor) Valid() bool { return c.t.valid(c.p) }

// Next goes to the next entry.
func (c *Cursor) Next() { c.p = c.t.next(c.p) }

// ID returns the ID of the entry.
func (c *Cursor) ID() ID { return c.t.id(c.p) }

// Entry returns the entry.
func (c *Cursor) Entry() Pending {
	if c.t == &c.g.pending {
		return c.g.pendingAt(c.p)
	}
	p, _ := c.g.Pending(c.ID())
	return p
}

// PendingEdges returns the IDs of the first and the last pending entry of a group that has some.
func (g *Group) PendingEdges() (first, last ID) {
	return g.pending.id(pos{}), g.pending.id(g.pending.last())
}

// HasTombstones reports whether an entry behind id may have been removed other than by trimming.
func (s *Stream) HasTombstones(id ID) bool {
	return s.entries > 0 && !s.MaxDeleted.Zero() && !s.MaxDeleted.Less(s.First) && !s.MaxDeleted.Less(id)
}

// ReadUpTo returns how many entries there were up to id since the stream began, ReadUnknown if there is no telling.
func (s *Stream) ReadUpTo(id ID) int64 {
	switch c := id.Compare(s.Last); {
	case s.Added == 0:
		return 0
	case s.entries == 0 && c <= 0, c == 0:
		return int64(s.Added)
	case c > 0:
		return ReadUnknown
	}
	if s.MaxDeleted.Zero() || s.MaxDeleted.Less(s.First) {
		switch c := id.Compare(s.First); {
		case c < 0:
			return int64(s.Added) - int64(s.entries)
		case c == 0:
			return int64(s.Added) - int64(s.entries) + 1
		}
	}
	return ReadUnknown
}

// Lag returns how many entries the group has not read yet, ok false if there is no telling.
func (s *Stream) Lag(g *Group) (lag int64, ok bool) {
	if s.Added == 0 {
		return 0, true
	}
	read := g.Read
	if read == ReadUnknown || s.HasTombstones(g.Last) {
		read = s.ReadUpTo(g.Last)
	}
	return int64(s.Added) - read, read != ReadUnknown
}

// Advance notes that the group has been given the entry id.
func (s *Stream) Advance(g *Group, id ID) {
	if g.Read != ReadUnknown && !s.HasTombstones(id) {
		g.Read++
	} else if s.Added > 0 {
		g.Read = s.ReadUpTo(id)
	}
	g.Last = id
}
