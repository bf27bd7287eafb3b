package command

import (
	"math"

	"spindle/resp"
	"spindle/store/stream"
)

// XINFO.

var streamInfoCommands = []*Command{
	{Name: "xinfo", Arity: -2, Group: "stream", Since: "5.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for stream introspection commands",
		Subs: []*Command{
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "stream", Since: "5.0.0", Categories: CatStream,
				Complexity: "O(1)", Summary: "Show helpful text about the different subcommands", Run: xinfoHelpCommand},
			{Name: "stream", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{oneKey(2, RO|Access)}, Group: "stream",
				Since: "5.0.0", Categories: CatStream, Complexity: "O(1)",
				History: []Change{{"6.0.0", "Added the `FULL` modifier."}, {"7.0.0", "Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag` fields"}},
				Syntax:  "key [FULL=full(([COUNT=count:integer]))]", Summary: "Get information about a stream",
				Run: xinfoStreamCommand},
			{Name: "groups", Arity: 3, Flags: ReadOnly, Keys: []KeySpec{oneKey(2, RO|Access)}, Group: "stream",
				Since: "5.0.0", Categories: CatStream, Complexity: "O(1)",
				History: []Change{{"7.0.0", "Added the `entries-read` and `lag` fields"}}, Syntax: "key",
				Summary: "List the consumer groups of a stream", Run: xinfoGroupsCommand},
			{Name: "consumers", Arity: 4, Flags: ReadOnly, Keys: []KeySpec{oneKey(2, RO|Access)}, Group: "stream",
				Since: "5.0.0", Categories: CatStream, Complexity: "O(1)", Tips: []string{"nondeterministic_output"},
				Syntax: "key groupname", Summary: "List the consumers in a consumer group", Run: xinfoConsumersCommand},
		}},
}

func xinfoHelpCommand(c *Ctx) error {
	return c.help(`
CONSUMERS <key> <groupname>
    Show consumers of <groupname>.
GROUPS <key>
    Show the stream consumer groups.
STREAM <key> [FULL [COUNT <count>]
    Show information about the stream.
`)
}

// infoStream finds the stream Args[2].
func (c *Ctx) infoStream() (*stream.Stream, error) {
	s, err := c.findStream(c.Args[2])
	if err == nil && s == nil {
		err = resp.ErrNoSuchKey
	}
	return s, err
}

// infoCountDefault is how many entries XINFO STREAM FULL shows of each kind.
const infoCountDefault = 10

// infoCount parses the options of XINFO STREAM: FULL, or FULL COUNT n.
func (c *Ctx) infoCount() (count int64, full bool, err error) {
	n := len(c.Args)
	switch {
	case n == 3:
		return 0, false, nil
	case n != 4 && n != 6, !isToken(c.Args[3], "FULL"), n == 6 && !isToken(c.Args[4], "COUNT"):
		return 0, false, resp.ErrSubcommandSyntax(c.Args[0], c.Args[1])
	case n == 6:
		if count, err = c.Int(5); err != nil {
			return 0, false, err
		}
		if count == 0 {
			return math.MaxInt64, true, nil
		}
	}
	if count <= 0 {
		count = infoCountDefault
	}
	return count, true, nil
}

func xinfoStreamCommand(c *Ctx) error {
	s, err := c.infoStream()
	if err != nil {
		return err
	}
	count, full, err := c.infoCount()
	if err != nil {
		return err
	}
	w := c.Out
	if full {
		w.Map(9)
	} else {
		w.Map(10)
	}
	w.BulkString("length")
	w.Int(int64(s.Entries()))
	w.BulkString("radix-tree-keys") // what the nodes hang in is a table here
	w.Int(int64(s.Nodes()))
	w.BulkString("radix-tree-nodes")
	w.Int(int64(s.Nodes() + max(s.Blocks(), 1)))
	w.BulkString("last-generated-id")
	replyStreamID(w, s.Last)
	w.BulkString("max-deleted-entry-id")
	replyStreamID(w, s.MaxDeleted)
	w.BulkString("entries-added")
	w.Int(int64(s.Added))
	w.BulkString("recorded-first-entry-id")
	replyStreamID(w, s.First)
	if full {
		c.infoFull(s, count)
	} else {
		c.infoEdges(s)
	}
	return nil
}

// infoEdges ends the short form: the number of groups, the first and the last entry.
func (c *Ctx) infoEdges(s *stream.Stream) {
	w := c.Out
	w.BulkString("groups")
	w.Int(int64(len(s.Groups())))
	for _, last := range []bool{false, true} {
		if last {
			w.BulkString("last-entry")
		} else {
			w.BulkString("first-entry")
		}
		it := s.Range(stream.ID{}, stream.MaxID, last)
		if it.Next() {
			replyEntry(w, &it)
		} else {
			w.Null()
		}
	}
}

// infoFull ends the full form: entries and groups.
func (c *Ctx) infoFull(s *stream.Stream, count int64) {
	w := c.Out
	w.BulkString("entries")
	it := s.Range(stream.ID{}, stream.MaxID, false)
	replyEntries(w, &it, count)
	w.BulkString("groups")
	w.Array(len(s.Groups()))
	for _, g := range s.Groups() {
		w.Map(7)
		w.BulkString("name")
		w.BulkString(g.Name())
		c.infoProgress(s, g)
		w.BulkString("pel-count")
		w.Int(int64(g.PendingLen()))
		w.BulkString("pending")
		c.infoPending(g.From(stream.ID{}), count, true)
		w.BulkString("consumers")
		w.Array(len(g.Consumers()))
		for _, m := range g.Consumers() {
			c.infoMember(g, m, count)
		}
	}
}

func (c *Ctx) infoMember(g *stream.Group, m *stream.Consumer, count int64) {
	w := c.Out
	w.Map(4)
	w.BulkString("name")
	w.BulkString(m.Name())
	w.BulkString("seen-time")
	w.Int(m.Seen)
	w.BulkString("pel-count")
	w.Int(int64(m.PendingLen()))
	w.BulkString("pending")
	c.infoPending(g.FromOf(m, stream.ID{}), count, false)
}

// infoPending writes pending entries: ID, the consumer if asked for, time of the delivery, deliveries.
func (c *Ctx) infoPending(cur stream.Cursor, count int64, withConsumer bool) {
	w := c.Out
	list, n := w.ReserveArray(), 0
	for ; int64(n) < count && cur.Valid(); cur.Next() {
		p := cur.Entry()
		if withConsumer {
			w.Array(4)
		} else {
			w.Array(3)
		}
		replyStreamID(w, p.ID)
		if withConsumer {
			w.BulkString(p.Consumer.Name())
		}
		w.Int(p.Time)
		w.Int(int64(p.Deliveries))
		n++
	}
	w.SetLen(list, n)
}

// infoProgress writes how far a group has come: three pairs.
func (c *Ctx) infoProgress(s *stream.Stream, g *stream.Group) {
	w := c.Out
	w.BulkString("last-delivered-id")
	replyStreamID(w, g.Last)
	w.BulkString("entries-read")
	c.replyIntOrNull(g.Read, g.Read != stream.ReadUnknown)
	w.BulkString("lag")
	lag, ok := s.Lag(g)
	c.replyIntOrNull(lag, ok)
}

func (c *Ctx) replyIntOrNull(n int64, known bool) {
	if known {
		c.Out.Int(n)
	} else {
		c.Out.Null()
	}
}

func xinfoGroupsCommand(c *Ctx) error {
	s, err := c.infoStream()
	if err != nil {
		return err
	}
	w := c.Out
	w.Array(len(s.Groups()))
	for _, g := range s.Groups() {
		w.Map(6)
		w.BulkString("name")
		w.BulkString(g.Name())
		w.BulkString("consumers")
		w.Int(int64(len(g.Consumers())))
		w.BulkString("pending")
		w.Int(int64(g.PendingLen()))
		c.infoProgress(s, g)
	}
	return nil
}

func xinfoConsumersCommand(c *Ctx) error {
	s, err := c.infoStream()
	if err != nil {
		return err
	}
	g := s.Group(c.Args[3])
	if g == nil {
		return resp.ErrNoGroup(c.Args[3], c.Args[2])
	}
	w := c.Out
	w.Array(len(g.Consumers()))
	for _, m := range g.Consumers() {
		w.Map(3)
		w.BulkString("name")
		w.BulkString(m.Name())
		w.BulkString("pending")
		w.Int(int64(m.PendingLen()))
		w.BulkString("idle")
		w.Int(max(c.Now()-m.Seen, 0))
	}
	return nil
}
