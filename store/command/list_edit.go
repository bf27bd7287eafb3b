package command

import (
	"math"

	"spindle/resp"
	"spindle/store"
	"spindle/store/listpack"
)

// deleteElements removes n elements from index i on, which must be there. The list may be left empty.
func (c *Ctx) deleteElements(k *store.Key, name []byte, i, n int) {
	if l := largeListOf(k); l != nil {
		if n < l.Len() {
			l.Delete(i, n)
			settleList(k, name, l)
			return
		}
		// All go: what may be many is left to be reclaimed in slices.
		listpack.New(k.Set(name, store.List, store.Quicklist, listpack.EmptySize, store.KeepExpire))
		return
	}
	lp := listpack.DeleteRange(k.Bytes(), i, n)
	k.SetLen(len(lp))
}

func lsetCommand(c *Ctx) error {
	if err := checkElements(c.Args[3:]); err != nil {
		return err
	}
	k, err := c.FindForWrite(c.Args[1], store.List)
	if err != nil {
		return err
	}
	if !k.Exists() {
		return resp.ErrNoSuchKey
	}
	i, err := c.Int(2)
	if err != nil {
		return err
	}
	n := listLen(&k)
	if i = listIndex(i, n); i < 0 || i >= int64(n) {
		return resp.ErrIndexRange
	}
	c.replaceElement(&k, c.Args[1], int(i), c.Args[3])
	c.Changed(ClassList, "lset", c.Args[1])
	c.Out.OK()
	return nil
}

// replaceElement puts elem in the place of element i.
func (c *Ctx) replaceElement(k *store.Key, name []byte, i int, elem []byte) {
	l := largeListOf(k)
	if l == nil {
		lp := k.Bytes()
		off := listpack.Seek(lp, i)
		size := listpack.SizeAfterReplace(lp, off, elem)
		if size <= packedBytesMax {
			lp = listpack.Replace(k.Reserve(size), off, elem)
			k.SetLen(len(lp))
			return
		}
		l = c.largeList(k, name)
	}
	l.Replace(i, elem)
}

func linsertCommand(c *Ctx) error {
	after := isToken(c.Args[2], "AFTER")
	if !after && !isToken(c.Args[2], "BEFORE") {
		return resp.ErrSyntax
	}
	if err := checkElements(c.Args[4:]); err != nil {
		return err
	}
	k, err := c.FindForWrite(c.Args[1], store.List)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Int(0)
		return nil
	}
	if !c.insertElement(&k, c.Args[1], c.Args[3], c.Args[4], after) {
		c.Out.Int(-1)
		return nil
	}
	c.Changed(ClassList, "linsert", c.Args[1])
	c.Out.Int(int64(listLen(&k)))
	return nil
}

// insertElement puts elem before or after the first element that equals pivot, and reports whether there is one.
func (c *Ctx) insertElement(k *store.Key, name, pivot, elem []byte, after bool) bool {
	needle := listpack.MakeNeedle(pivot)
	at := listCursor(k, 0)
	if !at.Find(&needle) {
		return false
	}
	l := largeListOf(k)
	if l == nil {
		lp, off := at.Element()
		if c.listLimits().Allows(len(lp), listpack.Len(lp), len(elem)) {
			lp = k.Reserve(len(lp) + listpack.EncodedSize(elem))
			if after {
				lp = listpack.InsertAfter(lp, off, elem)
			} else {
				lp = listpack.InsertBefore(lp, off, elem)
			}
			k.SetLen(len(lp))
			return true
		}
		l = c.largeList(k, name)
		at = l.Cursor(0)
		at.Find(&needle)
	}
	l.SetLimits(c.listLimits())
	l.Insert(&at, elem, after)
	return true
}

func lremCommand(c *Ctx) error {
	count, err := c.Int(2)
	if err != nil {
		return err
	}
	k, err := c.FindForWrite(c.Args[1], store.List)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Int(0)
		return nil
	}
	removed := removeElements(&k, c.Args[1], count, c.Args[3])
	if removed > 0 {
		c.Changed(ClassList, "lrem", c.Args[1])
		c.dropEmptyList(&k, c.Args[1])
	}
	c.Out.Int(int64(removed))
	return nil
}

// removeElements removes the elements that equal elem: all for a count of 0, else the first count, or from the end for a negative
// one.
func removeElements(k *store.Key, name []byte, count int64, elem []byte) (removed int) {
	fromBack := count < 0
	most := int(max(count, -count))
	if most <= 0 { // the smallest integer has no opposite
		most = math.MaxInt
	}
	needle := listpack.MakeNeedle(elem)
	if l := largeListOf(k); l != nil {
		removed = l.Remove(&needle, most, fromBack)
		if removed > 0 {
			settleList(k, name, l)
		}
		return removed
	}
	lp := k.Bytes()
	if fromBack {
		lp, removed = removeBackwards(lp, &needle, most)
	} else {
		for off := needle.Find(lp, listpack.First(lp), 0); off != listpack.None && removed < most; removed++ {
			lp, off = listpack.Delete(lp, off, 1)
			off = needle.Find(lp, off, 0)
		}
	}
	if removed > 0 {
		k.SetLen(len(lp))
	}
	return removed
}

func removeBackwards(lp []byte, needle *listpack.Needle, most int) (_ []byte, removed int) {
	for off := listpack.Last(lp); off != listpack.None && removed < most; {
		before := listpack.Prev(lp, off)
		if needle.At(lp, off) {
			lp, _ = listpack.Delete(lp, off, 1)
			removed++
		}
		off = before
	}
	return lp, removed
}

func ltrimCommand(c *Ctx) error {
	start, err := c.Int(2)
	if err != nil {
		return err
	}
	stop, err := c.Int(3)
	if err != nil {
		return err
	}
	k, err := c.FindForWrite(c.Args[1], store.List)
	if err != nil {
		return err
	}
	c.Out.OK()
	if !k.Exists() {
		return nil
	}
	n := listLen(&k)
	first, keep := listRange(start, stop, n)
	if keep < n {
		c.trim(&k, c.Args[1], first, keep)
	} else {
		c.DontPropagate()
	}
	c.Changed(ClassList, "ltrim", c.Args[1])
	c.dropEmptyList(&k, c.Args[1])
	return nil
}

// trim removes all but keep elements from index first on.
func (c *Ctx) trim(k *store.Key, name []byte, first, keep int) {
	n := listLen(k)
	if keep == 0 {
		c.deleteElements(k, name, 0, n)
		return
	}
	if tail := n - first - keep; tail > 0 {
		c.deleteElements(k, name, first+keep, tail)
	}
	if first > 0 {
		c.deleteElements(k, name, 0, first)
	}
}
