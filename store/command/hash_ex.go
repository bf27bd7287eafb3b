package command

import (
	"spindle/resp"
)

// HGETEX, HSETEX and HGETDEL, as Redis 8.0 introduced them.

var fieldExCommands = []*Command{
	{Name: "hgetdel", Arity: -5, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete)}, Group: "hash",
		Since: "8.0.0", Categories: CatHash, Complexity: "O(N) where N is the number of specified fields",
		Syntax:  "key FIELDS=fields(numfields:integer field...)",
		Summary: "Returns the value of a field and deletes it from the hash.", Run: hgetdelCommand},
	{Name: "hgetex", Arity: -5, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)}, Group: "hash",
		Since: "8.0.0", Categories: CatHash, Complexity: "O(N) where N is the number of specified fields",
		Syntax: "key [expiration(EX=seconds:integer|PX=milliseconds:integer|EXAT=unix-time-seconds:unix-time|" +
			"PXAT=unix-time-milliseconds:unix-time|PERSIST)] FIELDS=fields(numfields:integer field...)",
		Summary: "Get the value of one or more fields of a given hash key, and optionally set their expiration.", Run: hgetexCommand},
	{Name: "hsetex", Arity: -6, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "hash",
		Since: "8.0.0", Categories: CatHash, Complexity: "O(N) where N is the number of fields being set.",
		Syntax: "key [condition(FNX|FXX)] [expiration(EX=seconds:integer|PX=milliseconds:integer|EXAT=unix-time-seconds:unix-time|" +
			"PXAT=unix-time-milliseconds:unix-time|KEEPTTL)] FIELDS=fields(numfields:integer data(field value)...)",
		Summary: "Set the value of one or more fields of a given hash key, and optionally set their expiration.", Run: hsetexCommand},
}

func hgetdelCommand(c *Ctx) error {
	fields, err := c.fieldList(2, 1)
	if err != nil {
		return err
	}
	key := c.Args[1]
	k, err := c.findHashForWrite(key)
	if err != nil {
		return err
	}
	c.Out.Array(len(fields))
	effect := [][]byte{hdelName, key}
	for _, f := range fields {
		replyField(c.Out, &k, f)
		if k.Exists() && c.deleteField(&k, key, f) {
			effect = append(effect, f)
		}
	}
	if len(effect) > 2 {
		c.Changed(ClassHash, "hdel", key)
		c.Propagate(effect...)
		c.dropEmptyHash(&k, key)
	}
	return nil
}

// fieldOptions are those of HGETEX and HSETEX in front of FIELDS.
type fieldOptions struct {
	expiry   expiryOption
	persist  bool // HGETEX
	keepTTL  bool // HSETEX
	fnx, fxx bool // HSETEX
	place    int  // of FIELDS
}

// fieldOptions parses the arguments from place 2 up to FIELDS.
func (c *Ctx) fieldOptions(set bool) (o fieldOptions, err error) {
	a := c.Options(2)
	for a.More() && !isToken(c.Args[a.Pos()], "FIELDS") {
		free := o.expiry.unit == noTime && !o.persist && !o.keepTTL
		switch {
		case !set && free && a.Token("PERSIST"):
			o.persist = true
		case set && free && a.Token("KEEPTTL"):
			o.keepTTL = true
		case set && !o.fxx && !o.fnx && a.Token("FNX"):
			o.fnx = true
		case set && !o.fxx && !o.fnx && a.Token("FXX"):
			o.fxx = true
		case free && o.expiry.take(&a):
		default:
			return o, resp.ErrSyntax
		}
	}
	o.place = a.Pos()
	return o, nil
}

func hgetexCommand(c *Ctx) error {
	o, err := c.fieldOptions(false)
	if err != nil {
		return err
	}
	fields, err := c.fieldList(o.place, 1)
	if err != nil {
		return err
	}
	at := int64(0)
	if o.expiry.unit != noTime {
		if at, err = c.fieldExpireAt(o.expiry.arg, o.expiry.unit); err != nil {
			return err
		}
		at = max(at, 1)
	}
	k, err := c.findHashForWrite(c.Args[1])
	if err != nil {
		return err
	}
	x := fieldExpiry{c: c, k: &k, name: c.Args[1], at: at}
	c.Out.Array(len(fields))
	for _, f := range fields {
		replyField(c.Out, &k, f)
		if at != 0 || o.persist {
			x.apply(f, 0)
		}
	}
	x.finish()
	return nil
}

func hsetexCommand(c *Ctx) error {
	o, err := c.fieldOptions(true)
	if err != nil {
		return err
	}
	pairs, err := c.fieldList(o.place, 2)
	if err == nil {
		err = checkPairs(pairs)
	}
	if err != nil {
		return err
	}
	at := int64(0)
	if o.expiry.unit != noTime {
		if at, err = c.fieldExpireAt(o.expiry.arg, o.expiry.unit); err != nil {
			return err
		}
		at = max(at, 1)
	}
	key := c.Args[1]
	k, err := c.findHashForWrite(key)
	if err != nil {
		return err
	}
	for i := 0; i < len(pairs) && (o.fnx || o.fxx); i += 2 {
		if _, exists := fieldExpireAt(&k, pairs[i]); exists != o.fxx {
			c.Out.Int(0)
			return nil
		}
	}
	c.setFields(&k, key, pairs, o.keepTTL)
	c.Changed(ClassHash, "hset", key)
	c.propagateFields(&k, key, pairs, o.keepTTL)
	if at != 0 {
		x := fieldExpiry{c: c, k: &k, name: key, at: at}
		for i := 0; i < len(pairs); i += 2 {
			x.apply(pairs[i], 0)
		}
		x.finish()
	}
	c.Out.Int(1)
	return nil
}
