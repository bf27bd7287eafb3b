package command

import (
	"cmp"
	"math"
	"slices"

	"spindle/resp"
	"spindle/store"
	"spindle/store/set"
	"spindle/store/zset"
)

// Unions, intersections and differences of sorted sets and sets. The result is collected in a zset.Builder, sorted once,
// and becomes a reply or a value.

var zsetAlgebraCommands = []*Command{
	{Name: "zdiff", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{atIndex(1).counted(0, 1, 1).is(RO | Access)},
		Group: "sorted-set", Since: "6.2.0", Categories: CatSortedSet,
		Complexity: "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.",
		Syntax:     "numkeys:integer key... [WITHSCORES]", Summary: "Subtract multiple sorted sets", Run: zdiffCommand},
	{Name: "zdiffstore", Arity: -4, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(1, OW|Update), atIndex(2).counted(0, 1, 1).is(RO | Access)}, Group: "sorted-set",
		Since: "6.2.0", Categories: CatSortedSet,
		Complexity: "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.",
		Syntax:     "destination:key numkeys:integer key#1...",
		Summary:    "Subtract multiple sorted sets and store the resulting sorted set in a new key",
		Run:        zdiffstoreCommand},
	{Name: "zinter", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{atIndex(1).counted(0, 1, 1).is(RO | Access)},
		Group: "sorted-set", Since: "6.2.0", Categories: CatSortedSet,
		Complexity: "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.",
		Syntax:     "numkeys:integer key... [WEIGHTS=weight:integer...] [AGGREGATE=aggregate(SUM|MIN|MAX)] [WITHSCORES]",
		Summary:    "Intersect multiple sorted sets", Run: zinterCommand},
	{Name: "zintercard", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{atIndex(1).counted(0, 1, 1).is(RO | Access)},
		Group: "sorted-set", Since: "7.0.0", Categories: CatSortedSet,
		Complexity: "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.",
		Syntax:     "numkeys:integer key... [LIMIT=limit:integer]",
		Summary:    "Intersect multiple sorted sets and return the cardinality of the result", Run: zintercardCommand},
	{Name: "zinterstore", Arity: -4, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(1, OW|Update), atIndex(2).counted(0, 1, 1).is(RO | Access)}, Group: "sorted-set",
		Since: "2.0.0", Categories: CatSortedSet,
		Complexity: "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.",
		Syntax:     "destination:key numkeys:integer key#1... [WEIGHTS=weight:integer...] [AGGREGATE=aggregate(SUM|MIN|MAX)]",
		Summary:    "Intersect multiple sorted sets and store the resulting sorted set in a new key",
		Run:        zinterstoreCommand},
	{Name: "zunion", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{atIndex(1).counted(0, 1, 1).is(RO | Access)},
		Group: "sorted-set", Since: "6.2.0", Categories: CatSortedSet,
		Complexity: "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
		Syntax:     "numkeys:integer key... [WEIGHTS=weight:integer...] [AGGREGATE=aggregate(SUM|MIN|MAX)] [WITHSCORES]",
		Summary:    "Add multiple sorted sets", Run: zunionCommand},
	{Name: "zunionstore", Arity: -4, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(1, OW|Update), atIndex(2).counted(0, 1, 1).is(RO | Access)}, Group: "sorted-set",
		Since: "2.0.0", Categories: CatSortedSet,
		Complexity: "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
		Syntax:     "destination:key numkeys:integer key#1... [WEIGHTS=weight:integer...] [AGGREGATE=aggregate(SUM|MIN|MAX)]",
		Summary:    "Add multiple sorted sets and store the resulting sorted set in a new key", Run: zunionstoreCommand},
}

// A source is an input: a sorted set, or a set whose members all have score 1. It is valid until a key is written.
type source struct {
	zset   zset.View
	set    operand
	isSet  bool
	len    int
	weight float64
	id     int // place of its key among the keys, of the first one if the key is given again
}

// scored is called with each element of a source until it returns false.
type scored func(m *candidate, score float64) bool

// fetcher is where members will be looked up.
type fetcher interface{ Fetch(hash uint64) }

// each visits the elements. next says where the members will be looked up first, if anywhere: it is nil or a large collection.
func (s *source) each(next fetcher, f scored) {
	switch set := s.zset.Set(); {
	case s.isSet && s.set.large != nil:
		eachMemberAhead(s.set.large, next, f)
	case s.isSet:
		s.set.each(nil, func(m *candidate) bool { return f(m, 1) })
	case set != nil:
		eachScoreAhead(set, next, f)
	default:
		var m candidate // one for all, since it escapes
		it := s.zset.Ascend(0)
		for it.Next() {
			m = candidate{member: it.Member()}
			if !f(&m, it.Score()) {
				return
			}
		}
	}
}

func fetchAll(next fetcher, hashes []uint64) {
	if next != nil {
		for _, h := range hashes {
			next.Fetch(h)
		}
	}
}

func eachMemberAhead(set *set.Set, next fetcher, f scored) {
	var m candidate
	set.Batches(func(members [][]byte, hashes []uint64) bool {
		fetchAll(next, hashes)
		for i := range members {
			m = candidate{member: members[i], hash: hashes[i], hashed: true}
			if !f(&m, 1) {
				return false
			}
		}
		return true
	})
}

func eachScoreAhead(set *zset.Set, next fetcher, f scored) {
	var m candidate
	set.Batches(func(b *zset.Batch) bool {
		fetchAll(next, b.Hashes)
		for i := range b.Members {
			m = candidate{member: b.Members[i], hash: b.Hashes[i], hashed: true}
			if !f(&m, b.Scores[i]) {
				return false
			}
		}
		return true
	})
}

// firstFetcher returns the first source if it is large, else nil.
func firstFetcher(sources []source) fetcher {
	if len(sources) > 0 {
		if s := &sources[0]; s.isSet && s.set.large != nil {
			return s.set.large
		} else if set := s.zset.Set(); set != nil {
			return set
		}
	}
	return nil
}

// score looks a member up.
func (s *source) score(m *candidate) (float64, bool) {
	set := s.zset.Set()
	switch {
	case s.isSet:
		return 1, s.set.has(m)
	case set == nil:
		return s.zset.Score(m.member)
	}
	e := set.FindHash(m.hashIn(set), m.member)
	if !e.Exists() {
		return 0, false
	}
	return set.Score(&e), true
}

// source finds the value of a key.
func (c *Ctx) source(key []byte) (source, error) {
	s := source{weight: 1}
	k := c.DB.Find(key)
	switch {
	case !k.Exists():
	case k.Type() == store.ZSet:
		s.zset = zsetView(&k)
		s.len = s.zset.Len()
	case k.Type() == store.Set:
		s.isSet = true
		s.set = operand{k.Encoding(), k.Bytes(), largeSet(&k), setLen(&k)}
		s.len = s.set.len
	default:
		return s, resp.ErrWrongType
	}
	return s, nil
}

// aggregate is how the scores of one member in several sets become one.
type aggregate uint8

const (
	aggregateSum aggregate = iota
	aggregateMin
	aggregateMax
)

func (a aggregate) merge(x, y float64) float64 {
	switch {
	case a == aggregateSum:
		return numberOr0(x + y)
	case a == aggregateMin && y < x, a == aggregateMax && y > x:
		return y
	}
	return x
}

// numberOr0 turns what infinities add and multiply up to into 0, as Redis does.
func numberOr0(f float64) float64 {
	if math.IsNaN(f) {
		return 0
	}
	return f
}

// algebra is a parsed command.
type algebra struct {
	sources    []source
	aggregate  aggregate
	withScores bool
	limit      int64 // of ZINTERCARD, 0: none
}

// algebraForm says which options a command has.
type algebraForm struct{ weights, scores, limit bool }

// algebra parses a command from the number of keys on. The keys are looked up before the options are parsed: so do
// the errors of Redis come.
func (c *Ctx) algebra(i int, f algebraForm) (a algebra, err error) {
	n, err := c.Int(i)
	switch {
	case err != nil:
		return a, err
	case n < 1:
		return a, resp.ErrInputKey(c.Cmd.full)
	case n > int64(len(c.Args)-i-1):
		return a, resp.ErrSyntax
	}
	keys := c.Args[i+1 : i+1+int(n)]
	a.sources = make([]source, n)
	for j, key := range keys {
		if a.sources[j], err = c.source(key); err != nil {
			return a, err
		}
		a.sources[j].id = slices.IndexFunc(keys, func(k []byte) bool { return string(k) == string(key) })
	}
	return a, a.options(c.Options(i+1+int(n)), f)
}

func (a *algebra) options(o Cursor, f algebraForm) error {
	for o.More() {
		var err error
		switch {
		case f.weights && o.TokenWith("WEIGHTS", len(a.sources)):
			err = a.weights(&o)
		case f.weights && o.TokenWith("AGGREGATE", 1):
			switch {
			case o.Token("SUM"):
				a.aggregate = aggregateSum
			case o.Token("MIN"):
				a.aggregate = aggregateMin
			case o.Token("MAX"):
				a.aggregate = aggregateMax
			default:
				err = resp.ErrSyntax
			}
		case f.scores && o.Token("WITHSCORES"):
			a.withScores = true
		case f.limit && o.TokenWith("LIMIT", 1):
			arg, _ := o.Next()
			n, ok := resp.ParseInt(arg)
			if a.limit = n; !ok || n < 0 {
				err = resp.ErrLimitNegative
			}
		default:
			err = resp.ErrSyntax
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *algebra) weights(o *Cursor) error {
	for i := range a.sources {
		arg, _ := o.Next()
		w, ok := resp.ParseFloat(arg)
		if !ok {
			return resp.ErrWeightFloat
		}
		a.sources[i].weight = w
	}
	return nil
}

// bySize sorts the sources, the smallest first. Sums of scores depend on it: it is Redis's order.
func (a *algebra) bySize() {
	slices.SortStableFunc(a.sources, func(x, y source) int { return cmp.Compare(x.len, y.len) })
}

// intersect calls f for the members of all sources, with their scores, until it returns false.
func (a *algebra) intersect(f scored) {
	a.bySize()
	first, others := &a.sources[0], a.sources[1:]
	first.each(firstFetcher(others), func(m *candidate, own float64) bool {
		score := numberOr0(own * first.weight)
		for i := range others {
			s := &others[i]
			value := own
			if s.id != first.id {
				var ok bool
				if value, ok = s.score(m); !ok {
					return true
				}
			}
			score = a.aggregate.merge(score, value*s.weight)
		}
		return f(m, score)
	})
}

func (a *algebra) unite(b *zset.Builder) {
	a.bySize()
	merge := a.aggregate.merge
	for i := range a.sources {
		s := &a.sources[i]
		s.each(b, func(m *candidate, score float64) bool {
			score = numberOr0(score * s.weight)
			b.Merge(m.hashIn(b), m.member, score, merge)
			return true
		})
	}
}

// subtract collects the elements of the first source that are in no other.
func (a *algebra) subtract(b *zset.Builder) {
	first, others := &a.sources[0], a.sources[1:]
	rest := 0
	for i := range others {
		rest += others[i].len
	}
	if rest < first.len/2 {
		first.each(nil, func(m *candidate, score float64) bool {
			b.Add(m.hashIn(b), m.member, score)
			return true
		})
		for i := range others {
			others[i].each(b, func(m *candidate, _ float64) bool {
				b.Remove(m.hashIn(b), m.member)
				return true
			})
		}
		return
	}
	first.each(firstFetcher(others), func(m *candidate, score float64) bool {
		for i := range others {
			if _, there := others[i].score(m); there {
				return true
			}
		}
		b.Add(m.hashIn(b), m.member, score)
		return true
	})
}

type algebraOp uint8

const (
	opUnion algebraOp = iota
	opInter
	opDiff
)

func (a *algebra) run(op algebraOp, b *zset.Builder) {
	switch op {
	case opUnion:
		a.unite(b)
	case opDiff:
		a.subtract(b)
	default:
		a.intersect(func(m *candidate, score float64) bool {
			b.Add(m.hashIn(b), m.member, score)
			return true
		})
	}
}

func zunionCommand(c *Ctx) error { return c.replyAlgebra(opUnion) }
func zinterCommand(c *Ctx) error { return c.replyAlgebra(opInter) }
func zdiffCommand(c *Ctx) error  { return c.replyAlgebra(opDiff) }

func (c *Ctx) replyAlgebra(op algebraOp) error {
	a, err := c.algebra(1, algebraForm{weights: op != opDiff, scores: true})
	if err != nil {
		return err
	}
	b := c.newZSet()
	a.run(op, b)
	b.Sort()
	w := scoreWriter{c.Out, a.withScores}
	w.begin(b.Len())
	for i := range b.Len() {
		w.add(b.At(i))
	}
	b.Drop()
	return nil
}

func zunionstoreCommand(c *Ctx) error { return c.storeAlgebra(opUnion, "zunionstore") }
func zinterstoreCommand(c *Ctx) error { return c.storeAlgebra(opInter, "zinterstore") }
func zdiffstoreCommand(c *Ctx) error  { return c.storeAlgebra(opDiff, "zdiffstore") }

func (c *Ctx) storeAlgebra(op algebraOp, event string) error {
	a, err := c.algebra(2, algebraForm{weights: op != opDiff})
	if err != nil {
		return err
	}
	b := c.newZSet()
	a.run(op, b)
	c.storeZSet(b, c.Args[1], event)
	return nil
}

func zintercardCommand(c *Ctx) error {
	a, err := c.algebra(1, algebraForm{limit: true})
	if err != nil {
		return err
	}
	n := int64(0)
	a.intersect(func(*candidate, float64) bool {
		n++
		return n != a.limit
	})
	c.Out.Int(n)
	return nil
}
