package command

import (
	"math"

	"spindle/resp"
	"spindle/store"
	"spindle/store/hash"
	"spindle/store/listpack"
)

// replyBytesMax bounds the reply of a command whose count argument decides about it: Redis would fill its memory.
const replyBytesMax = 1 << 30

// elementBytesMin is the least an element takes in a reply.
const elementBytesMin = 6

// checkReplyCount refuses a count of elements that would exceed replyBytesMax.
func checkReplyCount(n int64) error {
	if n > replyBytesMax/elementBytesMin {
		return resp.ErrOutOfRange
	}
	return nil
}

// tooLong takes back a reply that began at start, if it has become too long.
func (c *Ctx) tooLong(start int) bool {
	if len(c.Out.Buf)-start <= replyBytesMax {
		return false
	}
	c.Out.Buf = c.Out.Buf[:start]
	return true
}

func hrandfieldCommand(c *Ctx) error {
	if len(c.Args) == 2 {
		return c.randomField()
	}
	count, err := c.rangedInt(2, -math.MaxInt64, math.MaxInt64)
	if err != nil {
		return err
	}
	want := wantFields
	if len(c.Args) > 3 {
		if len(c.Args) > 4 || !isToken(c.Args[3], "WITHVALUES") {
			return resp.ErrSyntax
		}
		if count < -math.MaxInt64/2 || count > math.MaxInt64/2 {
			return resp.ErrOutOfRange
		}
		want |= wantValues
	}
	k, err := c.findHash(c.Args[1])
	if err != nil {
		return err
	}
	if !k.Exists() || count == 0 {
		c.Out.EmptyArray()
		return nil
	}
	if count < 0 {
		return c.randomPairsRepeated(&k, -count, want)
	}
	c.randomPairs(&k, count, want)
	return nil
}

// rangedInt parses argument i as an integer between lo and hi.
func (c *Ctx) rangedInt(i int, lo, hi int64) (int64, error) {
	n, err := c.Int(i)
	if err == nil && (n < lo || n > hi) {
		err = resp.ErrRange(lo, hi)
	}
	return n, err
}

func (c *Ctx) randomField() error {
	k, err := c.findHash(c.Args[1])
	if err != nil {
		return err
	}
	m := hashMap(&k)
	switch {
	case !k.Exists():
		c.Out.Null()
	case m != nil:
		if field, _, ok := m.Random(c.S.Store.Rand); ok {
			c.Out.Bulk(field)
		} else {
			c.Out.Null()
		}
	default:
		lp := k.Bytes()
		replyElement(c.Out, lp, listpack.Random(lp, c.S.Store.Rand, 2))
	}
	return nil
}

// pairWriter writes the pairs of HRANDFIELD: in RESP3 each with its value as an array of two.
type pairWriter struct {
	out  *resp.Writer
	want parts
}

// setLen completes the array of pairs.
func (w pairWriter) setLen(d resp.Deferred, n int) {
	if w.want&wantValues != 0 && w.out.Proto < 3 {
		n *= 2
	}
	w.out.SetLen(d, n)
}

func (w pairWriter) open() {
	if w.want&wantValues != 0 && w.out.Proto >= 3 {
		w.out.Array(2)
	}
}

func (w pairWriter) pair(field, value []byte) {
	w.open()
	w.out.Bulk(field)
	if w.want&wantValues != 0 {
		w.out.Bulk(value)
	}
}

func (w pairWriter) packed(lp []byte, off int) {
	w.open()
	replyElement(w.out, lp, off)
	if w.want&wantValues != 0 {
		replyElement(w.out, lp, listpack.Next(lp, off))
	}
}

// randomPairsRepeated answers with count pairs that may be the same.
func (c *Ctx) randomPairsRepeated(k *store.Key, count int64, want parts) error {
	if err := checkReplyCount(count); err != nil {
		return err
	}
	start, rng := len(c.Out.Buf), c.S.Store.Rand
	w := pairWriter{c.Out, want}
	d := c.Out.ReserveArray()
	n := 0
	if m := hashMap(k); m != nil {
		for ; n < int(count) && !c.tooLong(start); n++ {
			field, value, ok := m.Random(rng)
			if !ok {
				break
			}
			w.pair(field, value)
		}
	} else {
		lp := k.Bytes()
		places := listpack.Offsets(nil, lp, 2)
		for ; n < int(count) && !c.tooLong(start); n++ {
			w.packed(lp, int(places[rng.IntN(len(places))]))
		}
	}
	if len(c.Out.Buf) == start {
		return resp.ErrOutOfRange
	}
	w.setLen(d, n)
	return nil
}

// randomPairs answers with count different pairs, all if there are not more.
func (c *Ctx) randomPairs(k *store.Key, count int64, want parts) {
	w := pairWriter{c.Out, want}
	d := c.Out.ReserveArray()
	m := hashMap(k)
	if m == nil {
		lp := k.Bytes()
		places := listpack.Sample(nil, lp, c.S.Store.Rand, 2, int(min(count, int64(listpack.Len(lp)))))
		for _, off := range places {
			w.packed(lp, int(off))
		}
		w.setLen(d, len(places))
		return
	}
	w.setLen(d, c.randomFields(m, count, w.pair))
}

// randomFields calls f for count different fields of m, for all if there are not more, and returns their number.
func (c *Ctx) randomFields(m *hash.Map, count int64, f func(field, value []byte)) (n int) {
	rng := c.S.Store.Rand
	count = min(count, int64(m.Len()))
	if count*sampleShare < int64(m.Len()) && m.Expiring() == 0 {
		chosen := make(map[string]struct{}, count)
		for n < int(count) {
			field, value, _ := m.Random(rng)
			if _, again := chosen[string(field)]; !again {
				chosen[string(field)] = struct{}{}
				f(field, value)
				n++
			}
		}
		return n
	}
	left := int64(m.Len())
	m.Each(func(field, value []byte) {
		if count > 0 && rng.Int64N(left) < count {
			f(field, value)
			count--
			n++
		}
		left--
	})
	return n
}

// sampleShare: a random choice of less than one in so many elements picks single ones and looks for repetitions;
// of more it walks over all.
const sampleShare = 3
