package command

import (
	"bytes"
	"errors"
	"math"
	"strconv"

	"spindle/resp"
	"spindle/store"
	"spindle/store/zset"
)

// Sorted sets: what the commands share, and those that read single elements. zset_write.go changes elements, zset_range.go has
// the ranges, zset_pop.go ZPOPMIN and its kin, zset_random.go ZRANDMEMBER and ZSCAN, zset_algebra.go
// unions, intersections and differences.

var zsetCommands = []*Command{
	{Name: "zcard", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO)}, Group: "sorted-set",
		Since: "1.2.0", Categories: CatSortedSet, Complexity: "O(1)", Syntax: "key",
		Summary: "Get the number of members in a sorted set", Run: zcardCommand},
	{Name: "zcount", Arity: 4, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "2.0.0", Categories: CatSortedSet,
		Complexity: "O(log(N)) with N being the number of elements in the sorted set.",
		Syntax:     "key min:double max:double",
		Summary:    "Count the members in a sorted set with scores within the given values", Run: zcountCommand},
	{Name: "zlexcount", Arity: 4, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "2.8.9", Categories: CatSortedSet,
		Complexity: "O(log(N)) with N being the number of elements in the sorted set.", Syntax: "key min max",
		Summary: "Count the number of members in a sorted set between a given lexicographical range",
		Run:     zlexcountCommand},
	{Name: "zmscore", Arity: -3, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "6.2.0", Categories: CatSortedSet,
		Complexity: "O(N) where N is the number of members being requested.", Syntax: "key member...",
		Summary: "Get the score associated with the given members in a sorted set", Run: zmscoreCommand},
	{Name: "zrank", Arity: -3, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "2.0.0", Categories: CatSortedSet, Complexity: "O(log(N))", History: []Change{{"7.2.0", "Added the optional `WITHSCORE` argument."}}, Syntax: "key member [WITHSCORE@7.2.0]",
		Summary: "Determine the index of a member in a sorted set", Run: zrankCommand},
	{Name: "zrevrank", Arity: -3, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "2.0.0", Categories: CatSortedSet, Complexity: "O(log(N))", History: []Change{{"7.2.0", "Added the optional `WITHSCORE` argument."}}, Syntax: "key member [WITHSCORE@7.2.0]",
		Summary: "Determine the index of a member in a sorted set, with scores ordered from high to low",
		Run:     zrevrankCommand},
	{Name: "zscore", Arity: 3, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "sorted-set",
		Since: "1.2.0", Categories: CatSortedSet, Complexity: "O(1)", Syntax: "key member",
		Summary: "Get the score associated with the given member in a sorted set", Run: zscoreCommand},
}

// zsetView returns a view of a sorted set, found or missing.
func zsetView(k *store.Key) zset.View {
	switch {
	case !k.Exists():
		return zset.View{}
	case k.Encoding() == store.Skiplist:
		return zset.Large(k.Object().(*zset.Set))
	}
	return zset.Packed(k.Bytes())
}

// findZSet returns a view of the sorted set at key, an empty one if there is none.
func (c *Ctx) findZSet(key []byte) (zset.View, error) {
	k, err := c.Find(key, store.ZSet)
	if err != nil {
		return zset.View{}, err
	}
	return zsetView(&k), nil
}

// bounds is a range between two places in the order.
type bounds struct{ from, to zset.Bound }

// scoreBounds parses a range of scores, such as "1" "(5" or "-inf" "+inf".
func scoreBounds(lo, hi []byte) (b bounds, err error) {
	if b.from.Score, b.from.After, err = scoreBound(lo); err != nil {
		return b, err
	}
	b.to.Score, b.to.After, err = scoreBound(hi)
	b.to.After = !b.to.After
	return b, err
}

// scoreBound parses one end of a range: a number as strtod reads it, behind a parenthesis if the end is excluded.
func scoreBound(arg []byte) (score float64, excluded bool, err error) {
	if len(arg) > 0 && arg[0] == '(' {
		arg, excluded = arg[1:], true
	}
	if i := bytes.IndexByte(arg, 0); i >= 0 {
		arg = arg[:i]
	}
	if len(arg) == 0 {
		return 0, excluded, nil
	}
	score, ok := resp.ParseFloat(bytes.TrimLeft(arg, " \t\n\v\f\r"))
	if !ok {
		score, ok = extremeFloat(arg)
	}
	if !ok {
		return 0, false, resp.ErrMinMaxFloat
	}
	return score, excluded, nil
}

// extremeFloat parses numbers that are too large or too small for a float64, as infinity or zero.
func extremeFloat(arg []byte) (float64, bool) {
	if bytes.IndexByte(arg, '_') >= 0 {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(bytes.TrimLeft(arg, " \t\n\v\f\r")), 64)
	return f, (err == nil || errors.Is(err, strconv.ErrRange)) && !math.IsNaN(f)
}

// lexBounds parses a range of members, such as "[a" "(b" or "-" "+".
func lexBounds(lo, hi []byte) (b bounds, err error) {
	var excluded bool
	if b.from, excluded, err = lexBound(lo); err != nil {
		return b, err
	}
	b.from.After = excluded
	b.to, excluded, err = lexBound(hi)
	b.to.After = !excluded
	return b, err
}

// lexBound parses one end of a range of members. The lowest end of all is the empty member, excluded as an upper end.
func lexBound(arg []byte) (b zset.Bound, excluded bool, err error) {
	b.By = zset.ByMember
	switch {
	case len(arg) == 0:
	case arg[0] == '[', arg[0] == '(':
		b.Member = arg[1:]
		return b, arg[0] == '(', nil
	case len(arg) > 1 && arg[1] != 0:
	case arg[0] == '-':
		b.By = zset.AtStart
		return b, false, nil
	case arg[0] == '+':
		b.By = zset.AtEnd
		return b, false, nil
	}
	return b, false, resp.ErrMinMaxLex
}

func zcardCommand(c *Ctx) error {
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	c.Out.Int(int64(v.Len()))
	return nil
}

func zscoreCommand(c *Ctx) error {
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	replyScore(c.Out, &v, c.Args[2])
	return nil
}

// replyScore writes the score of member, or null.
func replyScore(w *resp.Writer, v *zset.View, member []byte) {
	if score, ok := v.Score(member); ok {
		w.Double(score)
	} else {
		w.Null()
	}
}

func zmscoreCommand(c *Ctx) error {
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	c.Out.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		replyScore(c.Out, &v, member)
	}
	return nil
}

func zrankCommand(c *Ctx) error    { return c.rank(false) }
func zrevrankCommand(c *Ctx) error { return c.rank(true) }

func (c *Ctx) rank(reverse bool) error {
	withScore := len(c.Args) == 4 && isToken(c.Args[3], "WITHSCORE")
	if len(c.Args) > 3 && !withScore {
		return resp.ErrWrongArity(c.Cmd.full)
	}
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	rank, score, ok := v.Rank(c.Args[2])
	switch {
	case !ok && withScore:
		c.Out.NullArray()
		return nil
	case !ok:
		c.Out.Null()
		return nil
	case withScore:
		c.Out.Array(2)
	}
	if reverse {
		rank = v.Len() - 1 - rank
	}
	c.Out.Int(int64(rank))
	if withScore {
		c.Out.Double(score)
	}
	return nil
}

func zcountCommand(c *Ctx) error    { return c.countBetween(scoreBounds) }
func zlexcountCommand(c *Ctx) error { return c.countBetween(lexBounds) }

func (c *Ctx) countBetween(parse func(lo, hi []byte) (bounds, error)) error {
	b, err := parse(c.Args[2], c.Args[3])
	if err != nil {
		return err
	}
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	_, n := v.Range(&b.from, &b.to, false)
	c.Out.Int(int64(n))
	return nil
}
