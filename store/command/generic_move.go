package command

import (
	"spindle/resp"
	"spindle/store"
)

// Keys that get another name, another database or a copy.

var moveCommands = []*Command{
	{Name: "copy", Arity: -3, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(1, RO|Access), oneKey(2, OW|Update)},
		Group: "generic", Since: "6.2.0", Categories: CatKeyspace,
		Complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
		Syntax:     "source:key destination:key#1 [DB=destination-db:integer] [REPLACE]", Summary: "Copy a key", Run: copyCommand},
	{Name: "move", Arity: 3, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)}, Group: "generic",
		Since: "1.0.0", Categories: CatKeyspace, Complexity: "O(1)", Syntax: "key db:integer",
		Summary: "Move a key to another database", Run: moveCommand},
	{Name: "rename", Arity: 3, Flags: Write, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete), oneKey(2, OW|Update)},
		Group: "generic", Since: "1.0.0", Categories: CatKeyspace, Complexity: "O(1)", Syntax: "key newkey:key#1",
		Summary: "Rename a key", Run: renameCommand},
	{Name: "renamenx", Arity: 3, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete), oneKey(2, OW|Insert)},
		Group: "generic", Since: "1.0.0", Categories: CatKeyspace, Complexity: "O(1)",
		History: []Change{{"3.2.0", "The command no longer returns an error when source and destination names are the same."}},
		Syntax:  "key newkey:key#1", Summary: "Rename a key, only if the new key does not exist", Run: renamenxCommand},
}

// rename gives the key Args[1] the name Args[2]. It reports false if there is a key of that name and it
// must not be replaced.
func (c *Ctx) rename(replace bool) (bool, error) {
	from, to := c.Args[1], c.Args[2]
	if k := c.DB.FindForWrite(from); !k.Exists() {
		return false, resp.ErrNoSuchKey
	}
	if string(from) == string(to) {
		return replace, nil
	}
	if k := c.DB.FindForWrite(to); k.Exists() {
		if !replace {
			return false, nil
		}
		k.Delete()
	}
	k := c.DB.Peek(from)
	k.MoveTo(c.DB, to)
	c.Changed(ClassGeneric, "rename_from", from)
	c.Changed(ClassGeneric, "rename_to", to)
	return true, nil
}

func renameCommand(c *Ctx) error {
	if _, err := c.rename(true); err != nil {
		return err
	}
	c.Out.OK()
	return nil
}

func renamenxCommand(c *Ctx) error {
	done, err := c.rename(false)
	if err != nil {
		return err
	}
	c.replyFlag(done)
	return nil
}

// replyFlag writes 1 or 0.
func (c *Ctx) replyFlag(yes bool) {
	n := int64(0)
	if yes {
		n = 1
	}
	c.Out.Int(n)
}

func moveCommand(c *Ctx) error {
	n, err := c.Int32(2)
	if err != nil {
		return err
	}
	dst, err := c.S.database(n)
	switch {
	case err != nil:
		return err
	case dst == c.DB:
		return resp.ErrSameObject
	}
	key := c.Args[1]
	k := c.DB.FindForWrite(key)
	if !k.Exists() {
		c.Out.Int(0)
		return nil
	}
	if there := dst.FindForWrite(key); there.Exists() {
		c.Out.Int(0)
		return nil
	}
	k.MoveTo(dst, key)
	c.Changed(ClassGeneric, "move_from", key)
	c.ChangedIn(dst, ClassGeneric, "move_to", key)
	c.Out.Int(1)
	return nil
}

func copyCommand(c *Ctx) error {
	dst, replace, err := c.copyOptions()
	if err != nil {
		return err
	}
	from, to := c.Args[1], c.Args[2]
	if dst == c.DB && string(from) == string(to) {
		return resp.ErrSameObject
	}
	if k := c.DB.Find(from); !k.Exists() {
		c.Out.Int(0)
		return nil
	}
	old := dst.FindForWrite(to)
	if old.Exists() && !replace {
		c.Out.Int(0)
		return nil
	}
	if old.Exists() {
		old.Delete()
	}
	k := c.DB.Peek(from)
	k.CopyTo(dst, to)
	c.ChangedIn(dst, ClassGeneric, "copy_to", to)
	c.Out.Int(1)
	return nil
}

func (c *Ctx) copyOptions() (dst *store.DB, replace bool, err error) {
	dst = c.DB
	for a := c.Options(3); a.More(); {
		switch {
		case a.Token("REPLACE"):
			replace = true
		case a.TokenWith("DB", 1):
			n, err := c.Int32(a.Pos())
			if err != nil {
				return nil, false, err
			}
			if dst, err = c.S.database(n); err != nil {
				return nil, false, err
			}
			a.Next()
		default:
			return nil, false, resp.ErrSyntax
		}
	}
	return dst, replace, nil
}
