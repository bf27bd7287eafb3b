package command

import (
	"spindle/resp"
	"spindle/store"
	"spindle/store/listpack"
)

// parts says what of a pair a reply contains.
type parts uint8

const (
	wantFields parts = 1 << iota
	wantValues
)

// replyPairs writes fields, values or both of a hash that exists, without a header.
func replyPairs(w *resp.Writer, k *store.Key, want parts) (n int) {
	if m := hashMap(k); m != nil {
		m.Each(func(field, value []byte) {
			if want&wantFields != 0 {
				w.Bulk(field)
			}
			if want&wantValues != 0 {
				w.Bulk(value)
			}
			n++
		})
		return n
	}
	lp := k.Bytes()
	for off := listpack.First(lp); off != listpack.None; n++ {
		value := listpack.Next(lp, off)
		if want&wantFields != 0 {
			replyElement(w, lp, off)
		}
		if want&wantValues != 0 {
			replyElement(w, lp, value)
		}
		off = listpack.Next(lp, value)
	}
	return n
}

func hgetallCommand(c *Ctx) error {
	k, err := c.findHash(c.Args[1])
	if err != nil {
		return err
	}
	d := c.Out.ReserveMap()
	n := 0
	if k.Exists() {
		n = replyPairs(c.Out, &k, wantFields|wantValues)
	}
	c.Out.SetLen(d, n)
	return nil
}

func hkeysCommand(c *Ctx) error { return c.replyHash(wantFields) }
func hvalsCommand(c *Ctx) error { return c.replyHash(wantValues) }

func (c *Ctx) replyHash(want parts) error {
	k, err := c.findHash(c.Args[1])
	if err != nil {
		return err
	}
	d := c.Out.ReserveArray()
	n := 0
	if k.Exists() {
		n = replyPairs(c.Out, &k, want)
	}
	c.Out.SetLen(d, n)
	return nil
}

func hscanCommand(c *Ctx) error {
	cursor, err := scanCursor(c.Args[2])
	if err != nil {
		return err
	}
	k, err := c.findHash(c.Args[1])
	if err != nil {
		return err
	}
	if !k.Exists() {
		emptyScan(c.Out)
		return nil
	}
	s, err := c.beginScan()
	if err != nil {
		return err
	}
	if m := hashMap(&k); m != nil {
		s.end(m.Scan(cursor, s.count, func(field, value []byte) {
			if s.matches(field) {
				s.out.Bulk(field)
				s.out.Bulk(value)
				s.items += 2
			}
		}))
		return nil
	}
	s.packedPairs(k.Bytes())
	s.end(0)
	return nil
}
