package command

import (
	"math"
	"strconv"

	"spindle/resp"
)

// The expiry of keys. In the log it is always absolute.

var expireCommands = []*Command{
	{Name: "expire", Arity: -3, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "generic", Since: "1.0.0",
		Categories: CatKeyspace, Complexity: "O(1)", History: []Change{{"7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."}},
		Syntax: "key seconds:integer [condition(NX|XX|GT|LT)@7.0.0]", Summary: "Set a key's time to live in seconds",
		Run: expireCommand},
	{Name: "expireat", Arity: -3, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "generic",
		Since: "1.2.0", Categories: CatKeyspace, Complexity: "O(1)",
		History: []Change{{"7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."}},
		Syntax:  "key unix-time-seconds:unix-time [condition(NX|XX|GT|LT)@7.0.0]",
		Summary: "Set the expiration for a key as a UNIX timestamp", Run: expireatCommand},
	{Name: "expiretime", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "generic",
		Since: "7.0.0", Categories: CatKeyspace, Complexity: "O(1)", Syntax: "key",
		Summary: "Get the expiration Unix timestamp for a key", Run: expiretimeCommand},
	{Name: "persist", Arity: 2, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "generic", Since: "2.2.0",
		Categories: CatKeyspace, Complexity: "O(1)", Syntax: "key", Summary: "Remove the expiration from a key",
		Run: persistCommand},
	{Name: "pexpire", Arity: -3, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "generic", Since: "2.6.0",
		Categories: CatKeyspace, Complexity: "O(1)", History: []Change{{"7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."}},
		Syntax: "key milliseconds:integer [condition(NX|XX|GT|LT)@7.0.0]", Summary: "Set a key's time to live in milliseconds",
		Run: pexpireCommand},
	{Name: "pexpireat", Arity: -3, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "generic",
		Since: "2.6.0", Categories: CatKeyspace, Complexity: "O(1)",
		History: []Change{{"7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."}},
		Syntax:  "key unix-time-milliseconds:unix-time [condition(NX|XX|GT|LT)@7.0.0]",
		Summary: "Set the expiration for a key as a UNIX timestamp specified in milliseconds", Run: pexpireatCommand},
	{Name: "pexpiretime", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "generic",
		Since: "7.0.0", Categories: CatKeyspace, Complexity: "O(1)", Syntax: "key",
		Summary: "Get the expiration Unix timestamp for a key in milliseconds", Run: pexpiretimeCommand},
	{Name: "pttl", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "generic", Since: "2.6.0",
		Categories: CatKeyspace, Complexity: "O(1)", Tips: []string{"nondeterministic_output"},
		History: []Change{{"2.8.0", "Added the -2 reply."}}, Syntax: "key",
		Summary: "Get the time to live for a key in milliseconds", Run: pttlCommand},
	{Name: "ttl", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "generic", Since: "1.0.0",
		Categories: CatKeyspace, Complexity: "O(1)", Tips: []string{"nondeterministic_output"},
		History: []Change{{"2.8.0", "Added the -2 reply."}}, Syntax: "key",
		Summary: "Get the time to live for a key in seconds", Run: ttlCommand},
}

// setExpire gives an existing key an expiry in Unix milliseconds and logs a PEXPIREAT.
func (c *Ctx) setExpire(key []byte, at int64) {
	k := c.DB.FindForWrite(key)
	k.SetExpire(at)
	c.Changed(ClassGeneric, "expire", key)
	var room digits
	c.Propagate(wordPexpireat, key, strconv.AppendInt(room[:0], at, 10))
}

// persist takes the expiry of an existing key away and logs a PERSIST.
func (c *Ctx) persist(key []byte) {
	k := c.DB.FindForWrite(key)
	k.SetExpire(0)
	c.Changed(ClassGeneric, "persist", key)
	c.Propagate(wordPersist, key)
}

func expireCommand(c *Ctx) error    { return c.expire(inSeconds) }
func expireatCommand(c *Ctx) error  { return c.expire(atSeconds) }
func pexpireCommand(c *Ctx) error   { return c.expire(inMillis) }
func pexpireatCommand(c *Ctx) error { return c.expire(atMillis) }

// expireCondition is a set of EXPIRE's options.
type expireCondition uint8

const (
	ifNone    expireCondition = 1 << iota // NX
	ifAny                                 // XX
	ifLater                               // GT
	ifEarlier                             // LT
)

// expire is EXPIRE and its kin. A moment in the past deletes the key.
func (c *Ctx) expire(unit timeUnit) error {
	cond, err := c.expireCondition(3)
	if err != nil {
		return err
	}
	at, err := c.pastOrFuture(c.Args[2], unit)
	if err != nil {
		return err
	}
	key := c.Args[1]
	k := c.DB.FindForWrite(key)
	switch {
	case !k.Exists() || !cond.met(k.ExpireAt(), at):
		c.Out.Int(0)
		return nil
	case at <= c.Now() && !c.S.loading:
		c.deleteKey(key)
	default:
		c.setExpire(key, max(at, 1))
	}
	c.Out.Int(1)
	return nil
}

// expireCondition parses the options from place i on.
func (c *Ctx) expireCondition(i int) (cond expireCondition, err error) {
	for a := c.Options(i); a.More(); {
		switch {
		case a.Token("NX"):
			cond |= ifNone
		case a.Token("XX"):
			cond |= ifAny
		case a.Token("GT"):
			cond |= ifLater
		case a.Token("LT"):
			cond |= ifEarlier
		default:
			word, _ := a.Next()
			return 0, resp.ErrUnsupportedOption(word)
		}
	}
	switch {
	case cond&ifNone != 0 && cond != ifNone:
		return 0, resp.ErrNXAndXXGTLT
	case cond&ifLater != 0 && cond&ifEarlier != 0:
		return 0, resp.ErrGTAndLT
	}
	return cond, nil
}

// met reports whether an expiry may change from old, 0 for never, to at. No expiry is later than any.
func (cond expireCondition) met(old, at int64) bool {
	never := old == 0
	switch {
	case cond&ifNone != 0 && !never,
		cond&ifAny != 0 && never,
		cond&ifLater != 0 && (never || at <= old),
		cond&ifEarlier != 0 && !never && at >= old:
		return false
	}
	return true
}

// pastOrFuture is expireAt for commands that take moments in the past too.
func (c *Ctx) pastOrFuture(arg []byte, unit timeUnit) (int64, error) {
	at, ok := resp.ParseInt(arg)
	if !ok {
		return 0, resp.ErrNotInt
	}
	if unit == inSeconds || unit == atSeconds {
		if at > math.MaxInt64/1000 || at < math.MinInt64/1000 {
			return 0, resp.ErrInvalidExpire(c.Cmd.full)
		}
		at *= 1000
	}
	if !unit.absolute() {
		if at > math.MaxInt64-c.Now() {
			return 0, resp.ErrInvalidExpire(c.Cmd.full)
		}
		at += c.Now()
	}
	return at, nil
}

func persistCommand(c *Ctx) error {
	key := c.Args[1]
	if k := c.DB.FindForWrite(key); !k.Exists() || k.ExpireAt() == 0 {
		c.Out.Int(0)
		return nil
	}
	c.persist(key)
	c.Out.Int(1)
	return nil
}

func ttlCommand(c *Ctx) error  { return c.replyExpiry(c.Now(), 1000) }
func pttlCommand(c *Ctx) error { return c.replyExpiry(c.Now(), 1) }

func expiretimeCommand(c *Ctx) error  { return c.replyExpiry(0, 1000) }
func pexpiretimeCommand(c *Ctx) error { return c.replyExpiry(0, 1) }

// replyExpiry answers when the key expires, counted from base, in units of so many milliseconds: -1 for
// never, -2 if there is no key.
func (c *Ctx) replyExpiry(base int64, unit uint64) error {
	k := c.DB.FindQuietly(c.Args[1])
	switch {
	case !k.Exists():
		c.Out.Int(-2)
	case k.ExpireAt() == 0:
		c.Out.Int(-1)
	default:
		left := uint64(max(k.ExpireAt()-base, 0))
		c.Out.Int(int64((left + unit/2) / unit))
	}
	return nil
}
