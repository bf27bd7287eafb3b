package command

import (
	"math"

	"spindle/resp"
	"spindle/store"
	"spindle/store/bitmap"
)

// Strings as arrays of bits. bitmap_field.go has BITFIELD; the work itself is done in store/bitmap.

var bitmapCommands = []*Command{
	{Name: "bitcount", Arity: -2, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "bitmap", Since: "2.6.0",
		Categories: CatBitmap, Complexity: "O(N)", History: []Change{{"7.0.0", "Added the `BYTE|BIT` option."}},
		Syntax: "key [index(start:integer end:integer [index_unit(BYTE|BIT)@7.0.0])]", Summary: "Count set bits in a string",
		Run: bitcountCommand},
	{Name: "bitop", Arity: -4, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(2, OW|Update), atIndex(3).keys(-1, 1, 0).is(RO | Access)}, Group: "bitmap", Since: "2.6.0",
		Categories: CatBitmap, Complexity: "O(N)", Syntax: "operation destkey:key key#1...",
		Summary: "Perform bitwise operations between strings", Run: bitopCommand},
	{Name: "bitpos", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "bitmap", Since: "2.8.7",
		Categories: CatBitmap, Complexity: "O(N)", History: []Change{{"7.0.0", "Added the `BYTE|BIT` option."}},
		Syntax:  "key bit:integer [index(start:integer [end_index(end:integer [index_unit(BYTE|BIT)@7.0.0])])]",
		Summary: "Find first bit set or clear in a string", Run: bitposCommand},
	{Name: "getbit", Arity: 3, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "bitmap", Since: "2.2.0",
		Categories: CatBitmap, Complexity: "O(1)", Syntax: "key offset:integer",
		Summary: "Returns the bit value at offset in the string value stored at key", Run: getbitCommand},
	{Name: "setbit", Arity: 4, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(1, RW|Access|Update)}, Group: "bitmap",
		Since: "2.2.0", Categories: CatBitmap, Complexity: "O(1)", Syntax: "key offset:integer value:integer",
		Summary: "Sets or clears the bit at offset in the string value stored at key", Run: setbitCommand},
}

// bitOffset parses the offset of a bit. It is below the number of bits that the longest string has. With
// bits other than 0, a leading # counts in fields of that many bits.
func (c *Ctx) bitOffset(arg []byte, bits int64) (int64, error) {
	unit := int64(1)
	if bits > 0 && len(arg) > 0 && arg[0] == '#' {
		unit, arg = bits, arg[1:]
	}
	n, ok := resp.ParseInt(arg)
	if !ok || n < 0 || n > math.MaxInt64/unit {
		return 0, resp.ErrBitOffset
	}
	n *= unit
	if n>>3 >= c.S.stringMax() && !c.S.loading {
		return 0, resp.ErrBitOffset
	}
	return n, nil
}

// stretchTo makes the string key reach to bit last, and returns its bytes and whether it is longer than before, or new. Before
// bytes change k has to be told.
func (c *Ctx) stretchTo(key []byte, last int64) (k store.Key, b []byte, grown bool, err error) {
	k, err = c.FindForWrite(key, store.String)
	if err != nil {
		return k, nil, false, err
	}
	var room digits
	old := len(stringBytes(&k, &room))
	grown = !k.Exists()
	b = stretch(&k, key, int(last>>3)+1)
	return k, b, grown || len(b) > old, nil
}

func setbitCommand(c *Ctx) error {
	i, err := c.bitOffset(c.Args[2], 0)
	if err != nil {
		return err
	}
	bit, ok := resp.ParseInt(c.Args[3])
	if !ok || bit&^1 != 0 {
		return resp.ErrBitValue
	}
	k, b, grown, err := c.stretchTo(c.Args[1], i)
	if err != nil {
		return err
	}
	old := bitmap.Bit(b, i)
	if grown || old != byte(bit) {
		k.Changing(int(i>>3), int(i>>3)+1)
		bitmap.SetBit(b, i, byte(bit))
		c.Changed(ClassString, "setbit", c.Args[1])
	}
	c.Out.Int(int64(old))
	return nil
}

func getbitCommand(c *Ctx) error {
	i, err := c.bitOffset(c.Args[2], 0)
	if err != nil {
		return err
	}
	k, err := c.Find(c.Args[1], store.String)
	if err != nil {
		return err
	}
	var room digits
	c.Out.Int(int64(bitmap.Bit(stringBytes(&k, &room), i)))
	return nil
}

// bitRange parses start, end and BYTE or BIT at Args[i:], of which all but start may be missing, for a string of n
// bytes. It returns the range as bits, the last one excluded.
func (c *Ctx) bitRange(i int, n int64) (from, to int64, err error) {
	start, err := c.Int(i)
	if err != nil {
		return 0, 0, err
	}
	end, unit := int64(-1), int64(8)
	switch {
	case len(c.Args) <= i+2:
	case isToken(c.Args[i+2], "BIT"):
		n, unit = n*8, 1
	case !isToken(c.Args[i+2], "BYTE"):
		return 0, 0, resp.ErrSyntax
	}
	if len(c.Args) > i+1 {
		if end, err = c.Int(i + 1); err != nil {
			return 0, 0, err
		}
	}
	if start < 0 {
		start = max(start+n, 0)
	}
	if end < 0 {
		end = max(end+n, 0)
	}
	end = min(end, n-1)
	if start > end {
		return 0, 0, nil
	}
	return start * unit, (end + 1) * unit, nil
}

// bitcountCommand looks for the key before it looks at the range, as Redis does.
func bitcountCommand(c *Ctx) error {
	k, err := c.Find(c.Args[1], store.String)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Int(0)
		return nil
	}
	var room digits
	b := stringBytes(&k, &room)
	switch len(c.Args) {
	case 2:
		c.Out.Int(bitmap.Count(b))
		return nil
	case 4, 5:
	default:
		return resp.ErrSyntax
	}
	from, to, err := c.bitcountRange(int64(len(b)))
	if err != nil {
		return err
	}
	c.Out.Int(bitmap.CountRange(b, from, to))
	return nil
}

// bitcountRange is bitRange, but a range of negative places the wrong way round is empty whatever follows.
func (c *Ctx) bitcountRange(n int64) (from, to int64, err error) {
	start, err := c.Int(2)
	if err != nil {
		return 0, 0, err
	}
	end, err := c.Int(3)
	if err != nil {
		return 0, 0, err
	}
	if start < 0 && end < 0 && start > end {
		return 0, 0, nil
	}
	return c.bitRange(2, n)
}

// bitposCommand counts a string as followed by zeros, unless the range has an end.
func bitposCommand(c *Ctx) error {
	bit, err := c.Int(2)
	if err != nil {
		return err
	}
	if bit != 0 && bit != 1 {
		return resp.ErrBitArg
	}
	k, err := c.Find(c.Args[1], store.String)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Int(-bit)
		return nil
	}
	var room digits
	b := stringBytes(&k, &room)
	from, to := int64(0), int64(len(b))*8
	switch {
	case len(c.Args) > 6:
		return resp.ErrSyntax
	case len(c.Args) > 3:
		if from, to, err = c.bitRange(3, int64(len(b))); err != nil {
			return err
		}
	}
	at := bitmap.Find(b, byte(bit), from, to)
	if at < 0 && bit == 0 && from < to && len(c.Args) <= 4 {
		at = to
	}
	c.Out.Int(at)
	return nil
}

var bitops = []struct {
	name    string
	op      bitmap.Op
	sources int  // at least
	later   bool // than Redis 7.0
}{
	{"AND", bitmap.And, 1, false},
	{"OR", bitmap.Or, 1, false},
	{"XOR", bitmap.Xor, 1, false},
	{"NOT", bitmap.Not, 1, false},
	{"DIFF", bitmap.Diff, 2, true},
	{"DIFF1", bitmap.Diff1, 2, true},
	{"ANDOR", bitmap.AndOr, 2, true},
	{"ONE", bitmap.One, 1, true},
}

func bitopCommand(c *Ctx) error {
	for _, o := range bitops {
		if !isToken(c.Args[1], o.name) {
			continue
		}
		n := len(c.Args) - 3
		if o.op == bitmap.Not && n != 1 {
			return resp.ErrBitopNot
		}
		if n < o.sources {
			return resp.ErrBitopSources(o.name)
		}
		return c.bitop(o.op, o.later)
	}
	return resp.ErrSyntax
}

// bitop stores the outcome of an operation. One that Redis 7.0 cannot load is logged as what came out.
func (c *Ctx) bitop(op bitmap.Op, later bool) error {
	sources := make([][]byte, 0, len(c.Args)-3)
	numbers := make([]digits, 0, cap(sources))
	long := 0
	for _, name := range c.Args[3:] {
		k, err := c.Find(name, store.String)
		if err != nil {
			return err
		}
		numbers = append(numbers, digits{})
		b := stringBytes(&k, &numbers[len(numbers)-1])
		sources = append(sources, b)
		long = max(long, len(b))
	}
	key := c.Args[2]
	k := c.DB.FindForWrite(key)
	switch {
	case long > 0:
		result := bitopResult(&k, key, long, c.Args[3:], sources)
		bitmap.Combine(op, result, sources)
		c.Changed(ClassString, "set", key)
		if later {
			c.Propagate(wordSet, key, result)
		}
	case k.Exists():
		k.Delete()
		c.Changed(ClassGeneric, "del", key)
		c.Propagate(wordDel, key)
	}
	c.Out.Int(int64(long))
	return nil
}

// bitopResult makes k, whose name is key, a string of n bytes and returns them. If the key is one of the
// sources its bytes are still there, in sources too. The other sources stay where they are.
func bitopResult(k *store.Key, key []byte, n int, names, sources [][]byte) (result []byte) {
	for i, name := range names {
		if string(name) != string(key) || len(sources[i]) == 0 {
			continue
		}
		if result == nil {
			k.SetExpire(0)
			result = stretch(k, key, n)
			k.Changing(0, n)
		}
		sources[i] = result
	}
	if result == nil {
		result = k.Set(key, store.String, store.Raw, n, 0)
	}
	return result
}
