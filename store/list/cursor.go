package list

import "spindle/store/listpack"

// Cursor is a place in a list, of one chunk or many. It is valid until the list changes.
type Cursor struct {
	l   *List // nil for a packed list
	p   place
	lp  []byte // nil beyond either end
	off int
}

// Cursor returns a cursor at element i, counted from 0; not valid if there is none.
func (l *List) Cursor(i int) Cursor {
	if i < 0 || i >= l.len {
		return Cursor{}
	}
	p, i := l.find(i)
	c := Cursor{l: l, p: p, lp: l.view(l.at(p))}
	c.off = listpack.Seek(c.lp, i)
	return c
}

// Packed returns a cursor at element i of a list that is one listpack.
func Packed(lp []byte, i int) Cursor {
	c := Cursor{lp: lp}
	if i >= 0 {
		c.off = listpack.Seek(lp, i)
	}
	if c.off == listpack.None {
		c.lp = nil
	}
	return c
}

// Valid reports whether the cursor is at an element.
func (c *Cursor) Valid() bool { return c.lp != nil }

// Element returns the listpack and the place of the element therein.
func (c *Cursor) Element() (lp []byte, off int) { return c.lp, c.off }

// Step goes to the next element, or with back to the previous one.
func (c *Cursor) Step(back bool) {
	if back {
		c.off = listpack.Prev(c.lp, c.off)
	} else {
		c.off = listpack.Next(c.lp, c.off)
	}
	if c.off == listpack.None {
		c.leave(back)
	}
}

// leave goes to the neighbouring chunk.
func (c *Cursor) leave(back bool) {
	if c.l == nil {
		c.lp = nil
		return
	}
	p, ok := c.l.next(c.p)
	if back {
		p, ok = c.l.prev(c.p)
	}
	if !ok {
		c.lp = nil
		return
	}
	c.enter(p, back)
}

func (c *Cursor) enter(p place, back bool) {
	c.p, c.lp = p, c.l.view(c.l.at(p))
	c.off = listpack.HeaderSize
	if back {
		c.off = listpack.Last(c.lp)
	}
}

// Find goes to the first element from the cursor on that is the needle, and reports whether there is one.
func (c *Cursor) Find(n *listpack.Needle) bool {
	for c.lp != nil {
		if c.off = n.Find(c.lp, c.off, 0); c.off != listpack.None {
			return true
		}
		c.leave(false)
	}
	return false
}
