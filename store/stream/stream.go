// Package stream is a stream: entries in the order of their IDs, and consumer groups that read them.
//
//	Stream | nodes  -> table of (first ID, where, size) -> node, a listpack of some hundred entries, in the arena
//	       | groups -> Group | pending   -> table of (ID, delivery time, deliveries, consumer)
//	                         | consumers -> Consumer | owned -> table of the IDs that are pending for it
//
// Tables are pointer-free and lie in the arena too; see table.go. The Go heap knows one object per stream, group and
// consumer.
//
// # Nodes
//
// A node has Redis's format, so that DUMP and RDB copy it, and grows and goes by Redis's rules, so that
// approximate trimming removes the same entries:
//
//	master  | live | deleted | number of fields | field ... | 0 |
//	entry   | flags | ms - node's ms | seq - node's seq | number of fields, field, value, ... | elements before this |
//	        | flags, same fields | ms ... | seq ... | value ... | elements before this |
//
// The master has the fields of the node's first entry; entries with the same ones do not repeat them. The number at the
// end lets a reader walk backwards. A removed entry is marked; a node whose last live entry is removed goes.
//
// # Snapshots
//
// BeginWalk freezes all tables and the nodes: what is about to change is copied first. It costs as much as there are
// groups and consumers. See walk.go.
//
// Views are valid until the next change to the stream. What is given is copied.
package stream

import (
	"encoding/binary"

	"spindle/store/arena"
	"spindle/store/listpack"
)

// Stream is a stream. It belongs to one goroutine and implements store.Object, store.Mover and store.Copier. Use New.
type Stream struct {
	Last       ID     // the greatest ID that was ever given out
	First      ID     // of the first entry, 0-0 if there is none
	MaxDeleted ID     // the greatest ID that XDEL removed
	Added      uint64 // entries that were ever added

	mem     *arena.Arena
	entries int
	nodes   table
	groups  []*Group // by name
	walk    *Walk
	moveAt  int // block of nodes, then group, where Move goes on
}

// Limits say when a node is full: stream-node-max-bytes and stream-node-max-entries. 0 is no limit.
type Limits struct{ Bytes, Entries int }

// bytesMax is the most that a node may have, in bytes.
func (l Limits) bytesMax() int {
	if l.Bytes <= 0 || l.Bytes > nodeBytesMax {
		return nodeBytesMax
	}
	return l.Bytes
}

// nodeBytesMax bounds a node and an entry, in bytes, as in Redis.
const nodeBytesMax = 1 << 30

// New returns an empty stream.
func New(mem *arena.Arena) *Stream {
	return &Stream{mem: mem, nodes: newTable(mem, nodeBytes)}
}

// Entries returns the number of entries.
func (s *Stream) Entries() int { return s.entries }

// Nodes returns the number of nodes.
func (s *Stream) Nodes() int { return s.nodes.n }

// Blocks returns the number of blocks of the table of nodes.
func (s *Stream) Blocks() int { return len(s.nodes.heads) }

// A node is a record of the table of nodes.
type node struct {
	id   ID // of the master, which is that of the first entry
	ref  arena.Ref
	size int    // bytes of the listpack
	gen  uint32 // generation of the table when the slot was allocated
}

const nodeBytes = idBytes + 8 + 4 + 4

func readNode(rec []byte) node {
	return node{readID(rec), arena.Ref(binary.LittleEndian.Uint64(rec[16:])),
		int(binary.LittleEndian.Uint32(rec[24:])), binary.LittleEndian.Uint32(rec[28:])}
}

func (n *node) put(rec []byte) {
	binary.LittleEndian.PutUint64(rec[16:], uint64(n.ref))
	binary.LittleEndian.PutUint32(rec[24:], uint32(n.size))
	binary.LittleEndian.PutUint32(rec[28:], n.gen)
}

func (s *Stream) node(p pos) node { return readNode(s.nodes.at(p)) }

// view returns a node's listpack; its capacity is the slot's.
func (s *Stream) view(n *node) []byte { return s.mem.Bytes(n.ref, s.mem.Cap(n.ref))[:n.size] }

// edit returns the listpack of the node at p to be changed, with capacity for n bytes. save must follow.
func (s *Stream) edit(p pos, n *node, size int) []byte {
	if s.nodes.held(n.gen) || s.mem.Cap(n.ref) < size {
		s.resize(n, size)
	}
	return s.view(n)
}

// resize moves a node into a slot of size bytes.
func (s *Stream) resize(n *node, size int) {
	ref := s.nodes.alloc(size)
	copy(s.mem.Bytes(ref, n.size), s.view(n))
	s.nodes.discard(n.ref, n.gen)
	n.ref, n.gen = ref, s.nodes.gen
}

// save notes what has become of the node at p.
func (s *Stream) save(p pos, n *node, lp []byte) {
	n.size = len(lp)
	n.put(s.nodes.change(p))
}

// Append adds an entry of pairs, field and value in turn. id must be greater than Last. It returns false, and does
// nothing, if the entry is too large.
func (s *Stream) Append(id ID, pairs [][]byte, limits Limits) bool {
	total := 0
	for _, b := range pairs {
		total += len(b)
	}
	need := listpack.EncodedSizes(pairs) + entryOverhead
	if total > nodeBytesMax || need+need/2 > nodeBytesMax-masterOverhead {
		return false
	}
	if p := s.nodes.last(); s.nodes.valid(p) && !s.appendTo(p, id, pairs, total, need, limits) {
		s.tighten(p)
		s.appendNode(id, pairs, need, limits)
	} else if !s.nodes.valid(p) {
		s.appendNode(id, pairs, need, limits)
	}
	s.entries++
	s.Added++
	s.Last = id
	if s.entries == 1 {
		s.First = id
	}
	return true
}

// masterOverhead is the most that the head of a node takes beside its fields, in bytes.
const masterOverhead = listpack.EmptySize + 4*10

// appendTo adds an entry to the node at p. It returns false if that is full.
func (s *Stream) appendTo(p pos, id ID, pairs [][]byte, total, need int, limits Limits) bool {
	n := s.node(p)
	lp := s.view(&n)
	m := readMaster(lp)
	switch {
	case n.size+total >= limits.bytesMax(), n.size+need+markSlack > nodeBytesMax,
		limits.Entries > 0 && m.live+m.deleted >= int64(limits.Entries):
		return false
	}
	if want := n.size + need + markSlack; s.nodes.held(n.gen) || s.mem.Cap(n.ref) < want {
		s.resize(&n, max(want, min(want+want/2, limits.bytesMax())))
		lp = s.view(&n)
	}
	same := m.sameFields(lp, pairs)
	lp = listpack.ReplaceInt(lp, listpack.HeaderSize, m.live+1)
	s.save(p, &n, appendEntry(lp, n.id, id, pairs, same))
	return true
}

// appendNode adds an entry in a node of its own.
func (s *Stream) appendNode(id ID, pairs [][]byte, need int, limits Limits) {
	size := 2*need + masterOverhead
	n := node{id: id, ref: s.nodes.alloc(size), gen: s.nodes.gen}
	lp := appendMaster(s.view(&n), pairs)
	lp = appendEntry(lp, id, id, pairs, true)
	n.size = len(lp)
	n.put(s.nodes.insert(id))
	if limits.Entries == 1 {
		s.tighten(s.nodes.last())
	}
}

// tighten takes the spare memory from a node that will not grow any more.
func (s *Stream) tighten(p pos) {
	n := s.node(p)
	if cap := s.mem.Cap(n.ref); cap > n.size+n.size/16 && !s.nodes.held(n.gen) {
		s.resize(&n, n.size)
		n.put(s.nodes.change(p))
	}
}

// removeNode takes the node at p out, with its entries.
func (s *Stream) removeNode(p pos) {
	n := s.node(p)
	s.nodes.discard(n.ref, n.gen)
	s.nodes.remove(p)
}

// Load adds a node of Redis's format at the end: a valid one, as aof/rdb checks it. It reports false if its entries would not be
// in order behind those that are there.
func (s *Stream) Load(id ID, lp []byte) bool {
	if p := s.nodes.last(); s.nodes.valid(p) && !s.nodes.id(p).Less(id) {
		return false
	}
	n := node{id: id, ref: s.nodes.alloc(len(lp)), size: len(lp), gen: s.nodes.gen}
	copy(s.view(&n), lp)
	n.put(s.nodes.insert(id))
	m := readMaster(lp)
	s.entries += int(m.live)
	return true
}

// EachNode calls f for all nodes in order.
func (s *Stream) EachNode(f func(id ID, lp []byte)) {
	for p := (pos{}); s.nodes.valid(p); p = s.nodes.next(p) {
		n := s.node(p)
		f(n.id, s.view(&n))
	}
}
