package command

import (
	"math"

	"spindle/resp"
	"spindle/store/arena"
	"spindle/store/listpack"
	"spindle/store/zset"
)

var zsetRandomCommands = []*Command{
	{Name: "zrandmember", Arity: -2, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "6.2.0", Categories: CatSortedSet, Complexity: "O(N) where N is the number of elements returned",
		Tips: []string{"nondeterministic_output"}, Syntax: "key [options(count:integer [WITHSCORES])]",
		Summary: "Get one or multiple random elements from a sorted set", Run: zrandmemberCommand},
	{Name: "zscan", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "2.8.0", Categories: CatSortedSet,
		Complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..",
		Tips:       []string{"nondeterministic_output"}, Syntax: "key cursor:integer [MATCH=pattern] [COUNT=count:integer]",
		Summary: "Incrementally iterate sorted sets elements and associated scores", Run: zscanCommand},
}

func zrandmemberCommand(c *Ctx) error {
	if len(c.Args) == 2 {
		return c.randomElement()
	}
	count, err := c.rangedInt(2, -math.MaxInt64, math.MaxInt64)
	if err != nil {
		return err
	}
	w := scoreWriter{out: c.Out}
	if len(c.Args) > 3 {
		if len(c.Args) > 4 || !isToken(c.Args[3], "WITHSCORES") {
			return resp.ErrSyntax
		}
		if count < -math.MaxInt64/2 || count > math.MaxInt64/2 {
			return resp.ErrOutOfRange
		}
		w.withScores = true
	}
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	size := int64(v.Len())
	switch {
	case size == 0 || count == 0:
		c.Out.EmptyArray()
	case count < 0:
		return c.elementsRepeated(&v, -count, w)
	case count >= size:
		w.begin(int(size))
		it := v.Descend(int(size) - 1)
		for it.Next() {
			w.add(it.Member(), it.Score())
		}
	default:
		w.begin(int(count))
		c.elementsOnce(&v, int(count), w)
	}
	return nil
}

func (c *Ctx) randomElement() error {
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	if v.Len() == 0 {
		c.Out.Null()
		return nil
	}
	it := v.Ascend(c.S.Store.Rand.IntN(v.Len()))
	it.Next()
	c.Out.Bulk(it.Member())
	return nil
}

// elementsRepeated answers with count elements that may be the same.
func (c *Ctx) elementsRepeated(v *zset.View, count int64, w scoreWriter) error {
	if err := checkReplyCount(count); err != nil {
		return err
	}
	start, rng := len(c.Out.Buf), c.S.Store.Rand
	w.begin(int(count))
	var places []int32
	if v.Set() == nil {
		places = listpack.Offsets(nil, v.Listpack(), 2)
	}
	for range count {
		if set := v.Set(); set != nil {
			w.add(set.At(set.Random(rng)))
		} else {
			w.packed(v.Listpack(), int(places[rng.IntN(len(places))]))
		}
		if c.tooLong(start) {
			return resp.ErrOutOfRange
		}
	}
	return nil
}

// packed writes the element at off of a listpack.
func (w scoreWriter) packed(lp []byte, off int) {
	var digits [20]byte
	w.add(listpack.Element(lp, off, digits[:]), zset.ScoreAt(lp, listpack.Next(lp, off)))
}

// elementsOnce writes count different elements of a set that has more.
func (c *Ctx) elementsOnce(v *zset.View, count int, w scoreWriter) {
	rng, set := c.S.Store.Rand, v.Set()
	switch {
	case set == nil:
		for _, off := range listpack.Sample(nil, v.Listpack(), rng, 2, count) {
			w.packed(v.Listpack(), int(off))
		}
	case count*sampleShare < v.Len():
		chosen := make(map[arena.Ref]struct{}, count)
		for len(chosen) < count {
			r := set.Random(rng)
			if _, again := chosen[r]; !again {
				chosen[r] = struct{}{}
				w.add(set.At(r))
			}
		}
	default:
		left := v.Len()
		it := v.Ascend(0)
		for ; count > 0 && it.Next(); left-- {
			if rng.IntN(left) < count {
				w.add(it.Member(), it.Score())
				count--
			}
		}
	}
}

func zscanCommand(c *Ctx) error {
	cursor, err := scanCursor(c.Args[2])
	if err != nil {
		return err
	}
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	if v.Len() == 0 {
		emptyScan(c.Out)
		return nil
	}
	s, err := c.beginScan()
	if err != nil {
		return err
	}
	if set := v.Set(); set != nil {
		s.end(set.Scan(cursor, s.count, func(member []byte, score float64) {
			if s.matches(member) {
				var digits [32]byte
				s.out.Bulk(member)
				s.out.Bulk(resp.AppendDouble(digits[:0], score))
				s.items += 2
			}
		}))
		return nil
	}
	s.packedPairs(v.Listpack())
	s.end(0)
	return nil
}
