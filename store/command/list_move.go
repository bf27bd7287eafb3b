package command

import (
	"bytes"
	"strconv"

	"spindle/resp"
	"spindle/store"
)

var (
	wordLpop  = []byte("LPOP")
	wordRpop  = []byte("RPOP")
	wordLeft  = []byte("LEFT")
	wordRight = []byte("RIGHT")
)

// listSide parses LEFT, which is the front, or RIGHT.
func listSide(arg []byte) (front bool, err error) {
	if bytes.EqualFold(arg, wordLeft) {
		return true, nil
	}
	if bytes.EqualFold(arg, wordRight) {
		return false, nil
	}
	return false, resp.ErrSyntax
}

// moveElement pops an element from list src, which k is and which has elements, pushes it to list dst, and writes it as
// reply.
func (c *Ctx) moveElement(k *store.Key, src, dst []byte, fromFront, toFront bool) error {
	if _, err := c.FindForWrite(dst, store.List); err != nil {
		return err
	}
	*k = c.DB.Peek(src)
	elem := [1][]byte{c.popElement(k, src, fromFront)}
	d := c.DB.Peek(dst)
	c.push(&d, dst, elem[:], toFront)
	c.Changed(ClassList, pushEvent(toFront), dst)
	*k = c.DB.Peek(src)
	c.listPopped(k, src, fromFront)
	return nil
}

// lmove is LMOVE and RPOPLPUSH.
func (c *Ctx) lmove(fromFront, toFront bool) error {
	k, err := c.FindForWrite(c.Args[1], store.List)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Null()
		return nil
	}
	return c.moveElement(&k, c.Args[1], c.Args[2], fromFront, toFront)
}

func lmoveCommand(c *Ctx) error {
	from, err := listSide(c.Args[3])
	if err != nil {
		return err
	}
	to, err := listSide(c.Args[4])
	if err != nil {
		return err
	}
	return c.lmove(from, to)
}

func rpoplpushCommand(c *Ctx) error { return c.lmove(false, true) }

// lmpopOptions are what follows numkeys in LMPOP and BLMPOP.
type lmpopOptions struct {
	keys  [][]byte
	front bool
	count int64
}

// lmpopOptions parses the arguments from numkeys, at place i, on.
func (c *Ctx) lmpopOptions(i int) (o lmpopOptions, err error) {
	n, ok := resp.ParseInt(c.Args[i])
	if !ok || n < 1 {
		return o, resp.ErrNumkeys
	}
	if n >= int64(len(c.Args)-i-1) {
		return o, resp.ErrSyntax
	}
	o.keys = c.Args[i+1 : i+1+int(n)]
	if o.front, err = listSide(c.Args[i+1+int(n)]); err != nil {
		return o, err
	}
	a := c.Options(i + 2 + int(n))
	for a.More() {
		if o.count != 0 || !a.TokenWith("COUNT", 1) {
			return o, resp.ErrSyntax
		}
		if o.count, err = a.Int(); err != nil || o.count < 1 {
			return o, resp.ErrCountPositive
		}
	}
	o.count = max(o.count, 1)
	return o, nil
}

func lmpopCommand(c *Ctx) error {
	o, err := c.lmpopOptions(1)
	if err != nil {
		return err
	}
	for _, name := range o.keys {
		k, err := c.FindForWrite(name, store.List)
		if err != nil {
			return err
		}
		if k.Exists() {
			c.popWithKey(&k, name, o)
			return nil
		}
	}
	c.Out.NullArray()
	return nil
}

// popWithKey pops from a list that exists, for LMPOP and BLMPOP: the reply tells the key, the log an LPOP or RPOP.
func (c *Ctx) popWithKey(k *store.Key, name []byte, o lmpopOptions) {
	n := int(min(o.count, int64(listLen(k))))
	c.Out.Array(2)
	c.Out.Bulk(name)
	c.popElements(k, name, n, o.front)
	c.listPopped(k, name, o.front)
	word := wordRpop
	if o.front {
		word = wordLpop
	}
	var digits [20]byte
	c.Propagate(word, name, strconv.AppendInt(digits[:0], int64(n), 10))
}
