package command

import "spindle/store"

// Sorted sets that clients wait for.

var zsetBlockCommands = []*Command{
	{Name: "bzmpop", Arity: -5, Flags: Write | Blocking, Keys: []KeySpec{atIndex(2).counted(0, 1, 1).is(RW | Access | KeyDelete)},
		Group: "sorted-set", Since: "7.0.0", Categories: CatSortedSet,
		Complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.",
		Syntax:     "timeout:double numkeys:integer key... where(MIN|MAX) [COUNT=count:integer]",
		Summary:    "Remove and return members with scores in a sorted set or block until one is available", Run: bzmpopCommand},
	{Name: "bzpopmax", Arity: -3, Flags: Write | NoScript | Blocking | Fast, Keys: []KeySpec{atIndex(1).keys(-2, 1, 0).is(RW | Access | KeyDelete)},
		Group: "sorted-set", Since: "5.0.0", Categories: CatSortedSet,
		Complexity: "O(log(N)) with N being the number of elements in the sorted set.",
		History:    []Change{{"6.0.0", "`timeout` is interpreted as a double instead of an integer."}}, Syntax: "key... timeout:double",
		Summary: "Remove and return the member with the highest score from one or more sorted sets, or block until one is available",
		Run:     bzpopmaxCommand},
	{Name: "bzpopmin", Arity: -3, Flags: Write | NoScript | Blocking | Fast, Keys: []KeySpec{atIndex(1).keys(-2, 1, 0).is(RW | Access | KeyDelete)},
		Group: "sorted-set", Since: "5.0.0", Categories: CatSortedSet,
		Complexity: "O(log(N)) with N being the number of elements in the sorted set.",
		History:    []Change{{"6.0.0", "`timeout` is interpreted as a double instead of an integer."}}, Syntax: "key... timeout:double",
		Summary: "Remove and return the member with the lowest score from one or more sorted sets, or block until one is available",
		Run:     bzpopminCommand},
}

func bzpopminCommand(c *Ctx) error { return c.blockingPopEnd(serveBzpopmin) }
func bzpopmaxCommand(c *Ctx) error { return c.blockingPopEnd(serveBzpopmax) }

func (c *Ctx) blockingPopEnd(serve func(c *Ctx, key []byte) (bool, error)) error {
	last := len(c.Args) - 1
	ms, err := c.Timeout(last)
	if err != nil {
		return err
	}
	return c.serveFirst(Wait{Keys: c.Args[1:last], Type: store.ZSet, Millis: ms, Serve: serve})
}

func serveBzpopmin(c *Ctx, key []byte) (bool, error) {
	return zsetPop{count: 1, shape: popKeyed}.runFirst(c, [][]byte{key})
}

func serveBzpopmax(c *Ctx, key []byte) (bool, error) {
	return zsetPop{max: true, count: 1, shape: popKeyed}.runFirst(c, [][]byte{key})
}

func bzmpopCommand(c *Ctx) error {
	_, keys, err := c.multiPop(2)
	if err != nil {
		return err
	}
	ms, err := c.Timeout(1) // the last thing that is looked at
	if err != nil {
		return err
	}
	return c.serveFirst(Wait{Keys: keys, Type: store.ZSet, Millis: ms, Serve: serveBzmpop})
}

func serveBzmpop(c *Ctx, key []byte) (bool, error) {
	p, _, err := c.multiPop(2)
	if err != nil {
		return false, err
	}
	return p.runFirst(c, [][]byte{key})
}
