package command

import (
	"math"

	"spindle/resp"
	"spindle/store"
	"spindle/store/elements"
	"spindle/store/listpack"
	"spindle/store/zset"
)

var zsetWriteCommands = []*Command{
	{Name: "zadd", Arity: -4, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Update)},
		Group: "sorted-set", Since: "1.2.0", Categories: CatSortedSet,
		Complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
		History:    []Change{{"2.4.0", "Accepts multiple elements."}, {"3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."}, {"6.2.0", "Added the `GT` and `LT` options."}},
		Syntax:     "key [condition(NX|XX)@3.0.2] [comparison(GT|LT)@6.2.0] [change:CH@3.0.2] [increment:INCR@3.0.2] score_member(score:double member)...",
		Summary:    "Add one or more members to a sorted set, or update its score if it already exists",
		Run:        zaddCommand},
	{Name: "zincrby", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Access|Update)},
		Group: "sorted-set", Since: "1.2.0", Categories: CatSortedSet,
		Complexity: "O(log(N)) where N is the number of elements in the sorted set.",
		Syntax:     "key increment:integer member", Summary: "Increment the score of a member in a sorted set",
		Run: zincrbyCommand},
	{Name: "zrem", Arity: -3, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "sorted-set",
		Since: "1.2.0", Categories: CatSortedSet,
		Complexity: "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.",
		History:    []Change{{"2.4.0", "Accepts multiple elements."}}, Syntax: "key member...",
		Summary: "Remove one or more members from a sorted set", Run: zremCommand},
	{Name: "zremrangebylex", Arity: 4, Flags: Write, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "sorted-set",
		Since: "2.8.9", Categories: CatSortedSet,
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
		Syntax:     "key min max", Summary: "Remove all members in a sorted set between the given lexicographical range",
		Run: zremrangebylexCommand},
	{Name: "zremrangebyrank", Arity: 4, Flags: Write, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "sorted-set",
		Since: "2.0.0", Categories: CatSortedSet,
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
		Syntax:     "key start:integer stop:integer",
		Summary:    "Remove all members in a sorted set within the given indexes", Run: zremrangebyrankCommand},
	{Name: "zremrangebyscore", Arity: 4, Flags: Write, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "sorted-set",
		Since: "1.2.0", Categories: CatSortedSet,
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
		Syntax:     "key min:double max:double", Summary: "Remove all members in a sorted set within the given scores",
		Run: zremrangebyscoreCommand},
}

// addRules are the options of ZADD.
type addRules struct {
	nx, xx, gt, lt bool
	ch, incr       bool
}

// outcome is what became of one element.
type outcome uint8

const (
	untouched outcome = iota // the rules forbid it
	same                     // it has that score already
	updated
	added
	notNumber // the sum of scores is NaN
)

// decide returns the score that an element is to have. old is its present one, if it exists.
func (o *addRules) decide(exists bool, old, score float64) (float64, outcome) {
	switch {
	case !exists && o.xx, exists && o.nx:
		return old, untouched
	case !exists:
		return score, added
	case o.incr:
		score += old
		if math.IsNaN(score) {
			return old, notNumber
		}
	}
	switch {
	case o.lt && score >= old, o.gt && score <= old:
		return old, untouched
	case score == old:
		return score, same // 0 for a -0
	}
	return score, updated
}

// take reads an option that ZADD and GEOADD share.
func (o *addRules) take(a *Cursor) bool {
	switch {
	case a.Token("NX"):
		o.nx = true
	case a.Token("XX"):
		o.xx = true
	case a.Token("CH"):
		o.ch = true
	default:
		return false
	}
	return true
}

// zaddOptions parses the options of ZADD and returns where the scores begin.
func (c *Ctx) zaddOptions() (o addRules, first int, err error) {
	a := c.Options(2)
	for more := true; more; {
		switch {
		case o.take(&a):
		case a.Token("INCR"):
			o.incr = true
		case a.Token("GT"):
			o.gt = true
		case a.Token("LT"):
			o.lt = true
		default:
			more = false
		}
	}
	switch n := a.Left(); {
	case n == 0 || n%2 == 1:
		err = resp.ErrSyntax
	case o.nx && o.xx:
		err = resp.ErrXXAndNX
	case o.gt && o.nx, o.lt && o.nx, o.gt && o.lt:
		err = resp.ErrGTLTNX
	case o.incr && n > 2:
		err = resp.ErrIncrPair
	}
	return o, a.Pos(), err
}

func zaddCommand(c *Ctx) error {
	o, first, err := c.zaddOptions()
	if err != nil {
		return err
	}
	_, err = c.addScores(&o, c.Args[first:])
	return err
}

// zincrbyCommand is ZADD INCR down to the options: a word of theirs in the place of the increment leaves no pair behind it.
func zincrbyCommand(c *Ctx) error {
	o, first, err := c.zaddOptions()
	if err != nil {
		return err
	}
	o.incr = true
	_, err = c.addScores(&o, c.Args[first:])
	return err
}

// addScores is ZADD, ZINCRBY and GEOADD: pairs are score, member, score, member. It replies, and returns how many elements it
// has changed.
func (c *Ctx) addScores(o *addRules, pairs [][]byte) (changed int, err error) {
	var room [16]float64
	scores := room[:0]
	for i := 0; i < len(pairs); i += 2 {
		score, ok := resp.ParseFloat(pairs[i])
		switch {
		case !ok:
			return 0, resp.ErrNotFloat
		case !zset.Fits(len(pairs[i+1])):
			return 0, resp.ErrStringTooLong
		}
		scores = append(scores, score)
	}
	z, err := c.editZSet(c.Args[1])
	if err != nil {
		return 0, err
	}
	var score float64
	var out outcome
	nAdded, nUpdated := 0, 0
	for i := range scores {
		switch score, out = z.add(o, pairs[2*i+1], scores[i]); out {
		case added:
			nAdded++
		case updated:
			nUpdated++
		case notNumber:
			return 0, resp.ErrScoreNaN
		}
	}
	if nAdded+nUpdated > 0 {
		event := "zadd"
		if o.incr {
			event = "zincr"
		}
		c.Changed(ClassZSet, event, c.Args[1])
	}
	switch {
	case o.incr && out == untouched:
		c.Out.Null()
	case o.incr:
		c.Out.Double(score)
	case o.ch:
		c.Out.Int(int64(nAdded + nUpdated))
	default:
		c.Out.Int(int64(nAdded))
	}
	return nAdded + nUpdated, nil
}

// A zsetEditor changes one sorted set, found or missing.
type zsetEditor struct {
	c    *Ctx
	name []byte
	k    store.Key
	set  *zset.Set // if it is large
}

// editZSet finds the sorted set at key for writing.
func (c *Ctx) editZSet(key []byte) (zsetEditor, error) {
	k, err := c.FindForWrite(key, store.ZSet)
	z := zsetEditor{c: c, name: key, k: k}
	if err == nil && k.Exists() && k.Encoding() == store.Skiplist {
		z.set = k.Object().(*zset.Set)
	}
	return z, err
}

func (z *zsetEditor) view() zset.View {
	if z.set != nil {
		return zset.Large(z.set)
	}
	return zsetView(&z.k)
}

// add gives member a score as far as the rules allow it, and returns the one that it has then.
func (z *zsetEditor) add(o *addRules, member []byte, score float64) (float64, outcome) {
	if z.set != nil {
		return z.addLarge(o, member, score)
	}
	off, old := listpack.None, 0.0
	var lp []byte
	if z.k.Exists() {
		lp = z.k.Bytes()
		off, old = zset.FindPacked(lp, member)
	}
	score, out := o.decide(off != listpack.None, old, score)
	switch out {
	case updated:
		next := listpack.Next(lp, off)
		n := len(lp) - listpack.ElementSize(lp, off) - listpack.ElementSize(lp, next) + zset.EncodedSize(member, score)
		lp = zset.UpdatePacked(z.k.Reserve(n), off, member, score)
		z.k.SetLen(len(lp))
	case added:
		if z.packable(len(lp), member) {
			z.addPacked(lp, member, score)
			return score, out
		}
		z.enlarge()
		e := elements.Missing(z.set.Hash(member))
		z.set.Insert(&e, member, score)
	}
	return score, out
}

// addPacked adds a member that is not there to a small or missing set, whose bytes are lp.
func (z *zsetEditor) addPacked(lp, member []byte, score float64) {
	n := zset.EncodedSize(member, score)
	if !z.k.Exists() {
		lp = listpack.New(z.k.Set(z.name, store.ZSet, store.Listpack, listpack.EmptySize+n, store.KeepExpire))
	} else {
		lp = z.k.Reserve(len(lp) + n)
	}
	z.k.SetLen(len(zset.InsertPacked(lp, member, score)))
}

// packable tells whether a set of lpLen bytes stays a small one with a new member.
func (z *zsetEditor) packable(lpLen int, member []byte) bool {
	cfg := z.c.S.Config
	if len(member) > cfg.ZsetMaxListpackValue || lpLen+len(member) > packedBytesMax {
		return false
	}
	n := 0
	if lpLen > 0 {
		n = listpack.Len(z.k.Bytes()) / 2
	}
	return n < cfg.ZsetMaxListpackEntries
}

// enlarge makes a large set of a small or missing one.
func (z *zsetEditor) enlarge() {
	v := zsetView(&z.k)
	s := z.k.DB().Store()
	z.set = zset.New(s.Mem, s.Seed())
	it := v.Ascend(0)
	for it.Next() {
		e := elements.Missing(z.set.Hash(it.Member()))
		z.set.Insert(&e, it.Member(), it.Score())
	}
	z.k.SetObject(z.name, store.ZSet, store.Skiplist, z.set, store.KeepExpire)
}

func (z *zsetEditor) addLarge(o *addRules, member []byte, score float64) (float64, outcome) {
	e := z.set.Find(member)
	old := 0.0
	if e.Exists() {
		old = z.set.Score(&e)
	}
	score, out := o.decide(e.Exists(), old, score)
	switch out {
	case updated:
		z.set.Update(&e, score)
	case added:
		z.set.Insert(&e, member, score)
	}
	return score, out
}

// remove removes member and reports whether it was there.
func (z *zsetEditor) remove(member []byte) bool {
	if z.set != nil {
		e := z.set.Find(member)
		if e.Exists() {
			z.set.Remove(&e)
			return true
		}
		return false
	}
	off, _ := zset.FindPacked(z.k.Bytes(), member)
	if off == listpack.None {
		return false
	}
	z.k.SetLen(len(zset.RemovePacked(z.k.Reserve(0), off, 1)))
	return true
}

// removeRange removes n elements from rank on.
func (z *zsetEditor) removeRange(rank, n int) {
	if z.set != nil {
		z.set.RemoveRange(rank, n)
		return
	}
	lp := z.k.Reserve(0)
	z.k.SetLen(len(zset.RemovePacked(lp, listpack.Seek(lp, 2*rank), n)))
}

// removed reports elements that have gone, and deletes the set if it is empty. It returns whether it was.
func (z *zsetEditor) removed(event string) bool {
	z.c.Changed(ClassZSet, event, z.name)
	if v := z.view(); v.Len() > 0 {
		return false
	}
	z.k.Delete()
	z.c.Changed(ClassGeneric, "del", z.name)
	return true
}

func zremCommand(c *Ctx) error {
	z, err := c.editZSet(c.Args[1])
	if err != nil {
		return err
	}
	n := 0
	if z.k.Exists() {
		v := z.view()
		left := v.Len()
		for _, member := range c.Args[2:] {
			if left > n && z.remove(member) {
				n++
			}
		}
		if n > 0 {
			z.removed("zrem")
		}
	}
	c.Out.Int(int64(n))
	return nil
}

func zremrangebyrankCommand(c *Ctx) error {
	start, err := c.Int(2)
	if err != nil {
		return err
	}
	stop, err := c.Int(3)
	if err != nil {
		return err
	}
	return c.removeBetween("zremrangebyrank", func(v *zset.View) (rank, n int) {
		return rankRange(start, stop, v.Len())
	})
}

func zremrangebyscoreCommand(c *Ctx) error { return c.removeBounds("zremrangebyscore", scoreBounds) }
func zremrangebylexCommand(c *Ctx) error   { return c.removeBounds("zremrangebylex", lexBounds) }

func (c *Ctx) removeBounds(event string, parse func(lo, hi []byte) (bounds, error)) error {
	b, err := parse(c.Args[2], c.Args[3])
	if err != nil {
		return err
	}
	return c.removeBetween(event, func(v *zset.View) (rank, n int) { return v.Range(&b.from, &b.to, false) })
}

func (c *Ctx) removeBetween(event string, choose func(v *zset.View) (rank, n int)) error {
	z, err := c.editZSet(c.Args[1])
	if err != nil {
		return err
	}
	v := z.view()
	rank, n := choose(&v)
	if n > 0 {
		z.removeRange(rank, n)
		z.removed(event)
	}
	c.Out.Int(int64(n))
	return nil
}
