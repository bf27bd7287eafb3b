package command

import (
	"bytes"
	"math"
	"slices"

	"spindle/resp"
	"spindle/store"
	"spindle/store/stream"
)

// XREAD and XREADGROUP.

var streamReadCommands = []*Command{
	{Name: "xread", Arity: -4, Flags: ReadOnly | Blocking,
		Keys: []KeySpec{atKeyword("STREAMS", 1).keys(-1, 1, 2).is(RO | Access)}, Group: "stream", Since: "5.0.0",
		Categories: CatStream,
		Complexity: "For each stream mentioned: O(N) with N being the number of elements being returned, it means that XREAD-ing with a fixed COUNT is O(1). Note that when the BLOCK option is used, XADD will pay O(M) time in order to serve the M clients blocked on the stream getting new data.",
		Syntax:     "[COUNT=count:integer] [BLOCK=milliseconds:integer] STREAMS=streams(key... id...)",
		Summary:    "Return never seen elements in multiple streams, with IDs greater than the ones reported by the caller for each stream. Can block.",
		Run:        xreadCommand},
	{Name: "xreadgroup", Arity: -7, Flags: Write | Blocking,
		Keys: []KeySpec{atKeyword("STREAMS", 4).keys(-1, 1, 2).is(RO | Access)}, Group: "stream", Since: "5.0.0",
		Categories: CatStream,
		Complexity: "For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data.",
		Syntax:     "GROUP=group_consumer(group consumer) [COUNT=count:integer] [BLOCK=milliseconds:integer] [NOACK] STREAMS=streams(key... id...)",
		Summary:    "Return new entries from a stream using a consumer group, or access the history of the pending entries for a given consumer. Can block.",
		Run:        xreadgroupCommand},
}

// readOptions are the arguments of XREAD and XREADGROUP.
type readOptions struct {
	group, consumer []byte // of XREADGROUP, else nil
	count           int64
	blockMs         int64 // -1: do not wait; 0: for ever
	noack           bool
	keys, after     [][]byte
}

func xreadCommand(c *Ctx) error      { return c.readStreams(false) }
func xreadgroupCommand(c *Ctx) error { return c.readStreams(true) }

func (c *Ctx) readOptions(byGroup bool) (o readOptions, err error) {
	o.count, o.blockMs = math.MaxInt64, -1
	for a := c.Options(1); a.More() && o.keys == nil; {
		switch {
		case a.TokenWith("BLOCK", 1):
			if c.S.fromScript(c) {
				return o, resp.ErrBlockInScript(c.Cmd.full)
			}
			o.blockMs, err = c.blockMillis(&a)
		case a.TokenWith("COUNT", 1):
			if o.count, err = a.Int(); o.count <= 0 {
				o.count = math.MaxInt64
			}
		case a.TokenWith("STREAMS", 1):
			n := a.Left()
			if n%2 != 0 {
				return o, resp.ErrXreadUnbalanced
			}
			at := a.Pos()
			o.keys, o.after = c.Args[at:at+n/2], c.Args[at+n/2:]
		case a.TokenWith("GROUP", 2):
			if !byGroup {
				return o, resp.ErrXreadGroup
			}
			o.group, _ = a.Next()
			o.consumer, _ = a.Next()
		case a.Token("NOACK"):
			if o.noack = true; !byGroup {
				return o, resp.ErrXreadNoack
			}
		default:
			err = resp.ErrSyntax
		}
		if err != nil {
			return o, err
		}
	}
	switch {
	case o.keys == nil:
		return o, resp.ErrSyntax
	case byGroup && o.group == nil:
		return o, resp.ErrXreadgroupNoGroup
	}
	return o, nil
}

// blockMillis parses how long to wait, in milliseconds.
func (c *Ctx) blockMillis(a *Cursor) (int64, error) {
	arg, _ := a.Next()
	ms, ok := resp.ParseInt(arg)
	switch {
	case !ok:
		return 0, resp.ErrTimeoutInt
	case ms < 0:
		return 0, resp.ErrTimeoutNeg
	}
	return ms, nil
}

// A reading is one stream that XREAD or XREADGROUP looks at.
type reading struct {
	key   []byte
	s     *stream.Stream // nil if there is none
	group *stream.Group  // of XREADGROUP
	after stream.ID      // the last entry the client has; MaxID for a group: what the group has not been given yet
	gone  bool           // the entries that a client was waiting for are gone before it is served
}

// reading resolves stream i.
func (c *Ctx) reading(o *readOptions, i int) (r reading, err error) {
	r.key = o.keys[i]
	if o.group != nil {
		r.s, err = c.findStreamForWrite(r.key)
	} else {
		r.s, err = c.findStream(r.key)
	}
	if err != nil {
		return r, err
	}
	if r.s != nil && o.group != nil {
		r.group = r.s.Group(o.group)
	}
	if o.group != nil && r.group == nil {
		return r, resp.ErrNoGroupToRead(r.key, o.group)
	}
	switch arg := string(cText(o.after[i])); {
	case arg == "$" && o.group != nil:
		err = resp.ErrXreadgroupDollar
	case arg == "$":
		if r.s != nil {
			r.after = r.s.Last
		}
	case arg == ">" && o.group == nil:
		err = resp.ErrXreadNewID
	case arg == ">":
		r.after = stream.MaxID
	default:
		r.after, err = parseStreamID(o.after[i], 0)
	}
	return r, err
}

// history reports whether a consumer wants what is pending for it.
func (r *reading) history() bool { return r.group != nil && r.after != stream.MaxID }

// due reports whether there is something to answer at once.
func (r *reading) due() bool {
	switch {
	case r.s == nil:
		return false
	case r.history():
		return true
	case r.group != nil:
		return r.s.Entries() > 0 && r.group.Last.Less(r.s.Top())
	}
	return r.s.Entries() > 0 && r.after.Less(r.s.Top())
}

// passed reports whether the stream, which is there, has come further than who waits for new entries.
func (r *reading) passed() bool {
	if r.group != nil {
		return r.group.Last.Less(r.s.Last)
	}
	return r.after.Less(r.s.Last)
}

func (c *Ctx) readStreams(byGroup bool) error {
	o, err := c.readOptions(byGroup)
	if err != nil {
		return err
	}
	readings := make([]reading, len(o.keys))
	for i := range readings {
		if readings[i], err = c.reading(&o, i); err != nil {
			return err
		}
	}
	c.DontPropagate() // but for what replying to a group logs
	list, n := c.reserveStreams(), 0
	for i := range readings {
		if r := &readings[i]; r.due() {
			c.replyReading(&o, r)
			n++
		}
	}
	if n > 0 {
		c.Out.SetLen(list, n)
		return nil
	}
	c.Out.Drop(list)
	if o.blockMs < 0 {
		c.Out.NullArray()
		return nil
	}
	return c.awaitEntries(&o, readings)
}

// blockedCountMax is how many entries a client gets that has waited, if it did not say: the ID it gave may be far behind.
const blockedCountMax = 1000

// awaitEntries has the client wait for entries behind those it has now.
func (c *Ctx) awaitEntries(o *readOptions, readings []reading) error {
	after := make([]stream.ID, len(readings))
	for i := range readings {
		after[i] = readings[i].after
	}
	return c.Block(Wait{Keys: o.keys, Type: store.Stream, Millis: o.blockMs, AnyChange: o.group != nil,
		Serve: func(c *Ctx, key []byte) (bool, error) { return c.serveEntries(key, after) }})
}

// serveEntries answers a client that has waited with the entries of one stream. There may be none, if the unit that added them
// has removed them, too. A group or its stream may be gone by now.
func (c *Ctx) serveEntries(key []byte, after []stream.ID) (bool, error) {
	byGroup := c.Cmd.Flags&Write != 0
	o, err := c.readOptions(byGroup)
	if err != nil {
		return false, err
	}
	c.DontPropagate()
	o.count = min(o.count, blockedCountMax)
	i := slices.IndexFunc(o.keys, func(k []byte) bool { return bytes.Equal(k, key) })
	r := reading{key: o.keys[i], after: after[i]}
	k := c.DB.FindForWrite(key)
	switch {
	case k.Exists() && k.Type() == store.Stream:
		r.s = largeStream(&k)
	case byGroup:
		return false, resp.ErrUnblockedStreamGone
	default:
		return false, nil
	}
	if byGroup {
		if r.group = r.s.Group(o.group); r.group == nil {
			return false, resp.ErrGroupGone
		}
	}
	if !r.passed() {
		return false, nil
	}
	r.gone = !r.due()
	list := c.reserveStreams()
	c.replyReading(&o, &r)
	c.Out.SetLen(list, 1)
	return true, nil
}

// reserveStreams begins a reply of keys and their entries: pairs in RESP2, a map in RESP3.
func (c *Ctx) reserveStreams() resp.Deferred {
	if c.Out.Proto < 3 {
		return c.Out.ReserveArray()
	}
	return c.Out.ReserveMap()
}

// replyReading answers for one stream.
func (c *Ctx) replyReading(o *readOptions, r *reading) {
	if c.Out.Proto < 3 {
		c.Out.Array(2)
	}
	c.Out.Bulk(r.key)
	if r.group == nil {
		start, _ := r.after.Next()
		it := r.s.Range(start, stream.MaxID, false)
		replyEntries(c.Out, &it, o.count)
		return
	}
	member := c.groupMember(r.group, o.consumer, r.key, o.group, o.noack || r.gone || r.history())
	c.changedGroup("", r.key)
	if r.history() {
		start, _ := r.after.Next()
		c.replyHistory(r, member, start, o.count)
	} else {
		c.deliver(o, r, member)
	}
}

// groupMember returns the consumer of that name, which is created if there is none. The claims that are logged create it in the log;
// if there are none, logged has to be set.
func (c *Ctx) groupMember(g *stream.Group, name, key, group []byte, logged bool) *stream.Consumer {
	if m := g.Consumer(name); m != nil {
		m.Seen = c.Now()
		return m
	}
	m := g.CreateConsumer(name, c.Now())
	c.changedGroup("xgroup-createconsumer", key)
	if logged {
		c.Propagate(wordXgroup, wordCreateconsumer, key, group, name)
	}
	return m
}

// replyHistory writes what is pending for a consumer, with nothing for the fields of entries that have been removed. It
// counts as a delivery, which is not logged.
func (c *Ctx) replyHistory(r *reading, member *stream.Consumer, start stream.ID, count int64) {
	list, n := c.Out.ReserveArray(), 0
	cur := r.group.FromOf(member, start)
	for ; int64(n) < count && cur.Valid(); cur.Next() {
		p := cur.Entry()
		if replyOneEntry(c.Out, r.s, p.ID) {
			p.Time = c.Now()
			p.Deliveries++
			r.group.SetPending(p)
		} else {
			c.Out.Array(2)
			replyStreamID(c.Out, p.ID)
			c.Out.NullArray()
		}
		n++
	}
	c.Out.SetLen(list, n)
}

// deliver gives a consumer the entries that its group has not been given yet.
func (c *Ctx) deliver(o *readOptions, r *reading, member *stream.Consumer) {
	log := claimLog{c: c, key: r.key, group: o.group, g: r.group}
	start, _ := r.group.Last.Next()
	list, n := c.Out.ReserveArray(), 0
	it := r.s.Range(start, stream.MaxID, false)
	for ; int64(n) < o.count && it.Next(); n++ {
		id := it.ID()
		r.s.Advance(r.group, id)
		replyEntry(c.Out, &it)
		if !o.noack {
			p := stream.Pending{ID: id, Consumer: member, Time: c.Now(), Deliveries: 1}
			r.group.SetPending(p)
			log.claim(&p)
		}
	}
	c.Out.SetLen(list, n)
	log.position()
}
