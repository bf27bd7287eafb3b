package command

import (
	"spindle/resp"
	"spindle/store/stream"
)

var streamPendingCommands = []*Command{
	{Name: "xpending", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "stream",
		Since: "5.0.0", Categories: CatStream,
		Complexity: "O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer.",
		Tips:       []string{"nondeterministic_output"},
		History:    []Change{{"6.2.0", "Added the `IDLE` option and exclusive range intervals."}},
		Syntax:     "key group [filters([IDLE=min-idle-time:integer@6.2.0] start end count:integer [consumer])]",
		Summary:    "Return information and entries from a stream consumer group pending entries list, that are messages fetched but never acknowledged.",
		Run:        xpendingCommand},
}

// pendingOptions are the arguments of XPENDING that ask for entries.
type pendingOptions struct {
	start, end stream.ID
	count      int64
	minIdle    int64  // milliseconds
	consumer   []byte // nil: any
}

// pendingOptions parses from argument 3 on.
func (c *Ctx) pendingOptions() (o pendingOptions, err error) {
	at, n := 3, len(c.Args)
	if n < 6 || n > 9 {
		return o, resp.ErrSyntax
	}
	if isToken(c.Args[3], "IDLE") {
		if o.minIdle, err = c.Int(4); err != nil {
			return o, err
		}
		if at += 2; n < 8 {
			return o, resp.ErrSyntax
		}
	}
	if o.count, err = c.Int(at + 2); err != nil {
		return o, err
	}
	if o.start, err = parseRangeID(c.Args[at], false); err != nil {
		return o, err
	}
	if o.end, err = parseRangeID(c.Args[at+1], true); err != nil {
		return o, err
	}
	if at += 3; at < n {
		o.consumer = c.Args[at]
	}
	return o, nil
}

func xpendingCommand(c *Ctx) (err error) {
	var o pendingOptions
	if len(c.Args) != 3 {
		if o, err = c.pendingOptions(); err != nil {
			return err
		}
	}
	s, err := c.findStream(c.Args[1])
	if err != nil {
		return err
	}
	var g *stream.Group
	if s != nil {
		g = s.Group(c.Args[2])
	}
	switch {
	case g == nil:
		return resp.ErrNoKeyOrGroup(c.Args[1], c.Args[2])
	case len(c.Args) == 3:
		c.pendingSummary(g)
	default:
		c.pendingEntries(g, &o)
	}
	return nil
}

// pendingSummary answers how many entries are pending, between which IDs, and for whom.
func (c *Ctx) pendingSummary(g *stream.Group) {
	w := c.Out
	w.Array(4)
	w.Int(int64(g.PendingLen()))
	if g.PendingLen() == 0 {
		w.Null()
		w.Null()
		w.NullArray()
		return
	}
	first, last := g.PendingEdges()
	replyStreamID(w, first)
	replyStreamID(w, last)
	list, n := w.ReserveArray(), 0
	for _, m := range g.Consumers() {
		if m.PendingLen() > 0 {
			w.Array(2)
			w.BulkString(m.Name())
			w.BulkInt(int64(m.PendingLen()))
			n++
		}
	}
	w.SetLen(list, n)
}

// pendingEntries answers the pending entries of a range: ID, consumer, milliseconds since the last delivery, deliveries.
func (c *Ctx) pendingEntries(g *stream.Group, o *pendingOptions) {
	w := c.Out
	cur := g.From(o.start)
	if o.consumer != nil {
		m := g.Consumer(o.consumer)
		if m == nil {
			w.EmptyArray()
			return
		}
		cur = g.FromOf(m, o.start)
	}
	list, n := w.ReserveArray(), 0
	for ; int64(n) < o.count && cur.Valid(); cur.Next() {
		p := cur.Entry()
		if o.end.Less(p.ID) {
			break
		}
		idle := c.Now() - p.Time
		if o.minIdle != 0 && idle < o.minIdle {
			continue
		}
		w.Array(4)
		replyStreamID(w, p.ID)
		w.BulkString(p.Consumer.Name())
		w.Int(max(idle, 0))
		w.Int(int64(p.Deliveries))
		n++
	}
	w.SetLen(list, n)
}
