package command

import (
	"encoding/binary"
	"strconv"

	"spindle/resp"
	"spindle/store"
)

// The everyday string commands. string_number.go has the counters, string_range.go what looks into a string.

var stringCommands = []*Command{
	{Name: "get", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "string", Since: "1.0.0", Categories: CatString, Complexity: "O(1)", Syntax: "key", Summary: "Get the value of a key", Run: getCommand},
	{Name: "incr", Arity: 2, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)}, Group: "string", Since: "1.0.0", Categories: CatString, Complexity: "O(1)", Syntax: "key", Summary: "Increment the integer value of a key by one", Run: incrCommand},
	{Name: "mset", Arity: -3, Flags: Write | DenyOOM, Keys: []KeySpec{atIndex(1).keys(-1, 2, 0).is(OW | Update)}, Group: "string", Since: "1.0.1", Categories: CatString, Complexity: "O(N) where N is the number of keys to set.", Tips: []string{"request_policy:multi_shard", "response_policy:all_succeeded"}, Syntax: "key_value(key value)...", Summary: "Set multiple keys to multiple values", Run: msetCommand},
	{Name: "set", Arity: -3, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(1, RW|Access|Update|VariableFlags).note("RW and ACCESS due to the optional `GET` argument")}, Group: "string", Since: "1.0.0", Categories: CatString, Complexity: "O(1)", History: []Change{{"2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."}, {"6.0.0", "Added the `KEEPTTL` option."}, {"6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."}, {"7.0.0", "Allowed the `NX` and `GET` options to be used together."}}, Syntax: "key value [condition(NX|XX)@2.6.12] [GET@6.2.0] [expiration(EX=seconds:integer@2.6.12|PX=milliseconds:integer@2.6.12|EXAT=unix-time-seconds:unix-time@6.2.0|PXAT=unix-time-milliseconds:unix-time@6.2.0|KEEPTTL@6.0.0)]", Summary: "Set the string value of a key", Run: setCommand},
}

// embStrMax is the longest string with encoding embstr, as in Redis.
const embStrMax = 44

// setString gives a key a string value: an integer where the bytes are one in canonical form.
func setString(k *store.Key, name, value []byte, expireAt int64) {
	if n, ok := canonicalInt(value); ok {
		setInt(k, name, n, expireAt)
		return
	}
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

func setCommand(c *Ctx) error {
	k := c.DB.FindForWrite(c.Args[1])
	setString(&k, c.Args[1], c.Args[2], 0)
	c.Changed(ClassString, "set", c.Args[1])
	c.Out.OK()
	return nil
}

func msetCommand(c *Ctx) error {
	for i := 1; i+1 < len(c.Args); i += 2 {
		k := c.DB.FindForWrite(c.Args[i])
		setString(&k, c.Args[i], c.Args[i+1], 0)
		c.Changed(ClassString, "set", c.Args[i])
	}
	c.Out.OK()
	return nil
}

func incrCommand(c *Ctx) error {
	k, err := c.FindForWrite(c.Args[1], store.String)
	if err != nil {
		return err
	}
	n := int64(0)
	if k.Exists() {
		if k.Encoding() != store.Int {
			return resp.ErrNotInt
		}
		n = k.Int()
	}
	n++
	setInt(&k, c.Args[1], n, store.KeepExpire)
	c.Changed(ClassString, "incrby", c.Args[1])
	c.Out.Int(n)
	return nil
}

// setInt gives a key an integer value.
func setInt(k *store.Key, name []byte, n, expireAt int64) {
	binary.LittleEndian.PutUint64(k.Set(name, store.String, store.Int, 8, expireAt), uint64(n))
}
