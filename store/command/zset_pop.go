package command

import (
	"strconv"

	"spindle/resp"
)

var zsetPopCommands = []*Command{
	{Name: "zmpop", Arity: -4, Flags: Write, Keys: []KeySpec{atIndex(1).counted(0, 1, 1).is(RW | Access | KeyDelete)},
		Group: "sorted-set", Since: "7.0.0", Categories: CatSortedSet,
		Complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.",
		Syntax:     "numkeys:integer key... where(MIN|MAX) [COUNT=count:integer]",
		Summary:    "Remove and return members with scores in a sorted set", Run: zmpopCommand},
	{Name: "zpopmax", Arity: -2, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete)},
		Group: "sorted-set", Since: "5.0.0", Categories: CatSortedSet,
		Complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
		Syntax:     "key [count:integer]", Summary: "Remove and return members with the highest scores in a sorted set",
		Run: zpopmaxCommand},
	{Name: "zpopmin", Arity: -2, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete)},
		Group: "sorted-set", Since: "5.0.0", Categories: CatSortedSet,
		Complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
		Syntax:     "key [count:integer]", Summary: "Remove and return members with the lowest scores in a sorted set",
		Run: zpopminCommand},
}

// A zsetPop takes elements off one end of a sorted set. ZPOPMIN, ZMPOP and their blocking forms are each a zsetPop and a form of
// reply.
type zsetPop struct {
	max   bool // the highest scores
	count int64
	shape popShape
}

// popShape is the form of the reply.
type popShape uint8

const (
	popFlat   popShape = iota // member, score, member, score                (ZPOPMIN)
	popNested                 // [member, score] ...                         (ZPOPMIN with count, in RESP3)
	popKeyed                  // key, member, score                          (BZPOPMIN)
	popMulti                  // key, [[member, score] ...]                  (ZMPOP, BZMPOP)
)

func (p zsetPop) command() (lower, upper string) {
	if p.max {
		return "zpopmax", "ZPOPMAX"
	}
	return "zpopmin", "ZPOPMIN"
}

// run pops from a set that is not empty, replies and reports the change. The log gets ZPOPMIN or ZPOPMAX where the
// command was another.
func (p zsetPop) run(z *zsetEditor) {
	c, v := z.c, z.view()
	n := int(min(p.count, int64(v.Len())))
	p.header(c.Out, z.name, n)
	first, it := 0, v.Ascend(0)
	if p.max {
		first, it = v.Len()-n, v.Descend(v.Len()-1)
	}
	for i := 0; i < n && it.Next(); i++ {
		if p.shape == popNested || p.shape == popMulti {
			c.Out.Array(2)
		}
		c.Out.Bulk(it.Member())
		c.Out.Double(it.Score())
	}
	z.removeRange(first, n)
	lower, upper := p.command()
	z.removed(lower)
	switch p.shape {
	case popKeyed:
		c.Propagate([]byte(upper), z.name)
	case popMulti:
		c.Propagate([]byte(upper), z.name, strconv.AppendInt(nil, int64(n), 10))
	}
}

func (p zsetPop) header(w *resp.Writer, name []byte, n int) {
	switch p.shape {
	case popFlat:
		w.Array(2 * n)
	case popNested:
		w.Array(n)
	case popKeyed:
		w.Array(2*n + 1)
		w.Bulk(name)
	case popMulti:
		w.Array(2)
		w.Bulk(name)
		w.Array(n)
	}
}

// runFirst pops from the first of the keys that holds elements, and reports whether one does.
func (p zsetPop) runFirst(c *Ctx, keys [][]byte) (bool, error) {
	for _, key := range keys {
		z, err := c.editZSet(key)
		if err != nil {
			return false, err
		}
		if z.k.Exists() {
			p.run(&z)
			return true, nil
		}
	}
	return false, nil
}

func zpopminCommand(c *Ctx) error { return c.popEnd(false) }
func zpopmaxCommand(c *Ctx) error { return c.popEnd(true) }

func (c *Ctx) popEnd(highest bool) error {
	p := zsetPop{max: highest, count: 1}
	switch len(c.Args) {
	case 2:
	case 3:
		n, ok := resp.ParseInt(c.Args[2])
		if !ok || n < 0 {
			return resp.ErrNotPositive
		}
		if p.count = n; c.Out.Proto >= 3 {
			p.shape = popNested
		}
	default:
		return resp.ErrSyntax
	}
	z, err := c.editZSet(c.Args[1])
	if err != nil {
		return err
	}
	if !z.k.Exists() || p.count == 0 {
		c.Out.EmptyArray()
		return nil
	}
	p.run(&z)
	return nil
}

func zmpopCommand(c *Ctx) error {
	p, keys, err := c.multiPop(1)
	if err != nil {
		return err
	}
	done, err := p.runFirst(c, keys)
	if err == nil && !done {
		c.Out.NullArray()
	}
	return err
}

// multiPop parses ZMPOP and BZMPOP from the number of keys on.
func (c *Ctx) multiPop(i int) (p zsetPop, keys [][]byte, err error) {
	n, ok := resp.ParseInt(c.Args[i])
	switch {
	case !ok || n < 1:
		return p, nil, resp.ErrNumkeys
	case n > int64(len(c.Args)-i-2):
		return p, nil, resp.ErrSyntax
	}
	keys = c.Args[i+1 : i+1+int(n)]
	a := c.Options(i + 1 + int(n))
	p = zsetPop{count: 0, shape: popMulti}
	switch {
	case a.Token("MIN"):
	case a.Token("MAX"):
		p.max = true
	default:
		return p, nil, resp.ErrSyntax
	}
	for a.More() {
		if p.count != 0 || !a.TokenWith("COUNT", 1) {
			return p, nil, resp.ErrSyntax
		}
		arg, _ := a.Next()
		if p.count, ok = resp.ParseInt(arg); !ok || p.count < 1 {
			return p, nil, resp.ErrCountPositive
		}
	}
	p.count = max(p.count, 1)
	return p, keys, nil
}
