package command

import "spindle/store"

// Commands on keys of any type. generic_expire.go has expiry, generic_copy.go what moves or copies a key,
// generic_scan.go what looks for keys, object.go OBJECT.

var genericCommands = []*Command{
	{Name: "del", Arity: -2, Flags: Write, Keys: []KeySpec{atIndex(1).keys(-1, 1, 0).is(RM | KeyDelete)}, Group: "generic",
		Since: "1.0.0", Categories: CatKeyspace,
		Complexity: "O(N) where N is the number of keys that will be removed. When a key to remove holds a value other than a string, the individual complexity for this key is O(M) where M is the number of elements in the list, set, sorted set or hash. Removing a single key that holds a string value is O(1).",
		Tips:       []string{"request_policy:multi_shard", "response_policy:agg_sum"}, Syntax: "key...", Summary: "Delete a key",
		Run: delCommand},
	{Name: "exists", Arity: -2, Flags: ReadOnly | Fast, Keys: []KeySpec{atIndex(1).keys(-1, 1, 0).is(RO)}, Group: "generic",
		Since: "1.0.0", Categories: CatKeyspace, Complexity: "O(N) where N is the number of keys to check.",
		Tips:    []string{"request_policy:multi_shard", "response_policy:agg_sum"},
		History: []Change{{"3.0.3", "Accepts multiple `key` arguments."}}, Syntax: "key...",
		Summary: "Determine if a key exists", Run: existsCommand},
	{Name: "touch", Arity: -2, Flags: ReadOnly | Fast, Keys: []KeySpec{atIndex(1).keys(-1, 1, 0).is(RO)}, Group: "generic",
		Since: "3.2.1", Categories: CatKeyspace, Complexity: "O(N) where N is the number of keys that will be touched.",
		Tips: []string{"request_policy:multi_shard", "response_policy:agg_sum"}, Syntax: "key...",
		Summary: "Alters the last access time of a key(s). Returns the number of existing keys specified.", Run: touchCommand},
	{Name: "type", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO)}, Group: "generic", Since: "1.0.0",
		Categories: CatKeyspace, Complexity: "O(1)", Syntax: "key", Summary: "Determine the type stored at key",
		Run: typeCommand},
	{Name: "unlink", Arity: -2, Flags: Write | Fast, Keys: []KeySpec{atIndex(1).keys(-1, 1, 0).is(RM | KeyDelete)},
		Group: "generic", Since: "4.0.0", Categories: CatKeyspace,
		Complexity: "O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread in order to reclaim memory, where N is the number of allocations the deleted objects where composed of.",
		Tips:       []string{"request_policy:multi_shard", "response_policy:agg_sum"}, Syntax: "key...",
		Summary: "Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking.",
		Run:     unlinkCommand},
}

func delCommand(c *Ctx) error    { return c.deleteKeys() }
func unlinkCommand(c *Ctx) error { return c.deleteKeys() }

// deleteKeys is DEL and UNLINK: large values are always freed in slices, later.
func (c *Ctx) deleteKeys() error {
	n := int64(0)
	for _, name := range c.Args[1:] {
		k := c.DB.FindForWrite(name)
		if k.Exists() {
			k.Delete()
			c.Changed(ClassGeneric, "del", name)
			n++
		}
	}
	c.Out.Int(n)
	return nil
}

// deleteKey removes an existing key and logs a DEL.
func (c *Ctx) deleteKey(key []byte) {
	k := c.DB.FindForWrite(key)
	k.Delete()
	c.Changed(ClassGeneric, "del", key)
	c.Propagate(wordDel, key)
}

func existsCommand(c *Ctx) error { return c.count((*store.DB).FindQuietly) }
func touchCommand(c *Ctx) error  { return c.count((*store.DB).Find) }

// count answers how many of the named keys there are.
func (c *Ctx) count(find func(*store.DB, []byte) store.Key) error {
	n := int64(0)
	for _, name := range c.Args[1:] {
		if k := find(c.DB, name); k.Exists() {
			n++
		}
	}
	c.Out.Int(n)
	return nil
}

func typeCommand(c *Ctx) error {
	if k := c.DB.FindQuietly(c.Args[1]); k.Exists() {
		c.Out.Status(k.Type().String())
	} else {
		c.Out.Status("none")
	}
	return nil
}
