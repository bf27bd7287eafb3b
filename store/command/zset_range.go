package command

import (
	"spindle/resp"
	"spindle/store"
	"spindle/store/zset"
)

var zsetRangeCommands = []*Command{
	{Name: "zrange", Arity: -4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "1.2.0", Categories: CatSortedSet,
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
		History:    []Change{{"6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options."}},
		Syntax:     "key start stop [sortby(BYSCORE|BYLEX)@6.2.0] [REV@6.2.0] [LIMIT=offset_count(offset:integer count:integer)@6.2.0] [WITHSCORES]",
		Summary:    "Return a range of members in a sorted set", Run: zrangeCommand},
	{Name: "zrangebylex", Arity: -4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "2.8.9", Categories: CatSortedSet,
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
		Deprecated: true, DeprecatedSince: "6.2.0", ReplacedBy: "`ZRANGE` with the `BYLEX` argument",
		Syntax:  "key min max [LIMIT=offset_count(offset:integer count:integer)]",
		Summary: "Return a range of members in a sorted set, by lexicographical range", Run: zrangebylexCommand},
	{Name: "zrangebyscore", Arity: -4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "1.0.5", Categories: CatSortedSet,
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
		Deprecated: true, DeprecatedSince: "6.2.0", ReplacedBy: "`ZRANGE` with the `BYSCORE` argument",
		History: []Change{{"2.0.0", "Added the `WITHSCORES` modifier."}},
		Syntax:  "key min:double max:double [WITHSCORES@2.0.0] [LIMIT=offset_count(offset:integer count:integer)]",
		Summary: "Return a range of members in a sorted set, by score", Run: zrangebyscoreCommand},
	{Name: "zrangestore", Arity: -5, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(1, OW|Update), oneKey(2, RO|Access)}, Group: "sorted-set", Since: "6.2.0",
		Categories: CatSortedSet,
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key.",
		Syntax:     "dst:key src:key#1 min max [sortby(BYSCORE|BYLEX)] [REV] [LIMIT=offset_count(offset:integer count:integer)]",
		Summary:    "Store a range of members from sorted set into another key", Run: zrangestoreCommand},
	{Name: "zrevrange", Arity: -4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "1.2.0", Categories: CatSortedSet,
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
		Deprecated: true, DeprecatedSince: "6.2.0", ReplacedBy: "`ZRANGE` with the `REV` argument",
		Syntax:  "key start:integer stop:integer [WITHSCORES]",
		Summary: "Return a range of members in a sorted set, by index, with scores ordered from high to low",
		Run:     zrevrangeCommand},
	{Name: "zrevrangebylex", Arity: -4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "2.8.9", Categories: CatSortedSet,
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
		Deprecated: true, DeprecatedSince: "6.2.0", ReplacedBy: "`ZRANGE` with the `REV` and `BYLEX` arguments",
		Syntax:  "key max min [LIMIT=offset_count(offset:integer count:integer)]",
		Summary: "Return a range of members in a sorted set, by lexicographical range, ordered from higher to lower strings.",
		Run:     zrevrangebylexCommand},
	{Name: "zrevrangebyscore", Arity: -4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "2.2.0", Categories: CatSortedSet,
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
		Deprecated: true, DeprecatedSince: "6.2.0", ReplacedBy: "`ZRANGE` with the `REV` and `BYSCORE` arguments",
		History: []Change{{"2.1.6", "`min` and `max` can be exclusive."}},
		Syntax:  "key max:double min:double [WITHSCORES] [LIMIT=offset_count(offset:integer count:integer)]",
		Summary: "Return a range of members in a sorted set, by score, with scores ordered from high to low",
		Run:     zrevrangebyscoreCommand},
}

// rangeQuery is what ZRANGE and its kin ask for.
type rangeQuery struct {
	by            rangeBy
	reverse       bool
	withScores    bool
	offset, limit int64 // limit -1: all
	start, stop   int64 // byRank
	bounds        bounds
}

type rangeBy uint8

const (
	byRank rangeBy = iota
	byScore
	byLex
)

// rangeForm is what a command's name says about its range.
type rangeForm struct {
	fixed   bool // neither BYSCORE nor BYLEX nor REV may be given
	by      rangeBy
	reverse bool
	store   bool // no WITHSCORES
}

// rangeQuery parses start or min, stop or max, and options from place i on.
func (c *Ctx) rangeQuery(i int, f rangeForm) (q rangeQuery, err error) {
	q = rangeQuery{by: f.by, reverse: f.reverse, limit: -1}
	orderOpen, byOpen := !f.fixed, !f.fixed // each may be chosen once
	for a := c.Options(i + 2); a.More(); {
		switch {
		case !f.store && a.Token("WITHSCORES"):
			q.withScores = true
		case a.TokenWith("LIMIT", 2):
			if q.offset, err = a.Int(); err == nil {
				q.limit, err = a.Int()
			}
		case orderOpen && a.Token("REV"):
			q.reverse, orderOpen = true, false
		case byOpen && a.Token("BYLEX"):
			q.by, byOpen = byLex, false
		case byOpen && a.Token("BYSCORE"):
			q.by, byOpen = byScore, false
		default:
			err = resp.ErrSyntax
		}
		if err != nil {
			return q, err
		}
	}
	switch {
	case q.limit != -1 && q.by == byRank:
		return q, resp.ErrLimitWithoutBy
	case q.withScores && q.by == byLex:
		return q, resp.ErrWithScoresBylex
	}
	return q, q.parseEnds(c, i)
}

func (q *rangeQuery) parseEnds(c *Ctx, i int) (err error) {
	lo, hi := c.Args[i], c.Args[i+1]
	if q.reverse && q.by != byRank {
		lo, hi = hi, lo
	}
	switch q.by {
	case byScore:
		q.bounds, err = scoreBounds(lo, hi)
	case byLex:
		q.bounds, err = lexBounds(lo, hi)
	default:
		if q.start, err = c.Int(i); err == nil {
			q.stop, err = c.Int(i + 1)
		}
	}
	return err
}

// rankRange turns indexes, which may count from the end, into a first rank and a number of elements.
func rankRange(start, stop int64, length int) (rank, n int) {
	size := int64(length)
	if start < 0 {
		start = max(0, start+size)
	}
	if stop < 0 {
		stop += size
	}
	if stop = min(stop, size-1); start > stop {
		return 0, 0
	}
	return int(start), int(stop - start + 1)
}

// find returns the ranks of v that are asked for: of the first element of the reply, and how many. With reverse the others
// are at lower ranks.
func (q *rangeQuery) find(v *zset.View) (first, n int) {
	if q.by == byRank {
		first, n = rankRange(q.start, q.stop, v.Len())
		if q.reverse {
			first = v.Len() - 1 - first
		}
		return first, n
	}
	first, n = v.Range(&q.bounds.from, &q.bounds.to, q.reverse)
	if q.reverse {
		first += n - 1
	}
	if q.offset < 0 || q.offset >= int64(n) {
		return 0, 0
	}
	skip := int(q.offset)
	if n -= skip; q.limit >= 0 {
		n = int(min(int64(n), q.limit))
	}
	if q.reverse {
		skip = -skip
	}
	return first + skip, n
}

func (q *rangeQuery) iter(v *zset.View, first int) zset.Iter {
	if q.reverse {
		return v.Descend(first)
	}
	return v.Ascend(first)
}

// scoreWriter writes elements with or without scores: in RESP3 each with its score as an array of two.
type scoreWriter struct {
	out        *resp.Writer
	withScores bool
}

// begin announces n elements.
func (w scoreWriter) begin(n int) {
	if w.withScores && w.out.Proto < 3 {
		n *= 2
	}
	w.out.Array(n)
}

func (w scoreWriter) add(member []byte, score float64) {
	if !w.withScores {
		w.out.Bulk(member)
		return
	}
	if w.out.Proto >= 3 {
		w.out.Array(2)
	}
	w.out.Bulk(member)
	w.out.Double(score)
}

func zrangeCommand(c *Ctx) error        { return c.replyRange(rangeForm{}) }
func zrevrangeCommand(c *Ctx) error     { return c.replyRange(rangeForm{fixed: true, reverse: true}) }
func zrangebyscoreCommand(c *Ctx) error { return c.replyRange(rangeForm{fixed: true, by: byScore}) }
func zrevrangebyscoreCommand(c *Ctx) error {
	return c.replyRange(rangeForm{fixed: true, by: byScore, reverse: true})
}
func zrangebylexCommand(c *Ctx) error { return c.replyRange(rangeForm{fixed: true, by: byLex}) }
func zrevrangebylexCommand(c *Ctx) error {
	return c.replyRange(rangeForm{fixed: true, by: byLex, reverse: true})
}

func (c *Ctx) replyRange(f rangeForm) error {
	q, err := c.rangeQuery(2, f)
	if err != nil {
		return err
	}
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	first, n := q.find(&v)
	w := scoreWriter{c.Out, q.withScores}
	w.begin(n)
	it := q.iter(&v, first)
	for ; n > 0 && it.Next(); n-- {
		w.add(it.Member(), it.Score())
	}
	return nil
}

func zrangestoreCommand(c *Ctx) error {
	q, err := c.rangeQuery(3, rangeForm{store: true})
	if err != nil {
		return err
	}
	v, err := c.findZSet(c.Args[2])
	if err != nil {
		return err
	}
	b := c.newZSet()
	first, n := q.find(&v)
	it := q.iter(&v, first)
	for ; n > 0 && it.Next(); n-- {
		b.Add(b.Hash(it.Member()), it.Member(), it.Score())
	}
	c.storeZSet(b, c.Args[1], "zrangestore")
	return nil
}

// newZSet returns a builder for a sorted set. It ends with storeZSet, or with Drop.
func (c *Ctx) newZSet() *zset.Builder { return zset.NewBuilder(c.S.Store.Mem, c.S.Store.Seed()) }

// storeZSet makes what b has collected the value of a key, or deletes the key if that is nothing, and replies.
func (c *Ctx) storeZSet(b *zset.Builder, name []byte, event string) {
	n := b.Len()
	k := c.DB.FindForWrite(name)
	if n == 0 {
		b.Drop()
		if k.Exists() {
			k.Delete()
			c.Changed(ClassGeneric, "del", name)
		}
		c.Out.Int(0)
		return
	}
	b.Sort()
	small, size := c.zsetPackable(n, b.MemberMax(), 0), 0
	if small {
		size = b.PackedSize()
	}
	if small && size <= packedBytesMax {
		b.Pack(k.Set(name, store.ZSet, store.Listpack, size, 0))
		b.Drop()
	} else {
		k.SetObject(name, store.ZSet, store.Skiplist, b.End(), 0)
	}
	c.Changed(ClassZSet, event, name)
	c.Out.Int(int64(n))
}
