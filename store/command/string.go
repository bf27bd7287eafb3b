package command

import (
	"strconv"

	"spindle/resp"
	"spindle/store"
)

// The everyday string commands. string_set.go has SET and what sets an expiry, string_number.go the
// counters, string_range.go what looks into a string, string_lcs.go LCS.

var stringCommands = []*Command{
	{Name: "get", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "string", Since: "1.0.0",
		Categories: CatString, Complexity: "O(1)", Syntax: "key", Summary: "Get the value of a key", Run: getCommand},
	{Name: "getdel", Arity: 2, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete)}, Group: "string",
		Since: "6.2.0", Categories: CatString, Complexity: "O(1)", Syntax: "key",
		Summary: "Get the value of a key and delete the key", Run: getdelCommand},
	{Name: "getset", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)}, Group: "string",
		Since: "1.0.0", Categories: CatString, Complexity: "O(1)", Deprecated: true, DeprecatedSince: "6.2.0",
		ReplacedBy: "`SET` with the `!GET` argument", Syntax: "key value",
		Summary: "Set the string value of a key and return its old value", Run: getsetCommand},
	{Name: "mget", Arity: -2, Flags: ReadOnly | Fast, Keys: []KeySpec{atIndex(1).keys(-1, 1, 0).is(RO | Access)},
		Group: "string", Since: "1.0.0", Categories: CatString, Complexity: "O(N) where N is the number of keys to retrieve.",
		Tips: []string{"request_policy:multi_shard"}, Syntax: "key...", Summary: "Get the values of all the given keys",
		Run: mgetCommand},
	{Name: "mset", Arity: -3, Flags: Write | DenyOOM, Keys: []KeySpec{atIndex(1).keys(-1, 2, 0).is(OW | Update)},
		Group: "string", Since: "1.0.1", Categories: CatString, Complexity: "O(N) where N is the number of keys to set.",
		Tips: []string{"request_policy:multi_shard", "response_policy:all_succeeded"}, Syntax: "key_value(key value)...",
		Summary: "Set multiple keys to multiple values", Run: msetCommand},
	{Name: "msetnx", Arity: -3, Flags: Write | DenyOOM, Keys: []KeySpec{atIndex(1).keys(-1, 2, 0).is(OW | Insert)},
		Group: "string", Since: "1.0.1", Categories: CatString, Complexity: "O(N) where N is the number of keys to set.",
		Tips: []string{"request_policy:multi_shard", "response_policy:agg_min"}, Syntax: "key_value(key value)...",
		Summary: "Set multiple keys to multiple values, only if none of the keys exist", Run: msetnxCommand},
	{Name: "setnx", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, OW|Insert)}, Group: "string",
		Since: "1.0.0", Categories: CatString, Complexity: "O(1)", Syntax: "key value",
		Summary: "Set the value of a key, only if the key does not exist", Run: setnxCommand},
	{Name: "strlen", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO)}, Group: "string", Since: "2.2.0",
		Categories: CatString, Complexity: "O(1)", Syntax: "key", Summary: "Get the length of the value stored in a key",
		Run: strlenCommand},
	{Name: "delifeq", Arity: 3, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RM|KeyDelete)}, Group: "string", Since: "9.0.0",
		Categories: CatString, Complexity: "O(1)", Syntax: "key value",
		Summary: "Delete a key if its value is equal to the given string", Run: delifeqCommand},
}

// embStrMax is the longest string with encoding embstr, as in Redis.
const embStrMax = 44

// setString gives a key a string value: an integer where the bytes are one in canonical form.
func setString(k *store.Key, name, value []byte, expireAt int64) {
	if n, ok := canonicalInt(value); ok {
		setInt(k, name, n, expireAt)
		return
	}
	setPlain(k, name, value, expireAt)
}

// setPlain gives a key a string value that is not looked at.
func setPlain(k *store.Key, name, value []byte, expireAt int64) {
	enc := store.EmbStr
	if len(value) > embStrMax {
		enc = store.Raw
	}
	copy(k.Set(name, store.String, enc, len(value), expireAt), value)
}

// canonicalInt parses what an integer prints as.
func canonicalInt(b []byte) (int64, bool) {
	if len(b) > 20 {
		return 0, false
	}
	return resp.ParseInt(b)
}

// replyString writes the value of a found string key.
func replyString(w *resp.Writer, k *store.Key) {
	if k.Encoding() == store.Int {
		w.BulkInt(k.Int())
		return
	}
	w.Bulk(k.Bytes())
}

// appendString appends the value of a found string key to dst.
func appendString(dst []byte, k *store.Key) []byte {
	if k.Encoding() == store.Int {
		return strconv.AppendInt(dst, k.Int(), 10)
	}
	return append(dst, k.Bytes()...)
}

// digits holds an integer's text while stringBytes lends it.
type digits [20]byte

// stringBytes returns the value of a string key, empty if it is missing. It is a view of the record or of room.
func stringBytes(k *store.Key, room *digits) []byte {
	switch {
	case !k.Exists():
		return nil
	case k.Encoding() == store.Int:
		return strconv.AppendInt(room[:0], k.Int(), 10)
	}
	return k.Bytes()
}

// replyStringAt writes the value of the key name, or null, and reports whether there is one.
func (c *Ctx) replyStringAt(name []byte) (bool, error) {
	k, err := c.Find(name, store.String)
	if err != nil {
		return false, err
	}
	if !k.Exists() {
		c.Out.Null()
		return false, nil
	}
	replyString(c.Out, &k)
	return true, nil
}

func getCommand(c *Ctx) error {
	k, err := c.Find(c.Args[1], store.String)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Null()
		return nil
	}
	replyString(c.Out, &k)
	return nil
}

// getdelCommand is logged as DEL.
func getdelCommand(c *Ctx) error {
	key := c.Args[1]
	found, err := c.replyStringAt(key)
	if found {
		c.deleteKey(key)
	}
	return err
}

// delifeqCommand is logged as DEL.
func delifeqCommand(c *Ctx) error {
	k, err := c.FindForWrite(c.Args[1], store.String)
	if err != nil {
		return err
	}
	var room digits
	if !k.Exists() || string(stringBytes(&k, &room)) != string(c.Args[2]) {
		c.Out.Int(0)
		return nil
	}
	c.deleteKey(c.Args[1])
	c.Out.Int(1)
	return nil
}

// getsetCommand is logged as SET.
func getsetCommand(c *Ctx) error {
	key, value := c.Args[1], c.Args[2]
	if _, err := c.replyStringAt(key); err != nil {
		return err
	}
	k := c.DB.FindForWrite(key)
	setString(&k, key, value, 0)
	c.Changed(ClassString, "set", key)
	c.Propagate(wordSet, key, value)
	return nil
}

func setnxCommand(c *Ctx) error {
	k := c.DB.FindForWrite(c.Args[1])
	if k.Exists() {
		c.Out.Int(0)
		return nil
	}
	setString(&k, c.Args[1], c.Args[2], 0)
	c.Changed(ClassString, "set", c.Args[1])
	c.Out.Int(1)
	return nil
}

func mgetCommand(c *Ctx) error {
	c.Out.Array(len(c.Args) - 1)
	for i, name := range c.Args[1:] {
		c.fetchAhead(1+i, 1)
		if k := c.DB.Find(name); k.Exists() && k.Type() == store.String {
			replyString(c.Out, &k)
		} else {
			c.Out.Null()
		}
	}
	return nil
}

func msetCommand(c *Ctx) error {
	if len(c.Args)%2 == 0 {
		return resp.ErrWrongArity(c.Cmd.full)
	}
	c.setAll()
	c.Out.OK()
	return nil
}

// setAll sets the pairs of MSET and MSETNX.
func (c *Ctx) setAll() {
	for i := 1; i+1 < len(c.Args); i += 2 {
		c.fetchAhead(i, 2)
		k := c.DB.FindForWrite(c.Args[i])
		setString(&k, c.Args[i], c.Args[i+1], 0)
		c.Changed(ClassString, "set", c.Args[i])
	}
}

func msetnxCommand(c *Ctx) error {
	if len(c.Args)%2 == 0 {
		return resp.ErrWrongArity(c.Cmd.full)
	}
	for i := 1; i < len(c.Args); i += 2 {
		if k := c.DB.FindForWrite(c.Args[i]); k.Exists() {
			c.Out.Int(0)
			return nil
		}
	}
	c.setAll()
	c.Out.Int(1)
	return nil
}

func strlenCommand(c *Ctx) error {
	k, err := c.Find(c.Args[1], store.String)
	if err != nil {
		return err
	}
	switch {
	case !k.Exists():
		c.Out.Int(0)
	case k.Encoding() == store.Int:
		c.Out.Int(int64(resp.IntLen(k.Int())))
	default:
		c.Out.Int(int64(len(k.Bytes())))
	}
	return nil
}
