package command

import (
	"math"

	"spindle/resp"
	"spindle/store/stream"
)

var streamRangeCommands = []*Command{
	{Name: "xrange", Arity: -4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "stream",
		Since: "5.0.0", Categories: CatStream,
		Complexity: "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).",
		History:    []Change{{"6.2.0", "Added exclusive ranges."}}, Syntax: "key start end [COUNT=count:integer]",
		Summary: "Return a range of elements in a stream, with IDs matching the specified IDs interval",
		Run:     xrangeCommand},
	{Name: "xrevrange", Arity: -4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "stream",
		Since: "5.0.0", Categories: CatStream,
		Complexity: "O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).",
		History:    []Change{{"6.2.0", "Added exclusive ranges."}}, Syntax: "key end start [COUNT=count:integer]",
		Summary: "Return a range of elements in a stream, with IDs matching the specified IDs interval, in reverse order (from greater to smaller IDs) compared to XRANGE",
		Run:     xrevrangeCommand},
}

// replyEntry writes the entry that an iterator is at: its ID, and an array of fields and values in turn.
func replyEntry(w *resp.Writer, it *stream.Iterator) {
	w.Array(2)
	replyStreamID(w, it.ID())
	n := it.Fields()
	w.Array(2 * n)
	lp := it.Listpack()
	for range n {
		field, value := it.NextPair()
		replyElement(w, lp, field)
		replyElement(w, lp, value)
	}
}

// replyEntries writes an array of at most limit entries.
func replyEntries(w *resp.Writer, it *stream.Iterator, limit int64) {
	list := w.ReserveArray()
	n := 0
	for int64(n) < limit && it.Next() {
		replyEntry(w, it)
		n++
	}
	w.SetLen(list, n)
}

// replyOneEntry writes the entry with this id and reports whether there is one.
func replyOneEntry(w *resp.Writer, s *stream.Stream, id stream.ID) bool {
	it := s.Range(id, id, false)
	if !it.Next() {
		return false
	}
	replyEntry(w, &it)
	return true
}

func xrangeCommand(c *Ctx) error    { return c.streamRange(c.Args[2], c.Args[3], false) }
func xrevrangeCommand(c *Ctx) error { return c.streamRange(c.Args[3], c.Args[2], true) }

func (c *Ctx) streamRange(from, to []byte, back bool) error {
	start, err := parseRangeID(from, false)
	if err != nil {
		return err
	}
	end, err := parseRangeID(to, true)
	if err != nil {
		return err
	}
	count := int64(math.MaxInt64)
	for a := c.Options(4); a.More(); {
		if !a.TokenWith("COUNT", 1) {
			return resp.ErrSyntax
		}
		if count, err = a.Int(); err != nil {
			return err
		}
	}
	s, err := c.findStream(c.Args[1])
	switch {
	case err != nil:
		return err
	case s == nil:
		c.Out.EmptyArray()
	case count <= 0:
		c.Out.NullArray()
	default:
		it := s.Range(start, end, back)
		replyEntries(c.Out, &it, count)
	}
	return nil
}
