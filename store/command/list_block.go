package command

import (
	"spindle/resp"
	"spindle/store"
)

// Lists that clients wait for. What is logged is what was done in the end: LPOP, LMOVE and so on.

var (
	wordLmove     = []byte("LMOVE")
	wordRpoplpush = []byte("RPOPLPUSH")
)

var listBlockCommands = []*Command{
	{Name: "blmove", Arity: 6, Flags: Write | DenyOOM | NoScript | Blocking, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete), oneKey(2, RW|Insert)},
		Group: "list", Since: "6.2.0", Categories: CatList, Complexity: "O(1)",
		Syntax:  "source:key destination:key#1 wherefrom(LEFT|RIGHT) whereto(LEFT|RIGHT) timeout:double",
		Summary: "Pop an element from a list, push it to another list and return it; or block until one is available", Run: blmoveCommand},
	{Name: "blmpop", Arity: -5, Flags: Write | Blocking, Keys: []KeySpec{atIndex(2).counted(0, 1, 1).is(RW | Access | KeyDelete)},
		Group: "list", Since: "7.0.0", Categories: CatList,
		Complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
		Syntax:     "timeout:double numkeys:integer key... where(LEFT|RIGHT) [COUNT=count:integer]",
		Summary:    "Pop elements from a list, or block until one is available", Run: blmpopCommand},
	{Name: "blpop", Arity: -3, Flags: Write | NoScript | Blocking, Keys: []KeySpec{atIndex(1).keys(-2, 1, 0).is(RW | Access | KeyDelete)},
		Group: "list", Since: "2.0.0", Categories: CatList, Complexity: "O(N) where N is the number of provided keys.",
		History: []Change{{"6.0.0", "`timeout` is interpreted as a double instead of an integer."}}, Syntax: "key... timeout:double",
		Summary: "Remove and get the first element in a list, or block until one is available", Run: blpopCommand},
	{Name: "brpop", Arity: -3, Flags: Write | NoScript | Blocking, Keys: []KeySpec{atIndex(1).keys(-2, 1, 0).is(RW | Access | KeyDelete)},
		Group: "list", Since: "2.0.0", Categories: CatList, Complexity: "O(N) where N is the number of provided keys.",
		History: []Change{{"6.0.0", "`timeout` is interpreted as a double instead of an integer."}}, Syntax: "key... timeout:double",
		Summary: "Remove and get the last element in a list, or block until one is available", Run: brpopCommand},
	{Name: "brpoplpush", Arity: 4, Flags: Write | DenyOOM | NoScript | Blocking, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete), oneKey(2, RW|Insert)},
		Group: "list", Since: "2.2.0", Categories: CatList, Complexity: "O(1)", Deprecated: true, DeprecatedSince: "6.2.0",
		ReplacedBy: "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
		History:    []Change{{"6.0.0", "`timeout` is interpreted as a double instead of an integer."}},
		Syntax:     "source:key destination:key#1 timeout:double",
		Summary:    "Pop an element from a list, push it to another list and return it; or block until one is available", Run: brpoplpushCommand},
}

// serveFirst has serve try the keys in turn, and waits for them if none can serve.
func (c *Ctx) serveFirst(w Wait) error {
	for _, key := range w.Keys {
		if served, err := w.Serve(c, key); served || err != nil {
			return err
		}
	}
	return c.Block(w)
}

func blpopCommand(c *Ctx) error { return c.blockingPop(serveBlpop) }
func brpopCommand(c *Ctx) error { return c.blockingPop(serveBrpop) }

func serveBlpop(c *Ctx, key []byte) (bool, error) { return c.popNamed(key, true) }
func serveBrpop(c *Ctx, key []byte) (bool, error) { return c.popNamed(key, false) }

func (c *Ctx) blockingPop(serve func(c *Ctx, key []byte) (bool, error)) error {
	last := len(c.Args) - 1
	ms, err := c.Timeout(last)
	if err != nil {
		return err
	}
	return c.serveFirst(Wait{Keys: c.Args[1:last], Type: store.List, Millis: ms, Serve: serve})
}

// popNamed pops one element from a list, if there is one, and replies with the key and the element.
func (c *Ctx) popNamed(key []byte, front bool) (bool, error) {
	k, err := c.FindForWrite(key, store.List)
	if err != nil || !k.Exists() {
		return false, err
	}
	c.Out.Array(2)
	c.Out.Bulk(key)
	c.popElement(&k, key, front)
	c.listPopped(&k, key, front)
	word := wordRpop
	if front {
		word = wordLpop
	}
	c.Propagate(word, key)
	return true, nil
}

func blmoveCommand(c *Ctx) error {
	if _, err := listSide(c.Args[3]); err != nil {
		return err
	}
	if _, err := listSide(c.Args[4]); err != nil {
		return err
	}
	return c.blockingMove(5, serveBlmove)
}

func brpoplpushCommand(c *Ctx) error { return c.blockingMove(3, serveBrpoplpush) }

func (c *Ctx) blockingMove(timeoutAt int, serve func(c *Ctx, key []byte) (bool, error)) error {
	ms, err := c.Timeout(timeoutAt)
	if err != nil {
		return err
	}
	return c.serveFirst(Wait{Keys: c.Args[1:2], Type: store.List, Millis: ms, Serve: serve, Refused: (*resp.Writer).Null})
}

func serveBlmove(c *Ctx, key []byte) (bool, error) {
	from, _ := listSide(c.Args[3])
	to, _ := listSide(c.Args[4])
	moved, err := c.moveIfAny(from, to)
	if moved {
		c.Propagate(wordLmove, c.Args[1], c.Args[2], c.Args[3], c.Args[4])
	}
	return moved, err
}

func serveBrpoplpush(c *Ctx, key []byte) (bool, error) {
	moved, err := c.moveIfAny(false, true)
	if moved {
		c.Propagate(wordRpoplpush, c.Args[1], c.Args[2])
	}
	return moved, err
}

// moveIfAny moves an element from list Args[1] to list Args[2] if there is one.
func (c *Ctx) moveIfAny(fromFront, toFront bool) (bool, error) {
	k, err := c.FindForWrite(c.Args[1], store.List)
	if err != nil || !k.Exists() {
		return false, err
	}
	if err := c.moveElement(&k, c.Args[1], c.Args[2], fromFront, toFront); err != nil {
		return false, err
	}
	return true, nil
}

func blmpopCommand(c *Ctx) error {
	o, err := c.lmpopOptions(2)
	if err != nil {
		return err
	}
	ms, err := c.Timeout(1) // the last thing that is looked at
	if err != nil {
		return err
	}
	return c.serveFirst(Wait{Keys: o.keys, Type: store.List, Millis: ms, Serve: serveBlmpop})
}

func serveBlmpop(c *Ctx, key []byte) (bool, error) {
	o, err := c.lmpopOptions(2)
	if err != nil {
		return false, err
	}
	k, err := c.FindForWrite(key, store.List)
	if err != nil || !k.Exists() {
		return false, err
	}
	c.popWithKey(&k, key, o)
	return true, nil
}
