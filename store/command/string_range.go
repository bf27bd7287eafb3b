package command

import (
	"spindle/resp"
	"spindle/store"
)

// What looks into a string, and what changes a part of it.

var stringRangeCommands = []*Command{
	{Name: "append", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Insert)}, Group: "string",
		Since: "2.0.0", Categories: CatString,
		Complexity: "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size, since the dynamic string library used by Redis will double the free space available on every reallocation.",
		Syntax:     "key value", Summary: "Append a value to a key", Run: appendCommand},
	{Name: "getrange", Arity: 4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "string", Since: "2.4.0",
		Categories: CatString,
		Complexity: "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.",
		Syntax:     "key start:integer end:integer", Summary: "Get a substring of the string stored at a key",
		Run: getrangeCommand},
	{Name: "setrange", Arity: 4, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "string",
		Since: "2.2.0", Categories: CatString,
		Complexity: "O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.",
		Syntax:     "key offset:integer value", Summary: "Overwrite part of a string at key starting at the specified offset",
		Run: setrangeCommand},
	{Name: "substr", Arity: 4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "string", Since: "1.0.0",
		Categories: CatString,
		Complexity: "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.",
		Deprecated: true, DeprecatedSince: "2.0.0", ReplacedBy: "`GETRANGE`", Syntax: "key start:integer end:integer",
		Summary: "Get a substring of the string stored at a key", Run: substrCommand},
}

// stringMax is the length of the longest string.
func (s *Server) stringMax() int64 { return min(s.Config.ProtoMaxBulkLen, store.ValueMax) }

// checkStringLength refuses a string of size+more bytes that is longer than proto-max-bulk-len allows. What
// is in the log was allowed once.
func (c *Ctx) checkStringLength(size, more int64) error {
	if total := uint64(size) + uint64(more); total > uint64(c.S.stringMax()) && !c.S.loading {
		return resp.ErrStringTooLong
	}
	return nil
}

// editable turns the value of a found string key into bytes that may be changed in place.
func editable(k *store.Key, name []byte) {
	if k.Encoding() != store.Int {
		k.SetEncoding(store.Raw)
		return
	}
	var room digits
	text := stringBytes(k, &room)
	copy(k.Set(name, store.String, store.Raw, len(text), store.KeepExpire), text)
}

// stretch makes the value of a found or missing string key at least n bytes long, padded with zeros, and
// returns it for changing, of which Key.Changing has to be told.
func stretch(k *store.Key, name []byte, n int) []byte {
	if !k.Exists() {
		v := k.Set(name, store.String, store.Raw, n, 0)
		clear(v)
		return v
	}
	editable(k, name)
	v := k.Bytes()
	if old := len(v); n > old {
		v = k.Resize(n, true)
		clear(v[old:])
	}
	return v
}

func appendCommand(c *Ctx) error {
	key, tail := c.Args[1], c.Args[2]
	k, err := c.FindForWrite(key, store.String)
	if err != nil {
		return err
	}
	n := len(tail)
	if !k.Exists() {
		setString(&k, key, tail, 0)
	} else {
		var room digits
		old := len(stringBytes(&k, &room))
		if err := c.checkStringLength(int64(old), int64(n)); err != nil {
			return err
		}
		editable(&k, key)
		n += old
		copy(k.Resize(n, true)[old:], tail)
	}
	c.Changed(ClassString, "append", key)
	c.Out.Int(int64(n))
	return nil
}

func setrangeCommand(c *Ctx) error {
	offset, err := c.Int(2)
	if err != nil {
		return err
	}
	if offset < 0 {
		return resp.ErrOffsetRange
	}
	key, value := c.Args[1], c.Args[3]
	k, err := c.FindForWrite(key, store.String)
	if err != nil {
		return err
	}
	if len(value) == 0 {
		var room digits
		c.Out.Int(int64(len(stringBytes(&k, &room))))
		return nil
	}
	if err := c.checkStringLength(offset, int64(len(value))); err != nil {
		return err
	}
	v := stretch(&k, key, int(offset)+len(value))
	k.Changing(int(offset), int(offset)+len(value))
	copy(v[offset:], value)
	c.Changed(ClassString, "setrange", key)
	c.Out.Int(int64(len(v)))
	return nil
}

func substrCommand(c *Ctx) error { return getrangeCommand(c) }

func getrangeCommand(c *Ctx) error {
	start, err := c.Int(2)
	if err != nil {
		return err
	}
	end, err := c.Int(3)
	if err != nil {
		return err
	}
	k, err := c.Find(c.Args[1], store.String)
	if err != nil {
		return err
	}
	var room digits
	v := stringBytes(&k, &room)
	if from, to, ok := clampRange(start, end, int64(len(v))); ok {
		v = v[from : to+1]
	} else {
		v = nil
	}
	c.Out.Bulk(v)
	return nil
}

// clampRange resolves a range over n elements in which negative places count from the end, both ends
// included. ok is false if it is empty.
func clampRange(start, end, n int64) (from, to int64, ok bool) {
	if start < 0 && end < 0 && start > end {
		return 0, 0, false
	}
	if start < 0 {
		start = max(start+n, 0)
	}
	if end < 0 {
		end = max(end+n, 0)
	}
	end = min(end, n-1)
	return start, end, start <= end
}
