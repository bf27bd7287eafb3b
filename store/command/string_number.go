package command

import (
	"math"

	"spindle/resp"
	"spindle/store"
)

// Strings that are numbers.

var stringNumberCommands = []*Command{
	{Name: "decr", Arity: 2, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)}, Group: "string",
		Since: "1.0.0", Categories: CatString, Complexity: "O(1)", Syntax: "key",
		Summary: "Decrement the integer value of a key by one", Run: decrCommand},
	{Name: "decrby", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)}, Group: "string",
		Since: "1.0.0", Categories: CatString, Complexity: "O(1)", Syntax: "key decrement:integer",
		Summary: "Decrement the integer value of a key by the given number", Run: decrbyCommand},
	{Name: "incr", Arity: 2, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)}, Group: "string",
		Since: "1.0.0", Categories: CatString, Complexity: "O(1)", Syntax: "key",
		Summary: "Increment the integer value of a key by one", Run: incrCommand},
	{Name: "incrby", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)}, Group: "string",
		Since: "1.0.0", Categories: CatString, Complexity: "O(1)", Syntax: "key increment:integer",
		Summary: "Increment the integer value of a key by the given amount", Run: incrbyCommand},
	{Name: "incrbyfloat", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)},
		Group: "string", Since: "2.6.0", Categories: CatString, Complexity: "O(1)", Syntax: "key increment:double",
		Summary: "Increment the float value of a key by the given amount", Run: incrbyfloatCommand},
}

func incrCommand(c *Ctx) error { return c.incrBy(1) }
func decrCommand(c *Ctx) error { return c.incrBy(-1) }

func incrbyCommand(c *Ctx) error {
	n, err := c.Int(2)
	if err != nil {
		return err
	}
	return c.incrBy(n)
}

func decrbyCommand(c *Ctx) error {
	n, err := c.Int(2)
	if err != nil {
		return err
	}
	if n == math.MinInt64 {
		return resp.ErrDecrOverflow
	}
	return c.incrBy(-n)
}

// incrBy adds to the integer at Args[1]; the eight bytes of one that is stored as such change in place.
func (c *Ctx) incrBy(by int64) error {
	key := c.Args[1]
	k, err := c.FindForWrite(key, store.String)
	if err != nil {
		return err
	}
	n, err := integerAt(&k)
	if err != nil {
		return err
	}
	if by < 0 && n < math.MinInt64-by || by > 0 && n > math.MaxInt64-by {
		return resp.ErrIncrOverflow
	}
	n += by
	if k.Exists() && k.Encoding() == store.Int {
		k.SetInt(n)
	} else {
		setInt(&k, key, n, store.KeepExpire)
	}
	c.Changed(ClassString, "incrby", key)
	c.Out.Int(n)
	return nil
}

// integerAt returns the integer that a string key holds, 0 if the key is missing.
func integerAt(k *store.Key) (int64, error) {
	switch {
	case !k.Exists():
		return 0, nil
	case k.Encoding() == store.Int:
		return k.Int(), nil
	}
	n, ok := resp.ParseInt(k.Bytes())
	if !ok {
		return 0, resp.ErrNotInt
	}
	return n, nil
}

// setInt gives a key an integer value.
func setInt(k *store.Key, name []byte, n, expireAt int64) {
	k.Set(name, store.String, store.Int, 8, expireAt)
	k.SetInt(n)
}

// incrbyfloatCommand is logged as SET, so that another machine's arithmetic cannot come to another end.
func incrbyfloatCommand(c *Ctx) error {
	key := c.Args[1]
	k, err := c.FindForWrite(key, store.String)
	if err != nil {
		return err
	}
	var room digits
	var sum resp.LongDouble
	if k.Exists() {
		var ok bool
		if sum, ok = resp.ParseLongDouble(stringBytes(&k, &room)); !ok {
			return resp.ErrNotFloat
		}
	}
	by, ok := resp.ParseLongDouble(c.Args[2])
	if !ok {
		return resp.ErrNotFloat
	}
	if sum, ok = sum.Add(&by); !ok {
		return resp.ErrNaNOrInfinity
	}
	var text [64]byte
	value := sum.Append(text[:0])
	setPlain(&k, key, value, store.KeepExpire)
	c.Changed(ClassString, "incrbyfloat", key)
	c.Propagate(wordSet, key, value, wordKeepTTL)
	c.Out.Bulk(value)
	return nil
}
