package command

import (
	"spindle/resp"
	"spindle/store"
	"spindle/store/list"
	"spindle/store/listpack"
)

// checkElements refuses elements that no list can hold.
func checkElements(elems [][]byte) error {
	for _, e := range elems {
		if len(e) > list.ElementMax {
			return resp.ErrStringTooLong
		}
	}
	return nil
}

// push adds elements one after the other at the front or the back of a list, found or missing.
func (c *Ctx) push(k *store.Key, name []byte, elems [][]byte, front bool) {
	l := largeListOf(k)
	if l == nil {
		elems = elems[c.pushPacked(k, name, elems, front):]
		if len(elems) == 0 {
			return
		}
		l = c.largeList(k, name)
	}
	l.SetLimits(c.listLimits())
	for _, e := range elems {
		l.Push(e, front)
	}
}

// pushPacked adds elements to a packed or missing list as long as it may have one chunk only. It returns how many it did.
func (c *Ctx) pushPacked(k *store.Key, name []byte, elems [][]byte, front bool) (pushed int) {
	if len(elems[0]) > packedBytesMax {
		return 0
	}
	limits := c.listLimits()
	var lp []byte
	if k.Exists() {
		lp = k.Reserve(0)
	} else {
		lp = listpack.New(k.Set(name, store.List, store.Quicklist, firstRoom(elems), store.KeepExpire))
	}
	n := listpack.Len(lp)
	for _, e := range elems {
		if n > 0 && !limits.Allows(len(lp), n, len(e)) {
			break
		}
		lp = reserve(k, lp, len(lp)+listpack.EncodedSize(e))
		if front {
			lp = listpack.Prepend(lp, e)
		} else {
			lp = listpack.Append(lp, e)
		}
		n++
		pushed++
	}
	k.SetLen(len(lp))
	return pushed
}

// firstRoom is the size of a new list of elems, as far as they will share a chunk.
func firstRoom(elems [][]byte) int {
	const enough = 8192
	n := listpack.EmptySize + listpack.EncodedSize(elems[0])
	for _, e := range elems[1:] {
		if n += listpack.EncodedSize(e); n > enough {
			return n - listpack.EncodedSize(e)
		}
	}
	return n
}

func pushEvent(front bool) string {
	if front {
		return "lpush"
	}
	return "rpush"
}

func popEvent(front bool) string {
	if front {
		return "lpop"
	}
	return "rpop"
}

// pushReply is LPUSH, RPUSH and, with onlyOld, LPUSHX and RPUSHX.
func (c *Ctx) pushReply(front, onlyOld bool) error {
	if err := checkElements(c.Args[2:]); err != nil {
		return err
	}
	k, err := c.FindForWrite(c.Args[1], store.List)
	if err != nil {
		return err
	}
	if onlyOld && !k.Exists() {
		c.Out.Int(0)
		return nil
	}
	c.push(&k, c.Args[1], c.Args[2:], front)
	c.Changed(ClassList, pushEvent(front), c.Args[1])
	c.Out.Int(int64(listLen(&k)))
	return nil
}

func lpushCommand(c *Ctx) error  { return c.pushReply(true, false) }
func rpushCommand(c *Ctx) error  { return c.pushReply(false, false) }
func lpushxCommand(c *Ctx) error { return c.pushReply(true, true) }
func rpushxCommand(c *Ctx) error { return c.pushReply(false, true) }

// popElement removes the first or last element of a list that has one and writes it as a bulk string. It returns the element, a view
// of the reply. The key may be left without elements: listPopped must follow.
func (c *Ctx) popElement(k *store.Key, name []byte, front bool) []byte {
	l := largeListOf(k)
	if l != nil {
		lp, off := l.End(front)
		replyElement(c.Out, lp, off)
		elem := c.lastBulk(listpack.StringLen(lp, off))
		l.Pop(front)
		settleList(k, name, l)
		return elem
	}
	lp := k.Bytes()
	off := listpack.First(lp)
	if !front {
		off = listpack.Last(lp)
	}
	replyElement(c.Out, lp, off)
	elem := c.lastBulk(listpack.StringLen(lp, off))
	lp, _ = listpack.Delete(lp, off, 1)
	k.SetLen(len(lp))
	return elem
}

// lastBulk returns the bulk string of n bytes that ends the reply.
func (c *Ctx) lastBulk(n int) []byte {
	end := len(c.Out.Buf) - 2
	return c.Out.Buf[end-n : end]
}

// popElements removes the first or last n elements of a list that has them and writes them as an array, the outermost first.
// listPopped must follow.
func (c *Ctx) popElements(k *store.Key, name []byte, n int, front bool) {
	have := listLen(k)
	if front {
		replyElements(c.Out, listCursor(k, 0), n, false)
		c.deleteElements(k, name, 0, n)
	} else {
		replyElements(c.Out, listCursor(k, have-1), n, true)
		c.deleteElements(k, name, have-n, n)
	}
}

// listPopped reports that elements have been popped, and removes the list if it is empty.
func (c *Ctx) listPopped(k *store.Key, name []byte, front bool) {
	c.Changed(ClassList, popEvent(front), name)
	c.dropEmptyList(k, name)
}

// popReply is LPOP and RPOP.
func (c *Ctx) popReply(front bool) error {
	if len(c.Args) > 3 {
		return resp.ErrWrongArity(c.Cmd.full)
	}
	if len(c.Args) == 3 {
		return c.popCount(front)
	}
	k, err := c.FindForWrite(c.Args[1], store.List)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Null()
		return nil
	}
	c.popElement(&k, c.Args[1], front)
	c.listPopped(&k, c.Args[1], front)
	return nil
}

// popCount is LPOP and RPOP with a count.
func (c *Ctx) popCount(front bool) error {
	n, ok := resp.ParseInt(c.Args[2])
	if !ok || n < 0 {
		return resp.ErrNotPositive
	}
	k, err := c.FindForWrite(c.Args[1], store.List)
	if err != nil {
		return err
	}
	switch {
	case !k.Exists():
		c.Out.NullArray()
		return nil
	case n == 0:
		c.Out.EmptyArray()
		return nil
	}
	c.popElements(&k, c.Args[1], int(min(n, int64(listLen(&k)))), front)
	c.listPopped(&k, c.Args[1], front)
	return nil
}

func lpopCommand(c *Ctx) error { return c.popReply(true) }
func rpopCommand(c *Ctx) error { return c.popReply(false) }
