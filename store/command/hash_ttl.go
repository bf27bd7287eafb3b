package command

import (
	"strconv"

	"spindle/resp"
	"spindle/store"
)

// The expiry of fields, as Redis 7.4 introduced it.

var fieldExpiryCommands = []*Command{
	{Name: "hexpire", Arity: -6, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "hash",
		Since: "7.4.0", Categories: CatHash, Complexity: "O(N) where N is the number of specified fields",
		Syntax:  "key seconds:integer [condition(NX|XX|GT|LT)] FIELDS=fields(numfields:integer field...)",
		Summary: "Set expiry for hash field using relative time to expire (seconds)", Run: hexpireCommand},
	{Name: "hexpireat", Arity: -6, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "hash",
		Since: "7.4.0", Categories: CatHash, Complexity: "O(N) where N is the number of specified fields",
		Syntax:  "key unix-time-seconds:unix-time [condition(NX|XX|GT|LT)] FIELDS=fields(numfields:integer field...)",
		Summary: "Set expiry for hash field using an absolute Unix timestamp (seconds)", Run: hexpireatCommand},
	{Name: "hexpiretime", Arity: -5, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "hash",
		Since: "7.4.0", Categories: CatHash, Complexity: "O(N) where N is the number of specified fields",
		Syntax:  "key FIELDS=fields(numfields:integer field...)",
		Summary: "Returns the expiration time of a hash field as a Unix timestamp, in seconds.", Run: hexpiretimeCommand},
	{Name: "hpersist", Arity: -5, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "hash",
		Since: "7.4.0", Categories: CatHash, Complexity: "O(N) where N is the number of specified fields",
		Syntax:  "key FIELDS=fields(numfields:integer field...)",
		Summary: "Removes the expiration time for each specified field", Run: hpersistCommand},
	{Name: "hpexpire", Arity: -6, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "hash",
		Since: "7.4.0", Categories: CatHash, Complexity: "O(N) where N is the number of specified fields",
		Syntax:  "key milliseconds:integer [condition(NX|XX|GT|LT)] FIELDS=fields(numfields:integer field...)",
		Summary: "Set expiry for hash field using relative time to expire (milliseconds)", Run: hpexpireCommand},
	{Name: "hpexpireat", Arity: -6, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "hash",
		Since: "7.4.0", Categories: CatHash, Complexity: "O(N) where N is the number of specified fields",
		Syntax:  "key unix-time-milliseconds:unix-time [condition(NX|XX|GT|LT)] FIELDS=fields(numfields:integer field...)",
		Summary: "Set expiry for hash field using an absolute Unix timestamp (milliseconds)", Run: hpexpireatCommand},
	{Name: "hpexpiretime", Arity: -5, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "hash",
		Since: "7.4.0", Categories: CatHash, Complexity: "O(N) where N is the number of specified fields",
		Syntax:  "key FIELDS=fields(numfields:integer field...)",
		Summary: "Returns the expiration time of a hash field as a Unix timestamp, in msec.", Run: hpexpiretimeCommand},
	{Name: "hpttl", Arity: -5, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "hash",
		Since: "7.4.0", Categories: CatHash, Complexity: "O(N) where N is the number of specified fields",
		Tips:    []string{"nondeterministic_output"},
		Syntax:  "key FIELDS=fields(numfields:integer field...)",
		Summary: "Returns the TTL in milliseconds of a hash field.", Run: hpttlCommand},
	{Name: "httl", Arity: -5, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "hash",
		Since: "7.4.0", Categories: CatHash, Complexity: "O(N) where N is the number of specified fields",
		Tips:    []string{"nondeterministic_output"},
		Syntax:  "key FIELDS=fields(numfields:integer field...)",
		Summary: "Returns the TTL in seconds of a hash field.", Run: httlCommand},
}

// What HEXPIRE and the others answer for a field.
const (
	noField       = -2
	noFieldExpiry = -1
	conditionFail = 0
	fieldChanged  = 1
	fieldDeleted  = 2
)

// fieldExpireMax is the latest moment a field may expire at, in Unix milliseconds: 46 bits, as in Redis.
const fieldExpireMax = 1<<46 - 1

// fieldList parses FIELDS numfields and what follows from argument i on: per arguments for each field.
func (c *Ctx) fieldList(i, per int) ([][]byte, error) {
	if i+1 >= len(c.Args) || !isToken(c.Args[i], "FIELDS") {
		return nil, resp.ErrFieldsMissing
	}
	n, ok := resp.ParseInt(c.Args[i+1])
	if !ok || n < 1 {
		return nil, resp.ErrNumFields
	}
	fields := c.Args[i+2:]
	if len(fields)%per != 0 || n != int64(len(fields)/per) {
		return nil, resp.ErrNumFieldsMatch
	}
	return fields, nil
}

// fieldExpireAt returns the moment, in Unix milliseconds, that an expiry argument of a field means. It may have passed.
func (c *Ctx) fieldExpireAt(arg []byte, unit timeUnit) (int64, error) {
	at, ok := resp.ParseInt(arg)
	if !ok {
		return 0, resp.ErrNotInt
	}
	if at < 0 {
		return 0, resp.ErrFieldExpireNeg
	}
	base, scale := int64(0), int64(1)
	if !unit.absolute() {
		base = c.Now()
	}
	if unit == inSeconds || unit == atSeconds {
		scale = 1000
	}
	if at > (fieldExpireMax-base)/scale {
		return 0, resp.ErrInvalidExpire(c.Cmd.full)
	}
	return base + at*scale, nil
}

// fieldExpiry changes the expiry of fields of one hash.
type fieldExpiry struct {
	c       *Ctx
	k       *store.Key // found or missing
	name    []byte
	at      int64    // Unix milliseconds; 0 removes the expiry
	changed [][]byte // fields with a new expiry, or none any more
	deleted [][]byte // fields whose new expiry has passed
}

// apply changes one field and returns what HEXPIRE answers for it.
func (x *fieldExpiry) apply(field []byte, cond expireCondition) int64 {
	old, ok := fieldExpireAt(x.k, field)
	switch {
	case !ok:
		return noField
	case x.at == 0 && old == 0:
		return noFieldExpiry
	case !cond.met(old, x.at):
		return conditionFail
	case x.at != 0 && x.at <= x.c.Now() && x.c.S.Store.Expired != nil:
		x.c.deleteField(x.k, x.name, field)
		x.deleted = append(x.deleted, field)
		return fieldDeleted
	}
	m := hashMap(x.k)
	if m == nil {
		m = x.c.largeHash(x.k, x.name)
	}
	m.SetExpireAt(field, x.at)
	x.changed = append(x.changed, field)
	return fieldChanged
}

// finish reports and logs what apply has done.
func (x *fieldExpiry) finish() {
	c := x.c
	if len(x.changed) > 0 {
		c.S.Store.Schedule(x.k)
		effect, event := [][]byte{hpersistName, x.name}, "hpersist"
		if x.at != 0 {
			effect, event = [][]byte{hpexpireatName, x.name, strconv.AppendInt(nil, x.at, 10)}, "hexpire"
		}
		effect = append(effect, fieldsWord, strconv.AppendInt(nil, int64(len(x.changed)), 10))
		c.Changed(ClassHash, event, x.name)
		c.Propagate(append(effect, x.changed...)...)
	}
	if len(x.deleted) > 0 {
		c.Changed(ClassHash, "hdel", x.name)
		c.Propagate(append([][]byte{hdelName, x.name}, x.deleted...)...)
		c.dropEmptyHash(x.k, x.name)
	}
}

// fieldExpireAt returns when a field of a hash, found or missing, expires, 0 for never, and whether the field exists.
func fieldExpireAt(k *store.Key, field []byte) (at int64, ok bool) {
	if m := hashMap(k); m != nil {
		return m.ExpireAt(field)
	}
	var buf [20]byte
	_, ok = fieldValue(k, field, buf[:])
	return 0, ok
}

func hexpireCommand(c *Ctx) error    { return c.expireFields(inSeconds) }
func hexpireatCommand(c *Ctx) error  { return c.expireFields(atSeconds) }
func hpexpireCommand(c *Ctx) error   { return c.expireFields(inMillis) }
func hpexpireatCommand(c *Ctx) error { return c.expireFields(atMillis) }

func (c *Ctx) expireFields(unit timeUnit) error {
	at, err := c.fieldExpireAt(c.Args[2], unit)
	if err != nil {
		return err
	}
	place, cond := 4, expireCondition(0)
	switch arg := c.Args[3]; {
	case isToken(arg, "NX"):
		cond = ifNone
	case isToken(arg, "XX"):
		cond = ifAny
	case isToken(arg, "GT"):
		cond = ifLater
	case isToken(arg, "LT"):
		cond = ifEarlier
	default:
		place = 3
	}
	return c.changeExpiry(max(at, 1), cond, place)
}

// changeExpiry applies an expiry to the fields listed from argument place on, and answers.
func (c *Ctx) changeExpiry(at int64, cond expireCondition, place int) error {
	fields, err := c.fieldList(place, 1)
	if err != nil {
		return err
	}
	k, err := c.findHashForWrite(c.Args[1])
	if err != nil {
		return err
	}
	x := fieldExpiry{c: c, k: &k, name: c.Args[1], at: at}
	c.Out.Array(len(fields))
	for _, f := range fields {
		c.Out.Int(x.apply(f, cond))
	}
	x.finish()
	return nil
}

func hpersistCommand(c *Ctx) error { return c.changeExpiry(0, 0, 2) }

func httlCommand(c *Ctx) error         { return c.replyFieldExpiry(c.Now(), 1000) }
func hpttlCommand(c *Ctx) error        { return c.replyFieldExpiry(c.Now(), 1) }
func hexpiretimeCommand(c *Ctx) error  { return c.replyFieldExpiry(0, 1000) }
func hpexpiretimeCommand(c *Ctx) error { return c.replyFieldExpiry(0, 1) }

// replyFieldExpiry answers with the expiry of fields as milliseconds after base, divided by unit and rounded up.
func (c *Ctx) replyFieldExpiry(base, unit int64) error {
	fields, err := c.fieldList(2, 1)
	if err != nil {
		return err
	}
	k, err := c.findHash(c.Args[1])
	if err != nil {
		return err
	}
	c.Out.Array(len(fields))
	for _, f := range fields {
		at, ok := fieldExpireAt(&k, f)
		switch {
		case !ok:
			c.Out.Int(noField)
		case at == 0:
			c.Out.Int(noFieldExpiry)
		default:
			c.Out.Int((at - base + unit - 1) / unit)
		}
	}
	return nil
}
