package command

import (
	"math"
	"strconv"

	"spindle/resp"
	"spindle/store"
)

// SET and its kin, and the expiry options they share.

var stringSetCommands = []*Command{
	{Name: "getex", Arity: -2, Flags: Write | Fast,
		Keys: []KeySpec{oneKey(1, RW|Access|Update).note("RW and UPDATE because it changes the TTL")}, Group: "string",
		Since: "6.2.0", Categories: CatString, Complexity: "O(1)",
		Syntax:  "key [expiration(EX=seconds:integer|PX=milliseconds:integer|EXAT=unix-time-seconds:unix-time|PXAT=unix-time-milliseconds:unix-time|PERSIST)]",
		Summary: "Get the value of a key and optionally set its expiration", Run: getexCommand},
	{Name: "psetex", Arity: 4, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(1, OW|Update)}, Group: "string", Since: "2.6.0",
		Categories: CatString, Complexity: "O(1)", Syntax: "key milliseconds:integer value",
		Summary: "Set the value and expiration in milliseconds of a key", Run: psetexCommand},
	{Name: "set", Arity: -3, Flags: Write | DenyOOM,
		Keys:  []KeySpec{oneKey(1, RW|Access|Update|VariableFlags).note("RW and ACCESS due to the optional `GET` argument")},
		Group: "string", Since: "1.0.0", Categories: CatString, Complexity: "O(1)",
		History: []Change{{"2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."}, {"6.0.0", "Added the `KEEPTTL` option."}, {"6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."}, {"7.0.0", "Allowed the `NX` and `GET` options to be used together."}, {"8.1.0", "Added the `IFEQ` option."}},
		Syntax:  "key value [condition(NX|XX|IFEQ=comparison-value:string@8.1.0)@2.6.12] [GET@6.2.0] [expiration(EX=seconds:integer@2.6.12|PX=milliseconds:integer@2.6.12|EXAT=unix-time-seconds:unix-time@6.2.0|PXAT=unix-time-milliseconds:unix-time@6.2.0|KEEPTTL@6.0.0)]",
		Summary: "Set the string value of a key", Run: setCommand, FindKeys: setKeys},
	{Name: "setex", Arity: 4, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(1, OW|Update)}, Group: "string", Since: "2.0.0",
		Categories: CatString, Complexity: "O(1)", Syntax: "key seconds:integer value",
		Summary: "Set the value and expiration of a key", Run: setexCommand},
}

// timeUnit is the way an expiry is given.
type timeUnit uint8

const (
	noTime    timeUnit = iota
	inSeconds          // EX
	inMillis           // PX
	atSeconds          // EXAT
	atMillis           // PXAT
)

// absolute reports whether the unit names a moment.
func (u timeUnit) absolute() bool { return u >= atSeconds }

// expireAt returns the moment, in Unix milliseconds, that an expiry argument means. It is later than 0.
func (c *Ctx) expireAt(arg []byte, unit timeUnit) (int64, error) {
	at, ok := resp.ParseInt(arg)
	if !ok {
		return 0, resp.ErrNotInt
	}
	if at <= 0 {
		return 0, resp.ErrInvalidExpire(c.Cmd.full)
	}
	if unit == inSeconds || unit == atSeconds {
		if at > math.MaxInt64/1000 {
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

// expiryOption is one of EX, PX, EXAT and PXAT.
type expiryOption struct {
	unit timeUnit
	arg  []byte
}

// take consumes an expiry option. Another one than before is refused; the same one may come again.
func (o *expiryOption) take(a *Cursor) bool {
	for i, word := range [...]string{"EX", "PX", "EXAT", "PXAT"} {
		unit := inSeconds + timeUnit(i)
		if (o.unit == noTime || o.unit == unit) && a.TokenWith(word, 1) {
			o.unit = unit
			o.arg, _ = a.Next()
			return true
		}
	}
	return false
}

// setOptions are those of SET.
type setOptions struct {
	expiry  expiryOption
	nx, xx  bool
	ifEq    bool
	equal   []byte // of IFEQ
	get     bool
	keepTTL bool
}

func (c *Ctx) setOptions() (o setOptions, err error) {
	for a := c.Options(3); a.More(); {
		switch {
		case !o.xx && !o.ifEq && a.Token("NX"):
			o.nx = true
		case !o.nx && !o.ifEq && a.Token("XX"):
			o.xx = true
		case !o.nx && !o.xx && !o.ifEq && a.TokenWith("IFEQ", 1):
			o.ifEq = true
			o.equal, _ = a.Next()
		case a.Token("GET"):
			o.get = true
		case o.expiry.unit == noTime && a.Token("KEEPTTL"):
			o.keepTTL = true
		case !o.keepTTL && o.expiry.take(&a):
		default:
			return o, resp.ErrSyntax
		}
	}
	return o, nil
}

// setCommand is its own effect only in the plain form.
func setCommand(c *Ctx) error {
	if len(c.Args) > 3 {
		return setWithOptions(c)
	}
	k := c.DB.FindForWrite(c.Args[1])
	setString(&k, c.Args[1], c.Args[2], 0)
	c.Changed(ClassString, "set", c.Args[1])
	c.Out.OK()
	return nil
}

func setWithOptions(c *Ctx) error {
	o, err := c.setOptions()
	if err != nil {
		return err
	}
	at := int64(0)
	switch {
	case o.expiry.unit != noTime:
		if at, err = c.expireAt(o.expiry.arg, o.expiry.unit); err != nil {
			return err
		}
	case o.keepTTL:
		at = store.KeepExpire
	}
	key := c.Args[1]
	if o.get {
		if _, err := c.replyStringAt(key); err != nil {
			return err
		}
	}
	k := c.DB.FindForWrite(key)
	if met, err := o.met(&k); err != nil {
		return err
	} else if !met {
		if !o.get {
			c.Out.Null()
		}
		return nil
	}
	c.set(&k, key, c.Args[2], at)
	if !o.get {
		c.Out.OK()
	}
	return nil
}

// met reports whether the condition for setting k holds.
func (o *setOptions) met(k *store.Key) (bool, error) {
	switch {
	case o.nx:
		return !k.Exists(), nil
	case o.xx:
		return k.Exists(), nil
	case o.ifEq && !k.Exists():
		return false, nil
	case o.ifEq && k.Type() != store.String:
		return false, resp.ErrWrongType
	case o.ifEq:
		var room digits
		return string(stringBytes(k, &room)) == string(o.equal), nil
	}
	return true, nil
}

// set sets a key and logs a SET with an absolute expiry. expireAt is as in store.Key.Set.
func (c *Ctx) set(k *store.Key, key, value []byte, expireAt int64) {
	setString(k, key, value, expireAt)
	c.Changed(ClassString, "set", key)
	switch expireAt {
	case 0:
		c.Propagate(wordSet, key, value)
	case store.KeepExpire:
		c.Propagate(wordSet, key, value, wordKeepTTL)
	default:
		var room digits
		c.Notify(ClassGeneric, "expire", key)
		c.Propagate(wordSet, key, value, wordPXAT, strconv.AppendInt(room[:0], expireAt, 10))
	}
}

func setexCommand(c *Ctx) error  { return c.setWithExpiry(inSeconds) }
func psetexCommand(c *Ctx) error { return c.setWithExpiry(inMillis) }

// setWithExpiry is SETEX and PSETEX.
func (c *Ctx) setWithExpiry(unit timeUnit) error {
	at, err := c.expireAt(c.Args[2], unit)
	if err != nil {
		return err
	}
	k := c.DB.FindForWrite(c.Args[1])
	c.set(&k, c.Args[1], c.Args[3], at)
	c.Out.OK()
	return nil
}

// getexCommand is logged as PEXPIREAT, PERSIST or DEL, or not at all.
func getexCommand(c *Ctx) error {
	var expiry expiryOption
	persist := false
	for a := c.Options(2); a.More(); {
		switch {
		case expiry.unit == noTime && a.Token("PERSIST"):
			persist = true
		case !persist && expiry.take(&a):
		default:
			return resp.ErrSyntax
		}
	}
	key := c.Args[1]
	k, err := c.Find(key, store.String)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Null()
		return nil
	}
	at := int64(0)
	if expiry.unit != noTime {
		if at, err = c.expireAt(expiry.arg, expiry.unit); err != nil {
			return err
		}
	}
	replyString(c.Out, &k)
	switch {
	case at != 0 && expiry.unit.absolute() && at <= c.Now() && !c.S.loading:
		c.deleteKey(key)
	case at != 0:
		c.setExpire(key, at)
	case persist && k.ExpireAt() != 0:
		c.persist(key)
	}
	return nil
}
