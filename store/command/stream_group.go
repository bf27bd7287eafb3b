package command

import (
	"spindle/resp"
	"spindle/store"
	"spindle/store/stream"
)

// Consumer groups.

var streamGroupCommands = []*Command{
	{Name: "xgroup", Arity: -2, Group: "stream", Since: "5.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for consumer groups commands",
		Subs: []*Command{
			{Name: "delconsumer", Arity: 5, Flags: Write, Keys: []KeySpec{oneKey(2, RW|KeyDelete)}, Group: "stream",
				Since: "5.0.0", Categories: CatStream, Complexity: "O(1)", Syntax: "key groupname consumername",
				Summary: "Delete a consumer from a consumer group.", Run: xgroupDelconsumerCommand},
			{Name: "createconsumer", Arity: 5, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(2, RW|Insert)}, Group: "stream",
				Since: "6.2.0", Categories: CatStream, Complexity: "O(1)", Syntax: "key groupname consumername",
				Summary: "Create a consumer in a consumer group.", Run: xgroupCreateconsumerCommand},
			{Name: "create", Arity: -5, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(2, RW|Insert)}, Group: "stream",
				Since: "5.0.0", Categories: CatStream, Complexity: "O(1)",
				History: []Change{{"7.0.0", "Added the `entries_read` named argument."}},
				Syntax:  "key groupname id(id|new_id:$) [MKSTREAM] [ENTRIESREAD=entries_read:integer]",
				Summary: "Create a consumer group.", Run: xgroupCreateCommand},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "stream", Since: "5.0.0", Categories: CatStream,
				Complexity: "O(1)", Summary: "Show helpful text about the different subcommands", Run: xgroupHelpCommand},
			{Name: "destroy", Arity: 4, Flags: Write, Keys: []KeySpec{oneKey(2, RW|KeyDelete)}, Group: "stream",
				Since: "5.0.0", Categories: CatStream,
				Complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL).",
				Syntax:     "key groupname", Summary: "Destroy a consumer group.", Run: xgroupDestroyCommand},
			{Name: "setid", Arity: -5, Flags: Write, Keys: []KeySpec{oneKey(2, RW|Update)}, Group: "stream", Since: "5.0.0",
				Categories: CatStream, Complexity: "O(1)",
				History: []Change{{"7.0.0", "Added the optional `entries_read` argument."}},
				Syntax:  "key groupname id(id|new_id:$) [ENTRIESREAD=entries_read:integer]",
				Summary: "Set a consumer group to an arbitrary last delivered ID value.", Run: xgroupSetidCommand},
		}},
	{Name: "xack", Arity: -4, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "stream",
		Since: "5.0.0", Categories: CatStream, Complexity: "O(1) for each message ID processed.",
		Syntax:  "key group id...",
		Summary: "Marks a pending message as correctly processed, effectively removing it from the pending entries list of the consumer group. Return value of the command is the number of messages successfully acknowledged, that is, the IDs we were actually able to resolve in the PEL.",
		Run:     xackCommand},
}

func xgroupHelpCommand(c *Ctx) error {
	return c.help(`
CREATE <key> <groupname> <id|$> [option]
    Create a new consumer group. Options are:
    * MKSTREAM
      Create the empty stream if it does not exist.
    * ENTRIESREAD entries_read
      Set the group's entries_read counter (internal use).
CREATECONSUMER <key> <groupname> <consumer>
    Create a new consumer in the specified group.
DELCONSUMER <key> <groupname> <consumer>
    Remove the specified consumer.
DESTROY <key> <groupname>
    Remove the specified group.
SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]
    Set the current group ID and entries_read counter.
`)
}

// groupOptions are what follows the ID of XGROUP CREATE and SETID.
type groupOptions struct {
	mkstream bool
	read     int64
}

func (c *Ctx) groupOptions(create bool) (o groupOptions, err error) {
	o.read = stream.ReadUnknown
	for a := c.Options(5); a.More(); {
		switch {
		case create && a.Token("MKSTREAM"):
			o.mkstream = true
		case a.TokenWith("ENTRIESREAD", 1):
			if o.read, err = a.Int(); err != nil {
				return o, err
			}
			if o.read < 0 && o.read != stream.ReadUnknown {
				return o, resp.ErrEntriesRead
			}
		default:
			return o, resp.ErrSubcommandSyntax(c.Args[0], c.Args[1])
		}
	}
	return o, nil
}

// findGroup finds the stream Args[2], which has to exist, and its group Args[3], nil if there is none.
func (c *Ctx) findGroup() (*stream.Stream, *stream.Group, error) {
	s, err := c.findStreamForWrite(c.Args[2])
	if err != nil {
		return nil, nil, err
	}
	if s == nil {
		return nil, nil, resp.ErrXgroupKey
	}
	return s, s.Group(c.Args[3]), nil
}

// needGroup is findGroup for a group that has to exist too.
func (c *Ctx) needGroup() (*stream.Stream, *stream.Group, error) {
	s, g, err := c.findGroup()
	if err == nil && g == nil {
		err = resp.ErrNoGroup(c.Args[3], c.Args[2])
	}
	return s, g, err
}

func xgroupCreateCommand(c *Ctx) error {
	o, err := c.groupOptions(true)
	if err != nil {
		return err
	}
	key := c.Args[2]
	k, err := c.FindForWrite(key, store.Stream)
	if err != nil {
		return err
	}
	if !k.Exists() && !o.mkstream {
		return resp.ErrXgroupKey
	}
	if len(c.Args) > 8 {
		return resp.ErrSubcommandSyntax(c.Args[0], c.Args[1])
	}
	s := c.streamOf(&k)
	id, err := c.groupID(s, parseStreamID)
	if err != nil {
		return err
	}
	if s.CreateGroup(c.Args[3], id, o.read) == nil {
		return resp.ErrBusyGroup
	}
	if !k.Exists() {
		keepStream(&k, key, s)
		c.Changed(ClassStream, "", key)
	}
	c.changedGroup("xgroup-create", key)
	c.Out.OK()
	return nil
}

// groupID parses the ID Args[4], where "$" is the stream's last.
func (c *Ctx) groupID(s *stream.Stream, parse func([]byte, uint64) (stream.ID, error)) (stream.ID, error) {
	if string(cText(c.Args[4])) == "$" {
		return s.Last, nil
	}
	return parse(c.Args[4], 0)
}

func xgroupSetidCommand(c *Ctx) error {
	o, err := c.groupOptions(false)
	if err != nil {
		return err
	}
	s, g, err := c.needGroup()
	if err != nil {
		return err
	}
	if n := len(c.Args); n != 5 && n != 7 {
		return resp.ErrSubcommandSyntax(c.Args[0], c.Args[1])
	}
	id, err := c.groupID(s, parseAnyID)
	if err != nil {
		return err
	}
	g.Last, g.Read = id, o.read
	c.changedGroup("xgroup-setid", c.Args[2])
	c.Out.OK()
	return nil
}

func xgroupDestroyCommand(c *Ctx) error {
	s, g, err := c.findGroup()
	if err != nil {
		return err
	}
	if g != nil {
		c.S.Store.Drop(s.RemoveGroup(c.Args[3]))
		c.changedGroup("xgroup-destroy", c.Args[2])
		if c.S.hooks&hookBlocked != 0 {
			c.S.blocked.signal(c.DB, c.Args[2]) // who reads as the group waits in vain
		}
	}
	c.replyFlag(g != nil)
	return nil
}

func xgroupCreateconsumerCommand(c *Ctx) error {
	_, g, err := c.needGroup()
	if err != nil {
		return err
	}
	created := g.CreateConsumer(c.Args[4], c.Now()) != nil
	if created {
		c.changedGroup("xgroup-createconsumer", c.Args[2])
	}
	c.replyFlag(created)
	return nil
}

func xgroupDelconsumerCommand(c *Ctx) error {
	_, g, err := c.needGroup()
	if err != nil {
		return err
	}
	pending := 0
	if m := g.Consumer(c.Args[4]); m != nil {
		pending = m.PendingLen()
		g.RemoveConsumer(m)
		c.changedGroup("xgroup-delconsumer", c.Args[2])
	}
	c.Out.Int(int64(pending))
	return nil
}

func xackCommand(c *Ctx) error {
	s, err := c.findStreamForWrite(c.Args[1])
	if err != nil {
		return err
	}
	var g *stream.Group
	if s != nil {
		g = s.Group(c.Args[2])
	}
	if g == nil {
		c.Out.Int(0)
		return nil
	}
	ids, err := parseStreamIDs(c.Args[3:])
	if err != nil {
		return err
	}
	n := int64(0)
	for _, id := range ids {
		if g.Ack(id) {
			n++
		}
	}
	if n > 0 {
		c.changedGroup("", c.Args[1])
	}
	c.Out.Int(n)
	return nil
}
