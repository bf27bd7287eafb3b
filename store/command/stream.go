package command

import (
	"spindle/resp"
	"spindle/store"
	"spindle/store/stream"
)

// Streams are always large objects. An empty one stays.

var streamCommands = []*Command{
	{Name: "xadd", Arity: -5, Flags: Write | DenyOOM | Fast,
		Keys:  []KeySpec{oneKey(1, RW|Update).note("UPDATE instead of INSERT because of the optional trimming feature")},
		Group: "stream", Since: "5.0.0", Categories: CatStream,
		Complexity: "O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.",
		Tips:       []string{"nondeterministic_output"},
		History:    []Change{{"6.2.0", "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option."}, {"7.0.0", "Added support for the `<ms>-*` explicit ID form."}},
		Syntax:     "key [NOMKSTREAM@6.2.0] [trim(strategy(MAXLEN|MINID@6.2.0) [operator(equal:=|approximately:~)] threshold [LIMIT=count:integer@6.2.0])] id_or_auto(auto_id:*|id) field_value(field value)...",
		Summary:    "Appends a new entry to a stream", Run: xaddCommand},
	{Name: "xdel", Arity: -3, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "stream",
		Since: "5.0.0", Categories: CatStream,
		Complexity: "O(1) for each single item to delete in the stream, regardless of the stream size.",
		Syntax:     "key id...",
		Summary:    "Removes the specified entries from the stream. Returns the number of items actually deleted, that may be different from the number of IDs passed in case certain IDs do not exist.",
		Run:        xdelCommand},
	{Name: "xlen", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO)}, Group: "stream", Since: "5.0.0",
		Categories: CatStream, Complexity: "O(1)", Syntax: "key",
		Summary: "Return the number of entries in a stream", Run: xlenCommand},
	{Name: "xsetid", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "stream",
		Since: "5.0.0", Categories: CatStream, Complexity: "O(1)",
		History: []Change{{"7.0.0", "Added the `entries_added` and `max_deleted_entry_id` arguments."}},
		Syntax:  "key last-id [ENTRIESADDED=entries_added:integer@7.0.0] [MAXDELETEDID=max_deleted_entry_id@7.0.0]",
		Summary: "An internal command for replicating stream values", Run: xsetidCommand},
	{Name: "xtrim", Arity: -4, Flags: Write, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "stream",
		Since: "5.0.0", Categories: CatStream,
		Complexity: "O(N), with N being the number of evicted entries. Constant times are very small however, since entries are organized in macro nodes containing multiple entries that can be released with a single deallocation.",
		Tips:       []string{"nondeterministic_output"},
		History:    []Change{{"6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option."}},
		Syntax:     "key trim(strategy(MAXLEN|MINID@6.2.0) [operator(equal:=|approximately:~)] threshold [LIMIT=count:integer@6.2.0])",
		Summary:    "Trims the stream to (approximately if '~' is passed) a certain size", Run: xtrimCommand},
}

func largeStream(k *store.Key) *stream.Stream { return k.Object().(*stream.Stream) }

// findStream returns the stream of a key for reading, nil if there is none.
func (c *Ctx) findStream(key []byte) (*stream.Stream, error) {
	k, err := c.Find(key, store.Stream)
	if err != nil || !k.Exists() {
		return nil, err
	}
	return largeStream(&k), nil
}

// findStreamForWrite returns the stream of a key for writing, nil if there is none.
func (c *Ctx) findStreamForWrite(key []byte) (*stream.Stream, error) {
	k, err := c.FindForWrite(key, store.Stream)
	if err != nil || !k.Exists() {
		return nil, err
	}
	return largeStream(&k), nil
}

// changedGroup reports that the command changed consumer groups or a stream's counters, which are nobody's business but theirs: who
// watches the stream or waits for entries is not told. An empty event is none.
func (c *Ctx) changedGroup(event string, key []byte) {
	c.changes++
	if event != "" {
		c.Notify(ClassStream, event, key)
	}
}

// changedStream is Changed for a command that adds no entry: who waits for entries is not told.
func (c *Ctx) changedStream(event string, key []byte) {
	c.changes++
	if c.S.hooks != 0 {
		c.S.keyTouched(c.C, c.DB, ClassStream, event, key)
	}
}

func xlenCommand(c *Ctx) error {
	s, err := c.findStream(c.Args[1])
	if err != nil {
		return err
	}
	n := 0
	if s != nil {
		n = s.Entries()
	}
	c.Out.Int(int64(n))
	return nil
}

func xdelCommand(c *Ctx) error {
	key := c.Args[1]
	s, err := c.findStreamForWrite(key)
	if err != nil {
		return err
	}
	if s == nil {
		c.Out.Int(0)
		return nil
	}
	ids, err := parseStreamIDs(c.Args[2:])
	if err != nil {
		return err
	}
	deleted := int64(0)
	for _, id := range ids {
		if s.Remove(id) {
			deleted++
		}
	}
	if deleted > 0 {
		c.changedStream("xdel", key)
	}
	c.Out.Int(deleted)
	return nil
}

// setIDOptions are what XSETID may set beside the last ID.
type setIDOptions struct {
	added      int64 // -1: not given
	maxDeleted stream.ID
}

func (c *Ctx) setIDOptions(last stream.ID) (o setIDOptions, err error) {
	o.added = -1
	for a := c.Options(3); a.More(); {
		switch {
		case a.TokenWith("ENTRIESADDED", 1):
			if o.added, err = a.Int(); err == nil && o.added < 0 {
				err = resp.ErrXsetidAdded
			}
		case a.TokenWith("MAXDELETEDID", 1):
			arg, _ := a.Next()
			if o.maxDeleted, err = parseStreamID(arg, 0); err == nil && last.Less(o.maxDeleted) {
				err = resp.ErrXsetidDeleted
			}
		default:
			err = resp.ErrSyntax
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

func xsetidCommand(c *Ctx) error {
	id, err := parseStreamID(c.Args[2], 0)
	if err != nil {
		return err
	}
	o, err := c.setIDOptions(id)
	if err != nil {
		return err
	}
	s, err := c.findStreamForWrite(c.Args[1])
	switch {
	case err != nil:
		return err
	case s == nil:
		return resp.ErrNoSuchKey
	case s.Entries() > 0 && id.Less(s.Top()):
		return resp.ErrXsetidTop
	case s.Entries() > 0 && o.added != -1 && int64(s.Entries()) > o.added:
		return resp.ErrXsetidLength
	}
	s.Last = id
	if o.added != -1 {
		s.Added = uint64(o.added)
	}
	if !o.maxDeleted.Zero() {
		s.MaxDeleted = o.maxDeleted
	}
	c.changedGroup("xsetid", c.Args[1]) // the entries are what they were
	c.Out.OK()
	return nil
}
