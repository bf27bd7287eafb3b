package command

import (
	"spindle/resp"
	"spindle/store"
	"spindle/store/bitmap"
)

// BITFIELD: integers of any width at any bit of a string.

var bitfieldCommands = []*Command{
	{Name: "bitfield", Arity: -2, Flags: Write | DenyOOM,
		Keys:  []KeySpec{oneKey(1, RW|Access|Update|VariableFlags).note("This command allows both access and modification of the key")},
		Group: "bitmap", Since: "3.2.0", Categories: CatBitmap, Complexity: "O(1) for each subcommand specified",
		Syntax:  "key [operation(GET=encoding_offset(encoding offset:integer)|write([OVERFLOW=wrap_sat_fail(WRAP|SAT|FAIL)] write_operation(SET=encoding_offset_value(encoding offset:integer value:integer)|INCRBY=encoding_offset_increment(encoding offset:integer increment:integer))))...]",
		Summary: "Perform arbitrary bitfield integer operations on strings", Run: bitfieldCommand, FindKeys: bitfieldKeys},
	{Name: "bitfield_ro", Arity: -2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "bitmap",
		Since: "6.0.0", Categories: CatBitmap, Complexity: "O(1) for each subcommand specified",
		Syntax:  "key [GET=encoding_offset(encoding offset:integer)+...]",
		Summary: "Perform arbitrary bitfield integer operations on strings. Read-only variant of BITFIELD",
		Run:     bitfieldRoCommand},
}

// fieldOp is one operation of BITFIELD.
type fieldOp struct {
	kind     fieldKind
	overflow bitmap.Overflow
	width    bitmap.Width
	at       int64 // bit
	arg      int64
}

type fieldKind uint8

const (
	fieldGet fieldKind = iota
	fieldSet
	fieldIncrby
)

// fieldOps parses the operations. last is the last bit that one writes, -1 if all only read.
func (c *Ctx) fieldOps() (ops []fieldOp, last int64, err error) {
	last = -1
	overflow := bitmap.Wrap
	for a := c.Options(2); a.More(); {
		op := fieldOp{}
		switch {
		case a.TokenWith("GET", 2):
		case a.TokenWith("SET", 3):
			op.kind = fieldSet
		case a.TokenWith("INCRBY", 3):
			op.kind = fieldIncrby
		case a.TokenWith("OVERFLOW", 1):
			if overflow, err = fieldOverflow(&a); err != nil {
				return nil, 0, err
			}
			continue
		default:
			return nil, 0, resp.ErrSyntax
		}
		op.overflow = overflow
		if err := c.fieldArguments(&a, &op); err != nil {
			return nil, 0, err
		}
		if op.kind != fieldGet {
			last = max(last, op.at+int64(op.width.Bits)-1)
		}
		ops = append(ops, op)
	}
	return ops, last, nil
}

func fieldOverflow(a *Cursor) (bitmap.Overflow, error) {
	switch {
	case a.Token("WRAP"):
		return bitmap.Wrap, nil
	case a.Token("SAT"):
		return bitmap.Saturate, nil
	case a.Token("FAIL"):
		return bitmap.Fail, nil
	}
	return 0, resp.ErrBitfieldOverflow
}

// fieldArguments parses what follows an operation's name: type, offset and, for one that writes, a number.
func (c *Ctx) fieldArguments(a *Cursor, op *fieldOp) (err error) {
	word, _ := a.Next()
	if op.width, err = fieldWidth(word); err != nil {
		return err
	}
	word, _ = a.Next()
	if op.at, err = c.bitOffset(word, int64(op.width.Bits)); err != nil {
		return err
	}
	if op.kind != fieldGet {
		op.arg, err = a.Int()
	}
	return err
}

// fieldWidth parses a type like i16 or u8.
func fieldWidth(word []byte) (w bitmap.Width, err error) {
	if len(word) == 0 || word[0] != 'i' && word[0] != 'u' {
		return w, resp.ErrBitfieldType
	}
	w.Signed = word[0] == 'i'
	n, ok := resp.ParseInt(word[1:])
	if !ok || n < 1 || n > 64 || n == 64 && !w.Signed {
		return w, resp.ErrBitfieldType
	}
	w.Bits = uint8(n)
	return w, nil
}

func bitfieldCommand(c *Ctx) error   { return c.bitfield(false) }
func bitfieldRoCommand(c *Ctx) error { return c.bitfield(true) }

func (c *Ctx) bitfield(readOnly bool) error {
	ops, last, err := c.fieldOps()
	if err != nil {
		return err
	}
	if last >= 0 {
		if readOnly {
			return resp.ErrBitfieldReadOnly
		}
		return c.writeFields(ops, last)
	}
	k, err := c.Find(c.Args[1], store.String)
	if err != nil {
		return err
	}
	var room digits
	b := stringBytes(&k, &room)
	c.Out.Array(len(ops))
	for _, op := range ops {
		c.Out.Int(op.width.Load(b, op.at))
	}
	return nil
}

// writeFields carries out operations of which the last bit written is given.
func (c *Ctx) writeFields(ops []fieldOp, last int64) error {
	k, b, changed, err := c.stretchTo(c.Args[1], last)
	if err != nil {
		return err
	}
	c.Out.Array(len(ops))
	for _, op := range ops {
		old := op.width.Load(b, op.at)
		answer, value, ok := op.apply(old)
		if !ok {
			c.Out.Null()
			continue
		}
		c.Out.Int(answer)
		if value != old {
			k.Changing(int(op.at>>3), int((op.at+int64(op.width.Bits)+7)>>3))
			op.width.Store(b, op.at, value)
			changed = true
		}
	}
	if changed {
		c.Changed(ClassString, "setbit", c.Args[1])
	}
	return nil
}

// apply returns what an operation answers and leaves in a field that holds old, ok false if it fails.
func (op *fieldOp) apply(old int64) (answer, value int64, ok bool) {
	switch op.kind {
	case fieldSet:
		value, ok = op.width.Fit(op.arg, op.overflow)
		return old, value, ok
	case fieldIncrby:
		value, ok = op.width.Add(old, op.arg, op.overflow)
		return value, value, ok
	}
	return old, old, true
}
