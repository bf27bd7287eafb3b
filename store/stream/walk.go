package stream

// Visitor receives a stream from a walk: nodes, the rest of the stream, and then, group by group, the group, its
// pending entries, and each consumer followed by the IDs that are pending for it. What it is given is valid during the call.
type Visitor interface {
	Node(id ID, lp []byte)
	Meta(m Meta)
	Group(g GroupState)
	Pending(p PendingState)
	Consumer(c ConsumerState)
	Owned(id ID)
}

// Meta is what a stream knows beside its entries and groups.
type Meta struct {
	Entries, Groups         int
	Last, First, MaxDeleted ID
	Added                   uint64
}

// GroupState is a group without its pending entries and consumers.
type GroupState struct {
	Name               string
	Last               ID
	Read               int64
	Pending, Consumers int // how many follow
}

// PendingState is a pending entry.
type PendingState struct {
	ID         ID
	Consumer   string
	Time       int64
	Deliveries uint64
}

// ConsumerState is a consumer.
type ConsumerState struct {
	Name  string
	Seen  int64
	Owned int // IDs that follow
}

// Walk hands out a stream as it was when the walk began; see the package comment. It has the methods of a store.Walker.
type Walk struct {
	s      *Stream
	meta   Meta
	nodes  view
	groups []groupView
	at     pos // in the table that comes next
	group  int // number of it
	stage  stage
	who    int // consumer whose IDs come next
	ended  bool
	to     Visitor
}

type stage uint8

const (
	inNodes stage = iota
	inMeta
	inGroup
	inPending
	inConsumer
	inOwned
)

type groupView struct {
	GroupState
	pending   view
	consumers []consumerView
	names     []string // by number
}

type consumerView struct {
	ConsumerState
	owned view
}

// BeginWalk starts a walk. The visitor must not change the stream. Only one walk may run at a time.
func (s *Stream) BeginWalk(to Visitor) *Walk {
	if s.walk != nil {
		panic("stream: a walk is running")
	}
	s.walk = s.newWalk(to, (*table).freeze)
	return s.walk
}

// Visit hands out the stream at once.
func (s *Stream) Visit(to Visitor) {
	for w := s.newWalk(to, (*table).look); !w.ended; {
		w.part()
	}
}

func (s *Stream) newWalk(to Visitor, look func(*table) view) *Walk {
	w := &Walk{s: s, to: to, nodes: look(&s.nodes)}
	w.meta = Meta{s.entries, len(s.groups), s.Last, s.First, s.MaxDeleted, s.Added}
	w.groups = make([]groupView, len(s.groups))
	for i, g := range s.groups {
		w.groups[i] = g.look(look)
	}
	return w
}

func (g *Group) look(look func(*table) view) groupView {
	v := groupView{pending: look(&g.pending), names: make([]string, len(g.numbers))}
	v.GroupState = GroupState{g.name, g.Last, g.Read, g.pending.n, len(g.consumers)}
	v.consumers = make([]consumerView, len(g.consumers))
	for i, c := range g.consumers {
		v.names[c.number] = c.name
		v.consumers[i] = consumerView{ConsumerState{c.name, c.Seen, c.owned.n}, look(&c.owned)}
	}
	return v
}

// Step hands out parts of the stream until they have steps elements. It returns how many they had; fewer than steps
// means that the walk has ended.
func (w *Walk) Step(steps int) int {
	done := 0
	for done < steps && !w.ended {
		done += w.part()
	}
	if w.ended {
		return min(done, steps-1)
	}
	return done
}

// part hands out one part and returns how many elements it had.
func (w *Walk) part() int {
	switch w.stage {
	case inNodes:
		return w.node()
	case inMeta:
		w.to.Meta(w.meta)
		w.stage = inGroup
	case inGroup:
		if w.group == len(w.groups) {
			w.Stop()
			return 0
		}
		w.to.Group(w.groups[w.group].GroupState)
		w.begin(inPending)
	case inPending:
		w.pending()
	case inConsumer:
		g := &w.groups[w.group]
		if w.who == len(g.consumers) {
			w.group, w.who, w.stage = w.group+1, 0, inGroup
			return 0
		}
		w.to.Consumer(g.consumers[w.who].ConsumerState)
		w.begin(inOwned)
	case inOwned:
		v := &w.groups[w.group].consumers[w.who].owned
		if rec, ok := v.at(w.at); ok {
			w.to.Owned(readID(rec))
			w.at = v.next(w.at)
			break
		}
		w.who++
		w.stage = inConsumer
	}
	return 1
}

func (w *Walk) begin(st stage) { w.stage, w.at = st, pos{} }

func (w *Walk) node() int {
	rec, ok := w.nodes.at(w.at)
	if !ok {
		w.stage = inMeta
		return 0
	}
	n := readNode(rec)
	lp := w.s.view(&n)
	w.to.Node(n.id, lp)
	w.at = w.nodes.next(w.at)
	m := readMaster(lp)
	return int(max(m.live, 1))
}

func (w *Walk) pending() {
	g := &w.groups[w.group]
	rec, ok := g.pending.at(w.at)
	if !ok {
		w.stage = inConsumer
		return
	}
	p, number := readPending(rec)
	w.to.Pending(PendingState{p.ID, g.names[number], p.Time, p.Deliveries})
	w.at = g.pending.next(w.at)
}

// Stop ends the walk without handing out the rest.
func (w *Walk) Stop() {
	if w.ended {
		return
	}
	w.ended = true
	if w.s.walk != w {
		return // of Visit
	}
	w.s.walk = nil
	w.nodes.thaw()
	for i := range w.groups {
		w.groups[i].pending.thaw()
		for j := range w.groups[i].consumers {
			w.groups[i].consumers[j].owned.thaw()
		}
	}
	w.groups = nil
}

// EachEntry calls f for the entries of a node that Visitor.Node was given.
func EachEntry(id ID, lp []byte, f func(e *Iterator)) {
	it := nodeEntries(id, lp)
	for it.Next() {
		f(&it)
	}
}
