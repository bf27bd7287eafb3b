package command

import (
	"spindle/resp"
	"spindle/store"
	"spindle/store/hash"
	"spindle/store/listpack"
)

// Hashes: the table and what reads single fields. hash_write.go changes them, hash_scan.go reads all of one, hash_random.go has
// HRANDFIELD, hash_expire.go the expiry of fields.
//
// A small hash is a listpack in its key's record, field, value, field, value, in the order of insertion as in Redis; a large one is
// a hash.Map.

var hashCommands = []*Command{
	{Name: "hdel", Arity: -3, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "hash", Since: "2.0.0",
		Categories: CatHash, Complexity: "O(N) where N is the number of fields to be removed.",
		History: []Change{{"2.4.0", "Accepts multiple `field` arguments."}}, Syntax: "key field...",
		Summary: "Delete one or more hash fields", Run: hdelCommand},
	{Name: "hexists", Arity: 3, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO)}, Group: "hash", Since: "2.0.0",
		Categories: CatHash, Complexity: "O(1)", Syntax: "key field", Summary: "Determine if a hash field exists",
		Run: hexistsCommand},
	{Name: "hget", Arity: 3, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "hash", Since: "2.0.0",
		Categories: CatHash, Complexity: "O(1)", Syntax: "key field", Summary: "Get the value of a hash field",
		Run: hgetCommand},
	{Name: "hgetall", Arity: 2, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "hash", Since: "2.0.0",
		Categories: CatHash, Complexity: "O(N) where N is the size of the hash.",
		Tips: []string{"nondeterministic_output_order"}, Syntax: "key",
		Summary: "Get all the fields and values in a hash", Run: hgetallCommand},
	{Name: "hincrby", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)}, Group: "hash",
		Since: "2.0.0", Categories: CatHash, Complexity: "O(1)", Syntax: "key field increment:integer",
		Summary: "Increment the integer value of a hash field by the given number", Run: hincrbyCommand},
	{Name: "hincrbyfloat", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)},
		Group: "hash", Since: "2.6.0", Categories: CatHash, Complexity: "O(1)", Syntax: "key field increment:double",
		Summary: "Increment the float value of a hash field by the given amount", Run: hincrbyfloatCommand},
	{Name: "hkeys", Arity: 2, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "hash", Since: "2.0.0",
		Categories: CatHash, Complexity: "O(N) where N is the size of the hash.",
		Tips: []string{"nondeterministic_output_order"}, Syntax: "key", Summary: "Get all the fields in a hash",
		Run: hkeysCommand},
	{Name: "hlen", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO)}, Group: "hash", Since: "2.0.0",
		Categories: CatHash, Complexity: "O(1)", Syntax: "key", Summary: "Get the number of fields in a hash",
		Run: hlenCommand},
	{Name: "hmget", Arity: -3, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "hash",
		Since: "2.0.0", Categories: CatHash, Complexity: "O(N) where N is the number of fields being requested.",
		Syntax: "key field...", Summary: "Get the values of all the given hash fields", Run: hmgetCommand},
	{Name: "hmset", Arity: -4, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "hash",
		Since: "2.0.0", Categories: CatHash, Complexity: "O(N) where N is the number of fields being set.",
		Deprecated: true, DeprecatedSince: "4.0.0", ReplacedBy: "`HSET` with multiple field-value pairs",
		Syntax: "key field_value(field value)...", Summary: "Set multiple hash fields to multiple values",
		Run: hmsetCommand},
	{Name: "hrandfield", Arity: -2, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "hash",
		Since: "6.2.0", Categories: CatHash, Complexity: "O(N) where N is the number of fields returned",
		Tips: []string{"nondeterministic_output"}, Syntax: "key [options(count:integer [WITHVALUES])]",
		Summary: "Get one or multiple random fields from a hash", Run: hrandfieldCommand},
	{Name: "hscan", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "hash", Since: "2.8.0",
		Categories: CatHash,
		Complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..",
		Tips:       []string{"nondeterministic_output"}, Syntax: "key cursor:integer [MATCH=pattern] [COUNT=count:integer]",
		Summary: "Incrementally iterate hash fields and associated values", Run: hscanCommand},
	{Name: "hset", Arity: -4, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "hash",
		Since: "2.0.0", Categories: CatHash,
		Complexity: "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.",
		History:    []Change{{"4.0.0", "Accepts multiple `field` and `value` arguments."}},
		Syntax:     "key field_value(field value)...", Summary: "Set the string value of a hash field", Run: hsetCommand},
	{Name: "hsetnx", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Insert)}, Group: "hash",
		Since: "2.0.0", Categories: CatHash, Complexity: "O(1)", Syntax: "key field value",
		Summary: "Set the value of a hash field, only if the field does not exist", Run: hsetnxCommand},
	{Name: "hstrlen", Arity: 3, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO)}, Group: "hash", Since: "3.2.0",
		Categories: CatHash, Complexity: "O(1)", Syntax: "key field",
		Summary: "Get the length of the value of a hash field", Run: hstrlenCommand},
	{Name: "hvals", Arity: 2, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "hash", Since: "2.0.0",
		Categories: CatHash, Complexity: "O(N) where N is the size of the hash.",
		Tips: []string{"nondeterministic_output_order"}, Syntax: "key", Summary: "Get all the values in a hash",
		Run: hvalsCommand},
}

// findHash finds a hash for reading; expired fields are not seen.
func (c *Ctx) findHash(key []byte) (store.Key, error) {
	k, err := c.Find(key, store.Hash)
	if err == nil {
		c.settleFields(&k, key)
	}
	return k, err
}

// findHashForWrite finds a hash for writing; expired fields are not seen.
func (c *Ctx) findHashForWrite(key []byte) (store.Key, error) {
	k, err := c.FindForWrite(key, store.Hash)
	if err == nil {
		c.settleFields(&k, key)
	}
	return k, err
}

// hashMap returns the large hash that k holds, nil for a small or missing one.
func hashMap(k *store.Key) *hash.Map {
	if k.Exists() && k.Encoding() == store.Hashtable {
		return k.Object().(*hash.Map)
	}
	return nil
}

// hashLen returns the number of fields of a hash, found or missing.
func hashLen(k *store.Key) int {
	if m := hashMap(k); m != nil {
		return m.Len()
	}
	if !k.Exists() {
		return 0
	}
	return listpack.Len(k.Bytes()) / 2
}

// findPair returns where the value of field is in a listpack of pairs, listpack.None if it is not there.
func findPair(lp, field []byte) int {
	off := listpack.Find(lp, listpack.First(lp), field, 1)
	if off == listpack.None {
		return off
	}
	return listpack.Next(lp, off)
}

// fieldValue returns the value of a field of a hash, found or missing: a view, or digits in buf.
func fieldValue(k *store.Key, field, buf []byte) ([]byte, bool) {
	if m := hashMap(k); m != nil {
		return m.Value(field)
	}
	if !k.Exists() {
		return nil, false
	}
	lp := k.Bytes()
	off := findPair(lp, field)
	if off == listpack.None {
		return nil, false
	}
	return listpack.Element(lp, off, buf), true
}

// replyElement writes an element of a listpack as a bulk string.
func replyElement(w *resp.Writer, lp []byte, off int) {
	if str, n, isInt := listpack.Get(lp, off); isInt {
		w.BulkInt(n)
	} else {
		w.Bulk(str)
	}
}

func replyField(w *resp.Writer, k *store.Key, field []byte) {
	var buf [20]byte
	if v, ok := fieldValue(k, field, buf[:]); ok {
		w.Bulk(v)
	} else {
		w.Null()
	}
}

func hgetCommand(c *Ctx) error {
	k, err := c.findHash(c.Args[1])
	if err != nil {
		return err
	}
	replyField(c.Out, &k, c.Args[2])
	return nil
}

func hmgetCommand(c *Ctx) error {
	k, err := c.findHash(c.Args[1])
	if err != nil {
		return err
	}
	c.Out.Array(len(c.Args) - 2)
	for _, field := range c.Args[2:] {
		replyField(c.Out, &k, field)
	}
	return nil
}

func hexistsCommand(c *Ctx) error {
	k, err := c.findHash(c.Args[1])
	if err != nil {
		return err
	}
	var buf [20]byte
	_, ok := fieldValue(&k, c.Args[2], buf[:])
	replyTruth(c.Out, ok)
	return nil
}

// replyTruth writes 1 or 0.
func replyTruth(w *resp.Writer, ok bool) {
	if ok {
		w.Int(1)
	} else {
		w.Int(0)
	}
}

func hlenCommand(c *Ctx) error {
	k, err := c.findHash(c.Args[1])
	if err != nil {
		return err
	}
	c.Out.Int(int64(hashLen(&k)))
	return nil
}

func hstrlenCommand(c *Ctx) error {
	k, err := c.findHash(c.Args[1])
	if err != nil {
		return err
	}
	var buf [20]byte
	v, _ := fieldValue(&k, c.Args[2], buf[:])
	c.Out.Int(int64(len(v)))
	return nil
}
