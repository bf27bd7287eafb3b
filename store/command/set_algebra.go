package command

import (
	"cmp"
	"math"
	"slices"

	"spindle/resp"
	"spindle/store"
	"spindle/store/intset"
	"spindle/store/listpack"
	"spindle/store/set"
)

// An operand is a set as one command sees it. It is valid until a key is written.
type operand struct {
	enc   store.Encoding
	v     []byte   // of a small one
	large *set.Set // or nil
	len   int      // 0 if the key is missing
}

// operands looks the sets up.
func (c *Ctx) operands(keys [][]byte) ([]operand, error) {
	ops := make([]operand, len(keys))
	for i, key := range keys {
		k, err := c.Find(key, store.Set)
		if err != nil {
			return nil, err
		}
		if k.Exists() {
			ops[i] = operand{k.Encoding(), k.Bytes(), largeSet(&k), setLen(&k)}
		}
	}
	return ops, nil
}

// A candidate is a member that is looked up in several sets: what it costs to prepare is done once.
type candidate struct {
	member         []byte // a view that ends with the visit
	hash           uint64
	n              int64
	hashed, parsed bool
	isInt          bool
}

// hashIn returns the hash that all large sets, sorted ones too, know the member by.
func (m *candidate) hashIn(t interface{ Hash([]byte) uint64 }) uint64 {
	if !m.hashed {
		m.hash, m.hashed = t.Hash(m.member), true
	}
	return m.hash
}

// int returns the integer that the member is, if it is one.
func (m *candidate) int() (int64, bool) {
	if !m.parsed {
		m.n, m.isInt = listpack.ParseInt(m.member)
		m.parsed = true
	}
	return m.n, m.isInt
}

func (o *operand) has(m *candidate) bool {
	switch {
	case o.len == 0:
		return false
	case o.large != nil:
		return o.large.Has(m.hashIn(o.large), m.member)
	case o.enc == store.PackedSet:
		return listpack.Find(o.v, listpack.First(o.v), m.member, 0) != listpack.None
	}
	n, ok := m.int()
	return ok && intset.Has(o.v, n)
}

// visitor is called with each member of a set until it returns false.
type visitor func(m *candidate) bool

// each visits the members. next says in which set they will be looked up first, if in any: see set.Set.Fetch.
func (o *operand) each(next *set.Set, f visitor) {
	if o.large != nil {
		o.eachLarge(next, f)
		return
	}
	var m candidate // one for all, since it escapes
	var digits [20]byte
	switch {
	case o.len == 0:
	case o.enc == store.PackedSet:
		for off := listpack.First(o.v); off != listpack.None; off = listpack.Next(o.v, off) {
			m = candidate{member: listpack.Element(o.v, off, digits[:])}
			if !f(&m) {
				return
			}
		}
	default:
		for i := range o.len {
			n := intset.Get(o.v, i)
			m = candidate{member: appendMember(digits[:0], n), n: n, parsed: true, isInt: true}
			if !f(&m) {
				return
			}
		}
	}
}

func (o *operand) eachLarge(next *set.Set, f visitor) {
	var m candidate
	o.large.Batches(func(members [][]byte, hashes []uint64) bool {
		if next != nil {
			for _, h := range hashes {
				next.Fetch(h)
			}
		}
		for i := range members {
			m = candidate{member: members[i], hash: hashes[i], hashed: true}
			if !f(&m) {
				return false
			}
		}
		return true
	})
}

// intersect visits the common members: it walks over the smallest set.
func intersect(ops []operand, f visitor) {
	slices.SortStableFunc(ops, func(a, b operand) int { return cmp.Compare(a.len, b.len) })
	others := ops[1:]
	ops[0].each(firstLarge(others), func(m *candidate) bool {
		for i := range others {
			if !others[i].has(m) {
				return true
			}
		}
		return f(m)
	})
}

// firstLarge returns the first set if it is a large one.
func firstLarge(ops []operand) *set.Set {
	if len(ops) == 0 {
		return nil
	}
	return ops[0].large
}

// inAny reports whether one of the sets has m.
func inAny(ops []operand, m *candidate) bool {
	for i := range ops {
		if ops[i].has(m) {
			return true
		}
	}
	return false
}

// unite visits every member of any set, once.
func unite(ops []operand, f visitor) {
	for i := range ops {
		before := ops[:i]
		ops[i].each(firstLarge(before), func(m *candidate) bool { return inAny(before, m) || f(m) })
	}
}

// subtract visits the members of the first set that are in none of the others, or collects them in b, whichever way
// is less work (as in Redis).
func subtract(ops []operand, b *setBuilder, f visitor) {
	first, others := &ops[0], ops[1:]
	if first.len == 0 {
		return
	}
	total := 0
	for i := range ops {
		total += ops[i].len
	}
	if first.len*len(ops)/2 <= total {
		slices.SortStableFunc(others, func(a, b operand) int { return cmp.Compare(b.len, a.len) })
		first.each(firstLarge(others), func(m *candidate) bool { return inAny(others, m) || f(m) })
		return
	}
	first.each(b.large, b.add)
	for i := range others {
		others[i].each(b.large, b.remove)
	}
}

// setBuilder collects the members of a new set outside the keyspace.
type setBuilder struct {
	c     *Ctx
	ints  []byte   // an intset, as long as that will do
	large *set.Set // or else
}

func (b *setBuilder) len() int {
	switch {
	case b.large != nil:
		return b.large.Len()
	case b.ints == nil:
		return 0
	}
	return intset.Len(b.ints)
}

// add adds a member; it is a visitor.
func (b *setBuilder) add(m *candidate) bool {
	if b.large == nil {
		if n, ok := m.int(); ok {
			if b.ints == nil {
				b.ints = intset.New(nil)
			}
			if b.ints, _ = intset.Add(b.ints, n); intset.Len(b.ints) > min(b.c.S.Config.SetMaxIntsetEntries, intsetLenMax) {
				b.enlarge()
			}
			return true
		}
		b.enlarge()
	}
	b.large.AddHash(m.hashIn(b.large), m.member)
	return true
}

// remove removes a member; it is a visitor, and asks for more as long as some are left.
func (b *setBuilder) remove(m *candidate) bool {
	if b.large != nil {
		b.large.RemoveHash(m.hashIn(b.large), m.member)
	} else if n, ok := m.int(); ok && b.ints != nil {
		b.ints, _ = intset.Remove(b.ints, n)
	}
	return b.len() > 0
}

func (b *setBuilder) enlarge() {
	s := b.c.S.Store
	b.large = set.New(s.Mem, s.Seed())
	ints := operand{store.Intset, b.ints, nil, b.intsLen()}
	ints.each(nil, b.add)
	b.ints = nil
}

// operand returns the collected members.
func (b *setBuilder) operand() *operand {
	if b.large != nil {
		return &operand{store.Hashtable, nil, b.large, b.large.Len()}
	}
	return &operand{store.Intset, b.ints, nil, b.intsLen()}
}

func (b *setBuilder) intsLen() int {
	if b.ints == nil {
		return 0
	}
	return intset.Len(b.ints)
}

// drop frees the members of a builder that is not stored.
func (b *setBuilder) drop() {
	if b.large != nil {
		b.c.S.Store.Drop(b.large)
	}
}

// store makes the members the value of a key, or deletes the key if there are none, and answers with their number.
func (b *setBuilder) store(name []byte, event string) {
	c, n := b.c, b.len()
	k := c.DB.FindForWrite(name)
	c.Out.Int(int64(n))
	if n == 0 {
		b.drop()
		if k.Exists() {
			k.Delete()
			c.Changed(ClassGeneric, "del", name)
		}
		return
	}
	b.install(&k, name, 0)
	c.Changed(ClassSet, event, name)
}

// install makes the members, of which there are some, the value of a key.
func (b *setBuilder) install(k *store.Key, name []byte, expireAt int64) {
	lp := b.packed()
	switch {
	case lp != nil:
		copy(k.Set(name, store.Set, store.PackedSet, len(lp), expireAt), lp)
		b.drop()
	case b.large != nil:
		k.SetObject(name, store.Set, store.Hashtable, b.large, expireAt)
	default:
		copy(k.Set(name, store.Set, store.Intset, len(b.ints), expireAt), b.ints)
	}
}

// packed returns a listpack of the members, nil if they are integers only or too many or too long.
func (b *setBuilder) packed() []byte {
	if b.large == nil || b.large.Len() > packedSetLen {
		return nil
	}
	lp, fits := listpack.New(nil), true
	b.large.Each(func(member []byte) {
		if fits = fits && len(member) <= packedSetBytes; fits {
			lp = listpack.Append(lp, member)
		}
	})
	if !fits {
		return nil
	}
	return lp
}

// replySet answers with the members that walk visits or the builder collects.
func (c *Ctx) replySet(walk func(b *setBuilder, f visitor)) {
	b := setBuilder{c: c}
	d := c.Out.ReserveSet()
	n := 0
	reply := func(m *candidate) bool {
		c.Out.Bulk(m.member)
		n++
		return true
	}
	walk(&b, reply)
	if b.len() > 0 {
		b.operand().each(nil, reply)
	}
	b.drop()
	c.Out.SetLen(d, n)
}

func sinterCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[1:])
	if err != nil {
		return err
	}
	c.replySet(func(_ *setBuilder, f visitor) { intersect(ops, f) })
	return nil
}

func sinterstoreCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[2:])
	if err != nil {
		return err
	}
	b := setBuilder{c: c}
	intersect(ops, b.add)
	b.store(c.Args[1], "sinterstore")
	return nil
}

func sintercardCommand(c *Ctx) error {
	n, ok := resp.ParseInt(c.Args[1])
	if !ok || n < 1 {
		return resp.ErrNumkeys
	}
	if n > int64(len(c.Args)-2) {
		return resp.ErrTooManyNumkeys
	}
	limit := int64(0)
	for a := c.Options(2 + int(n)); a.More(); {
		if !a.TokenWith("LIMIT", 1) {
			return resp.ErrSyntax
		}
		b, _ := a.Next()
		if limit, ok = resp.ParseInt(b); !ok || limit < 0 {
			return resp.ErrLimitNegative
		}
	}
	if limit == 0 {
		limit = math.MaxInt64
	}
	ops, err := c.operands(c.Args[2 : 2+n])
	if err != nil {
		return err
	}
	found := int64(0)
	intersect(ops, func(*candidate) bool {
		found++
		return found < limit
	})
	c.Out.Int(found)
	return nil
}

// integersOnly reports whether all sets are intsets: their union is answered in order.
func integersOnly(ops []operand) bool {
	for i := range ops {
		if ops[i].len > 0 && ops[i].enc != store.Intset {
			return false
		}
	}
	return true
}

func sunionCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[1:])
	if err != nil {
		return err
	}
	c.replySet(func(b *setBuilder, f visitor) {
		if integersOnly(ops) {
			f = b.add
		}
		unite(ops, f)
	})
	return nil
}

func sunionstoreCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[2:])
	if err != nil {
		return err
	}
	b := setBuilder{c: c}
	for i := range ops {
		ops[i].each(b.large, b.add)
	}
	b.store(c.Args[1], "sunionstore")
	return nil
}

func sdiffCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[1:])
	if err != nil {
		return err
	}
	c.replySet(func(b *setBuilder, f visitor) { subtract(ops, b, f) })
	return nil
}

func sdiffstoreCommand(c *Ctx) error {
	ops, err := c.operands(c.Args[2:])
	if err != nil {
		return err
	}
	b := setBuilder{c: c}
	subtract(ops, &b, b.add)
	b.store(c.Args[1], "sdiffstore")
	return nil
}
