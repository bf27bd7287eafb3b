package command

import (
	"spindle/resp"
	"spindle/store/stream"
)

// XDELEX and XACKDEL of Redis 8.2: removing entries with a say in what becomes of those that are pending. They are logged
// as XDEL and XACK.

var streamDeleteCommands = []*Command{
	{Name: "xdelex", Arity: -5, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "stream",
		Since: "8.2.0", Categories: CatStream, Complexity: "O(1) for each single item to delete in the stream, regardless of the stream size.",
		Syntax:  "key [condition(KEEPREF|DELREF|ACKED)] IDS=ids(numids:integer id...)",
		Summary: "Deletes one or multiple entries from the stream.", Run: xdelexCommand},
	{Name: "xackdel", Arity: -6, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "stream",
		Since: "8.2.0", Categories: CatStream, Complexity: "O(1) for each message ID processed.",
		Syntax:  "key group [condition(KEEPREF|DELREF|ACKED)] IDS=ids(numids:integer id...)",
		Summary: "Acknowledges and deletes one or multiple messages for a stream consumer group.", Run: xackdelCommand},
}

// references says what to do about groups for which a removed entry is pending.
type references uint8

const (
	keepReferences references = iota // it stays pending
	dropReferences                   // it ceases to be
	ifUnreferenced                   // an entry that some group has not read or acknowledged is not removed
)

// What XDELEX and XACKDEL answer for an ID.
const (
	noSuchEntry     = -1
	entryGone       = 1
	entryReferenced = 2
)

// deletion is a running XDELEX or XACKDEL.
type deletion struct {
	c       *Ctx
	key     []byte
	refs    references
	ids     []stream.ID
	s       *stream.Stream
	deleted int
}

// deletion parses from argument i on and finds the stream, nil if there is none.
func (c *Ctx) deletion(i int) (d deletion, err error) {
	d = deletion{c: c, key: c.Args[1]}
	for a := c.Options(i); d.ids == nil; {
		switch {
		case a.Token("KEEPREF"):
			d.refs = keepReferences
		case a.Token("DELREF"):
			d.refs = dropReferences
		case a.Token("ACKED"):
			d.refs = ifUnreferenced
		case a.TokenWith("IDS", 1):
			n, err := a.Int()
			switch {
			case err != nil || n <= 0:
				return d, resp.ErrNumIDs
			case n != int64(a.Left()):
				return d, resp.ErrNumIDsMatch
			}
			if d.ids, err = parseStreamIDs(c.Args[a.Pos():]); err != nil {
				return d, err
			}
		default:
			return d, resp.ErrSyntax
		}
	}
	d.s, err = c.findStreamForWrite(d.key)
	return d, err
}

// referenced reports whether a group has not read or not acknowledged an entry.
func (d *deletion) referenced(id stream.ID) bool {
	for _, g := range d.s.Groups() {
		if _, pending := g.Pending(id); pending || g.Last.Less(id) {
			return true
		}
	}
	return false
}

var (
	wordXdel = []byte("XDEL")
	wordXack = []byte("XACK")
)

// ack ends that an entry is pending for g, and logs it.
func (d *deletion) ack(g *stream.Group, id stream.ID) bool {
	if !g.Ack(id) {
		return false
	}
	d.c.changedGroup("", d.key)
	d.c.Propagate(wordXack, d.key, []byte(g.Name()), id.Append(nil))
	return true
}

// remove removes an entry as far as the references allow, and logs it.
func (d *deletion) remove(id stream.ID) int64 {
	if !d.s.Has(id) {
		return noSuchEntry
	}
	switch d.refs {
	case ifUnreferenced:
		if d.referenced(id) {
			return entryReferenced
		}
	case dropReferences:
		for _, g := range d.s.Groups() {
			d.ack(g, id)
		}
	}
	d.s.Remove(id)
	d.deleted++
	d.c.Propagate(wordXdel, d.key, id.Append(nil))
	return entryGone
}

// reply answers what f returns for each ID, -1 where there is nothing to work on.
func (d *deletion) reply(exists bool, f func(id stream.ID) int64) {
	d.c.DontPropagate()
	d.c.Out.Array(len(d.ids))
	for _, id := range d.ids {
		n := int64(noSuchEntry)
		if exists {
			n = f(id)
		}
		d.c.Out.Int(n)
	}
	if d.deleted > 0 {
		d.c.changedStream("xdel", d.key)
	}
}

func xdelexCommand(c *Ctx) error {
	d, err := c.deletion(2)
	if err != nil {
		return err
	}
	d.reply(d.s != nil, d.remove)
	return nil
}

func xackdelCommand(c *Ctx) error {
	d, err := c.deletion(3)
	if err != nil {
		return err
	}
	var g *stream.Group
	if d.s != nil {
		g = d.s.Group(c.Args[2])
	}
	d.reply(g != nil, func(id stream.ID) int64 {
		if !d.ack(g, id) {
			return noSuchEntry
		}
		if d.remove(id) == entryReferenced {
			return entryReferenced
		}
		return entryGone // by now, or before
	})
	return nil
}
