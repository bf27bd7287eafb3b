package command

import (
	"bytes"

	"spindle/store"
	"spindle/store/glob"
)

// What looks for keys.

var keyScanCommands = []*Command{
	{Name: "keys", Arity: 2, Flags: ReadOnly, Group: "generic", Since: "1.0.0", Categories: CatKeyspace | CatDangerous,
		Complexity: "O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.",
		Tips:       []string{"request_policy:all_shards", "nondeterministic_output_order"}, Syntax: "pattern",
		Summary: "Find all keys matching the given pattern", Run: keysCommand},
	{Name: "randomkey", Arity: 1, Flags: ReadOnly, Group: "generic", Since: "1.0.0", Categories: CatKeyspace,
		Complexity: "O(1)", Tips: []string{"request_policy:all_shards", "nondeterministic_output"},
		Summary: "Return a random key from the keyspace", Run: randomkeyCommand},
	{Name: "scan", Arity: -2, Flags: ReadOnly, Group: "generic", Since: "2.8.0", Categories: CatKeyspace,
		Complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
		Tips:       []string{"nondeterministic_output", "request_policy:special"},
		History:    []Change{{"6.0.0", "Added the `TYPE` subcommand."}},
		Syntax:     "cursor:integer [MATCH=pattern] [COUNT=count:integer] [TYPE=type@6.0.0]",
		Summary:    "Incrementally iterate the keys space", Run: scanCommand},
}

// keysPerScan is how many keys KEYS takes from the index at a time.
const keysPerScan = 1 << 10

func keysCommand(c *Ctx) error {
	pattern := c.Args[1]
	all := len(pattern) == 1 && pattern[0] == '*'
	list, n := c.Out.ReserveArray(), 0
	cursor := uint64(0)
	for {
		cursor = c.DB.Scan(cursor, keysPerScan, func(k store.Key) {
			if (all || glob.Match(pattern, k.Name(), false)) && !c.expired(&k) {
				c.Out.Bulk(k.Name())
				n++
			}
		})
		if cursor == 0 {
			break
		}
	}
	c.Out.SetLen(list, n)
	return nil
}

// expired reports whether a key's time has come, though it is still there.
func (c *Ctx) expired(k *store.Key) bool {
	at := k.ExpireAt()
	return at != 0 && at <= c.Now()
}

// randomkeyCommand removes the expired keys it comes upon, so that there are ever fewer of them.
func randomkeyCommand(c *Ctx) error {
	for {
		k := c.DB.Random()
		if k.Exists() && c.expired(&k) {
			if k = c.DB.FindForWrite(k.Name()); !k.Exists() {
				continue
			}
		}
		if k.Exists() {
			c.Out.Bulk(k.Name())
		} else {
			c.Out.Null()
		}
		return nil
	}
}

// scanCommand removes the expired keys it comes upon.
func scanCommand(c *Ctx) error {
	cursor, err := scanCursor(c.Args[1])
	if err != nil {
		return err
	}
	o, err := c.scanOptions(2, true)
	if err != nil {
		return err
	}
	s := elementScan{scanOptions: o, out: c.Out, at: len(c.Out.Buf)}
	s.list = c.Out.ReserveArray()
	var expired [][]byte
	next := c.DB.Scan(cursor, o.count, func(k store.Key) {
		if !o.matches(k.Name()) {
			return
		}
		typ := k.Type().String()
		if c.expired(&k) {
			expired = append(expired, bytes.Clone(k.Name()))
			typ = "none"
		}
		if o.ofType(typ) {
			c.Out.Bulk(k.Name())
			s.items++
		}
	})
	s.end(next)
	for _, name := range expired {
		c.DB.FindForWrite(name)
	}
	return nil
}

// ofType reports whether TYPE lets a key pass. As in Redis, an expired key is none without the option, but has the type
// "none" with it.
func (o *scanOptions) ofType(t string) bool {
	if o.typ == nil {
		return t != "none"
	}
	return bytes.EqualFold(o.typ, []byte(t))
}
